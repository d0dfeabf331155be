//! The daemon: looks again and again, and does what a plan asks for.
//!
//! It is level-triggered. A file event, the timer and a signal all mean "look
//! again"; none carries anything that the planner may use, so a missed one
//! delays a change and never loses it.

pub mod files;
pub mod metrics;
pub mod news;
pub mod published;

pub use metrics::Metrics;
pub use news::{News, Severity};
pub use published::{Manifested, Published, Shown, State};
