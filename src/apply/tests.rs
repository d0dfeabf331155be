//! The executor and the wait over a service in memory.

mod bucket;
mod claiming;
mod executing;
mod remembering;
mod service;
mod settling;
mod waiting;
