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

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{JobName, Key, Observation, Observed, Place, labels};
use crate::mutant::{Mutant, is};
use crate::plan::{Create, HoldReason, Plan};

/// How long an unanswered create counts as possibly made: 60 s in which the
/// client waited, and 120 s in which a request that was on its way may still be
/// applied.
pub const AMBIGUOUS: Duration = Duration::from_secs(180);

/// The settle window without a claim store, when the Workspace sets none.
pub const SETTLE: Duration = Duration::from_secs(20);

/// A complete look at every place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When its first request was sent.
    pub began: Duration,
    /// When its last page was read.
    pub ended: Duration,
    /// The same by the wall clock: the monotonic one of many systems stands
    /// still while the machine sleeps.
    pub ended_wall: Timestamp,
}

/// What makes two creates the same: the key and what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    key: Key,
    spec: String,
    attempt: String,
}

impl Due {
    fn of(create: &Create) -> Self {
        let label = |name: &str| create.request.labels.get(name).cloned().unwrap_or_default();
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

/// What this process knows beside the listing.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    made: BTreeMap<JobName, Observed>,
    unresolved: Vec<Unresolved>,
    due: BTreeMap<Due, Duration>,
    /// Why no further create is sent by this process.
    mistrust: Option<String>,
}

impl Memory {
    /// A create was answered with this job. `sent` are the labels that went
    /// out: an answer without them means that the service is not what we take
    /// it for, and every further create could be one that is never found again.
    pub fn made(&mut self, job: &Observed, sent: &BTreeMap<String, String>) {
        let missing = sent.iter().find(|(key, value)| job.echo.labels.get(*key) != Some(value));
        if let Some((key, _)) = missing {
            self.mistrust = Some(format!(
                "{} was created without the label `{key}`, so it could not be recognised again",
                job.name.short()
            ));
        }
        if !is(Mutant::LedgerForgotten) {
            self.made.insert(job.name.clone(), job.clone());
        }
    }

    /// A job that is not listed was read by its name; it belongs in the listing
    /// of this place. One from another location is none of its runs.
    pub fn found(&mut self, place: &Place, job: Observed) {
        if job.name.location == place.location {
            let job = Observed { place: place.clone(), ..job };
            self.made.insert(job.name.clone(), job);
        }
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
        self.made.retain(|_, job| {
            let Some(Ok(listing)) = observation.get_mut(&job.place) else { return true };
            let listed = listing.jobs.iter().any(|seen| seen.name.same_job(&job.name));
            if !listed {
                listing.jobs.push(job.clone());
            }
            // A listing that shows it once may be followed by an older one.
            !(listed && is(Mutant::LedgerDropsListed))
        });
        self.unresolved.retain(|lost| {
            let Some(Ok(listing)) = observation.get(&lost.due.key.place) else { return true };
            let found = listing.jobs.iter().find(|job| {
                job.stamp.as_ref().is_some_and(|stamp| stamp.run.as_deref() == Some(&lost.run))
            });
            if let Some(job) = found {
                self.made.insert(job.name.clone(), job.clone());
            }
            let settled = look.began >= lost.sent + AMBIGUOUS && !is(Mutant::AmbiguousForever);
            found.is_none() && !settled
        });
    }

    /// Holds the plan's creates that are not to be sent yet: those whose
    /// earlier create is unresolved, and those that no look before this one, a
    /// settle window ago, found due.
    pub fn withhold(&mut self, plan: &mut Plan, look: Look, settle: Duration) {
        let due: BTreeMap<Due, Duration> = plan
            .creates()
            .map(|create| {
                let due = Due::of(create);
                let since = self.due.get(&due).copied().unwrap_or(look.ended);
                (due, since)
            })
            .collect();
        // What is no longer due starts afresh if it ever is again.
        if is(Mutant::WindowNotRestarted) {
            self.due.extend(due);
        } else {
            self.due = due;
        }
        let settle = window(settle);
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
            let since = self.due.get(&due).copied().unwrap_or(look.ended);
            let ready = since + settle;
            (!settle.is_zero() && look.began < ready).then(|| HoldReason::Settling {
                remaining: ready.saturating_sub(look.ended),
                deferred: Box::new(create.clone()),
            })
        });
    }

    /// When the next create that is only settling may be looked at again.
    pub fn next(&self, settle: Duration) -> Option<Duration> {
        self.due.values().map(|since| *since + window(settle)).min()
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
