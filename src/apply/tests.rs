//! The executor and the wait over a service in memory.

mod executing;
mod remembering;
mod service;
mod settling;
mod waiting;
