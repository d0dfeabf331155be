//! Decides what to do, and does nothing.
//!
//! [`plan`] is a pure function of what the manifests ask for, what a look at
//! Vertex said and what the operator allows. It reads no clock, no file and no
//! network, so that any plan can be made again from the values in a bug report.
//! Ages are counted on the server's clock: the listing's `Date`.
//!
//! # Invariants
//!
//! 1. A job that is not ours is in no [`Action`].
//! 2. Nothing is cancelled because a manifest is absent; `prune` names names.
//! 3. A place that was not listed completely has no action.
//! 4. At most one create for any key.
//! 5. The oldest live run of a key and spec is never cancelled as a duplicate.
//! 6. Carrying plans out leads to one without actions.
#![warn(clippy::wildcard_enum_match_arm)]

mod action;
mod diagnostic;
mod digest;
mod held;
mod limits;
mod orphans;
mod policy;
mod rules;
mod runs;
pub mod show;

pub use action::{Action, Cancel, CancelReason, Change, Create, CreateReason};
pub use diagnostic::{Diagnostic, Remark};
pub use held::{CancelledBy, ClaimedBy, Held, HoldReason, Known, Newer, Settling};
pub use orphans::Orphan;
pub use policy::{Policy, Unseen};

use std::time::Duration;

use crate::model::{Desired, JobName, JobState, Key, Observation, Place, TunedModel};

/// The decision: changes, reasons for no change, and remarks, apart.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "a plan that is not read decides nothing"]
pub struct Plan {
    /// Changes to make, in order. Only these are changes.
    pub actions: Vec<Action>,
    /// Changes that a rule prevented, each with its rule.
    pub held: Vec<Held>,
    /// Tuned models whose run is under way.
    pub in_flight: Vec<InFlight>,
    /// Tuned models that are what their manifest says.
    pub in_sync: Vec<InSync>,
    /// Active runs of ours without a manifest.
    pub orphaned: Vec<Orphan>,
    /// How many ended runs of ours have no manifest.
    pub orphaned_ended: usize,
    /// How many jobs are not ours.
    pub foreign: u64,
    /// What a person should know although it changes nothing now.
    pub diagnostics: Vec<Diagnostic>,
    /// The places that were looked at.
    pub places: Vec<Place>,
}

/// A tuned model whose run is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct InFlight {
    /// Which one.
    pub key: Key,
    /// Its run.
    pub job: JobName,
    /// Where the run stands.
    pub state: JobState,
    /// Since when it runs, or waits; by the server's clock.
    pub age: Option<Duration>,
}

/// A tuned model that is what its manifest says.
#[derive(Debug, Clone, PartialEq)]
pub struct InSync {
    /// Which one.
    pub key: Key,
    /// The good run; `None` when the manifest says `stopped`, and when only the
    /// model that came of it is known.
    pub job: Option<JobName>,
    /// What came of it; `None` when the manifest says `stopped`.
    pub tuned_model: Option<TunedModel>,
}

impl Plan {
    /// The creates among the actions.
    pub fn creates(&self) -> impl Iterator<Item = &Create> {
        self.actions.iter().filter_map(|action| match action {
            Action::Create(create) => Some(create),
            Action::Cancel(_) => None,
        })
    }

    /// The cancels among the actions.
    pub fn cancels(&self) -> impl Iterator<Item = &Cancel> {
        self.actions.iter().filter_map(|action| match action {
            Action::Create(_) => None,
            Action::Cancel(cancel) => Some(cancel),
        })
    }

    /// The holds of limits that tripped: with one of these, `apply` does nothing.
    pub fn tripped(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| held.reason.is_tripped_limit())
    }

    /// The creates that wait for a free slot; they are part of what a person
    /// confirms, and start as runs end.
    pub fn deferred(&self) -> impl Iterator<Item = &Create> {
        self.held.iter().filter_map(|held| held.reason.deferred())
    }
}

/// Decides what to do about `desired`, given what was `observed`.
///
/// `desired` is every manifest, also those that `policy.only` leaves out:
/// whether a name has a manifest is a fact about all of them.
pub fn plan(desired: &[Desired], observed: &Observation, policy: &Policy) -> Plan {
    let index = runs::Index::new(desired, observed, policy);
    let mut plan = Plan { places: observed.keys().cloned().collect(), ..Plan::default() };
    let mut wanted: Vec<&Desired> =
        desired.iter().filter(|d| policy.concerns(&d.key.name)).collect();
    wanted.sort_by(|a, b| a.key.cmp(&b.key));
    for desired in wanted {
        rules::decide(desired, &index, policy, &mut plan);
    }
    orphans::report(&index, policy, &mut plan);
    limits::trip(&index, policy, &mut plan);
    limits::defer(&index, policy, &mut plan);
    plan.foreign = index.foreign();
    plan
}

#[cfg(test)]
mod tests;
