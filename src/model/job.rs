//! What one look at Vertex said.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Weak};

use jiff::Timestamp;

use super::{DataStats, JobName, Place, Stamp, Text, TuningSpec, Untrusted};
use crate::mutant::{Mutant, is};

/// A tuning job as Vertex showed it at one instant. A copy takes no memory
/// until it is changed: of ten thousand, most are the same at each look.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed(Arc<Facts>);

impl From<Facts> for Observed {
    fn from(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }
}

impl Deref for Observed {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Observed {
    fn deref_mut(&mut self) -> &mut Facts {
        Arc::make_mut(&mut self.0)
    }
}

/// An [`Observed`] that is there for as long as somebody holds it.
#[derive(Debug, Clone)]
pub struct Glimpse(Weak<Facts>);

impl Glimpse {
    /// What was observed, while somebody holds it.
    pub fn observed(&self) -> Option<Observed> {
        self.0.upgrade().map(Observed)
    }
}

/// Everything that was seen of an [`Observed`].
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its full name, with the project *number*.
    pub name: JobName,
    /// The place it was listed in, as the user wrote it.
    pub place: Place,
    /// What retune's labels say; `None` for a foreign job.
    pub stamp: Option<Stamp>,
    /// Where it stands.
    pub state: JobState,
    /// When it was created.
    pub create_time: Option<Timestamp>,
    /// When it first ran; absent while it waits.
    pub start_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Option<Timestamp>,
    /// What it was asked to do, as the API echoes it: with the values that the
    /// server filled in, and labels as they are; where only what a plan needs
    /// was asked for, without those that the stamp was read from.
    pub echo: TuningSpec,
    /// The base model of the tuned model that it goes on from: the API fills
    /// it in (proto `PreTunedModel.base_model`, output only).
    pub pre_tuned_base: Option<Text>,
    /// Why it failed or was cancelled.
    pub error: Option<JobError>,
    /// What came of it. A FAILED job can own a model.
    pub tuned_model: Option<TunedModel>,
    /// The experiment that holds its curves; absent for the first minutes.
    pub experiment: Option<Text>,
    /// The training tokens of one pass over the data that are billed; a run is
    /// billed for each epoch. Absent until Vertex has counted them.
    pub billable_tokens: Option<i64>,
    /// What else it counted, where everything was asked for.
    pub data: Option<Box<DataStats>>,
}

impl Observed {
    /// Of runs, the newest first, the one whose curves are shown: the newest
    /// with an experiment, since the others have none; else the newest.
    pub fn measured<'a>(runs: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        let mut runs = runs.into_iter().peekable();
        let newest = runs.peek().copied();
        runs.find(|run| run.experiment.is_some()).or(newest)
    }

    /// The same, without holding it.
    pub fn glimpse(&self) -> Glimpse {
        Glimpse(Arc::downgrade(&self.0))
    }

    /// Whether both are one and the same, without a look at what they say.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Seen in that place.
    pub fn in_place(mut self, place: &Place) -> Self {
        self.place = place.clone();
        self
    }

    /// The state as rules see it. PARTIALLY_SUCCEEDED is good with a model and
    /// bad without.
    pub fn phase(&self) -> Phase {
        match &self.state {
            JobState::Queued | JobState::Pending | JobState::Running | JobState::Updating => {
                Phase::Active
            }
            JobState::Cancelling if is(Mutant::CancellingLives) => Phase::Active,
            JobState::Cancelling => Phase::Ending,
            JobState::Succeeded => Phase::Good,
            JobState::PartiallySucceeded if self.has_model() => Phase::Good,
            JobState::PartiallySucceeded | JobState::Failed | JobState::Expired => Phase::Bad,
            JobState::Cancelled => Phase::Cancelled,
            JobState::Paused | JobState::Absent | JobState::Unknown(_) => Phase::Unclear,
        }
    }

    /// Whether a tuned model came of it, whatever the state.
    pub fn has_model(&self) -> bool {
        self.tuned_model.as_ref().is_some_and(|m| m.model.is_some())
    }

    /// What it was tuned from: a model of Google's, also where it goes on from
    /// one that was tuned before and the API says of which.
    pub fn base_model(&self) -> Option<&str> {
        self.echo.base_model.as_deref().or(self.pre_tuned_base.as_deref())
    }

    /// Passes over the data, as the API resolved them.
    pub fn epochs(&self) -> Option<i64> {
        self.echo.epoch_count().filter(|epochs| *epochs > 0)
    }

    /// The tokens that are billed: those of one pass times the epochs
    /// (Google's page on supervised tuning, 2026-09-25).
    pub fn training_tokens(&self) -> Option<i64> {
        self.billable_tokens?.checked_mul(self.epochs()?)
    }

    /// The order in which runs count as older: by creation, then by name. A
    /// job without a creation time counts as the newest, so that it never wins
    /// over one that is known to be older.
    pub fn age_order(&self) -> (Timestamp, &JobName) {
        (self.create_time.unwrap_or(Timestamp::MAX), &self.name)
    }
}

/// The states of a job (proto `JobState`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// `JOB_STATE_QUEUED`
    Queued,
    /// `JOB_STATE_PENDING`
    Pending,
    /// `JOB_STATE_RUNNING`
    Running,
    /// `JOB_STATE_SUCCEEDED`
    Succeeded,
    /// `JOB_STATE_FAILED`
    Failed,
    /// `JOB_STATE_CANCELLING`
    Cancelling,
    /// `JOB_STATE_CANCELLED`
    Cancelled,
    /// `JOB_STATE_PAUSED`
    Paused,
    /// `JOB_STATE_EXPIRED`
    Expired,
    /// `JOB_STATE_UPDATING`
    Updating,
    /// `JOB_STATE_PARTIALLY_SUCCEEDED`
    PartiallySucceeded,
    /// No state, or `JOB_STATE_UNSPECIFIED`.
    Absent,
    /// A state this version does not know.
    Unknown(Untrusted),
}

impl JobState {
    /// The state's one word, lower case, as people and JSON see it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::Updating => "updating",
            Self::PartiallySucceeded => "partially succeeded",
            Self::Absent => "no state",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the job goes no further. What is paused may; of what is not
    /// known nobody can say, so it counts as going on.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Expired
            | Self::PartiallySucceeded => true,
            Self::Queued
            | Self::Pending
            | Self::Running
            | Self::Updating
            | Self::Cancelling
            | Self::Paused
            | Self::Absent
            | Self::Unknown(_) => false,
        }
    }

    /// Reads the API's name. Any name is a state: what is not known is
    /// [`JobState::Unknown`], which holds every decision.
    pub fn from_wire(name: &str) -> Self {
        match name {
            "" | "JOB_STATE_UNSPECIFIED" => Self::Absent,
            "JOB_STATE_QUEUED" => Self::Queued,
            "JOB_STATE_PENDING" => Self::Pending,
            "JOB_STATE_RUNNING" => Self::Running,
            "JOB_STATE_SUCCEEDED" => Self::Succeeded,
            "JOB_STATE_FAILED" => Self::Failed,
            "JOB_STATE_CANCELLING" => Self::Cancelling,
            "JOB_STATE_CANCELLED" => Self::Cancelled,
            "JOB_STATE_PAUSED" => Self::Paused,
            "JOB_STATE_EXPIRED" => Self::Expired,
            "JOB_STATE_UPDATING" => Self::Updating,
            "JOB_STATE_PARTIALLY_SUCCEEDED" => Self::PartiallySucceeded,
            other => Self::Unknown(Untrusted::new(other)),
        }
    }
}

/// The state as rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Queued, pending, running or updating: it costs or will cost money.
    Active,
    /// Cancelling: it may still succeed.
    Ending,
    /// Succeeded, or partially with a model.
    Good,
    /// Failed, expired, or partially succeeded without a model.
    Bad,
    /// Cancelled, by whomever.
    Cancelled,
    /// Paused, absent or unknown: possibly live, so nothing is decided over it.
    Unclear,
}

/// Why a job failed. Inside a job `code` is gRPC's number; one of Google's own
/// test doubles answers an HTTP number, so both are kept as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// The code.
    pub code: i64,
    /// The service's words.
    pub message: Untrusted,
}

impl JobError {
    /// DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL or UNAVAILABLE: the
    /// same request may go through later.
    pub fn is_transient(&self) -> bool {
        matches!(self.code, 4 | 8 | 13 | 14)
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TunedModel {
    /// `projects/N/locations/L/models/ID@VERSION`; for Gemini 3 the location
    /// is `us` or `eu`, whatever the job's region.
    pub model: Option<Text>,
    /// The endpoint of the default checkpoint; can be absent or go stale.
    pub endpoint: Option<Text>,
    /// One for each kept checkpoint.
    pub checkpoints: Vec<Checkpoint>,
}

/// A kept checkpoint and the endpoint it is deployed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// The checkpoint's id.
    pub id: Text,
    /// The epoch it was taken after.
    pub epoch: Option<i64>,
    /// The step it was taken after.
    pub step: Option<i64>,
    /// Its endpoint.
    pub endpoint: Option<Text>,
}

/// How far an active run is: for display only, no decision rests on it
/// (discovery `aiplatform.v1beta1`, revision 20261106: `tuningJobState`,
/// `tuningJobMetadata`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The finer state in words: `waiting for quota`, `tuning`.
    pub detail: Option<String>,
    /// Epochs done.
    pub completed_epochs: Option<i64>,
    /// Steps done.
    pub completed_steps: Option<i64>,
    /// Steps in all, once Vertex has counted them.
    pub total_steps: Option<i64>,
}

/// A complete listing of one place: every page was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// Jobs that matter to retune, in no order.
    pub jobs: Vec<Observed>,
    /// Models of ours whose jobs may have left the listing. Asked for only
    /// where a create is due because there is no run at all.
    pub models: Vec<FoundModel>,
    /// How many other jobs the place has.
    pub foreign: u64,
    /// How many pages it took; 0 from what has none.
    pub pages: u32,
    /// The server's own time (`Date`) of the last page.
    pub date: Option<Timestamp>,
}

/// A model in the registry with the labels of the job that made it, which
/// Vertex copies to it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundModel {
    /// `projects/N/locations/L/models/ID@VERSION`.
    pub name: Text,
    /// What retune's labels say.
    pub stamp: Stamp,
}

/// What was seen of each place.
pub type Observation = BTreeMap<Place, Result<Listing, Untrusted>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_is_not_known_is_unclear_and_not_ended() {
        assert_eq!(JobState::from_wire("JOB_STATE_FROZEN").word(), "unknown");
        assert_eq!(JobState::from_wire(""), JobState::Absent);
        assert_eq!(JobState::from_wire("JOB_STATE_UPDATING"), JobState::Updating);
    }
}
