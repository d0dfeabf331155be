//! The built `retune watch` as a process, on real files and against an emulator
//! in a process of its own: files as editors, git and Kubernetes write them,
//! signals, two daemons at once, a service that is away, HTTP, webhooks, memory
//! over many passes, and what is refused at the start.
//!
//! ```console
//! cargo test --test watch
//! RETUNE_WATCH_PASSES=2000 cargo test --test watch endurance
//! ```
//!
//! Nothing waits for a fixed time: a test waits for a line of the log, a request
//! at the emulator or an answer over HTTP. That something did *not* happen is
//! shown by passes that certainly came after it (`Daemon::looks`), or by a later
//! change that was seen (`World::marks`), and by the emulator's log. The one
//! wait that costs time is the daemon's own: five seconds of an unchanged
//! manifest before a create. Signals and `/proc` are Linux's.
#![cfg(target_os = "linux")]

#[allow(dead_code, reason = "written for several test binaries")]
#[path = "support/model.rs"]
mod model;

#[path = "watch/daemon.rs"]
mod daemon;
#[path = "watch/emulator.rs"]
mod emulator;
#[path = "watch/http.rs"]
mod http;
#[path = "watch/receiver.rs"]
mod receiver;
#[path = "watch/wait.rs"]
mod wait;
#[path = "watch/world.rs"]
mod world;

#[path = "watch/answers.rs"]
mod answers;
#[path = "watch/edits.rs"]
mod edits;
#[path = "watch/endurance.rs"]
mod endurance;
#[path = "watch/events.rs"]
mod events;
#[path = "watch/files.rs"]
mod files;
#[path = "watch/refusals.rs"]
mod refusals;
#[path = "watch/runs.rs"]
mod runs;
#[path = "watch/service.rs"]
mod service;
#[path = "watch/signals.rs"]
mod signals;
#[path = "watch/together.rs"]
mod together;
