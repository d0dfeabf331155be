//! What of a look may be sent now: what has settled, and what nobody else claims.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::claiming::Looked;
use super::{Broken, Ready, Reconciler, Seen};
use crate::claims::{ClaimStore, TAKEOVER};
use crate::clock::{Clock, Entropy};
use crate::model::{JobName, Observed, Place};
use crate::mutant::{Mutant, is};
use crate::plan::{Action, HoldReason, Known};
use crate::vertex::{ReadError, Vertex};

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Reconciler<'_, V, E, C, S> {
    /// What of `seen` may be sent now: holds what has not settled and what is
    /// claimed elsewhere. Where there is a claim store and a create is due, the
    /// claims are read and then the jobs listed again, in this order.
    ///
    /// # Errors
    /// A look that failed.
    pub(super) async fn ready(
        &self,
        seen: Seen,
        wanted: impl Fn(&Action) -> bool,
    ) -> Result<Ready, Broken> {
        let withheld = |seen: Seen| {
            let mut now = seen.plan;
            let (due, beside): (Vec<_>, Vec<_>) = now.actions.into_iter().partition(&wanted);
            now.actions = due;
            self.executor.memory().withhold(&mut now, &beside, seen.look, self.settle);
            (now, seen.look, beside)
        };
        let listed = is(Mutant::ListBeforeClaim).then(|| seen.clone());
        let (now, look, beside) = withheld(seen);
        let Some(claims) = self.executor.claims.as_ref().filter(|_| now.creates().next().is_some())
        else {
            return Ok(Ready::settled(now, look).with(beside));
        };
        let looked = claims.look(now.creates(), self.executor.clock).await;
        let looked = match looked {
            Err(error) if self.partial => {
                return Ok(Ready::without_creates(now, look, Broken::Claims(error)).with(beside));
            }
            looked => looked.map_err(Broken::Claims)?,
        };
        self.read_claimed(&looked).await?;
        let again = match listed {
            Some(listed) => listed,
            None => self.look().await?,
        };
        let lost = self.lost(claims.store, &again).await?;
        let (mut now, look, beside) = withheld(again);
        now.hold(|create| {
            let job = lost.get(&create.key.place)?.clone();
            Some(HoldReason::ImplausibleListing { listed: 0, known: Known::Claimed(job) })
        });
        Ok(looked.hold(now, look).with(beside))
    }

    /// Places where a create is due, whose listing has no job of ours, and where
    /// an old one exists by its claim: with that job. A young one may only not
    /// be listed yet.
    async fn lost(&self, store: &S, seen: &Seen) -> Result<BTreeMap<Place, JobName>, Broken> {
        let mut lost = BTreeMap::new();
        let places: BTreeSet<&Place> = seen.plan.creates().map(|c| &c.key.place).collect();
        for place in places {
            if !self.executor.memory().is_bare(place) {
                continue;
            }
            let listing = seen.observation.get(place).and_then(|listing| listing.as_ref().ok());
            let date = listing.and_then(|listing| listing.date);
            let is_old = |job: &Observed| {
                let age = date.zip(job.create_time).map(|(date, made)| date.duration_since(made));
                age.and_then(|age| Duration::try_from(age).ok()).is_some_and(|age| age > TAKEOVER)
            };
            let jobs = store.done(&self.policy.owner, place).await.map_err(Broken::Claims)?;
            for job in jobs {
                match self.executor.vertex.get(&job).await {
                    Ok(seen) if is_old(&seen) => drop(lost.insert(place.clone(), job)),
                    Ok(_) => {}
                    Err(ReadError::NotFound { .. }) => {}
                    Err(source) => return Err(Broken::Claimed { job, source }),
                }
            }
        }
        Ok(lost)
    }

    /// Reads the jobs that claims name: a listing may not show them yet, or no
    /// longer, and they are what they are.
    async fn read_claimed(&self, looked: &Looked) -> Result<(), Broken> {
        for (place, job) in looked.done() {
            match self.executor.vertex.get(job).await {
                Ok(seen) => self.executor.memory().found(place, seen),
                // The create that it should have been stays held.
                Err(ReadError::NotFound { .. }) => {}
                Err(source) => return Err(Broken::Claimed { job: job.clone(), source }),
            }
        }
        Ok(())
    }
}
