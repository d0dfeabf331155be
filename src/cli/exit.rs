//! The public exit codes. A code is never reused for another meaning.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; a hold is no failure.
    Done = 0,
    /// An unexpected error.
    Unexpected = 1,
    /// `plan --detailed-exitcode`: there are changes.
    ChangesPending = 2,
    /// Manifests are invalid or there are none; nothing was asked of Vertex.
    Invalid = 3,
    /// Vertex or the credential cannot be used, or a listing is incomplete;
    /// nothing was decided.
    Unreachable = 4,
    /// A limit, a missing confirmation, another plan than expected; nothing
    /// was done.
    Refused = 5,
    /// An action failed, was throttled or has an unknown outcome; with
    /// `--wait` also when a model ends without a good run. What was to be there is
    /// not: an answer, or what `--require-…` asks for.
    Failed = 6,
    /// The wait timed out; runs go on.
    TimedOut = 7,
    /// Wrong usage, or an unknown name.
    Usage = 64,
    /// Interrupted; what was submitted has been said.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
