//! What unblocks a hold, ready to be typed.
//!
//! The words for a hold say the cure in passing; this is the same cure for who
//! wants to copy it. What passes by itself has none.

use crate::model::Key;
use crate::plan::{ClaimedBy, Held, HoldReason, Newer};

/// What to type, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// A line of the manifest, below `lifecycle`: to be set.
    Set(String),
    /// A line of the manifest, below `lifecycle`: to be taken out.
    TakeOut(String),
    /// A command.
    Run(String),
}

/// What unblocks `held`; `None` when it passes by itself.
pub fn cure(held: &Held) -> Option<Cure> {
    let key = &held.key;
    match &held.reason {
        HoldReason::LastRunFailed { retry_in: Some(_), .. } => None,
        HoldReason::LastRunFailed { job, adopted: true, .. }
        | HoldReason::LastRunCancelled { job, adopted: true, .. } => {
            Some(Cure::TakeOut(format!("adopt: {job}")))
        }
        HoldReason::LastRunFailed { .. }
        | HoldReason::LastRunCancelled { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Done { .. }, .. } => Some(again(key)),
        HoldReason::Suspended => Some(Cure::TakeOut("suspend: true".to_owned())),
        HoldReason::CreateLimit { wanted, recent: 0, .. } => {
            run(format!("apply --max-creates {wanted}"))
        }
        // In a daemon, whose limit is that of a day.
        HoldReason::CreateLimit { wanted, recent, .. } => {
            run(format!("watch --max-creates {}", wanted + recent))
        }
        HoldReason::CancelLimit { wanted, .. } => run(format!("apply --max-cancels {wanted}")),
        HoldReason::ConcurrencyLimit { .. } => run("apply --wait".to_owned()),
        HoldReason::StaleRevision { newer: Newer::Rerun { theirs, .. }, .. } => {
            Some(Cure::Set(format!("rerun: {theirs}")))
        }
        HoldReason::StaleRevision { newer: Newer::Revision { .. }, .. } => {
            Some(Cure::Run("git pull".to_owned()))
        }
        HoldReason::SameSpecElsewhere { job, .. } => Some(Cure::Set(format!("adopt: {job}"))),
        HoldReason::ImplausibleListing { .. }
        | HoldReason::ListIncomplete { .. }
        | HoldReason::UnknownDialect { .. } => {
            let place = &key.place;
            run(format!("jobs --project {} --location {}", place.project, place.location))
        }
        HoldReason::UnknownState { .. } => run(format!("describe {}", key.name)),
        HoldReason::Cancelling { .. }
        | HoldReason::Settling { .. }
        | HoldReason::AmbiguousCreate { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. } => None,
    }
}

/// A rerun more than there is.
fn again(key: &Key) -> Cure {
    Cure::Set(format!("rerun: {}", key.rerun + 1))
}

#[expect(clippy::unnecessary_wraps, reason = "every arm of a match")]
fn run(what: String) -> Option<Cure> {
    Some(Cure::Run(format!("retune {what}")))
}
