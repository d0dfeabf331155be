//! What this process knows beside the listing: which jobs it made that are not
//! listed yet, which creates may have made one, and since when a create has
//! been due.
//!
//! Vertex promises nothing about how soon a listing shows a job, nor how late a
//! request may still be applied after its sender went away. So a create is sent
//! only when two complete listings, a settle window apart, both lacked the run
//! (the two-observation rule), and what became of an earlier create of this
//! process is held against it until a listing has settled it.
//!
//! All times here are of this process's monotonic clock.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::claims::{ANSWERED, APPLIED, LISTED, TOKEN};
use crate::model::{JobName, Key, Labels, Name, Observation, Observed, Place, Text, labels};
use crate::mutant::{Mutant, is};
use crate::plan::{Action, Create, HoldReason, Known, Plan, Settling};

/// How long after it was decided an unanswered create counts as possibly made:
/// it may have waited for a token, the client for its answer, a request on its
/// way may still be carried out, and a listing may not show the job yet. A
/// listing that begins later shows it, or it will never be.
pub const AMBIGUOUS: Duration = Duration::from_secs(
    TOKEN.as_secs() + ANSWERED.as_secs() + APPLIED.as_secs() + LISTED.as_secs(),
);

/// The settle window without a claim store, when the Workspace sets none.
pub const SETTLE: Duration = Duration::from_secs(20);

/// How long a manifest must have been as it is before a create of it is sent by
/// whoever looks at files again and again: an editor that saves by itself every
/// few seconds must not buy a run for each half-typed number.
pub const UNCHANGED: Duration = Duration::from_secs(5);

/// How long a job that this process made is remembered at least. A listing that
/// has it an hour later is ahead of any lag that the protocol allows for (4 min),
/// and none after it will be as far behind.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// A complete look at every place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When its first request was sent.
    pub began: Duration,
    /// The same by the wall clock.
    pub began_wall: Timestamp,
    /// When its last page was read.
    pub ended: Duration,
    /// The same by the wall clock: the monotonic one of many systems stands
    /// still while the machine sleeps.
    pub ended_wall: Timestamp,
}

impl Look {
    /// A look that took no time.
    pub fn at(now: Duration, wall: Timestamp) -> Self {
        Self { began: now, began_wall: wall, ended: now, ended_wall: wall }
    }
}

/// What makes two creates the same: the key and what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    key: Key,
    spec: Text,
    attempt: Text,
}

impl Due {
    fn of(create: &Create) -> Self {
        let label = |name: &str| create.request.labels.text(name).unwrap_or_default();
        Self { key: create.key.clone(), spec: label(labels::SPEC), attempt: label(labels::ATTEMPT) }
    }
}

/// A create whose answer was lost.
#[derive(Debug, Clone, PartialEq)]
struct Unresolved {
    due: Due,
    /// The run id that the lost create carried.
    run: String,
    sent: Duration,
}

/// A job that was made, or read by its name.
#[derive(Debug, Clone)]
struct Made {
    job: Observed,
    /// When the first complete look after it began.
    looked: Option<Duration>,
}

impl From<Observed> for Made {
    fn from(job: Observed) -> Self {
        Self { job, looked: None }
    }
}

/// What this process knows beside the listing.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    made: BTreeMap<JobName, Made>,
    unresolved: Vec<Unresolved>,
    due: BTreeMap<Due, Duration>,
    /// When a manifest was last seen to change.
    changed: BTreeMap<Name, Duration>,
    /// Names of our jobs that were listed, in the newest listing's order, for
    /// whoever looks again and again.
    names: BTreeMap<Place, Vec<JobName>>,
    /// How many jobs with our labels each place had when it was last believed.
    known: BTreeMap<Place, usize>,
    /// How many the newest listing has.
    listed: BTreeMap<Place, usize>,
    /// Places whose newest listing has less than half of that, with how many.
    implausible: BTreeMap<Place, usize>,
    /// Why no further create is sent by this process.
    mistrust: Option<String>,
}

impl Memory {
    /// A create was answered with this job. `sent` are the labels that went
    /// out: an answer without them means that the service is not what we take
    /// it for, and every further create could be one that is never found again.
    pub fn made(&mut self, job: &Observed, sent: &Labels) {
        let missing = sent.iter().find(|(key, value)| job.echo.labels.get(key) != Some(*value));
        if let Some((key, _)) = missing {
            self.mistrust = Some(format!(
                "{} was created without the label `{key}`, so it could not be recognised again",
                job.name.short()
            ));
        }
        if !is(Mutant::LedgerForgotten) {
            self.made.insert(job.name.clone(), job.clone().into());
        }
    }

    /// A job that is not listed was read by its name; it belongs in the listing
    /// of this place. One from another location is none of its runs.
    pub fn found(&mut self, place: &Place, job: Observed) {
        if place.location == job.name.location() {
            let job = job.in_place(place);
            self.made.insert(job.name.clone(), job.into());
        }
    }

    /// A job was read by its name. One that no listing shows is, from now on,
    /// what it was just now.
    pub fn read(&mut self, job: &Observed) {
        let known = self.made.values_mut().find(|known| known.job.name.same_job(&job.name));
        if let Some(Made { job: known, looked: _ }) = known {
            *known = job.clone().in_place(&known.place);
        }
    }

    /// The manifest of this name was seen to change at `at`: its settle window
    /// starts again.
    pub fn changed(&mut self, name: &Name, at: Duration) {
        self.due.retain(|due, _| due.key.name != *name);
        // Also where nothing is ever due: names come and go.
        self.changed.retain(|_, known| at < *known + UNCHANGED);
        self.changed.insert(name.clone(), at);
    }

    /// Creates of which nobody knows yet what became of them: key and spec.
    pub fn unresolved(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.unresolved.iter().map(|lost| (&lost.due.key, lost.due.spec.as_str()))
    }

    /// A create was sent at `sent` and nobody knows what became of it.
    pub fn lost(&mut self, create: &Create, run: u64, sent: Duration) {
        if is(Mutant::AmbiguousNotHeld) {
            return;
        }
        let run = labels::run(run);
        self.unresolved.push(Unresolved { due: Due::of(create), run, sent });
    }

    /// Why no further create may be sent by this process.
    pub fn mistrust(&self) -> Option<&str> {
        self.mistrust.as_deref()
    }

    /// Completes an observation with the jobs that this process made and no
    /// listing shows yet, and settles lost creates that it shows, or that it
    /// would show by now.
    pub fn complete(&mut self, observation: &mut Observation, look: Look) {
        self.weigh(observation);
        self.made.retain(|_, Made { job, looked }| {
            let Some(Ok(listing)) = observation.get_mut(&job.place) else { return true };
            let listed = listing.jobs.iter().any(|seen| seen.name.same_job(&job.name));
            if !listed {
                listing.jobs.push(job.clone());
            }
            // A listing that shows it once may be followed by an older one.
            let since = *looked.get_or_insert(look.began);
            let settled = look.began.saturating_sub(since) >= REMEMBERED;
            !(listed && (settled || is(Mutant::LedgerDropsListed)))
        });
        self.unresolved.retain(|lost| {
            let Some(Ok(listing)) = observation.get(&lost.due.key.place) else { return true };
            let found = listing.jobs.iter().find(|job| {
                job.stamp.as_ref().is_some_and(|stamp| stamp.run.as_deref() == Some(&lost.run))
            });
            if let Some(job) = found {
                self.made.insert(job.name.clone(), job.clone().into());
            }
            let settled = look.began >= lost.sent + AMBIGUOUS && !is(Mutant::AmbiguousForever);
            found.is_none() && !settled
        });
    }

    /// Adds to an observation what this process made or read and it does not
    /// show: for a look at what was seen before, which weighs nothing anew.
    pub fn add_to(&self, observation: &mut Observation) {
        for Made { job, looked: _ } in self.made.values() {
            let Some(Ok(listing)) = observation.get_mut(&job.place) else { continue };
            if listing.jobs.iter().all(|seen| !seen.name.same_job(&job.name)) {
                listing.jobs.push(job.clone());
            }
        }
    }

    /// Remembers the names of this owner's jobs: from now on a listing without
    /// one of them is not believed. For whoever looks again and again.
    pub fn know(&mut self, observation: &Observation, owner: &Name) {
        self.names.retain(|place, _| observation.contains_key(place));
        for (place, listing) in observation {
            let Ok(listing) = listing else { continue };
            let is_ours =
                |job: &&Observed| job.stamp.as_ref().is_some_and(|stamp| stamp.owner == *owner);
            let ours = listing.jobs.iter().filter(is_ours).map(|job| &job.name);
            let known = self.names.entry(place.clone()).or_default();
            let lacking = missing(known, ours.clone());
            // The older ones give way to those of the listing: their text can go.
            *known = ours.chain(lacking).cloned().collect();
        }
    }

    /// Jobs that are known by their names, and that a completed observation lacks.
    pub fn lost_from(&self, observation: &Observation) -> Vec<(Place, JobName)> {
        let mut lost = Vec::new();
        for (place, names) in &self.names {
            let Some(Ok(listing)) = observation.get(place) else { continue };
            let missing = missing(names, listing.jobs.iter().map(|job| &job.name));
            lost.extend(missing.into_iter().map(|name| (place.clone(), name.clone())));
        }
        lost.sort();
        lost
    }

    /// A job does not exist any more.
    pub fn forget(&mut self, place: &Place, name: &JobName) {
        if let Some(names) = self.names.get_mut(place) {
            names.retain(|known| known != name);
        }
    }

    /// Jobs cannot be deleted: a listing with less than half of those that were
    /// there before has lost some, and what seems missing may be among them.
    fn weigh(&mut self, observation: &Observation) {
        for (place, listing) in observation {
            let Ok(listing) = listing else { continue };
            let listed = listing.jobs.iter().filter(|job| job.stamp.is_some()).count();
            self.listed.insert(place.clone(), listed);
            let known = self.known.entry(place.clone()).or_default();
            let lacks = self.names.get(place).is_some_and(|names| {
                let missing = missing(names, listing.jobs.iter().map(|job| &job.name));
                missing.into_iter().any(|name| !self.made.contains_key(name))
            });
            if listed * 2 < *known || lacks {
                self.implausible.insert(place.clone(), listed);
            } else {
                *known = listed;
                self.implausible.remove(place);
            }
        }
    }

    /// Whether the newest listing of a place had no job with our labels, before
    /// it was completed.
    pub(super) fn is_bare(&self, place: &Place) -> bool {
        self.listed.get(place) == Some(&0)
    }

    /// Holds the plan's creates that are not to be sent yet: those whose
    /// earlier create is unresolved, and those that no look before this one, a
    /// settle window ago, found due. What is due `beside` them keeps its window.
    pub fn withhold(&mut self, plan: &mut Plan, beside: &[Action], look: Look, settle: Duration) {
        let mut due: BTreeMap<Due, Duration> = plan
            .creates()
            .map(|create| {
                let due = Due::of(create);
                let since = self.due.get(&due).copied().unwrap_or(look.ended);
                (due, since)
            })
            .collect();
        // What is due, and is left alone for now, has been due all the same.
        due.extend(beside.iter().filter_map(|action| match action {
            Action::Create(create) => self.due.remove_entry(&Due::of(create)),
            Action::Cancel(_) => None,
        }));
        // What is no longer due starts afresh if it ever is again.
        if is(Mutant::WindowNotRestarted) {
            self.due.extend(due);
        } else {
            self.due = due;
        }
        let settle = window(settle);
        self.changed.retain(|_, at| look.began < *at + UNCHANGED);
        plan.hold(|create| {
            let due = Due::of(create);
            if let Some(lost) = self.unresolved.iter().find(|lost| lost.due == due) {
                let age = look.ended.saturating_sub(lost.sent);
                return Some(HoldReason::AmbiguousCreate {
                    age,
                    run: lost.run.clone(),
                    wait: AMBIGUOUS.saturating_sub(age),
                });
            }
            let place = &create.key.place;
            if let (Some(listed), Some(known)) =
                (self.implausible.get(place), self.known.get(place))
            {
                let known = Known::Before(*known);
                return Some(HoldReason::ImplausibleListing { listed: *listed, known });
            }
            // A window of nothing is over before it began: one look will do.
            let settled = self.due.get(&due).filter(|_| !settle.is_zero());
            let settled = settled.map_or(Duration::ZERO, |since| *since + settle);
            let calm = self.calm_at(&due);
            let ready = settled.max(calm);
            (look.began < ready).then(|| HoldReason::Settling {
                why: if calm > settled { Settling::Changing } else { Settling::Unlisted },
                remaining: ready.saturating_sub(look.ended),
                deferred: Box::new(create.clone()),
            })
        });
    }

    /// When the next create that is only settling may be looked at again.
    pub fn next(&self, settle: Duration) -> Option<Duration> {
        let ready =
            |(due, since): (&Due, &Duration)| (*since + window(settle)).max(self.calm_at(due));
        self.due.iter().map(ready).min()
    }

    /// From when on the manifest of a create has been as it is for long enough.
    fn calm_at(&self, due: &Due) -> Duration {
        let changed = self.changed.get(&due.key.name);
        let changed = changed.filter(|_| !is(Mutant::UnchangedIgnored));
        changed.map_or(Duration::ZERO, |at| *at + UNCHANGED)
    }
}

/// The window as it is kept.
fn window(settle: Duration) -> Duration {
    match settle {
        _ if is(Mutant::NoSettle) => Duration::ZERO,
        settle if is(Mutant::HalfSettle) => settle / 2,
        settle => settle,
    }
}

/// The names of one place that a listing of it lacks, however its project is
/// written.
fn missing<'a, 'l>(
    names: &'a [JobName],
    listed: impl Iterator<Item = &'l JobName> + Clone,
) -> Vec<&'a JobName> {
    // Most listings have them all, in the order in which the last one had them.
    let mut expected = names.iter().peekable();
    for name in listed.clone() {
        // Most are the same text, which needs no reading.
        expected.next_if(|known| *known == name || known.id() == name.id());
    }
    if expected.peek().is_none() {
        return Vec::new();
    }
    let listed: HashSet<&str> = listed.map(JobName::id).collect();
    names.iter().filter(|name| !listed.contains(name.id())).collect()
}

#[cfg(test)]
impl Memory {
    /// How many things are remembered.
    pub(crate) fn len(&self) -> usize {
        let creates = self.made.len() + self.unresolved.len() + self.due.len();
        creates + self.changed.len() + self.known.len() + self.listed.len()
    }
}
