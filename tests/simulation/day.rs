//! A day of the watch daemon: thousands of saves, hundreds of runs and what
//! becomes of them, hours in which the service fails in one way or another, and
//! daemons that die. At its end, after a calm, everything must be as the
//! manifests say, and nothing have been paid for that nobody asked for.
//!
//! Each create and request is checked as it is sent, as in every schedule; what
//! is counted over the day is here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::checks::{self, Violation, resting};
use crate::connection::Connection;
use crate::editor::{Copy, Edits};
use crate::job::Fates;
use crate::mode::Mode;
use crate::random::Random;
use crate::runtime::{Harm, Millis, Runtime, Shared, Timers};
use crate::schedule::{Others, Schedule};
use crate::watching::watch;
use crate::world::{Bounds, Faults, World};

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// Runs that nothing cuts short take at most this long.
const LONGEST_RUN: Millis = HOUR;

/// A daemon that died starts again within this time.
const RESTART: Millis = 30_000;

/// A process stands still for at most this long.
const PAUSE: Millis = 60_000;

/// How long it may take after the day to come to rest: what a schedule may take
/// (5,000 s, with runs of 700 s) with up to three attempts of an hour each and
/// waits of 10 and 20 minutes between them.
const HEALING: Millis = 5_000_000 + 3 * LONGEST_RUN + 30 * MINUTE;

/// Google's quota: requests a minute, of a project and region.
const QUOTA: u32 = 600;

/// Listings of one daemon in an idle hour: one in 300 s, a tenth sooner.
const LISTINGS: usize = 14;

/// What goes wrong for a while.
#[derive(Debug, Clone, Copy)]
enum Episode {
    /// No read succeeds, and no create arrives.
    Outage,
    /// Most requests are told to come back later.
    Storm,
    /// Listings lag as far as they may.
    Stale,
    /// Answers are lost, and requests carried out late.
    Lossy,
    /// Daemons die again and again.
    Deadly,
    /// Machines go to sleep.
    Sleepy,
}

/// A day before it begins.
#[derive(Debug)]
pub struct Day {
    seed: u64,
    schedule: Arc<Schedule>,
    edits: Arc<Edits>,
    lags: Vec<Millis>,
    /// What goes wrong, from when to when.
    episodes: Vec<(Millis, Millis, Episode)>,
}

/// What a day came to.
#[derive(Debug, Default)]
pub struct Outcome {
    pub days: u64,
    pub edits: u64,
    pub passes: u64,
    pub requests: u64,
    pub creates: u64,
    pub jobs: u64,
    pub cancels: u64,
    pub outages: u64,
    pub kills: u64,
    /// Requests of the busiest minute and hour, and of an hour at rest.
    pub busiest_minute: u32,
    pub busiest_hour: u32,
    pub idle_hour: u32,
    pub violations: Vec<Violation>,
}

impl Day {
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed.rotate_left(7));
        let mode = if random.permille(500) { Mode::Inside } else { Mode::Claims };
        let bounds = match mode {
            Mode::Inside => Bounds { stale: 11_000, late: 8_000, ..Bounds::default() },
            _ => Bounds { stale: 60_000, late: 200_000, skew: 34_000, zombie: 0 },
        };
        let daemons = vec![true; 1 + random.below(2) as usize];
        // A limit that trips on some days, and holds everything from then on.
        let limit = if random.permille(200) { 60 } else { 2_000 };
        let names = 20 + random.below(31);
        let edits = Arc::new(Edits::draw(&mut random, DAY, names, limit));
        let lags = daemons.iter().map(|_| {
            let lags = random.permille(300);
            if lags { random.below(MINUTE) } else { 0 }
        });
        let lags: Vec<Millis> = lags.collect();
        let mut episodes = Vec::new();
        let mut at = 0;
        loop {
            at += 10 * MINUTE + random.below(HOUR);
            if at >= DAY {
                break;
            }
            let (episode, longest) = match random.below(6) {
                0 => (Episode::Outage, HOUR),
                1 => (Episode::Storm, 20 * MINUTE),
                2 => (Episode::Stale, 30 * MINUTE),
                3 => (Episode::Lossy, 30 * MINUTE),
                4 => (Episode::Deadly, 20 * MINUTE),
                _ => (Episode::Sleepy, 20 * MINUTE),
            };
            let until = (at + 2 * MINUTE + random.below(longest)).min(DAY);
            episodes.push((at, until, episode));
            at = until;
        }
        let schedule = Schedule {
            seed,
            mode,
            bounds,
            faults: Faults::default(),
            // What the checks allow for; harm comes by episodes.
            harm: Harm { longest_pause: PAUSE, ..Harm::default() },
            sleeps: random.permille(500),
            others: Others { foreign: true, newer_dialect: false },
            interval: Duration::ZERO,
            watchers: daemons.clone(),
            daemons,
            edits: Vec::new(),
            watched: Vec::new(),
            invalid: 0..0,
            lag: lags.clone(),
            chaos: DAY,
        };
        Self { seed, schedule: Arc::new(schedule), edits, lags, episodes }
    }

    /// What goes wrong on every day.
    fn ordinary(&self) -> Faults {
        let claims = u64::from(self.schedule.mode.has_claims());
        Faults {
            lost_answer: 20,
            lost_request: 5,
            refused: 10,
            throttled: 20,
            failed_read: 3,
            stale_row: 50,
            late_create: 50,
            lost_cancel: 50,
            claim_lost: 10 * claims,
            claim_late: 5 * claims,
            claim_refused: 5 * claims,
            fates: Fates {
                transient_failure: 100,
                permanent_failure: 60,
                hand_cancel: 60,
                unclear: 0,
                longest_run: LONGEST_RUN,
            },
            ..Faults::default()
        }
    }

    fn during(&self, episode: Episode, random: &mut Random) -> (Faults, Harm) {
        let (faults, calm) = (self.ordinary(), Harm::default());
        match episode {
            Episode::Outage => (
                Faults { failed_read: 1_000, lost_request: 1_000, lost_cancel: 1_000, ..faults },
                calm,
            ),
            Episode::Storm => {
                let retry_after = Some(Duration::from_secs(1 + random.below(90)));
                (Faults { failed_read: 700, throttled: 700, retry_after, ..faults }, calm)
            }
            Episode::Stale => (Faults { stale_row: 1_000, ..faults }, calm),
            Episode::Lossy => {
                (Faults { lost_answer: 500, lost_request: 200, late_create: 1_000, ..faults }, calm)
            }
            Episode::Deadly => (faults, Harm { kill: 20, ..calm }),
            Episode::Sleepy => (faults, Harm { pause: 20, longest_pause: PAUSE, ..calm }),
        }
    }

    pub fn run(self) -> Outcome {
        let timers: Shared<Timers> = Arc::default();
        let world = World::new(Arc::clone(&self.schedule), Arc::clone(&timers));
        let world: Shared<World> = Arc::new(Mutex::new(world));
        let copies = self.lags.iter().map(|lag| Copy::new(Arc::clone(&self.edits), *lag));
        let copies: Vec<Shared<Copy>> = copies.map(|copy| Arc::new(Mutex::new(copy))).collect();
        let mut order = Random::new(self.seed.rotate_left(17));
        let (shared, files) = (Arc::clone(&world), copies.clone());
        let has_claims = self.schedule.mode.has_claims();
        let mut runtime = Runtime::new(timers, self.lags.len(), RESTART, move |process| {
            let connection = Connection { world: Arc::clone(&shared), process };
            Box::pin(watch(files.clone(), has_claims, connection))
        });
        for (from, until, episode) in &self.episodes {
            world.lock().unwrap().faults = self.ordinary();
            runtime.run_until(*from, Harm::default(), &mut order);
            let (faults, harm) = self.during(*episode, &mut order);
            world.lock().unwrap().faults = faults;
            runtime.run_until(*until, harm, &mut order);
        }
        world.lock().unwrap().faults = self.ordinary();
        runtime.run_until(DAY, Harm::default(), &mut order);
        {
            let mut world = world.lock().unwrap();
            let fates = Fates { longest_run: LONGEST_RUN, ..Fates::default() };
            world.faults = Faults { fates, ..Faults::default() };
            world.bucket.healing = Some(DAY);
        }
        let known = self.edits.end() + self.lags.iter().max().unwrap_or(&0);
        let (mut now, mut at_rest) = (DAY, false);
        while !at_rest && now < known.max(DAY) + HEALING {
            now += MINUTE;
            runtime.run_until(now, Harm::default(), &mut order);
            let mut world = world.lock().unwrap();
            at_rest = now > known
                && world.is_quiet()
                && copies.iter().all(|copy| {
                    let newest = copy.lock().unwrap().newest(now);
                    resting::asks_for_nothing(&mut world, &newest)
                });
        }
        // The first listing after it sees how the last runs ended; after the
        // next hours nothing but listings is left.
        let rest = now;
        let newest = copies[0].lock().unwrap().newest(now);
        let capped = resting::is_capped(&mut world.lock().unwrap(), &newest);
        runtime.run_until(rest + 2 * HOUR, Harm::default(), &mut order);
        let kills = runtime.harmed.kills;
        drop(runtime);
        let mut world = world.lock().unwrap();
        world.catch_up();
        let mut outcome = self.count(&mut world, rest);
        outcome.kills = kills;
        outcome.violations.extend(resting::l1_comes_to_rest(at_rest, rest));
        if !capped {
            let most = self.idle_requests(&world);
            outcome.violations.extend(resting::s15_idle_hour(outcome.idle_hour, most));
            outcome.violations.extend(resting::s15_idle_is_free(&world, rest));
        }
        outcome
    }

    /// What an hour at rest may cost. Looks by label are made where they cost
    /// half of a complete one or less, and come beside those.
    fn idle_requests(&self, world: &World) -> u32 {
        let pages = world.jobs.len().div_ceil(100);
        u32::try_from(self.lags.len() * LISTINGS * (pages + pages / 2)).unwrap()
    }

    fn count(&self, world: &mut World, rest: Millis) -> Outcome {
        let minute = |at: Millis| usize::try_from(at / MINUTE).unwrap();
        let idle_from = minute(rest + HOUR);
        let sum = |minutes: &[u32]| minutes.iter().sum::<u32>();
        let idle = world.requests.get(idle_from..).unwrap_or_default();
        let idle_hour = sum(&idle[..idle.len().min(60)]);
        let busiest_minute = world.requests.iter().copied().max().unwrap_or(0);
        let mut violations = std::mem::take(&mut world.violations);
        violations.extend(checks::counted(world).1);
        violations.extend(resting::s18_quota(busiest_minute, QUOTA));
        let outages = self.episodes.iter().filter(|(_, _, what)| matches!(what, Episode::Outage));
        Outcome {
            days: 1,
            edits: self.edits.count(),
            passes: world.passes,
            requests: world.requests.iter().map(|n| u64::from(*n)).sum(),
            creates: world.creates.len() as u64,
            jobs: world.creates.iter().filter(|create| create.job.is_some()).count() as u64,
            cancels: world.cancels.len() as u64,
            outages: outages.count() as u64,
            busiest_minute,
            busiest_hour: world.requests.chunks(60).map(sum).max().unwrap_or(0),
            idle_hour,
            kills: 0,
            violations,
        }
    }
}

impl Outcome {
    /// Adds another day.
    pub fn add(&mut self, day: Self) {
        self.days += day.days;
        self.edits += day.edits;
        self.passes += day.passes;
        self.requests += day.requests;
        self.creates += day.creates;
        self.jobs += day.jobs;
        self.cancels += day.cancels;
        self.outages += day.outages;
        self.kills += day.kills;
        self.busiest_minute = self.busiest_minute.max(day.busiest_minute);
        self.busiest_hour = self.busiest_hour.max(day.busiest_hour);
        self.idle_hour = self.idle_hour.max(day.idle_hour);
        self.violations.extend(day.violations);
    }

    /// One line about it.
    pub fn line(&self) -> String {
        format!(
            "watch: {} days, {} edits, {} passes, {} requests (at most {} a minute, {} in a busy \
             hour, {} in an idle one), {} creates, {} jobs, {} cancels, {} outages, {} kills",
            self.days,
            self.edits,
            self.passes,
            self.requests,
            self.busiest_minute,
            self.busiest_hour,
            self.idle_hour,
            self.creates,
            self.jobs,
            self.cancels,
            self.outages,
            self.kills
        )
    }
}
