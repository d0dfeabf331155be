//! Many prompts: lines of a file, and the lines of results that they become.
//!
//! # Invariants
//!
//! 1. A result says which request it answers, by a fingerprint of the model
//!    asked and of all that was sent. A line counts as done by that alone: a
//!    changed line, model or setting is another request.
//! 2. A line that has an answer is not asked again, wherever it stands now. An
//!    answer that is no text (a blocked prompt) is one; a failure to ask is none.

mod item;
mod record;
mod resume;

pub use item::{Item, ItemError};
pub use record::{Known, Line, NoAnswer, answered, fingerprint, moved, unanswered};
pub use resume::{Resumed, resume};
