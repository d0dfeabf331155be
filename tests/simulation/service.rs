//! The tuning service as it may behave at its worst: listings that lag behind,
//! requests that are applied after their sender is gone, answers that are lost,
//! cancels that lose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use retune::clock::{Clock, Entropy};
use retune::model::{
    Checkpoint, JobError, JobName, JobState, Listing, Observed, Phase, Place, Progress, Stamp,
    TunedModel, TuningSpec, Untrusted,
};
use retune::vertex::{CancelOutcome, CreateOutcome, Keep, ReadError, Refusal, VerifiedJob, Vertex};
use serde_json::Value;

use crate::random::Random;
use crate::runtime::{Millis, Shared, Sleep, Timers};

/// The bounds that the faults of a schedule keep.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long a listing may lag behind.
    pub stale: Millis,
    /// How long after its sending a create may still be applied.
    pub late: Millis,
}

/// How often what goes wrong, of a thousand cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub lost_answer: u64,
    pub refused: u64,
    pub throttled: u64,
    pub failed_read: u64,
    pub stale_row: u64,
    pub late_create: u64,
    pub transient_failure: u64,
    pub permanent_failure: u64,
    pub lost_cancel: u64,
    pub hand_cancel: u64,
}

/// A job with everything that happened to it.
#[derive(Clone)]
pub struct Job {
    pub seen: Observed,
    pub created: Millis,
    /// States by the time from which they hold, oldest first.
    pub states: Vec<(Millis, JobState)>,
}

impl Job {
    pub fn state_at(&self, at: Millis) -> &JobState {
        let state = self.states.iter().rev().find(|(since, _)| *since <= at);
        &state.unwrap_or(&self.states[0]).1
    }

    fn observed_at(&self, at: Millis) -> Observed {
        let mut seen = self.seen.clone();
        seen.state = self.state_at(at).clone();
        if seen.state == JobState::Succeeded {
            seen.tuned_model = Some(TunedModel {
                model: Some(format!("{}/models/1@1", seen.place.parent())),
                endpoint: None,
                checkpoints: Vec::<Checkpoint>::new(),
            });
        }
        let over = !matches!(seen.phase(), Phase::Active | Phase::Ending);
        seen.end_time = over.then(|| timestamp(self.states.last().unwrap().0));
        if seen.state != JobState::Failed {
            seen.error = None;
        }
        seen
    }
}

/// A create on its way.
struct Underway {
    applies: Millis,
    place: Place,
    body: Value,
}

/// What one process asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    Create { by: usize, at: Millis, run: String, body: Value },
    Cancel { by: usize, at: Millis, job: JobName },
}

/// The service's truth.
pub struct Service {
    pub timers: Shared<Timers>,
    pub random: Random,
    pub bounds: Bounds,
    pub faults: Faults,
    pub jobs: Vec<Job>,
    underway: Vec<Underway>,
    pub sent: Vec<Sent>,
    /// What each process was shown of a job by GETs, oldest first.
    gets: BTreeMap<(usize, JobName), Vec<(Millis, Observed)>>,
    /// Changes to the world since the last look at it.
    pub last_change: Millis,
}

pub fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(at).unwrap()).unwrap()
}

impl Service {
    pub fn new(timers: Shared<Timers>, bounds: Bounds, faults: Faults, seed: u64) -> Self {
        Self {
            timers,
            random: Random::new(seed),
            bounds,
            faults,
            jobs: Vec::new(),
            underway: Vec::new(),
            sent: Vec::new(),
            gets: BTreeMap::new(),
            last_change: 0,
        }
    }

    pub fn now(&self) -> Millis {
        self.timers.lock().unwrap().now
    }

    /// Applies what is due by now.
    pub fn catch_up(&mut self) {
        let now = self.now();
        self.underway.sort_by_key(|create| create.applies);
        while self.underway.first().is_some_and(|create| create.applies <= now) {
            let create = self.underway.remove(0);
            self.apply(create);
        }
    }

    fn apply(&mut self, create: Underway) {
        let Underway { applies, place, body } = create;
        let labels: BTreeMap<String, String> =
            serde_json::from_value(body["labels"].clone()).unwrap();
        let id = self.jobs.len() + 1;
        let name = format!("projects/42/locations/{}/tuningJobs/{id}", place.location);
        let error = JobError { code: 14, message: Untrusted::new("unavailable") };
        let mut states = vec![(applies, JobState::Pending)];
        let starts = applies + 1_000 + self.random.below(5_000);
        states.push((starts, JobState::Running));
        let ends = starts + 20_000 + self.random.below(400_000);
        let mut error_of_job = None;
        if self.random.permille(self.faults.transient_failure) {
            states.push((ends, JobState::Failed));
            error_of_job = Some(error);
        } else if self.random.permille(self.faults.permanent_failure) {
            states.push((ends, JobState::Failed));
            error_of_job = Some(JobError { code: 3, message: Untrusted::new("bad row") });
        } else if self.random.permille(self.faults.hand_cancel) {
            states.push((starts + self.random.below(20_000), JobState::Cancelled));
        } else {
            states.push((ends, JobState::Succeeded));
        }
        let seen = Observed {
            name: name.parse().unwrap(),
            place,
            stamp: Stamp::read(&labels),
            state: JobState::Pending,
            create_time: Some(timestamp(applies)),
            start_time: None,
            end_time: None,
            echo: TuningSpec {
                base_model: body["baseModel"].as_str().map(str::to_owned),
                labels,
                ..TuningSpec::default()
            },
            error: error_of_job,
            tuned_model: None,
            experiment: None,
        };
        self.jobs.push(Job { seen, created: applies, states });
        self.last_change = applies;
    }

    /// What a process was last shown of a job before that time.
    pub fn gets_before(
        &self,
        process: usize,
        job: &JobName,
        at: Millis,
    ) -> Option<&(Millis, Observed)> {
        let gets = self.gets.get(&(process, job.clone()))?;
        gets.iter().rev().find(|(seen, _)| *seen <= at)
    }

    /// What is really there.
    pub fn truth(&mut self) -> Vec<Observed> {
        self.catch_up();
        let now = self.now();
        self.jobs.iter().map(|job| job.observed_at(now)).collect()
    }

    fn rows(&mut self) -> Vec<Observed> {
        self.catch_up();
        let now = self.now();
        let stale = self.bounds.stale;
        let chance = self.faults.stale_row;
        let mut rows = Vec::new();
        for job in self.jobs.clone() {
            let lag = if self.random.permille(chance) { self.random.below(stale + 1) } else { 0 };
            let at = now.saturating_sub(lag);
            if job.created <= at {
                rows.push(job.observed_at(at));
            }
        }
        // Listings come in no order.
        for index in (1..rows.len()).rev() {
            let other = self.random.below(index as u64 + 1) as usize;
            rows.swap(index, other);
        }
        rows
    }
}

/// One process's way to the service.
#[derive(Clone)]
pub struct Connection {
    pub service: Shared<Service>,
    pub process: usize,
}

impl Connection {
    fn with<T>(&self, act: impl FnOnce(&mut Service) -> T) -> T {
        act(&mut self.service.lock().unwrap())
    }

    async fn pause(&self, longest: Millis) {
        let sleep = self.with(|service| {
            let wait = service.random.below(longest + 1);
            Sleep::new(&service.timers, service.random.bits(), wait)
        });
        sleep.await;
    }

    fn unavailable() -> ReadError {
        ReadError::Unavailable {
            host: "simulated".to_owned(),
            status: 503,
            message: Untrusted::new("unavailable"),
        }
    }
}

/// How long one request takes at the most when nothing is wrong.
const ROUND_TRIP: Millis = 400;

/// After this long a client hangs up.
const DEADLINE: Millis = 60_000;

impl Vertex for Connection {
    async fn list(&self, place: &Place, _: &Keep) -> Result<Listing, ReadError> {
        self.pause(ROUND_TRIP).await;
        let answer = self.with(|service| {
            if service.random.permille(service.faults.failed_read) {
                return Err(Self::unavailable());
            }
            let mut jobs = service.rows();
            jobs.retain(|job| job.place == *place);
            Ok(Listing { jobs, date: Some(timestamp(service.now())), ..Listing::default() })
        });
        self.pause(ROUND_TRIP).await;
        answer
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.pause(ROUND_TRIP).await;
        let answer = self.with(|service| {
            if service.random.permille(service.faults.failed_read) {
                return Err(Self::unavailable());
            }
            let now = service.now();
            let found = service.truth().into_iter().find(|seen| seen.name == *job);
            let found = found.ok_or(ReadError::NotFound { job: job.clone() })?;
            service.gets.entry((self.process, job.clone())).or_default().push((now, found.clone()));
            Ok(found)
        });
        self.pause(ROUND_TRIP).await;
        answer
    }

    async fn create(&self, place: &Place, body: &Value) -> CreateOutcome {
        let (answered, lost) = self.with(|service| {
            let now = service.now();
            let run = body["labels"]["retune-run"].as_str().unwrap().to_owned();
            let create = Sent::Create { by: self.process, at: now, run, body: body.clone() };
            service.sent.push(create);
            let refusal =
                |status| Refusal { status, message: Untrusted::new("no"), retry_after: None };
            if service.random.permille(service.faults.refused) {
                return (Some(CreateOutcome::Refused(refusal(403))), false);
            }
            if service.random.permille(service.faults.throttled) {
                return (Some(CreateOutcome::Throttled(refusal(429))), false);
            }
            let late = service.random.permille(service.faults.late_create);
            let longest =
                if late { service.bounds.late } else { ROUND_TRIP.min(service.bounds.late) };
            let applies = now + service.random.below(longest + 1);
            service.underway.push(Underway { applies, place: place.clone(), body: body.clone() });
            (None, service.random.permille(service.faults.lost_answer))
        });
        if let Some(outcome) = answered {
            self.pause(ROUND_TRIP).await;
            return outcome;
        }
        let run = body["labels"]["retune-run"].as_str().unwrap();
        let begun = self.with(|service| service.now());
        loop {
            self.pause(ROUND_TRIP).await;
            let made = self.with(|service| {
                let truth = service.truth();
                truth
                    .into_iter()
                    .find(|job| job.stamp.as_ref().is_some_and(|s| s.run.as_deref() == Some(run)))
            });
            let gone = self.with(|service| service.now()) > begun + DEADLINE;
            match made {
                Some(_) | None if gone => {
                    return CreateOutcome::OutcomeUnknown(Untrusted::new("timed out"));
                }
                Some(_) if lost => {
                    return CreateOutcome::OutcomeUnknown(Untrusted::new("reset"));
                }
                Some(job) => return CreateOutcome::Created(Box::new(job)),
                None => {}
            }
        }
    }

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        let job = job.name();
        self.with(|service| {
            let at = service.now();
            service.sent.push(Sent::Cancel { by: self.process, at, job: job.clone() });
            service.catch_up();
            service.last_change = at;
            let loses = service.random.permille(service.faults.lost_cancel);
            let takes = service.random.below(30_000);
            let job = service.jobs.iter_mut().find(|known| known.seen.name == *job).unwrap();
            let over = matches!(
                job.state_at(at),
                JobState::Succeeded | JobState::Failed | JobState::Cancelled
            );
            if !over && !loses {
                job.states.retain(|(since, _)| *since <= at);
                job.states.push((at, JobState::Cancelling));
                job.states.push((at + takes, JobState::Cancelled));
            }
        });
        self.pause(ROUND_TRIP).await;
        CancelOutcome::Requested
    }

    async fn progress(&self, job: &JobName) -> Result<Progress, ReadError> {
        Err(ReadError::NotFound { job: job.clone() })
    }
}

impl Entropy for Connection {
    fn bits(&self) -> u64 {
        self.with(|service| service.random.bits())
    }
}

impl Clock for Connection {
    fn now(&self) -> Timestamp {
        // No decision may rest on a process's own clock: it is years off.
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.with(|service| service.now()))
    }

    async fn sleep(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 4);
        let sleep = self.with(|service| {
            let order = service.random.bits();
            Sleep::new(&service.timers, order, millis)
        });
        sleep.await;
    }
}

pub fn share(service: Service) -> Shared<Service> {
    Arc::new(std::sync::Mutex::new(service))
}
