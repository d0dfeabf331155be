//! What was seen last, kept up to date between complete listings.
//!
//! Nothing is sent on the strength of what is kept: it only says whether a
//! complete look is worth making.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::rhythm::YOUNG;
use crate::apply::{Look, Memory, Seen};
use crate::model::{
    Belonging, Costs, Desired, JobName, Listing, Name, Observation, Observed, Phase, Place, Prices,
    Progress, Text,
};
use crate::page::Runs;
use crate::plan::{Plan, Unseen};
use crate::vertex::{ReadError, Vertex};

/// Jobs in one page of a listing.
const PAGE: u64 = 100;

/// How many runs are asked for at a time.
const LOOKS_AT_A_TIME: usize = 8;

/// Runs whose progress is asked for, which decides nothing and is shown to
/// people.
const PROGRESS: usize = 20;

/// The last complete look, and what was read since.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    observation: Observation,
    look: Look,
}

impl Sight {
    pub(super) fn new(observation: Observation, look: Look) -> Self {
        Self { observation, look }
    }

    /// Whether every one of these places was seen.
    pub(super) fn covers(&self, places: &BTreeSet<Place>) -> bool {
        places.iter().all(|place| self.observation.contains_key(place))
    }

    /// What a complete look at it costs, in requests.
    pub(super) fn pages(&self) -> u32 {
        let listings = self.observation.values().filter_map(|listing| listing.as_ref().ok());
        listings.map(pages).fold(0, u32::saturating_add)
    }

    /// For each place what it costs to list all of it, and our part of it.
    pub(super) fn pages_of<'a>(
        &'a self,
        owner: &'a Name,
    ) -> impl Iterator<Item = (&'a Place, u32, u32)> {
        self.observation.iter().filter_map(|(place, listing)| {
            let listing = listing.as_ref().ok()?;
            let ours = listing.jobs.iter().filter(|job| is_of(job, owner)).count() as u64;
            let ours = u32::try_from(ours.div_ceil(PAGE).max(1)).unwrap_or(u32::MAX);
            Some((place, pages(listing), ours))
        })
    }

    /// Takes over a listing of our own jobs. False when it lacks one that is
    /// known to exist for minutes: then it says nothing.
    pub(super) fn take_ours(&mut self, place: &Place, owner: &Name, ours: Listing) -> bool {
        let Some(Ok(known)) = self.observation.get_mut(place) else { return true };
        let mut ours: BTreeMap<JobName, Observed> = ours
            .jobs
            .into_iter()
            .filter(|job| is_of(job, owner))
            .map(|job| (job.name.clone(), job))
            .collect();
        let date = known.date;
        let lacks = |job: &Observed| is_of(job, owner) && !ours.contains_key(&job.name);
        if known.jobs.iter().any(|job| lacks(job) && age(job, date).is_some_and(|a| a >= YOUNG)) {
            return false;
        }
        for job in &mut known.jobs {
            if let Some(newer) = ours.remove(&job.name) {
                *job = newer;
            }
        }
        known.jobs.extend(ours.into_values());
        true
    }

    /// What of each place that was seen counts towards limits.
    pub(super) fn counts(&self, owner: &Name, window: Option<Duration>) -> BTreeMap<Place, Unseen> {
        let count = |listing: &Listing| {
            let ours = || listing.jobs.iter().filter(|job| is_of(job, owner));
            let busy = |job: &&Observed| matches!(job.phase(), Phase::Active | Phase::Ending);
            let recent = |job: &&Observed| {
                let old = age(job, listing.date).zip(window).is_some_and(|(age, most)| age > most);
                window.is_some() && !old
            };
            Unseen { busy: ours().filter(busy).count(), created: ours().filter(recent).count() }
        };
        let listings = self.observation.iter();
        let seen = listings.filter_map(|(place, listing)| Some((place, listing.as_ref().ok()?)));
        seen.map(|(place, listing)| (place.clone(), count(listing))).collect()
    }

    /// Every job that was seen.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &Observed> {
        self.observation.values().flatten().flat_map(|listing| &listing.jobs)
    }

    /// Billable training tokens of our runs by base model, where Vertex says so.
    pub(super) fn billable(&self, owner: &Name) -> BTreeMap<Text, u64> {
        let ours = self.jobs().filter(|job| is_of(job, owner));
        let mut tokens = BTreeMap::new();
        for job in ours {
            let counted = job.billable_tokens.and_then(|n| u64::try_from(n).ok());
            if let (Some(count), Some(model)) = (counted, &job.echo.base_model) {
                let sum: &mut u64 = tokens.entry(model.clone()).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        tokens
    }

    /// What people are shown of the runs.
    pub(super) fn runs(&self, owner: &Name, desired: &[Desired]) -> Runs {
        Runs::of(&self.observation, owner, desired)
    }

    /// What the runs of each of our tuned models cost.
    pub(super) fn costs(&self, belonging: &Belonging<'_>, prices: &Prices) -> Costs {
        Costs::of(&self.observation, belonging, prices)
    }

    /// The observation as it may be at `now`. The service's clock is taken to
    /// have gone on as ours did.
    pub(super) fn at(&mut self, now: Duration, memory: &Memory) -> &Observation {
        memory.add_to(&mut self.observation);
        let since = now.saturating_sub(self.look.ended);
        for listing in self.observation.values_mut().flatten() {
            listing.date = listing.date.and_then(|date| date.checked_add(since).ok());
        }
        self.look.ended = self.look.ended.max(now);
        &self.observation
    }

    /// What is kept as if it had just been seen: a mistake's.
    pub(super) fn seen(&self, plan: Plan) -> Seen {
        let observation = self.observation.clone();
        Seen { look: self.look, observation, plan, failed: Vec::new() }
    }

    /// Our runs that go on, or may.
    fn live<'a>(&'a self, owner: &'a Name) -> impl Iterator<Item = &'a Observed> {
        self.jobs().filter(move |job| {
            is_of(job, owner)
                && matches!(job.phase(), Phase::Active | Phase::Ending | Phase::Unclear)
        })
    }

    /// How many of our runs go on.
    pub(super) fn count_live(&self, owner: &Name) -> usize {
        self.live(owner).count()
    }

    /// Whether one of them began a short while ago, by the service's clock;
    /// `None` when none goes on.
    pub(super) fn has_young(&self, owner: &Name) -> Option<bool> {
        let mut live = self.live(owner).peekable();
        live.peek()?;
        Some(live.any(|job| {
            let listing = self.observation.get(&job.place).and_then(|l| l.as_ref().ok());
            age(job, listing.and_then(|l| l.date)).is_none_or(|age| age < YOUNG)
        }))
    }

    /// Reads each of our runs that go on, one by one.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub(super) async fn read_runs<V: Vertex>(
        &mut self,
        vertex: &V,
        owner: &Name,
    ) -> Result<Vec<Observed>, ReadError> {
        let jobs: Vec<(Place, JobName)> =
            self.live(owner).map(|job| (job.place.clone(), job.name.clone())).collect();
        let looks = jobs.into_iter().map(async |(place, name)| match vertex.get(&name).await {
            Ok(mut job) => {
                (job.place, job.name) = (place, name);
                Ok(Some(job))
            }
            // Where jobs cannot be deleted, this one is somebody else's trouble.
            Err(ReadError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        });
        let looks = futures_util::stream::iter(looks).buffer_unordered(LOOKS_AT_A_TIME);
        let seen: Vec<Option<Observed>> = looks.try_collect().await?;
        let seen: Vec<Observed> = seen.into_iter().flatten().collect();
        for job in &seen {
            let Some(Ok(listing)) = self.observation.get_mut(&job.place) else { continue };
            if let Some(kept) = listing.jobs.iter_mut().find(|kept| kept.name == job.name) {
                *kept = job.clone();
            }
        }
        Ok(seen)
    }

    /// How far our runs are, where Vertex says so.
    pub(super) async fn progress<V: Vertex>(
        &self,
        vertex: &V,
        owner: &Name,
    ) -> BTreeMap<JobName, Progress> {
        let jobs: Vec<JobName> =
            self.live(owner).take(PROGRESS).map(|job| job.name.clone()).collect();
        let looks = jobs.into_iter().map(async |job| {
            let progress = vertex.progress(&job).await.ok()?;
            Some((job, progress))
        });
        let looks = futures_util::stream::iter(looks).buffer_unordered(LOOKS_AT_A_TIME);
        looks.filter_map(std::future::ready).collect().await
    }
}

fn is_of(job: &Observed, owner: &Name) -> bool {
    job.stamp.as_ref().is_some_and(|stamp| stamp.owner == *owner)
}

/// The pages of a listing, or what they would be.
fn pages(listing: &Listing) -> u32 {
    let jobs = listing.jobs.len() as u64 + listing.foreign;
    let least = u32::try_from(jobs.div_ceil(PAGE)).unwrap_or(u32::MAX);
    listing.pages.max(least).max(1)
}

/// How old a job is by the service's clock.
fn age(job: &Observed, date: Option<Timestamp>) -> Option<Duration> {
    let (now, made) = date.zip(job.create_time)?;
    Duration::try_from(now.duration_since(made)).ok()
}
