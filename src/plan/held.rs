//! Changes that a rule prevented.

use std::time::Duration;

use super::Create;
use crate::model::{JobError, JobName, JobState, Key, Name, Text, Untrusted};

/// A change that a rule prevented, with the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The tuned model.
    pub key: Key,
    /// The rule, with what it saw.
    pub reason: HoldReason,
}

/// Why a change is held; named as conditions.
#[derive(Debug, Clone, PartialEq)]
pub enum HoldReason {
    /// The last run of this spec failed.
    LastRunFailed {
        /// That run.
        job: JobName,
        /// Its error.
        error: Option<JobError>,
        /// A FAILED run can own a model all the same.
        has_model: bool,
        /// How long until a retry is due, when one is allowed.
        retry_in: Option<Duration>,
        /// It is a run of the manifest by `lifecycle.adopt` alone.
        adopted: bool,
    },
    /// The last run of this spec was cancelled.
    LastRunCancelled {
        /// That run.
        job: JobName,
        /// What is known of who did it.
        by: CancelledBy,
        /// It is a run of the manifest by `lifecycle.adopt` alone.
        adopted: bool,
    },
    /// A run of this spec is being cancelled, and may still succeed.
    Cancelling {
        /// That run.
        job: JobName,
    },
    /// The manifest says `suspend: true`.
    Suspended,
    /// More creates are wanted than one plan may make.
    CreateLimit {
        /// How many are wanted.
        wanted: usize,
        /// How many runs of ours are younger than the policy's window, which
        /// count towards the limit.
        recent: usize,
        /// How many are allowed.
        limit: u32,
    },
    /// More cancels are wanted than one plan may make.
    CancelLimit {
        /// How many are wanted.
        wanted: usize,
        /// How many are allowed.
        limit: u32,
    },
    /// The owner's runs in this project fill `limits.maxConcurrent`.
    ConcurrencyLimit {
        /// How many are active or ending, or created before it by this plan.
        running: usize,
        /// How many are allowed.
        limit: u32,
        /// What is created once a slot is free.
        deferred: Box<Create>,
    },
    /// A create is due, and not for long enough yet.
    Settling {
        /// For what.
        why: Settling,
        /// How much of the wait is left.
        remaining: Duration,
        /// What is created after it.
        deferred: Box<Create>,
    },
    /// An earlier create of this very run was not answered: it may have made one.
    AmbiguousCreate {
        /// How long ago it was sent.
        age: Duration,
        /// The run id it carried.
        run: String,
        /// How long until a complete listing settles it.
        wait: Duration,
    },
    /// The run is claimed by somebody else, or was made under its claim.
    ClaimedElsewhere {
        /// What the claim says.
        claim: ClaimedBy,
        /// What is created once the claim is free.
        deferred: Box<Create>,
    },
    /// The listing lacks jobs that are known to exist.
    ImplausibleListing {
        /// How many jobs with our labels it has.
        listed: usize,
        /// How it is known to have more.
        known: Known,
    },
    /// The place could not be listed completely.
    ListIncomplete {
        /// Why not.
        why: Untrusted,
    },
    /// A run carries a spec digest of an unknown dialect.
    UnknownDialect {
        /// That run.
        job: JobName,
        /// The digest as it stands; `None` when the label is missing.
        label: Option<Text>,
    },
    /// A run is in a state over which nothing can be decided.
    UnknownState {
        /// That run.
        job: JobName,
        /// Its state; `None` when the listing does not have an adopted job.
        state: Option<JobState>,
    },
    /// Somebody knows better: a run of a later rerun or revision exists.
    StaleRevision {
        /// That run.
        job: JobName,
        /// In what it is later.
        newer: Newer,
    },
    /// A run of this very spec exists under another owner or name.
    SameSpecElsewhere {
        /// That run.
        job: JobName,
        /// Its owner.
        owner: Name,
        /// Its name.
        name: Name,
    },
}

/// Why a create that is due waits a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The settle window since it was first seen due has not passed: a run that
    /// is not listed yet may exist.
    Unlisted,
    /// The manifest has not been as it is for long: somebody may be typing.
    Changing,
    /// It is due only since the claims were looked at.
    Unclaimed,
}

/// What the claim to a run says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedBy {
    /// Somebody is about to create it, or died trying.
    Pending {
        /// Who, in their own words.
        holder: Untrusted,
        /// The run id of their create.
        run: String,
        /// How long until the claim may be taken over.
        remaining: Duration,
    },
    /// It was created: this job, which no look shows as a run of the manifest.
    Done {
        /// That job.
        job: JobName,
    },
}

/// How a listing is known to lack jobs. Vertex has no way to delete one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// An earlier look of this process had so many.
    Before(usize),
    /// A claim names this job, and it can be read by its name.
    Claimed(JobName),
}

/// What is known of who cancelled a run. Vertex does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelledBy {
    /// A later run of the name was created before it ended.
    Superseded(JobName),
    /// It had run for as long as the manifest allows.
    TimedOut,
    /// By hand, or by another program.
    Elsewhere,
}

/// In what a run is later than this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// Its rerun is higher.
    Rerun {
        /// The run's.
        theirs: u64,
        /// The manifest's.
        ours: u64,
    },
    /// Its source revision is later, or this plan has none.
    Revision {
        /// The run's, in seconds.
        theirs: i64,
        /// This plan's, in seconds.
        ours: Option<i64>,
    },
}

impl HoldReason {
    /// The stable code, as in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LastRunFailed { .. } => "lastRunFailed",
            Self::LastRunCancelled { .. } => "lastRunCancelled",
            Self::Cancelling { .. } => "cancelling",
            Self::Suspended => "suspended",
            Self::CreateLimit { .. } => "createLimit",
            Self::CancelLimit { .. } => "cancelLimit",
            Self::ConcurrencyLimit { .. } => "concurrencyLimit",
            Self::Settling { .. } => "settling",
            Self::AmbiguousCreate { .. } => "ambiguousCreate",
            Self::ClaimedElsewhere { .. } => "claimedElsewhere",
            Self::ImplausibleListing { .. } => "implausibleListing",
            Self::ListIncomplete { .. } => "listIncomplete",
            Self::UnknownDialect { .. } => "unknownDialect",
            Self::UnknownState { .. } => "unknownState",
            Self::StaleRevision { .. } => "staleRevision",
            Self::SameSpecElsewhere { .. } => "sameSpecElsewhere",
        }
    }

    /// Whether it is a limit that trips, so that `apply` does nothing at all.
    pub const fn is_tripped_limit(&self) -> bool {
        matches!(self, Self::CreateLimit { .. } | Self::CancelLimit { .. })
    }

    /// The create that waits behind it.
    pub fn deferred(&self) -> Option<&Create> {
        if let Self::ConcurrencyLimit { deferred, .. }
        | Self::Settling { deferred, .. }
        | Self::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, deferred } = self
        {
            Some(deferred)
        } else {
            None
        }
    }

    /// Whether it passes by itself within minutes, so that `apply` waits for it.
    pub const fn passes_soon(&self) -> bool {
        matches!(
            self,
            Self::Settling { .. } | Self::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. }
        )
    }

    /// The run it speaks of.
    pub const fn job(&self) -> Option<&JobName> {
        match self {
            Self::LastRunFailed { job, .. }
            | Self::LastRunCancelled { job, .. }
            | Self::Cancelling { job }
            | Self::UnknownDialect { job, .. }
            | Self::UnknownState { job, .. }
            | Self::StaleRevision { job, .. }
            | Self::SameSpecElsewhere { job, .. }
            | Self::ClaimedElsewhere { claim: ClaimedBy::Done { job }, .. }
            | Self::ImplausibleListing { known: Known::Claimed(job), .. } => Some(job),
            Self::Suspended
            | Self::CreateLimit { .. }
            | Self::CancelLimit { .. }
            | Self::ConcurrencyLimit { .. }
            | Self::Settling { .. }
            | Self::AmbiguousCreate { .. }
            | Self::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. }
            | Self::ImplausibleListing { known: Known::Before(_), .. }
            | Self::ListIncomplete { .. } => None,
        }
    }
}
