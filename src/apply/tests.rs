//! The executor and the wait over a service in memory.

mod executing;
mod service;
mod waiting;
