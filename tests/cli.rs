//! The built program, command by command: what it prints, and how it ends.
//!
//! Each test has a world of its own (`support/world.rs`): a directory, a clean
//! environment and an emulator on a real socket, whose clock only the test
//! moves. Nothing sleeps. What the system itself says, and `/dev/full`, are
//! Linux's.
#![cfg(target_os = "linux")]

#[path = "support/model.rs"]
mod model;
#[path = "support/redact.rs"]
mod redact;
#[path = "support/server.rs"]
mod server;
#[path = "support/world.rs"]
mod world;

#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/cancel.rs"]
mod cancel;
#[path = "cli/claims.rs"]
mod claims;
#[path = "cli/describe.rs"]
mod describe;
#[path = "cli/emulator.rs"]
mod emulator;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/holds.rs"]
mod holds;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/init.rs"]
mod init;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/life.rs"]
mod life;
#[path = "cli/metrics.rs"]
mod metrics;
#[path = "cli/outputs.rs"]
mod outputs;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/prompt.rs"]
mod prompt;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/unreachable.rs"]
mod unreachable;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/validate.rs"]
mod validate;
#[path = "cli/wait.rs"]
mod wait;
