//! What earlier listings showed.
//!
//! Most jobs have ended and never change again. Of whoever looks for months, a
//! job that a listing shows as the one before did is the very same one: it is
//! not decoded again, takes its memory once, and what was made of it stays as
//! it lies.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Glimpse, Observed, Place, Texts};

/// The jobs of the last complete listing of each place, as long as somebody
/// holds them: nothing is kept alive here.
#[derive(Debug, Default)]
pub(crate) struct Known {
    places: Mutex<BTreeMap<Place, Vec<(Fingerprint, Glimpse)>>>,
    hashing: RandomState,
}

/// Stands for everything that is read of a job in a listing. Nobody outside
/// can choose two contents that have the same: it is keyed, by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(pub(crate) u64);

/// What the jobs of a listing have in common, with each other and with those of
/// the listing before; and what this one shows, for the next.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// Texts that many jobs have.
    pub(crate) texts: Texts,
    before: HashMap<Fingerprint, Observed>,
    now: Vec<(Fingerprint, Glimpse)>,
    hashing: RandomState,
}

impl Known {
    /// What the last listing of a place showed.
    pub(super) fn of(&self, place: &Place) -> Common {
        let places = self.lock();
        let jobs = places.get(place).into_iter().flatten();
        let before = jobs.filter_map(|(print, job)| Some((*print, job.observed()?))).collect();
        Common { before, hashing: self.hashing.clone(), ..Common::default() }
    }

    /// Remembers what a listing showed.
    pub(super) fn remember(&self, place: &Place, shown: Common) {
        let mut places = self.lock();
        places.retain(|_, jobs| jobs.iter().any(|(_, job)| job.observed().is_some()));
        places.insert(place.clone(), shown.now);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Place, Vec<(Fingerprint, Glimpse)>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Common {
    /// What fingerprints are made with: those of one listing and of the next
    /// can be compared.
    pub(crate) fn hashing(&self) -> &impl BuildHasher {
        &self.hashing
    }

    /// The job of that name as the listing before showed it, if it showed the same.
    pub(crate) fn known(&self, print: Fingerprint, name: &str) -> Option<Observed> {
        self.before.get(&print).filter(|job| job.name.as_str() == name).cloned()
    }

    /// This listing shows a job.
    pub(crate) fn shows(&mut self, print: Fingerprint, job: &Observed) {
        self.now.push((print, job.glimpse()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::vertex::Keep;
    use crate::vertex::wire::{self, Sieve};

    fn place() -> Place {
        Place::new("acme", "us-central1")
    }

    /// A page of one job.
    fn page(id: u32, state: &str, labels: &str) -> String {
        let name = format!("projects/1/locations/us-central1/tuningJobs/{id}");
        let job = json!({ "name": name, "state": state, "labels": 0 }).to_string();
        format!(r#"{{"tuningJobs": [{}]}}"#, job.replace(r#""labels":0"#, labels))
    }

    const LABELS: &str =
        r#""labels":{"managed-by":"retune","retune-owner":"a","retune-name":"faq"}"#;

    /// What is decoded of pages that one look reads.
    fn look(known: &Known, pages: &[&str]) -> Vec<Observed> {
        let sieve = Sieve::new(&Keep::Lasting { adopted: [].into() });
        let mut common = known.of(&place());
        let read = |page: &&str| wire::page(page.as_bytes(), &place(), &sieve, &mut common);
        let kept = pages.iter().map(read).flat_map(|page| page.unwrap().kept).collect();
        known.remember(&place(), common);
        kept
    }

    /// A label, or one that is none.
    fn label() -> impl Strategy<Value = String> {
        let key = prop_oneof![Just("managed-by"), Just("retune-name"), Just("retune-owner")];
        let value = prop_oneof![
            4 => Just(r#""retune""#), 1 => Just(r#""faq""#), 1 => Just("null"), 1 => Just("7"),
        ];
        (key, value).prop_map(|(key, value)| format!(r#""{key}": {value}"#))
    }

    /// One of few jobs in one of few states, so that many are the same.
    fn some_page() -> impl Strategy<Value = String> {
        let labels = prop::collection::vec(label(), 0..6);
        let labels = prop_oneof![
            9 => labels.prop_map(|labels| format!(r#""labels": {{{}}}"#, labels.join(", "))),
            1 => Just(r#""labels": null"#.to_owned()),
            1 => Just(r#""labels": []"#.to_owned()),
        ];
        let state = prop_oneof![Just("JOB_STATE_RUNNING"), Just("JOB_STATE_SUCCEEDED")];
        (0..2u32, state, labels).prop_map(|(id, state, labels)| page(id, state, &labels))
    }

    proptest! {
        #[test]
        fn what_was_known_and_what_is_read_for_the_first_time_are_equal(
            looks in prop::collection::vec(prop::collection::vec(some_page(), 1..8), 2..5),
        ) {
            let known = Known::default();
            let mut held = Vec::new();
            for pages in &looks {
                let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
                held = look(&known, &pages);
                prop_assert_eq!(&held, &look(&Known::default(), &pages));
            }
            drop(held);
        }
    }

    #[test]
    fn what_did_not_change_is_the_same_and_nothing_is_held() {
        let known = Known::default();
        let ended = page(1, "JOB_STATE_SUCCEEDED", LABELS);
        let first = look(&known, &[&ended, &page(2, "JOB_STATE_RUNNING", LABELS)]);
        // A map has no order: the service may write it in another one each time.
        let turned =
            r#""labels" : { "retune-name": "faq","retune-owner":"a", "managed-by":"retune" }"#;
        let turned = page(1, "JOB_STATE_SUCCEEDED", turned);
        let second = look(&known, &[&turned, &page(2, "JOB_STATE_FAILED", LABELS)]);
        assert!(first[0].ptr_eq(&second[0]));
        assert_eq!(
            second,
            look(&Known::default(), &[&turned, &page(2, "JOB_STATE_FAILED", LABELS)])
        );
        let other = LABELS.replace("faq", "fax");
        let third = look(&known, &[&page(1, "JOB_STATE_SUCCEEDED", &other)]);
        assert_eq!(third[0].stamp.as_ref().unwrap().name.as_str(), "fax");
        drop((first, second));
        assert!(third[0].ptr_eq(&look(&known, &[&page(1, "JOB_STATE_SUCCEEDED", &other)])[0]));
        drop(third);
        assert!(known.of(&place()).before.is_empty());
        known.remember(&Place::new("acme", "europe-west4"), Common::default());
        assert_eq!(known.lock().len(), 1);
    }
}
