//! What is asked of a model, and what it answered.
//!
//! Everything here is a value made from values: requests from settings, answers
//! from what came, layouts from texts. Who sends is `vertex`, who prints `cli`.
//!
//! # Invariants
//!
//! 1. A request holds what was set and nothing else; only thinking is chosen
//!    for the user, and [`Thinking::Model`] leaves it to the model.
//! 2. A model's text reaches people through [`Plain`] alone; JSON has it as it
//!    came.

mod answer;

pub mod batch;
mod beside;
mod media;
mod plain;
mod request;
mod thinking;
mod verdict;

pub use answer::{Answer, Usage};
pub use beside::{Column, beside};
pub use media::{Media, MediaError};
pub use plain::Plain;
pub use request::{Settings, body, turn};
pub use thinking::{Thinking, ThinkingError};
pub use verdict::Verdict;
