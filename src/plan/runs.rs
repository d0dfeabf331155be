//! The runs of each tuned model, found once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Policy;
use crate::model::identity::{Digests, digest, equivalent, is_known};
use crate::model::{
    Desired, FoundModel, JobName, Key, Listing, Name, Observation, Observed, Phase, Place, Stamp,
    Untrusted,
};
use crate::mutant::{Mutant, is};

/// A run of ours: a job with our labels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) job: &'a Observed,
    pub(super) stamp: &'a Stamp,
}

impl Run<'_> {
    /// The key it carries, with its own rerun.
    pub(super) fn key(&self) -> Key {
        Key {
            place: self.job.place.clone(),
            owner: self.stamp.owner.clone(),
            name: self.stamp.name.clone(),
            rerun: self.stamp.rerun.unwrap_or(0),
        }
    }

    /// Its source revision; at most its creation time, so that a label from
    /// the future cannot lock anybody out.
    pub(super) fn revision(&self) -> Option<i64> {
        let label = self.stamp.rev?;
        Some(self.job.create_time.map_or(label, |t| label.min(t.as_second())))
    }
}

/// Everything observed, by tuned model.
pub(super) struct Index<'a> {
    /// Runs of every name that has a manifest, oldest first.
    ours: BTreeMap<&'a Place, HashMap<&'a Name, Vec<Run<'a>>>>,
    /// Active or good runs of others and of names without a manifest, by place
    /// and spec label.
    elsewhere: HashMap<&'a Place, HashMap<&'a str, Vec<Run<'a>>>>,
    orphans: Vec<Run<'a>>,
    observed: &'a Observation,
    busy: BTreeMap<&'a str, usize>,
    foreign: u64,
    owner: Name,
    /// Jobs within the policy's window, in places that cannot be listed.
    unseen: usize,
}

impl<'a> Index<'a> {
    pub(super) fn new(desired: &'a [Desired], observed: &'a Observation, policy: &Policy) -> Self {
        let mut ours: BTreeMap<&Place, HashMap<&Name, Vec<Run<'_>>>> = BTreeMap::new();
        for Key { place, name, .. } in desired.iter().map(|desired| &desired.key) {
            ours.entry(place).or_default().entry(name).or_default();
        }
        let mut index = Self {
            ours: BTreeMap::new(),
            elsewhere: HashMap::new(),
            orphans: Vec::new(),
            observed,
            busy: BTreeMap::new(),
            foreign: 0,
            owner: policy.owner.clone(),
            unseen: 0,
        };
        for (place, listing) in observed {
            let Ok(listing) = listing else {
                let known = policy.unseen.get(place).copied().unwrap_or_default();
                *index.busy.entry(&place.project).or_default() += known.busy;
                index.unseen += known.created;
                continue;
            };
            index.foreign += listing.foreign;
            let mut nobody = HashMap::new();
            let named = ours.get_mut(place).unwrap_or(&mut nobody);
            for job in &listing.jobs {
                index.take(place, job, named, policy);
            }
        }
        index.ours = ours;
        for runs in index.ours.values_mut().flat_map(HashMap::values_mut) {
            if !is(Mutant::ListingOrder) {
                runs.sort_by_key(|run| run.job.age_order());
            }
        }
        index.keep_orphans(desired);
        for runs in index.elsewhere.values_mut().flat_map(HashMap::values_mut) {
            runs.sort_by_key(|run| run.job.age_order());
        }
        index
    }

    fn take(
        &mut self,
        place: &'a Place,
        job: &'a Observed,
        named: &mut HashMap<&'a Name, Vec<Run<'a>>>,
        policy: &Policy,
    ) {
        let Some(stamp) = &job.stamp else {
            self.foreign += 1;
            return;
        };
        let run = Run { job, stamp };
        let ours = stamp.owner == policy.owner || is(Mutant::ForeignCancelled);
        let of_manifest = if ours { named.get_mut(&stamp.name) } else { None };
        let phase = job.phase();
        if ours && matches!(phase, Phase::Active | Phase::Ending) {
            *self.busy.entry(&place.project).or_default() += 1;
        }
        if !ours {
            self.foreign += 1;
        }
        if let Some(spec) = &stamp.spec
            && of_manifest.is_none()
            && matches!(phase, Phase::Active | Phase::Good)
        {
            self.elsewhere.entry(place).or_default().entry(spec).or_default().push(run);
        }
        match of_manifest {
            Some(runs) => runs.push(run),
            None if ours => self.orphans.push(run),
            None => {}
        }
    }

    /// Leaves those runs that no manifest speaks of: not one that a manifest of
    /// another name adopts, nor one seen under its project's other notation.
    fn keep_orphans(&mut self, desired: &[Desired]) {
        if self.orphans.is_empty() {
            return;
        }
        let adopters: Vec<&Desired> =
            desired.iter().filter(|d| d.lifecycle.adopt.is_some()).collect();
        let adopted = |job: &Observed| {
            adopters.iter().any(|d| {
                let adopt = d.lifecycle.adopt.as_ref();
                d.key.place == job.place && adopt.is_some_and(|name| job.name.same_job(name))
            })
        };
        let ours = self.ours.values().flat_map(HashMap::values).flatten();
        let mut spoken_of: HashSet<&JobName> = ours.map(|run| &run.job.name).collect();
        self.orphans.sort_by_key(|run| (run.key(), run.job.age_order()));
        self.orphans.retain(|run| !adopted(run.job) && spoken_of.insert(&run.job.name));
    }

    /// Our runs of a name in its place, of any spec and rerun, oldest first.
    pub(super) fn runs(&self, key: &Key) -> &[Run<'a>] {
        let runs = self.ours.get(&key.place).and_then(|names| names.get(&key.name));
        runs.map_or(&[], Vec::as_slice)
    }

    /// The job that a manifest adopts, when the listing has it.
    pub(super) fn adopted(&self, desired: &Desired) -> Option<&'a Observed> {
        let name = desired.lifecycle.adopt.as_ref()?;
        let listing = self.observed.get(&desired.key.place)?.as_ref().ok()?;
        listing.jobs.iter().find(|job| job.name.same_job(name))
    }

    /// Why the place was not listed completely. A place that was not asked
    /// about at all is not complete either.
    pub(super) fn incomplete(&self, place: &Place) -> Option<Untrusted> {
        match self.observed.get(place) {
            Some(Ok(_)) => None,
            Some(Err(why)) => Some(why.clone()),
            None => Some(Untrusted::new("it was not listed")),
        }
    }

    /// The model of a spec that a run of this key has made, by its labels.
    pub(super) fn model(&self, key: &Key, digests: &Digests) -> Option<&'a FoundModel> {
        let listing = self.observed.get(&key.place)?.as_ref().ok()?;
        listing.models.iter().find(|model| {
            let stamp = &model.stamp;
            let same = (&stamp.owner, &stamp.name) == (&key.owner, &key.name);
            same && stamp.rerun == Some(key.rerun) && has_digest(stamp, digests)
        })
    }

    /// How many runs of ours were created since that time, on the service's clock.
    pub(super) fn created_since(&self, window: Duration) -> usize {
        let listings = self.observed.values().filter_map(|listing| listing.as_ref().ok());
        let recent = |listing: &Listing| {
            let since = listing.date.and_then(|date| date.checked_sub(window).ok());
            let jobs = listing.jobs.iter().filter(|job| {
                let ours = job.stamp.as_ref().is_some_and(|stamp| stamp.owner == self.owner);
                ours && job.create_time.zip(since).is_none_or(|(at, since)| at >= since)
            });
            jobs.count()
        };
        listings.map(recent).sum::<usize>() + self.unseen
    }

    /// The server's time of the place's listing.
    pub(super) fn date(&self, place: &Place) -> Option<Timestamp> {
        self.observed.get(place)?.as_ref().ok()?.date
    }

    /// The oldest active or good run with this very spec digest under another
    /// owner, or under a name without a manifest, of this rerun or a later one.
    pub(super) fn same_spec_elsewhere(&self, key: &Key, digest: &str) -> Option<Run<'a>> {
        let runs = self.elsewhere.get(&key.place)?.get(digest)?;
        runs.iter().find(|run| run.stamp.rerun.is_none_or(|theirs| theirs >= key.rerun)).copied()
    }

    /// Our runs without a manifest.
    pub(super) fn orphans(&self) -> impl Iterator<Item = Run<'a>> {
        self.orphans.iter().copied()
    }

    /// How many of our runs in a project are active or ending.
    pub(super) fn busy(&self, project: &str) -> usize {
        self.busy.get(project).copied().unwrap_or(0)
    }

    /// How many jobs are not ours.
    pub(super) fn foreign(&self) -> u64 {
        self.foreign
    }
}

/// Whether `run` carries a spec digest that can be compared at all.
pub(super) fn dialect_is_known(run: &Run<'_>) -> bool {
    run.stamp.spec.as_deref().is_some_and(is_known) || is(Mutant::DialectIgnored)
}

/// Whether a job carries the digest of the manifest, in the job's own dialect.
pub(super) fn has_digest(stamp: &Stamp, digests: &Digests) -> bool {
    stamp.spec.as_deref().is_some_and(|label| digests.agree_with(label))
}

/// Whether `run` was asked for what the manifest asks for: by its digest, then
/// by what it echoes.
pub(super) fn has_spec(run: &Run<'_>, desired: &Desired, digests: &Digests) -> bool {
    if is(Mutant::DefaultsHashed) {
        return digests.agree_with(&digest(&run.job.echo));
    }
    has_digest(run.stamp, digests)
        || (dialect_is_known(run) && equivalent(&desired.spec, &run.job.echo))
}
