//! One schedule: a few processes, a few edits, and what goes wrong, all drawn
//! from a seed; then a healing phase without faults.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retune::apply::{Claims, Executor, Memory, Reconciler, SETTLE, Stop};
use retune::claims::TAKEOVER;
use retune::clock::Clock;

use crate::checks::{self, Violation, holding, planning, resting};
use crate::connection::Connection;
use crate::job::Fates;
use crate::manifests::{Manifests, Style, place};
use crate::mode::{Mode, bounds};
use crate::random::Random;
use crate::runtime::{Harm, Millis, Runtime, Shared, Timers};
use crate::watching::{Files, Found, WINDOW, watch};
use crate::world::{Bounds, Faults, Measured, World};

/// Jobs that are there before anything begins.
#[derive(Debug, Clone, Copy)]
pub struct Others {
    pub foreign: bool,
    pub newer_dialect: bool,
}

/// A schedule before it runs.
#[derive(Debug)]
pub struct Schedule {
    pub seed: u64,
    pub mode: Mode,
    pub bounds: Bounds,
    pub faults: Faults,
    pub harm: Harm,
    /// The monotonic clock of a process that stands still does so too, as on a
    /// machine that is suspended.
    pub sleeps: bool,
    pub others: Others,
    /// Between two passes of a daemon.
    pub interval: Duration,
    /// For each process: whether it remembers from pass to pass (a daemon) or
    /// starts anew each time (a pipeline).
    pub daemons: Vec<bool>,
    /// Which of the daemons watch files; the others run pass after pass.
    pub watchers: Vec<bool>,
    /// Manifests by the time from which they hold.
    pub edits: Vec<(Millis, Arc<Manifests>)>,
    /// The same with the limits that whoever watches counts by the day.
    pub watched: Vec<Arc<Manifests>>,
    /// When a file cannot be read as a manifest, for whoever watches.
    pub invalid: Range<Millis>,
    /// How much later each process sees an edit.
    pub lag: Vec<Millis>,
    /// How long things go wrong.
    pub chaos: Millis,
}

/// What a schedule came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub virtual_millis: Millis,
    pub kills: u64,
    pub creates: u64,
    pub jobs: u64,
    pub cancels: u64,
    pub compared: u64,
    /// Most jobs that were made for one run.
    pub most_for_one_run: u64,
    pub measured: Measured,
    pub violations: Vec<Violation>,
}

/// How long it may take to come to rest without faults: the latest edit that a
/// process sees (150 s), an ambiguous create (260 s), a run and its cancel
/// (740 s), a retry's wait (600 s), its run (710 s), and two settle windows and
/// passes (40 s). A daemon that watches waits, besides, for an open circuit
/// (300 s), leaves a create alone that was refused during the chaos (600 s), and
/// sees by a listing (330 s, three times) what is not a run of its own: 4,400 s.
const HEALING: Millis = 5_000_000;

/// At most between two passes of a daemon.
pub const INTERVAL: Duration = Duration::from_secs(45);

/// At most between two runs of a pipeline, and after a crash.
const RESTART: Millis = 60_000;

/// How often it is asked whether all is at rest, and for how long it is watched.
const WATCH: Millis = 60_000;

/// One of so many looks is planned again, otherwise.
const SAMPLE: u64 = 32;

impl Schedule {
    pub fn draw(seed: u64, mode: Mode) -> Self {
        let mut random = Random::new(seed);
        let (bounds, harm) = bounds(mode, &mut random);
        let zombie = if bounds.zombie > 0 { 300 } else { 0 };
        let mut chance = |most: u64| if random.permille(500) { random.below(most) } else { 0 };
        let claims = u64::from(mode.has_claims());
        let mut faults = Faults {
            lost_answer: chance(500),
            lost_request: chance(200),
            refused: chance(200),
            throttled: chance(200),
            failed_read: chance(150),
            stale_row: chance(1_000),
            late_create: chance(1_000),
            lost_cancel: chance(500),
            zombie: chance(zombie + 1),
            claim_lost: claims * chance(200),
            claim_late: claims * chance(100),
            claim_refused: claims * chance(100),
            fates: Fates {
                transient_failure: chance(500),
                permanent_failure: chance(500),
                hand_cancel: chance(300),
                unclear: 0,
                longest_run: 100_000,
            },
            retry_after: None,
        };
        if random.permille(150) {
            faults.fates.unclear = 500;
        }
        if random.permille(300) {
            faults.fates.longest_run = 700_000;
        }
        let count = 1 + random.below(3);
        let daemons: Vec<bool> = (0..count).map(|_| random.permille(500)).collect();
        let lag = (0..count)
            .map(|_| if random.permille(500) { random.below(150_000) } else { 0 })
            .collect();
        let others = Others { foreign: random.permille(200), newer_dialect: random.permille(30) };
        let sleeps = random.permille(500);
        let interval = if random.permille(100) { Duration::from_secs(10) } else { INTERVAL };
        let style = Style::draw(&mut random);
        let mut edits = vec![(0, Arc::new(style.manifests(&mut random, 1, None)))];
        for n in 1..=random.below(3) {
            let at = n * 150_000 + random.below(80_000);
            let manifests = {
                let before = edits.last().map(|(_, manifests)| &**manifests);
                Arc::new(style.manifests(&mut random, 1 + i64::try_from(n).unwrap(), before))
            };
            edits.push((at, manifests));
        }
        let chaos = 240_000 + random.below(360_000) + claims * 200_000;
        // Drawn apart: without watchers the schedule of a seed is what it was.
        let mut random = Random::new(seed.rotate_left(31));
        let watchers = daemons.iter().map(|daemon| *daemon && random.permille(500)).collect();
        let watched = edits.iter().map(|(_, manifests)| {
            let mut manifests = Manifests::clone(manifests);
            manifests.policy.window = Some(WINDOW);
            Arc::new(manifests)
        });
        let watched = watched.collect();
        let since = if random.permille(300) { random.below(chaos) } else { chaos };
        let invalid = since..chaos.min(since + 1 + random.below(120_000));
        Self {
            seed,
            mode,
            bounds,
            faults,
            harm,
            sleeps,
            others,
            interval,
            daemons,
            watchers,
            edits,
            watched,
            invalid,
            lag,
            chaos,
        }
    }

    /// Which edit a process sees at that time.
    pub fn edit_at(&self, process: usize, at: Millis) -> usize {
        let at = at.saturating_sub(self.lag[process]);
        self.edits.iter().rposition(|(since, _)| *since <= at).unwrap_or(0)
    }

    pub fn run(self) -> Outcome {
        let timers: Shared<Timers> = Arc::default();
        let schedule = Arc::new(self);
        let world = World::new(Arc::clone(&schedule), Arc::clone(&timers));
        let world: Shared<World> = Arc::new(Mutex::new(world));
        let mut order = Random::new(schedule.seed.rotate_left(17));
        let (processes, shared) = (Arc::clone(&schedule), Arc::clone(&world));
        let count = schedule.daemons.len();
        let mut runtime = Runtime::new(timers, count, RESTART, move |process| {
            let connection = Connection { world: Arc::clone(&shared), process };
            let schedule = Arc::clone(&processes);
            match schedule.watchers[process] {
                true => {
                    let has_claims = schedule.mode.has_claims();
                    Box::pin(watch(schedule, has_claims, connection))
                }
                false => Box::pin(live(schedule, connection)),
            }
        });
        runtime.run_until(schedule.chaos, schedule.harm, &mut order);
        {
            let mut world = world.lock().unwrap();
            let longest_run = schedule.faults.fates.longest_run;
            let fates = Fates { longest_run, ..Fates::default() };
            world.faults = Faults { fates, ..Faults::default() };
            world.bucket.healing = Some(schedule.chaos);
        }
        let edited = schedule.edits[schedule.edits.len() - 1].0;
        let known = edited + schedule.lag.iter().max().unwrap_or(&0);
        let mut now = schedule.chaos;
        let mut at_rest = false;
        while !at_rest && now < schedule.chaos + HEALING {
            now += WATCH;
            runtime.run_until(now, Harm::default(), &mut order);
            at_rest = now >= known && resting::is_at_rest(&schedule, &mut world.lock().unwrap());
        }
        let rest = now;
        now += WATCH;
        runtime.run_until(now, Harm::default(), &mut order);
        let harmed = runtime.harmed;
        drop(runtime);
        let mut world = world.lock().unwrap();
        world.catch_up();
        let mut violations = std::mem::take(&mut world.violations);
        let (most_for_one_run, counted) = checks::counted(&world);
        violations.extend(counted);
        violations.extend(resting::l1_comes_to_rest(at_rest, rest));
        if at_rest {
            violations.extend(resting::s15_idle_is_free(&world, rest));
        }
        violations.extend(resting::l3_duplicates_end(&schedule, &world, schedule.chaos));
        let pause = world.measured.pause.max(harmed.longest_pause);
        Outcome {
            virtual_millis: now,
            kills: harmed.kills,
            creates: world.creates.len() as u64,
            jobs: world.creates.iter().filter(|create| create.job.is_some()).count() as u64,
            cancels: world.cancels.len() as u64,
            compared: world.compared,
            most_for_one_run,
            measured: Measured { pause, ..world.measured },
            violations,
        }
    }
}

impl Files for Arc<Schedule> {
    fn at(&self, process: usize, now: Millis) -> Found {
        let edit = self.edit_at(process, now);
        let manifests = Arc::clone(&self.watched[edit]);
        Found { edit, manifests, valid: !self.invalid.contains(&now) }
    }

    fn next(&self, process: usize, now: Millis) -> Option<Millis> {
        let edits = self.edits.iter().map(|(at, _)| at + self.lag[process]);
        let broken = [self.invalid.start, self.invalid.end];
        edits.chain(broken).filter(|at| *at > now).min()
    }

    fn since(&self, process: usize, now: Millis) -> BTreeMap<String, Millis> {
        let newest = self.edit_at(process, now);
        let manifests = &self.watched[newest];
        let since = manifests.desired.iter().map(|desired| {
            let name = desired.key.name.as_str();
            let is_same = |edit: &usize| {
                let before = self.watched[*edit].of(name);
                before.is_some_and(|(before, _)| {
                    (&before.spec, &before.lifecycle) == (&desired.spec, &desired.lifecycle)
                })
            };
            let edit = (0..newest).rev().take_while(is_same).last().unwrap_or(newest);
            // What was there from the first on is as old as one likes.
            (name.to_owned(), self.edits[edit].0 + self.lag[process])
        });
        since.filter(|(_, at)| *at > self.lag[process]).collect()
    }
}

/// A process from its start to its end: it looks, decides and carries out, by
/// the very code of `apply`.
async fn live(schedule: Arc<Schedule>, connection: Connection) {
    let process = connection.process;
    let places = BTreeSet::from([place()]);
    let (stop, memory) = (Stop::new(), Mutex::new(Memory::default()));
    connection.with(|world| world.lives[process].begin());
    let has_claims = schedule.mode.has_claims();
    loop {
        let at = connection.with(|world| world.now());
        let edit = schedule.edit_at(process, at);
        let manifests = &schedule.edits[edit].1;
        connection.with(|world| world.lives[process].pass(edit, manifests));
        let claims = Claims { store: &connection, holder: "simulated process", takeover: TAKEOVER };
        let reconciler = Reconciler {
            partial: false,
            executor: Executor {
                vertex: &connection,
                entropy: &connection,
                clock: &connection,
                revision: manifests.revision(),
                stop: &stop,
                asked: &(),
                memory: &memory,
                claims: has_claims.then_some(claims),
            },
            desired: &manifests.desired,
            places: &places,
            policy: &manifests.policy,
            settle: if has_claims { Duration::ZERO } else { SETTLE },
        };
        if let Ok(seen) = reconciler.look().await {
            connection.with(|world| {
                let (plan, observation) = (&seen.plan, &seen.observation);
                world.violate(holding::l5_nothing_stalls(manifests, plan));
                if world.random.below(SAMPLE) == 0 {
                    world.compared += 1;
                    let random = &mut world.random;
                    let found = [
                        planning::s14_plan_purity(manifests, observation, plan, random),
                        planning::s8_absence_is_silent(manifests, observation, plan, random),
                        planning::s9_unlisted_place(manifests, observation),
                    ];
                    found.into_iter().for_each(|violation| world.violate(violation));
                }
            });
            reconciler.note(&seen);
            let confirmed = seen.plan.clone();
            let done = reconciler.carry_out(&confirmed, seen, &()).await;
            let pause = schedule.harm.longest_pause;
            let found = holding::l2_ambiguity_ends(&done.report, pause);
            connection.with(|world| world.violate(found));
        }
        if !schedule.daemons[process] {
            return;
        }
        connection.sleep(schedule.interval).await;
    }
}
