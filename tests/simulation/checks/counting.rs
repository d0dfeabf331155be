//! How often the same run was paid for, counted over the truth at the end.

use std::collections::{BTreeMap, BTreeSet};

use retune::apply::AMBIGUOUS;

use super::{Violation, wrong};
use crate::connection::claim_of;
use crate::mode::Mode;
use crate::world::{Create, Paid, World};

/// Most jobs for one run, and what is wrong with that.
pub fn counted(world: &World) -> (u64, Vec<Violation>) {
    let mut paid: BTreeMap<&Paid, Vec<&Create>> = BTreeMap::new();
    for create in &world.creates {
        if create.job.is_some() || create.unknown {
            paid.entry(&create.paid).or_default().push(create);
        }
    }
    let jobs = |creates: &[&Create]| creates.iter().filter(|c| c.job.is_some()).count() as u64;
    let most = paid.values().map(|creates| jobs(creates)).max().unwrap_or(0);
    let found = paid.into_iter().flat_map(|(run, creates)| {
        let made: Vec<&Create> = creates.iter().filter(|c| c.job.is_some()).copied().collect();
        let of_mode = match world.schedule.mode {
            Mode::Inside => s2_one_writer(run, &made).or_else(|| s4_racers(world, run, &made)),
            Mode::Beyond => None,
            Mode::Claims => s3_store_mode(run, &made, 0),
            Mode::ClaimsBeyond => {
                let taken = world.bucket.takeovers.get(claim_of(run).object());
                s3_store_mode(run, &made, taken.copied().unwrap_or(0))
            }
        };
        [of_mode, s4_never_one_a_retry(run, &creates)]
    });
    (most, found.flatten().collect())
}

/// One process, however often it dies and starts again, pays once.
fn s2_one_writer(run: &Paid, made: &[&Create]) -> Option<Violation> {
    let writers: BTreeSet<usize> = made.iter().map(|create| create.by).collect();
    wrong("S2 one paid run", made.len() > writers.len(), || {
        format!("{} jobs by {} processes for {run:?}", made.len(), writers.len())
    })
}

/// With claims any number of processes pays once; where a claim is taken over
/// from somebody who is not dead, once more.
fn s3_store_mode(run: &Paid, made: &[&Create], takeovers: u64) -> Option<Violation> {
    wrong("S3 store mode", made.len() as u64 > 1 + takeovers, || {
        format!("{} jobs and {takeovers} takeovers for {run:?}", made.len())
    })
}

/// Without claims nobody pays who did not look before the first job of the run
/// was sure to be listed.
fn s4_racers(world: &World, run: &Paid, made: &[&Create]) -> Option<Violation> {
    let created = made.iter().filter_map(|create| Some(world.jobs[create.job?].created));
    let listed = created.min()? + world.schedule.bounds.stale;
    let late = made.iter().find(|create| create.looked > listed)?;
    Some(Violation {
        invariant: "S4 one paid run a racer",
        what: format!("process {} looked at {} > {listed} for {run:?}", late.by, late.looked),
    })
}

/// Whatever goes wrong: one life of a process pays again only for a create of
/// which it was told nothing, and not before that could have been listed.
fn s4_never_one_a_retry(run: &Paid, creates: &[&Create]) -> Option<Violation> {
    let wait = u64::try_from(AMBIGUOUS.as_millis()).unwrap();
    creates.iter().enumerate().find_map(|(at, create)| {
        let earlier = creates[..at].iter();
        let mut earlier = earlier.filter(|e| (e.by, e.life) == (create.by, create.life));
        let before = earlier.next_back()?;
        let due = before.unknown && create.at >= before.at + wait;
        wrong("S4 one paid run a racer", !due, || {
            format!("created at {} and again at {} in one life: {run:?}", before.at, create.at)
        })
    })
}
