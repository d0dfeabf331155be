//! Whatever waits is named, and does not wait for ever.

use std::time::Duration;

use retune::apply::{AMBIGUOUS, Outcome, Report};
use retune::plan::{HoldReason, Plan};

use super::{Violation, wrong};
use crate::manifests::Manifests;
use crate::runtime::Millis;

/// What a look itself may take.
const LOOK: Duration = Duration::from_secs(2);

/// A lost create is settled by the first listing after its time.
pub fn l2_ambiguity_ends(report: &Report, pause: Millis) -> Option<Violation> {
    let longest = AMBIGUOUS + LOOK + Duration::from_millis(2 * pause);
    report.items.iter().find_map(|item| match &item.outcome {
        Outcome::Held(reason) => match reason.as_ref() {
            HoldReason::AmbiguousCreate { age, run, .. } => {
                wrong("L2 ambiguity ends", *age > longest, || {
                    format!("run {run} is ambiguous since {age:?}")
                })
            }
            _ => None,
        },
        _ => None,
    })
}

/// As [`l2_ambiguity_ends`], where what is held is only shown.
pub fn l2_ambiguity_ends_in(plan: &Plan, pause: Millis) -> Option<Violation> {
    let longest = AMBIGUOUS + LOOK + Duration::from_millis(2 * pause);
    plan.held.iter().find_map(|held| match &held.reason {
        HoldReason::AmbiguousCreate { age, run, .. } => {
            wrong("L2 ambiguity ends", *age > longest, || {
                format!("run {run} is ambiguous since {age:?}")
            })
        }
        _ => None,
    })
}

/// A claim that may be taken over is taken over by who looks at it again.
pub fn l4_no_dead_holder(path: &str, free_for: Millis, passes: Millis) -> Option<Violation> {
    wrong("L4 no dead holder", free_for > passes, || {
        format!("{path} could have been taken over {free_for} ms ago")
    })
}

/// Every manifest has an action or a word about it.
pub fn l5_nothing_stalls(manifests: &Manifests, plan: &Plan) -> Option<Violation> {
    let silent = manifests.desired.iter().map(|desired| &desired.key).find(|key| {
        // A cancel of an older rerun has that rerun's key.
        let same = |other: &retune::model::Key| other.name == key.name;
        !(plan.actions.iter().any(|action| same(action.key()))
            || plan.held.iter().any(|held| same(&held.key))
            || plan.in_sync.iter().any(|model| same(&model.key))
            || plan.in_flight.iter().any(|run| same(&run.key)))
    });
    wrong("L5 nothing stalls in silence", silent.is_some(), || {
        format!("nothing is said of {silent:?}")
    })
}
