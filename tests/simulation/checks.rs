//! The invariants, checked over everything that was sent and over the truth.

use std::collections::BTreeMap;

use retune::model::{Listing, Phase, identity};
use retune::plan::plan;

use crate::runtime::Millis;
use crate::schedule::{Outcome, Schedule, Side, place, policy};
use crate::service::{Sent, Service, timestamp};

/// A broken invariant, by its name in the list of `docs`.
#[derive(Debug, Clone)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
}

fn label<'a>(body: &'a serde_json::Value, key: &str) -> &'a str {
    body["labels"][key].as_str().unwrap_or("")
}

/// Longest time between the look right before a cancel and the cancel.
const GUARD: Millis = 2_000;

pub fn check(schedule: &Schedule, service: &mut Service, rest: Millis, kills: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let truth = service.truth();
    outcome.jobs = truth.len() as u64;
    let mut violate = |invariant: &'static str, what: String| {
        outcome.violations.push(Violation { invariant, what });
    };

    // One paid run for each (name, rerun, spec, attempt).
    let mut paid: BTreeMap<String, u64> = BTreeMap::new();
    for job in &truth {
        let stamp = job.stamp.as_ref().unwrap();
        let run = format!("{}/{:?}/{:?}/{}", stamp.name, stamp.rerun, stamp.spec, stamp.attempt);
        *paid.entry(run).or_default() += 1;
    }
    let racers = schedule.daemons.len() as u64;
    let most = paid.values().copied().max().unwrap_or(0);
    let allowed = match schedule.side {
        Side::Inside => racers,
        // Beyond the bounds: at most one more for each racer and restart. A
        // pipeline starts anew with every pass.
        Side::Beyond => racers + kills + 2 * passes(schedule),
    };
    if most > allowed {
        let name = if racers == 1 { "S2 one paid run" } else { "S4 one paid run a racer" };
        violate(name, format!("{most} jobs for one run, {allowed} allowed: {paid:?}"));
    }

    // Each create is written once.
    let mut runs: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut creates, mut cancels) = (0, 0);
    for sent in &service.sent {
        match sent {
            Sent::Create { run, .. } => {
                creates += 1;
                *runs.entry(run).or_default() += 1;
            }
            Sent::Cancel { .. } => cancels += 1,
        }
    }
    if let Some((run, count)) = runs.iter().find(|(_, count)| **count > 1) {
        violate("S5 written once", format!("run {run} was written {count} times"));
    }

    for sent in &service.sent {
        let Sent::Cancel { by, at, job } = sent else { continue };
        let Some((seen_at, seen)) = service.gets_before(*by, job, *at) else {
            violate("S7 affirmative cancel", format!("{job} was not read before its cancel"));
            continue;
        };
        if at - seen_at > GUARD || seen.phase() != Phase::Active {
            violate("S7 affirmative cancel", format!("{job} was last read at {seen_at}: {seen:?}"));
        }
        let Some(stamp) = &seen.stamp else {
            violate("S12 foreign blindness", format!("{job} is foreign"));
            continue;
        };
        let revision = schedule.manifests_at(*by, *at).revision;
        // A pass that began before an edit acts on what it read.
        let before = schedule.manifests_at(*by, at.saturating_sub(200_000)).revision;
        if stamp.rev.is_some_and(|rev| rev > revision.max(before)) {
            violate("S10 monotone revision", format!("{job} of {:?} by {revision}", stamp.rev));
        }
        // Whoever is cancelled leaves somebody behind: an older one of its own
        // spec, a good one, or one of another spec.
        let survivor = truth.iter().any(|other| {
            let theirs = other.stamp.as_ref().unwrap();
            let same = theirs.name == stamp.name && theirs.spec == stamp.spec;
            let created = other.create_time.unwrap() <= timestamp(*at);
            other.name != *job
                && theirs.name == stamp.name
                && created
                && (!same || other.age_order() < seen.age_order() || other.has_model())
        });
        if !survivor {
            violate("S6 survivor", format!("{job} was cancelled and nothing was left"));
        }
    }

    // At rest: the newest manifests ask for nothing more, and nothing was sent
    // for a while.
    let last = service.sent.iter().map(|sent| match sent {
        Sent::Create { at, .. } | Sent::Cancel { at, .. } => *at,
    });
    if let Some(late) = last.max().filter(|at| *at > rest) {
        violate("L1 comes to rest", format!("still sending at {late}"));
    }
    let manifests = &schedule.edits.last().unwrap().1;
    let date = Some(timestamp(service.now()));
    let listing = Listing { jobs: truth.clone(), date, ..Listing::default() };
    let observed = [(place(), Ok(listing))].into();
    let end = plan(&manifests.desired, &observed, &policy(manifests.revision));
    if !end.actions.is_empty() {
        violate("L1 comes to rest", format!("still wants {:?}", end.actions));
    }
    for desired in &manifests.desired {
        let digest = identity::digest(&desired.spec);
        let live = truth.iter().filter(|job| {
            let stamp = job.stamp.as_ref().unwrap();
            stamp.name == desired.key.name
                && stamp.spec.as_deref() == Some(&digest)
                && job.phase() == Phase::Active
        });
        let live = live.count();
        if live > 1 {
            violate("L3 duplicates end", format!("{live} live runs of {}", desired.key.name));
        }
        let spoken = end.held.iter().map(|held| &held.key);
        let spoken = spoken
            .chain(end.in_sync.iter().map(|model| &model.key))
            .chain(end.in_flight.iter().map(|run| &run.key));
        if !spoken.clone().any(|key| *key == desired.key) {
            violate("L5 nothing stalls in silence", format!("{}", desired.key.name));
        }
    }
    for sent in &service.sent {
        let Sent::Create { body, by, .. } = sent else { continue };
        if label(body, "retune-run").is_empty() || label(body, "managed-by") != "retune" {
            violate("S1 recognisable", format!("process {by} sent an unlabelled create"));
        }
    }
    outcome.creates = creates;
    outcome.cancels = cancels;
    outcome.most_for_one_run = most;
    outcome
}

/// How many passes of pipelines may have begun in the chaos: each restarts the
/// two-observation rule with an empty memory.
fn passes(schedule: &Schedule) -> u64 {
    schedule.daemons.iter().filter(|daemon| !**daemon).count() as u64 * 30
}
