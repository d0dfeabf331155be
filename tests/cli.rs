//! The built program, command by command: what it prints, and how it ends.
//!
//! Each test has a world of its own (`support/world.rs`): a directory, a clean
//! environment and an emulator on a real socket, whose clock only the test
//! moves. Nothing sleeps.

#[path = "support/model.rs"]
mod model;
#[path = "support/redact.rs"]
mod redact;
#[path = "support/world.rs"]
mod world;

#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/plan.rs"]
mod plan;
