//! A change of state that somebody may want to hear of: in a log line, by a
//! webhook. What did not change is no news.

use jiff::Timestamp;

use crate::model::{JobName, Key};

/// How much a person should mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It goes as the manifests say.
    Info,
    /// Something is held, or slow; nothing is lost by waiting.
    Warning,
    /// Somebody has to do something.
    Error,
}

impl Severity {
    /// `info`, `warning` or `error`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One change of state.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// How much to mind.
    pub severity: Severity,
    /// What happened, as a stable code: `created`, `succeeded`, `held`, …
    pub code: &'static str,
    /// The tuned model, when it is about one.
    pub key: Option<Key>,
    /// The run, when it is about one.
    pub job: Option<JobName>,
    /// The reason code of the action or hold.
    pub reason: Option<&'static str>,
    /// One line for people, without control characters.
    pub message: String,
    /// When it was seen.
    pub at: Timestamp,
}
