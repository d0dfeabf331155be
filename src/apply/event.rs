//! What is told while a plan is carried out and runs are waited for.

use std::time::Duration;

use super::Outcome;
use crate::model::{JobName, JobState, Key, Observed, Progress, TunedModel, Untrusted};
use crate::plan::Action;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// An action begins.
    Begun(&'a Action),
    /// An action is done, one way or the other.
    Done(&'a Action, &'a Outcome),
    /// A run that is waited for was looked at.
    Seen {
        /// The tuned model.
        key: &'a Key,
        /// The run.
        job: &'a JobName,
        /// Where it stands.
        state: &'a JobState,
        /// How far it is, where Vertex says so.
        progress: Option<&'a Progress>,
        /// The epochs it was asked for, as the server resolved them.
        epochs: Option<i64>,
        /// What came of it.
        tuned_model: Option<&'a TunedModel>,
        /// Its error.
        error: Option<&'a Untrusted>,
    },
    /// A run that was asked to stop has ended: what it did until then is billed.
    Stopped {
        /// The tuned model.
        key: &'a Key,
        /// The run, as it ended.
        run: &'a Observed,
    },
    /// Creates are due, and wait for a second look.
    Settling {
        /// How many.
        creates: usize,
        /// When the look is due.
        wait: Duration,
    },
    /// A create is claimed by another run of retune, and waits for it.
    ClaimedElsewhere {
        /// The tuned model.
        key: &'a Key,
        /// Who claimed it, in their own words.
        holder: &'a Untrusted,
        /// How long until the claim may be taken over.
        remaining: Duration,
        /// When the claim is looked at again.
        again_in: Duration,
    },
    /// A look failed; it is tried again after this long.
    LookFailed {
        /// Why.
        why: &'a str,
        /// When the next look is due.
        again_in: Duration,
    },
}

/// Somebody who wants to know. Called from one task at a time.
pub trait Observer: Sync {
    /// Something happened.
    fn notice(&self, event: &Event<'_>);
}

/// Nobody.
impl Observer for () {
    fn notice(&self, _: &Event<'_>) {}
}
