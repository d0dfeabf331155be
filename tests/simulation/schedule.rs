//! One schedule: a few processes, a few edits, and what goes wrong, all drawn
//! from a seed; then a healing phase without faults.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retune::apply::{Claims, Executor, Memory, Reconciler, SETTLE, Stop};
use retune::claims::NoClaims;
use retune::clock::Clock;
use retune::model::{Desired, Key, Lifecycle, Place, Retry, Source, TuningSpec};
use retune::plan::Policy;

use crate::checks::{self, Violation};
use crate::random::Random;
use crate::runtime::{Millis, Runtime, Shared, Timers};
use crate::service::{Bounds, Connection, Faults, Service, share};

/// Whether faults keep the bounds that the guarantee is stated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// List lag and late application together stay below the settle window.
    Inside,
    /// They do not.
    Beyond,
}

/// What the manifests say, and since which commit.
#[derive(Debug, Clone)]
pub struct Manifests {
    pub desired: Vec<Desired>,
    pub revision: i64,
}

/// A schedule before it runs.
#[derive(Debug)]
pub struct Schedule {
    pub seed: u64,
    pub side: Side,
    pub bounds: Bounds,
    pub faults: Faults,
    /// For each process: whether it remembers from pass to pass (a daemon) or
    /// starts anew each time (a pipeline).
    pub daemons: Vec<bool>,
    /// Kills before a poll, of a thousand.
    pub kill: u64,
    /// Manifests by the time from which they hold.
    pub edits: Vec<(Millis, Manifests)>,
    /// How much later each process sees an edit.
    pub lag: Vec<Millis>,
}

/// What a schedule came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub virtual_seconds: u64,
    pub kills: u64,
    pub creates: u64,
    pub jobs: u64,
    pub cancels: u64,
    /// Most jobs that were made for one run.
    pub most_for_one_run: u64,
    pub violations: Vec<Violation>,
}

/// How long things go wrong.
const CHAOS: Millis = 900_000;

/// How long it may take to come to rest without faults: an ambiguous create
/// (180 s), a run and its cancel (460 s), a retry's wait (600 s), its run, and
/// two settle windows and passes.
const HEALING: Millis = 2_400_000;

/// In the last part of it nothing may be sent any more.
const REST: Millis = 300_000;

/// Between two passes of a process.
const INTERVAL: Duration = Duration::from_secs(45);

impl Schedule {
    pub fn draw(seed: u64, side: Side) -> Self {
        let mut random = Random::new(seed);
        let settle = u64::try_from(SETTLE.as_millis()).unwrap();
        let bounds = match side {
            // A second of it is for the requests' own time.
            Side::Inside => {
                let late = random.below(settle / 2);
                Bounds { late, stale: random.below(settle - late - 1_000) }
            }
            Side::Beyond => Bounds { late: random.below(150_000), stale: random.below(120_000) },
        };
        let mut chance = |most: u64| if random.permille(500) { random.below(most) } else { 0 };
        let faults = Faults {
            lost_answer: chance(500),
            refused: chance(200),
            throttled: chance(200),
            failed_read: chance(200),
            stale_row: chance(1_000),
            late_create: chance(1_000),
            transient_failure: chance(500),
            permanent_failure: chance(200),
            lost_cancel: chance(500),
            hand_cancel: chance(200),
        };
        let count = 1 + random.below(3);
        let daemons: Vec<bool> = (0..count).map(|_| random.permille(500)).collect();
        let lag = (0..count)
            .map(|_| if random.permille(500) { random.below(200_000) } else { 0 })
            .collect();
        let kill = if random.permille(600) { random.below(15) } else { 0 };
        let mut edits = vec![(0, manifests(&mut random, 1))];
        for n in 1..=random.below(3) {
            let at = n * 200_000 + random.below(100_000);
            edits.push((at, manifests(&mut random, 1 + i64::try_from(n).unwrap())));
        }
        Self { seed, side, bounds, faults, daemons, kill, edits, lag }
    }

    /// What a process sees of the manifests at that time.
    pub fn manifests_at(&self, process: usize, at: Millis) -> &Manifests {
        let at = at.saturating_sub(self.lag[process]);
        let seen = self.edits.iter().rev().find(|(since, _)| *since <= at);
        &seen.unwrap_or(&self.edits[0]).1
    }

    pub fn run(self) -> Outcome {
        let timers: Shared<Timers> = Arc::default();
        let service =
            share(Service::new(Arc::clone(&timers), self.bounds, self.faults, !self.seed));
        let mut order = Random::new(self.seed.rotate_left(17));
        let (kill, count) = (self.kill, self.daemons.len());
        let schedule = Arc::new(self);
        let (processes, shared) = (Arc::clone(&schedule), Arc::clone(&service));
        let mut runtime = Runtime::new(timers, count, move |process| {
            let connection = Connection { service: Arc::clone(&shared), process };
            Box::pin(live(Arc::clone(&processes), connection))
        });
        let kills = runtime.run_until(CHAOS, kill, &mut order);
        {
            let mut service = service.lock().unwrap();
            service.faults = Faults::default();
        }
        runtime.run_until(CHAOS + HEALING, 0, &mut order);
        drop(runtime);
        let mut service = service.lock().unwrap();
        let mut outcome = checks::check(&schedule, &mut service, CHAOS + HEALING - REST, kills);
        outcome.kills = kills;
        outcome.virtual_seconds = (CHAOS + HEALING) / 1_000;
        outcome
    }
}

/// One or two tuned models; specs come from so few that edits go back and forth.
fn manifests(random: &mut Random, revision: i64) -> Manifests {
    let count = 1 + random.below(2);
    let desired = (0..count)
        .map(|n| {
            let spec = TuningSpec {
                base_model: Some(format!("gemini-{n}-{}", random.below(3))),
                ..TuningSpec::default()
            };
            let key = Key {
                place: place(),
                owner: "acme".parse().unwrap(),
                name: format!("model-{n}").parse().unwrap(),
                rerun: 0,
            };
            let retry = Retry { max_attempts: 1 + u32::try_from(random.below(2)).unwrap() };
            let lifecycle = Lifecycle { retry, ..Lifecycle::default() };
            Desired { key, spec, lifecycle, source: Source { file: PathBuf::new(), line: 1 } }
        })
        .collect();
    Manifests { desired, revision }
}

pub fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

pub fn policy(revision: i64) -> Policy {
    let mut policy = Policy::new("acme".parse().unwrap());
    // Far below the creation times of jobs, as commits are older than runs.
    policy.revision = Some(revision);
    policy
}

/// A process from its start to its end: it looks, decides and carries out, by
/// the very code of `apply`.
async fn live(schedule: Arc<Schedule>, connection: Connection) {
    let process = connection.process;
    let places = BTreeSet::from([place()]);
    let (stop, memory) = (Stop::new(), Mutex::new(Memory::default()));
    loop {
        let at = u64::try_from(connection.elapsed().as_millis()).unwrap();
        let manifests = schedule.manifests_at(process, at).clone();
        let policy = policy(manifests.revision);
        let reconciler = Reconciler {
            executor: Executor {
                vertex: &connection,
                entropy: &connection,
                clock: &connection,
                revision: policy.revision,
                stop: &stop,
                memory: &memory,
                claims: None::<Claims<'_, NoClaims>>,
            },
            desired: &manifests.desired,
            places: &places,
            policy: &policy,
            settle: SETTLE,
        };
        if let Ok(seen) = reconciler.look().await {
            reconciler.note(&seen);
            let confirmed = seen.plan.clone();
            let _ = reconciler.carry_out(&confirmed, seen, &()).await;
        }
        if !schedule.daemons[process] {
            return;
        }
        connection.sleep(INTERVAL).await;
    }
}
