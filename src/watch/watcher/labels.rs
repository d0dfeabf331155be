//! Looks by label, where most jobs of a place are not ours.
//!
//! That jobs can be listed by label is not documented (Google's pages say "the
//! standard list filter" and no more), so it is tried, and given up for good
//! where a job of ours that is known to exist does not come. What does come is
//! a hint: it says sooner that something changed, and a complete look follows
//! before anything is done.

use std::collections::BTreeSet;
use std::time::Duration;

use super::telling::Failure;
use super::{Task, Watcher};
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{Name, Place};
use crate::observe::keep_lasting;
use crate::vertex::Vertex;
use crate::watch::sight::Sight;

/// How many times fewer pages our jobs must have than all jobs, for a look by
/// label to be worth its requests.
const WORTH: u32 = 2;

/// Where and when to look by label.
#[derive(Debug, Default)]
pub(super) struct Labels {
    /// Places where it does not work.
    useless: BTreeSet<Place>,
    /// When the next such look is due; `None` where complete looks are as cheap.
    due: Option<Duration>,
}

impl Labels {
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }
}

impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// The places where looking by label is worth it, and what it costs.
    fn labelled(&self, owner: &Name) -> (Vec<Place>, u32) {
        // Where complete looks are not rare, they tell as much as soon.
        let stretched = |sight: &&Sight| self.parts.rhythm.is_stretched_by(sight.pages());
        let Some(sight) = self.sight.as_ref().filter(stretched) else { return (Vec::new(), 0) };
        let mut pages = 0;
        let mut places = Vec::new();
        for (place, all, ours) in sight.pages_of(owner) {
            if !self.labels.useless.contains(place) && ours.saturating_mul(WORTH) <= all {
                places.push(place.clone());
                pages += ours;
            }
        }
        (places, pages)
    }

    /// Lists our own jobs where most are not ours.
    pub(super) async fn look_by_label<S>(&mut self, task: &Task<'_, S>) -> Result<(), Failure> {
        let (owner, keep) = (&task.policy.owner, keep_lasting(task.desired));
        for place in self.labelled(owner).0 {
            let listing = self.parts.vertex.list_ours(&place, owner, &keep).await;
            let listing = listing.map_err(|error| Failure {
                asked: error.retry_after(),
                why: format!("could not list our tuning jobs of {place}: {}", chain(&error)),
            })?;
            let Some(sight) = &mut self.sight else { return Ok(()) };
            if !listing.is_some_and(|listing| sight.take_ours(&place, owner, listing)) {
                tracing::info!(%place, "jobs cannot be listed by label here; every look is complete");
                self.labels.useless.insert(place);
            }
        }
        self.schedule_labels(task);
        Ok(())
    }

    /// Says when to look by label again.
    pub(super) fn schedule_labels<S>(&mut self, task: &Task<'_, S>) {
        let (places, pages) = self.labelled(&task.policy.owner);
        let every = self.parts.rhythm.complete(pages, self.parts.entropy);
        let due = self.parts.clock.elapsed() + every;
        self.labels.due = (!places.is_empty()).then_some(due);
    }
}
