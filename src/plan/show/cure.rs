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

/// What unblocks `held`; `None` when it passes by itself. `same_service` are the
/// flags that lead a command to the same service.
pub fn cure(held: &Held, same_service: &str) -> Option<Cure> {
    let key = &held.key;
    let run = |what: String| Some(Cure::Run(format!("retune {what}{same_service}")));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Name, Place};

    fn held(reason: HoldReason) -> Held {
        let owner: Name = "acme".parse().unwrap();
        let (place, name) = (Place::new("acme-ml", "us-central1"), owner.clone());
        Held { key: Key { place, owner, name, rerun: 4 }, reason }
    }

    #[test]
    fn a_cure_is_ready_to_be_typed() {
        let set = |line: &str| Some(Cure::Set(line.to_owned()));
        let run = |command: &str| Some(Cure::Run(command.to_owned()));
        let job = "projects/42/locations/us-central1/tuningJobs/7";
        let failed = |retry_in, adopted| HoldReason::LastRunFailed {
            job: job.parse().unwrap(),
            error: None,
            has_model: false,
            retry_in,
            adopted,
        };
        let rerun = Newer::Rerun { theirs: 9, ours: 4 };
        for (reason, wanted) in [
            (failed(None, false), set("rerun: 5")),
            (failed(Some(std::time::Duration::ZERO), false), None),
            (failed(None, true), Some(Cure::TakeOut(format!("adopt: {job}")))),
            (HoldReason::Suspended, Some(Cure::TakeOut("suspend: true".to_owned()))),
            (
                HoldReason::CreateLimit { wanted: 12, recent: 0, limit: 10 },
                run("retune apply --max-creates 12"),
            ),
            (
                HoldReason::CreateLimit { wanted: 2, recent: 9, limit: 10 },
                run("retune watch --max-creates 11"),
            ),
            (
                HoldReason::StaleRevision { job: job.parse().unwrap(), newer: rerun },
                set("rerun: 9"),
            ),
            (HoldReason::Cancelling { job: job.parse().unwrap() }, None),
            (
                HoldReason::ListIncomplete { why: crate::model::Untrusted::new("503") },
                run("retune jobs --project acme-ml --location us-central1"),
            ),
        ] {
            assert_eq!(cure(&held(reason.clone()), ""), wanted, "{reason:?}");
        }
    }
}
