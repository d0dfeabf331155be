//! The tuning service as it may behave at its worst: listings that lag behind,
//! requests that are applied after their sender is gone, answers that are lost,
//! cancels that lose.

use std::sync::Arc;
use std::time::Duration;

use retune::model::{JobName, Listing, Observed};
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::checks::{Violation, watching};
use crate::job::{Fates, Job, timestamp};
use crate::life::{Life, Look, Row};
use crate::random::Random;
use crate::runtime::{Millis, Shared, Timers};
use crate::schedule::Schedule;

/// The bounds that the faults of a schedule keep.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// How long a listing may lag behind.
    pub stale: Millis,
    /// How long after the executor let go of it a create may still be applied.
    pub late: Millis,
    /// How far the server's clocks are apart.
    pub skew: Millis,
    /// How long a process stands still between its claim and its create.
    pub zombie: Millis,
}

/// How often something goes wrong, of a thousand cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost_answer: u64,
    pub lost_request: u64,
    pub refused: u64,
    pub throttled: u64,
    pub failed_read: u64,
    pub stale_row: u64,
    pub late_create: u64,
    pub lost_cancel: u64,
    pub zombie: u64,
    pub claim_lost: u64,
    pub claim_late: u64,
    pub claim_refused: u64,
    pub fates: Fates,
    /// For how long a throttled read is asked not to come back; where there is
    /// none, reads that fail are unavailable.
    pub retry_after: Option<Duration>,
}

/// A create on its way.
struct Underway {
    applies: Millis,
    body: Value,
    /// Its place among the creates that were sent.
    create: usize,
}

/// A create that a process let go of.
#[derive(Debug, Clone)]
pub struct Create {
    pub by: usize,
    /// Which of the process's lives.
    pub life: u32,
    pub at: Millis,
    /// The name, rerun, spec label and attempt: what is paid for once.
    pub paid: Paid,
    pub run: String,
    /// When the listing that decided it began.
    pub looked: Millis,
    /// The job that came of it.
    pub job: Option<usize>,
    /// Its sender does not know what became of it.
    pub unknown: bool,
}

/// What is paid for once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paid {
    pub name: String,
    pub rerun: u64,
    pub spec: String,
    pub attempt: u32,
}

/// What was measured of the faults.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    pub lag: Millis,
    pub late: Millis,
    pub pause: Millis,
}

/// The service's truth.
pub struct World {
    pub schedule: Arc<Schedule>,
    pub timers: Shared<Timers>,
    pub random: Random,
    pub faults: Faults,
    pub jobs: Vec<Job>,
    underway: Vec<Underway>,
    pub creates: Vec<Create>,
    /// When each cancel was sent, and for which job.
    pub cancels: Vec<(Millis, usize)>,
    pub lives: Vec<Life>,
    pub bucket: Bucket,
    pub violations: Vec<Violation>,
    pub measured: Measured,
    /// When the last process that stands still before a create goes on.
    pub zombies: Millis,
    /// Looks that were planned a second time, to compare.
    pub compared: u64,
    /// Passes of the daemons that watch.
    pub passes: u64,
    /// Requests to the tuning service, by minute.
    pub requests: Vec<u32>,
}

impl World {
    pub fn new(schedule: Arc<Schedule>, timers: Shared<Timers>) -> Self {
        let random = Random::new(!schedule.seed);
        let faults = schedule.faults;
        let lives = schedule.daemons.iter().map(|_| Life::default()).collect();
        let mut world = Self {
            schedule,
            timers,
            random,
            faults,
            jobs: Vec::new(),
            underway: Vec::new(),
            creates: Vec::new(),
            cancels: Vec::new(),
            lives,
            bucket: Bucket::default(),
            violations: Vec::new(),
            measured: Measured::default(),
            zombies: 0,
            compared: 0,
            passes: 0,
            requests: Vec::new(),
        };
        world.settle_others();
        world
    }

    /// Jobs that are there before anything begins: of nobody we know, of another
    /// owner with our names, and of a version that comes after this one.
    fn settle_others(&mut self) {
        let body = |labels: Value| json!({"baseModel": "gemini-other", "labels": labels});
        let theirs = |owner: &str, spec: String| {
            json!({
                "managed-by": "retune", "retune-owner": owner, "retune-name": "model-0",
                "retune-rerun": "0", "retune-spec": spec, "retune-run": "ff",
            })
        };
        let others = self.schedule.others;
        let h1 = format!("h1-{}", "a".repeat(52));
        if others.foreign {
            self.settle(&body(json!({"team": "support"})));
            self.settle(&body(theirs("rival", h1)));
        }
        if others.newer_dialect {
            self.settle(&body(theirs(crate::manifests::OWNER, "h9-abc".to_owned())));
        }
    }

    fn settle(&mut self, body: &Value) {
        let fates = Fates { longest_run: 600_000, ..Fates::default() };
        let job = Job::new(self.jobs.len() + 1, body, 0, fates, &mut self.random);
        self.jobs.push(job);
    }

    pub fn now(&self) -> Millis {
        self.timers.lock().unwrap().now
    }

    /// A process asks the service; a listing takes a request for each page.
    pub fn asked(&mut self, process: usize, requests: u32) {
        let violation = watching::s18_spared(self, process);
        self.violate(violation);
        let minute = usize::try_from(self.now() / 60_000).unwrap();
        if self.requests.len() <= minute {
            self.requests.resize(minute + 1, 0);
        }
        self.requests[minute] += requests;
        if let Some(watch) = &mut self.lives[process].watch {
            watch.requests += requests;
        }
    }

    pub fn violate(&mut self, violation: Option<Violation>) {
        if let Some(violation) = violation
            && self.violations.len() < 20
        {
            self.violations.push(violation);
        }
    }

    /// Applies what is due by now.
    pub fn catch_up(&mut self) {
        let now = self.now();
        while let Some(at) = (0..self.underway.len())
            .filter(|at| self.underway[*at].applies <= now)
            .min_by_key(|at| (self.underway[*at].applies, self.underway[*at].create))
        {
            let Underway { applies, body, create } = self.underway.swap_remove(at);
            let id = self.jobs.len();
            let fates = self.faults.fates;
            self.jobs.push(Job::new(id + 1, &body, applies, fates, &mut self.random));
            self.creates[create].job = Some(id);
        }
    }

    /// A create reaches the wire; when it will be applied.
    pub fn send(&mut self, create: usize, body: &Value) -> Millis {
        let now = self.now();
        let late = self.random.permille(self.faults.late_create);
        let longest = self.schedule.bounds.late;
        let longest = if late { longest } else { longest.min(400) };
        let applies = now + self.random.below(longest + 1);
        self.measured.late = self.measured.late.max(applies - now);
        self.underway.push(Underway { applies, body: body.clone(), create });
        applies
    }

    /// The place of a job in `jobs`.
    pub fn job(&self, name: &JobName) -> Option<usize> {
        let at: usize = name.id().parse().ok()?;
        (1..=self.jobs.len()).contains(&at).then(|| at - 1)
    }

    /// What is really there.
    pub fn truth(&mut self, at: Millis) -> Listing {
        self.catch_up();
        let jobs = self.jobs.iter().filter(|job| job.stamp().is_some());
        Listing {
            jobs: jobs.map(|job| job.observed_at(at)).collect(),
            date: Some(timestamp(at)),
            ..Listing::default()
        }
    }

    /// Whether nothing happens any more by itself: no job runs, nothing is on
    /// its way.
    pub fn is_quiet(&mut self) -> bool {
        self.catch_up();
        let now = self.now();
        let under_way = !self.underway.is_empty() || self.zombies > now;
        !under_way && self.jobs.iter().all(|job| job.ends() <= now)
    }

    /// A complete listing for one process.
    pub fn list(&mut self, process: usize, began: Millis) -> Listing {
        let (listing, rows) = self.shown(process);
        let ended = self.now();
        self.lives[process].listed(&self.jobs, Look { began, ended, rows });
        listing
    }

    /// What one process is shown of the jobs.
    pub fn shown(&mut self, process: usize) -> (Listing, Vec<Row>) {
        self.catch_up();
        let now = self.now();
        let (stale, chance) = (self.schedule.bounds.stale, self.faults.stale_row);
        let mut shown: Vec<(usize, Millis)> = Vec::with_capacity(self.jobs.len());
        let mut foreign = 0;
        for (id, job) in self.jobs.iter().enumerate() {
            let lags = chance > 0 && self.random.permille(chance);
            let lag = if lags { self.random.below(stale + 1).min(now) } else { 0 };
            self.measured.lag = self.measured.lag.max(lag);
            if job.created > now - lag {
                continue;
            }
            match job.stamp() {
                Some(_) => shown.push((id, now - lag)),
                None => foreign += 1,
            }
        }
        // Listings come in no order.
        for index in (1..shown.len()).rev() {
            let other = self.random.below(index as u64 + 1) as usize;
            shown.swap(index, other);
        }
        let row =
            |(job, at): &(usize, Millis)| Row { job: *job, stage: self.jobs[*job].stage_at(*at) };
        let rows = shown.iter().map(row).collect();
        let jobs: Vec<Observed> =
            shown.iter().map(|(id, at)| self.jobs[*id].observed_at(*at)).collect();
        // An own create that a listing showed once is known from then on.
        let life = &mut self.lives[process];
        for create in self.creates.iter().filter(|c| (c.by, c.life) == (process, life.number)) {
            if create.job.is_some_and(|job| shown.iter().any(|(id, _)| *id == job)) {
                life.made.insert(create.paid.name.clone());
            }
        }
        let date = Some(timestamp(now));
        (Listing { jobs, foreign, date, ..Listing::default() }, rows)
    }
}
