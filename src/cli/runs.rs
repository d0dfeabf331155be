//! The runs of one tuned model, for the commands that look at them.

use std::collections::BTreeSet;

use crate::model::{Desired, JobName, Observation, Observed, Place};

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

/// The full names that a job argument can stand for: one, or one in each place.
/// `None`: it names a tuned model.
pub(super) fn job_names(target: &str, places: &BTreeSet<Place>) -> Option<Vec<JobName>> {
    if let Ok(name) = target.parse::<JobName>() {
        return Some(vec![name]);
    }
    let id = target.strip_prefix("tuningJobs/").unwrap_or(target);
    // A tuned model's name starts with a letter, a job's id is a number.
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let in_place = |place: &Place| JobName::new(&place.project, &place.location, id);
    Some(places.iter().map(in_place).collect())
}
