//! cli

pub mod emulator;
