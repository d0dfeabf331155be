//! The daemon: looks again and again, and does what a plan asks for.
//!
//! It is level-triggered. A file event, the timer and a signal all mean "look
//! again"; none carries anything that the planner may use, so a missed one
//! delays a change and never loses it. One pass observes, plans, applies and
//! publishes; it is the same code as that of `plan` and `apply`, and before a
//! create there is the same protocol.
//!
//! [`Watcher`] is one daemon between its passes. Whoever drives it waits until
//! [`Watcher::next`], or until something happens.
//!
//! # Invariants
//!
//! 1. Nothing is created or cancelled but after a complete look of this pass.
//! 2. Nothing is while the manifests are not valid.
//! 3. Nothing grows with time: what is kept is of the last look, or is dropped
//!    an hour later.

mod backoff;
mod circuit;
mod figures;
pub mod files;
pub mod metrics;
mod news;
mod published;
mod reporter;
mod rhythm;
pub mod serve;
mod sight;
mod standing;
pub mod systemd;
mod watcher;
pub mod webhook;

pub use metrics::{Metrics, PassResult};
pub use news::{News, Severity};
pub use published::{Manifested, Published, Shown, State};
pub use reporter::{Listener, OnTheWire};
pub use rhythm::{INTERVAL, REQUESTS_A_MINUTE, Rhythm};
pub use watcher::{Mode, Parts, Task, Trigger, Watcher};
