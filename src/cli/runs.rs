//! The runs of one tuned model, for the commands that look at them.

use crate::model::{Desired, Observation, Observed};

/// Our runs of the name, newest first, and the adopted job.
pub(super) fn runs<'a>(desired: &Desired, seen: &'a Observation) -> Vec<&'a Observed> {
    let listing = seen.get(&desired.key.place).and_then(|listing| listing.as_ref().ok());
    let mut runs: Vec<&Observed> = listing
        .into_iter()
        .flat_map(|listing| &listing.jobs)
        .filter(|job| {
            let ours = job.stamp.as_ref().is_some_and(|stamp| {
                stamp.owner == desired.key.owner && stamp.name == desired.key.name
            });
            let adopt = desired.lifecycle.adopt.as_ref();
            ours || adopt.is_some_and(|name| job.name.same_job(name))
        })
        .collect();
    runs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
    runs
}
