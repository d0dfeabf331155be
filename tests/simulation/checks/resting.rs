//! What must come to pass once nothing goes wrong any more.

use std::time::Duration;

use retune::apply::SETTLE;
use retune::claims::TAKEOVER;
use retune::model::DesiredState;
use retune::plan::{Plan, plan};

use super::creating::retry_wait;
use super::{Violation, wrong};
use crate::job::{Job, Stage};
use crate::life::rerun;
use crate::manifests::{Manifests, OWNER, place};
use crate::runtime::Millis;
use crate::schedule::{INTERVAL, Schedule};
use crate::world::World;

/// How long a daemon that watches takes to do what is due: a duplicate is found
/// by the next listing (300 s and a tenth) unless an outage's end is still to be
/// noticed (300 s), a cancel that failed is left alone for at most 600 s and
/// then sent, and a pass over a lost create's answer takes up to 60 s. They
/// do not add up: what was found by a listing is sent by the pass that it opened.
const WATCHER: Millis = 660_000;

/// What the newest manifests still ask for, or would by and by.
pub fn is_at_rest(schedule: &Schedule, world: &mut World) -> bool {
    // A pass that set out before an edit goes on to its end.
    let last = schedule.edits.len() - 1;
    if !world.is_quiet() || world.lives.iter().any(|life| life.edit != last) {
        return false;
    }
    // Each process as it sees it: those that watch count by the day.
    let watched = schedule.watchers.iter().any(|watches| *watches);
    let plain = schedule.watchers.iter().any(|watches| !*watches);
    let manifests = [(plain, &schedule.edits[last].1), (watched, &schedule.watched[last])];
    let manifests = manifests.into_iter().filter(|(any, _)| *any).map(|(_, manifests)| manifests);
    manifests.into_iter().all(|manifests| asks_for_nothing(world, manifests))
}

/// Whether these manifests ask for nothing, now or when a retry is due.
pub fn asks_for_nothing(world: &mut World, manifests: &Manifests) -> bool {
    // Retries are due one after the other: at each time a limit may let through
    // what it holds later.
    let now = world.now();
    let retries = world.jobs.iter().filter(|job| job.stage_at(now) == Stage::Failed);
    let due = retries.map(|job| job.ends() + retry_wait(job.stamp().map_or(1, |s| s.attempt)));
    let mut times: Vec<Millis> = due.filter(|at| *at > now).chain([now]).collect();
    times.sort_unstable();
    times.into_iter().all(|at| {
        let observed = [(place(), Ok(world.truth(at)))].into();
        let planned = unmistaken(|| plan(&manifests.desired, &observed, &manifests.policy));
        planned.actions.is_empty()
    })
}

/// Whether a limit holds what these manifests ask for: it lets go of it as runs
/// leave the day that it counts.
pub fn is_capped(world: &mut World, manifests: &Manifests) -> bool {
    let now = world.now();
    let observed = [(place(), Ok(world.truth(now)))].into();
    unmistaken(|| plan(&manifests.desired, &observed, &manifests.policy)).tripped().next().is_some()
}

/// What the planner says without the mistake that is being looked for.
fn unmistaken(plan: impl FnOnce() -> Plan) -> Plan {
    #[cfg(feature = "mutants")]
    let mistake = retune::mutant::current();
    #[cfg(feature = "mutants")]
    retune::mutant::set(None);
    let planned = plan();
    #[cfg(feature = "mutants")]
    retune::mutant::set(mistake);
    planned
}

/// It comes to rest in time.
pub fn l1_comes_to_rest(at_rest: bool, now: Millis) -> Option<Violation> {
    wrong("L1 comes to rest", !at_rest, || format!("still not at rest at {now}"))
}

/// At rest, further passes send nothing.
pub fn s15_idle_is_free(world: &World, rest: Millis) -> Option<Violation> {
    let creates = world.creates.iter().map(|create| create.at);
    let late = creates.chain(world.cancels.iter().map(|(at, _)| *at)).find(|at| *at > rest);
    wrong("S15 idle is free", late.is_some(), || format!("at rest since {rest}, sent at {late:?}"))
}

/// Nor does it cost more than the listings that find what nobody told us of.
pub fn s15_idle_hour(requests: u32, most: u32) -> Option<Violation> {
    wrong("S15 idle is free", requests > most, || {
        format!("{requests} requests in an hour at rest, {most} allowed")
    })
}

/// All daemons together stay below what the service serves.
pub fn s18_quota(busiest: u32, quota: u32) -> Option<Violation> {
    wrong("S18 spared service", busiest > quota, || {
        format!("{busiest} requests in one minute, the quota is {quota}")
    })
}

/// Two live runs of what the newest manifests ask for are soon one.
pub fn l3_duplicates_end(schedule: &Schedule, world: &World, healed: Millis) -> Option<Violation> {
    let (edited, manifests) = &schedule.edits[schedule.edits.len() - 1];
    let odd = schedule.others.newer_dialect || schedule.faults.fates.unclear > 0;
    let known = healed.max(edited + schedule.lag.iter().copied().max().unwrap_or(0));
    let mut live = world
        .jobs
        .iter()
        .enumerate()
        .filter(|(id, job)| job.stamp().is_some() && live_until(world, *id, job) > known);
    if odd || live.nth(manifests.policy.limits.max_cancels as usize).is_some() {
        // Nothing may be cancelled then, or so much that a limit trips.
        return None;
    }
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
    // A pass that waits for a claim, or to settle, does only what it set out for.
    let pass = millis(INTERVAL)
        + if schedule.mode.has_claims() {
            millis(TAKEOVER) + 40_000
        } else {
            millis(SETTLE) + 5_000
        };
    let pass = if schedule.watchers.iter().all(|watches| *watches) { WATCHER } else { pass };
    let bound = 2 * pass + schedule.harm.longest_pause + schedule.bounds.zombie;
    let tuned = manifests.desired.iter().zip(&manifests.labels).filter(|(desired, _)| {
        desired.lifecycle.desired == DesiredState::Tuned && !desired.lifecycle.suspend
    });
    tuned.into_iter().find_map(|(desired, label)| {
        let name = desired.key.name.as_str();
        let named = |job: &&(usize, &Job)| job.1.is_of(OWNER, name);
        let jobs: Vec<(usize, &Job)> = world.jobs.iter().enumerate().collect();
        if jobs.iter().filter(named).any(|(_, job)| rerun(job) > desired.key.rerun) {
            return None;
        }
        let mut same: Vec<(Millis, Millis)> = jobs
            .iter()
            .filter(named)
            .filter(|(_, job)| {
                rerun(job) == desired.key.rerun
                    && job.stamp().is_some_and(|stamp| stamp.spec.as_deref() == Some(label))
            })
            .map(|(id, job)| (job.created, live_until(world, *id, job)))
            .collect();
        same.sort_unstable();
        let pairs =
            same.iter().enumerate().flat_map(|(at, a)| same[..at].iter().map(move |b| (a, b)));
        let longest =
            pairs.map(|(a, b)| a.1.min(b.1).saturating_sub(a.0.max(b.0).max(known))).max()?;
        wrong("L3 duplicates end", longest > bound, || {
            format!("two runs of {name} side by side for {longest} ms, {bound} ms allowed")
        })
    })
}

/// Until when a run is live and nobody asked it to stop.
fn live_until(world: &World, id: usize, job: &Job) -> Millis {
    let over = job
        .states
        .iter()
        .find(|(_, state)| !matches!(Stage::of(state), Stage::Live | Stage::Unclear));
    let asked = world.cancels.iter().filter(|(_, of)| *of == id).map(|(at, _)| *at);
    over.map(|(at, _)| *at).into_iter().chain(asked).min().unwrap_or(0)
}
