//! Changes to the world; each one is a single provider call.

use std::time::Duration;

use crate::model::{CreateRequest, JobName, Key};

/// A change, complete: whoever carries it out has nothing left to choose.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a plan has tens of actions, and each is read once")]
pub enum Action {
    /// Start a training run.
    Create(Create),
    /// Ask a run to stop.
    Cancel(Cancel),
}

impl Action {
    /// The tuned model it concerns.
    pub fn key(&self) -> &Key {
        match self {
            Self::Create(create) => &create.key,
            Self::Cancel(cancel) => &cancel.key,
        }
    }

    /// `create` or `cancel`.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Cancel(_) => "cancel",
        }
    }

    /// The stable code of its reason, as in JSON.
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Create(create) => create.reason.code(),
            Self::Cancel(cancel) => cancel.reason.code(),
        }
    }

    /// Whether both are the same change, as [`super::Plan::digest`] sees it. What
    /// is only said for people, and which run survives a cancel, may differ.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Create(a), Self::Create(b)) => {
                (&a.key, a.reason, &a.request) == (&b.key, b.reason, &b.request)
            }
            (Self::Cancel(a), Self::Cancel(b)) => {
                (&a.key, &a.job, a.reason.code()) == (&b.key, &b.job, b.reason.code())
            }
            (Self::Create(_), Self::Cancel(_)) | (Self::Cancel(_), Self::Create(_)) => false,
        }
    }

    /// Whether both do something about the same thing: create for one key, or
    /// stop one job.
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Create(a), Self::Create(b)) => a.key == b.key,
            (Self::Cancel(a), Self::Cancel(b)) => a.job == b.job,
            (Self::Create(_), Self::Cancel(_)) | (Self::Cancel(_), Self::Create(_)) => false,
        }
    }
}

/// A training run to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// The tuned model.
    pub key: Key,
    /// Why.
    pub reason: CreateReason,
    /// What differs from the run before, for people.
    pub changes: Vec<Change>,
    /// What to send.
    pub request: CreateRequest,
}

/// Why a run is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CreateReason {
    /// The name has no run.
    Missing,
    /// The name has runs at this rerun, of other specs.
    SpecChanged,
    /// The name has runs, none at this rerun.
    RerunRaised,
    /// The last run failed for a passing reason.
    Retry,
}

impl CreateReason {
    /// The stable code, as in JSON and the digest.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::SpecChanged => "specChanged",
            Self::RerunRaised => "rerunRaised",
            Self::Retry => "retry",
        }
    }
}

/// A difference between the manifest and the run before, for people. Old
/// values came from the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field's path below `spec`.
    pub path: String,
    /// What the run before was asked.
    pub old: Option<String>,
    /// What the manifest sets.
    pub new: Option<String>,
}

/// A run to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct Cancel {
    /// The tuned model it is a run of, with the run's own rerun.
    pub key: Key,
    /// Which job.
    pub job: JobName,
    /// Why.
    pub reason: CancelReason,
    /// Only once the create of this key was accepted.
    pub after: Option<Key>,
}

/// Why a run is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelReason {
    /// A run of another spec or rerun takes its place: this one, or the one
    /// that the plan creates.
    Superseded {
        /// The run that takes its place, where it exists already.
        by: Option<JobName>,
    },
    /// It repeats an older run.
    Duplicate {
        /// The run it repeats, which goes on or has succeeded.
        of: JobName,
    },
    /// The manifest says `desired: stopped`.
    Stopped,
    /// It is older than `lifecycle.timeout`.
    TimedOut {
        /// The timeout.
        after: Duration,
    },
    /// `--prune` named it.
    Pruned,
}

impl CancelReason {
    /// The stable code, as in JSON and the digest.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Superseded { .. } => "superseded",
            Self::Duplicate { .. } => "duplicate",
            Self::Stopped => "stopped",
            Self::TimedOut { .. } => "timedOut",
            Self::Pruned => "pruned",
        }
    }

    /// The run that must be live or good at the moment of the cancel.
    pub const fn survivor(&self) -> Option<&JobName> {
        match self {
            Self::Superseded { by } => by.as_ref(),
            Self::Duplicate { of } => Some(of),
            Self::Stopped | Self::TimedOut { .. } | Self::Pruned => None,
        }
    }
}
