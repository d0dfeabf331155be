//! What earlier listings showed.
//!
//! Most jobs have ended and never change again. Of whoever looks for months, a
//! job that a listing shows as the one before did is the very same one: it
//! takes its memory once, and what was made of it stays as it lies.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Glimpse, JobName, Observed, Place};

/// The jobs of the last complete listing of each place, as long as somebody
/// holds them: nothing is kept alive here.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<BTreeMap<Place, Vec<Glimpse>>>);

/// The jobs of one place by name.
pub(super) type Before = HashMap<JobName, Observed>;

impl Known {
    /// What the last listing of a place showed.
    pub(super) fn of(&self, place: &Place) -> Before {
        let known = self.lock();
        let jobs = known.get(place).into_iter().flatten().filter_map(Glimpse::observed);
        jobs.map(|job| (job.name.clone(), job)).collect()
    }

    /// Remembers a listing.
    pub(super) fn remember(&self, place: &Place, jobs: &[Observed]) {
        let mut known = self.lock();
        known.retain(|_, jobs| jobs.iter().any(|job| job.observed().is_some()));
        known.insert(place.clone(), jobs.iter().map(Observed::glimpse).collect());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, Vec<Glimpse>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The job as it was before, when nothing of it changed.
pub(super) fn settled(job: Observed, before: &Before) -> Observed {
    match before.get(&job.name) {
        Some(known) if *known == job => known.clone(),
        _ => job,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobState;
    use crate::vertex::wire;

    fn place() -> Place {
        Place::new("acme", "us-central1")
    }

    fn job(id: u32, state: &str) -> Observed {
        let name = format!("projects/1/locations/us-central1/tuningJobs/{id}");
        let body = serde_json::json!({ "name": name, "state": state }).to_string();
        wire::job(body.as_bytes(), &place()).unwrap()
    }

    #[test]
    fn what_did_not_change_is_the_same_and_nothing_is_held() {
        let known = Known::default();
        let first = [job(1, "JOB_STATE_SUCCEEDED"), job(2, "JOB_STATE_RUNNING")];
        known.remember(&place(), &first);
        let before = known.of(&place());
        let same = settled(job(1, "JOB_STATE_SUCCEEDED"), &before);
        let other = settled(job(2, "JOB_STATE_FAILED"), &before);
        assert!(std::ptr::eq(&*same, &*first[0]));
        assert_eq!(other.state, JobState::Failed);
        drop((before, first, same));
        assert!(known.of(&place()).is_empty());
        known.remember(&Place::new("acme", "europe-west4"), &[other]);
        assert_eq!(known.lock().len(), 1);
    }
}
