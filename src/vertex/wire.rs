//! The JSON of the API, version v1 unless said otherwise. Only the files below
//! here know its names (Google's discovery document `aiplatform.v1`, revision
//! 20261106).
//!
//! What comes is older, newer or stranger than the document, so decoding is
//! lenient where nothing depends on it and strict where a decision does:
//!
//! 1. Unknown fields are skipped, unknown enum values are kept as such.
//! 2. A field of a wrong type reads as absent, except the name, which must be
//!    one, and the state, which reads as unknown and so holds every decision.
//! 3. Integers come as strings or numbers; doubles may come without a fraction.

mod curves;
mod job;
mod made;
mod models;
mod page;
mod progress;
mod rest;
mod sse;
mod stats;

use crate::google::lenient;
use crate::model::Untrusted;

pub(super) use curves::{
    BoardRun, Listed, WireHead, board, heads, metrics_uri, points, points_of_one, runs,
};
pub(crate) use job::{job, whole_job};
pub(super) use made::{Deployed, default_checkpoint, deployed};
pub(super) use models::{ModelPage, models};
pub(crate) use page::{Page, Sieve, next_token, page};
pub(super) use progress::{progress, progress_v1};
pub(super) use rest::rest;
pub(super) use sse::Decoder;
pub use sse::TooLong;

/// An answer that cannot be read. It says where and never what: what came may
/// be anybody's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The text ends in the middle.
    #[error("the answer is cut off after {bytes} bytes")]
    Truncated {
        /// How much came.
        bytes: usize,
    },
    /// Not JSON, or JSON of another shape.
    #[error("the answer is not the expected JSON at line {line}, column {column}")]
    Shape {
        /// From 1; 0 when the whole answer is meant.
        line: usize,
        /// From 1; 0 when the whole answer is meant.
        column: usize,
    },
    /// Not JSON, by what the service itself says it is.
    #[error("the answer is not the API's ({}); is the address right?", .0.shown())]
    Foreign(Untrusted),
    /// A job without a usable name.
    #[error("a job has no usable name")]
    Name,
    /// Another job than was asked for.
    #[error("the answer is about another job")]
    OtherJob,
    /// An error in a successful answer.
    #[error("the answer is an error marked as success")]
    ErrorInside,
    /// The program is ending.
    #[error("reading it was interrupted")]
    Interrupted,
    /// The service says itself that the list is not whole.
    #[error("the service could not reach all of its parts")]
    Unreachable,
}

/// Parses an object; serde would take an array for one as well.
pub(super) fn object<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, WireError> {
    let text = std::str::from_utf8(body).map_err(|e| match e.error_len() {
        None => WireError::Truncated { bytes: body.len() },
        Some(_) => WireError::Shape { line: 0, column: 0 },
    })?;
    if text.trim_start().is_empty() {
        return Err(WireError::Truncated { bytes: body.len() });
    }
    if !text.trim_start().starts_with('{') {
        return Err(WireError::Shape { line: 1, column: 1 });
    }
    serde_json::from_str(text).map_err(|e| {
        if e.is_eof() {
            WireError::Truncated { bytes: body.len() }
        } else {
            WireError::Shape { line: e.line(), column: e.column() }
        }
    })
}

#[cfg(test)]
mod tests;
