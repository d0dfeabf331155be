//! What must be true of the plan of every look, and of some looks planned
//! otherwise.

use retune::model::{Desired, Observation, Untrusted};
use retune::plan::{Cancel, Plan, plan};

use super::{Violation, wrong};
use crate::manifests::Manifests;
use crate::random::Random;

/// The manifests and the rows in another order are the same plan.
pub fn s14_plan_purity(
    manifests: &Manifests,
    observation: &Observation,
    planned: &Plan,
    random: &mut Random,
) -> Option<Violation> {
    let mut desired: Vec<Desired> = manifests.desired.clone();
    desired.reverse();
    let mut shuffled = observation.clone();
    for listing in shuffled.values_mut().flatten() {
        for index in (1..listing.jobs.len()).rev() {
            let other = random.below(index as u64 + 1) as usize;
            listing.jobs.swap(index, other);
        }
    }
    let again = plan(&desired, &shuffled, &manifests.policy);
    wrong("S14 plan purity", again != *planned, || format!("{again:?} is not {planned:?}"))
}

/// A manifest less is not a cancel more.
pub fn s8_absence_is_silent(
    manifests: &Manifests,
    observation: &Observation,
    planned: &Plan,
    random: &mut Random,
) -> Option<Violation> {
    if manifests.desired.is_empty() || planned.tripped().next().is_some() {
        // A limit that no longer trips lets through what it held.
        return None;
    }
    let mut desired = manifests.desired.clone();
    desired.remove(random.below(desired.len() as u64) as usize);
    let less = plan(&desired, observation, &manifests.policy);
    let known: Vec<&Cancel> = planned.cancels().collect();
    let more = less.cancels().find(|cancel| !known.iter().any(|k| k.job == cancel.job));
    wrong("S8 absence is silent", more.is_some(), || format!("cancels {more:?} all of a sudden"))
}

/// A place that could not be listed has no action.
pub fn s9_unlisted_place(manifests: &Manifests, observation: &Observation) -> Option<Violation> {
    let unlisted =
        observation.keys().map(|place| (place.clone(), Err(Untrusted::new("down")))).collect();
    let planned = plan(&manifests.desired, &unlisted, &manifests.policy);
    wrong("S9 fail closed", !planned.actions.is_empty(), || {
        format!("plans {:?} without a listing", planned.actions)
    })
}
