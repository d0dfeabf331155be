//! emulator
mod metrics;
mod storage;
