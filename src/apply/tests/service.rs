//! A tuning service in memory that does as it is told, and remembers every call.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::apply::{Executor, Look, Memory, Ready, Reconciler, Report, Stop};
use crate::clock::{Clock, Entropy};
use crate::model::{
    CreateRequest, Desired, Facts, JobName, JobState, Key, Labels, Lifecycle, Listing, Name,
    Observed, Place, Progress, Source, Stamp, Text, TunedModel, TuningSpec, Untrusted, Wanted,
};
use crate::plan::{Plan, Policy, plan};
use crate::vertex::{CancelOutcome, CreateOutcome, Keep, ReadError, Refusal, VerifiedJob, Vertex};

/// What happens to the next create.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    Refused,
    Throttled,
    /// The job is made, and the answer lost.
    Lost,
}

/// What happens while somebody sleeps.
enum Happens {
    State(u32, JobState),
    Appears(&'static str, i64, JobState),
    Down,
    ShowsJobs,
}

#[derive(Default)]
pub(super) struct Service {
    pub(super) jobs: Mutex<Vec<Observed>>,
    fates: Mutex<VecDeque<Fate>>,
    /// What happens while somebody sleeps, one thing a time.
    script: Mutex<VecDeque<Happens>>,
    /// Answers to creates come without labels.
    forgetful: bool,
    pub(super) log: Mutex<Vec<String>>,
    pub(super) bodies: Mutex<Vec<Value>>,
    pub(super) now: Mutex<Duration>,
    /// Reads fail while this is set.
    pub(super) down: Mutex<bool>,
    pub(super) memory: Mutex<Memory>,
    /// Listings are behind while this is set.
    hidden: Mutex<bool>,
}

pub(super) fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

pub(super) fn job_name(id: u32) -> JobName {
    format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap()
}

pub(super) fn desired(name: &str, epochs: i64) -> Desired {
    let owner: Name = "acme".parse().unwrap();
    let key = Key { place: place(), owner, name: name.parse().unwrap(), rerun: 0 };
    let spec =
        TuningSpec { base_model: Some(format!("gemini-{epochs}").into()), ..Default::default() };
    let source = Source { file: PathBuf::from("m.yaml"), line: 1 };
    Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into()
}

pub(super) fn policy() -> Policy {
    Policy::new("acme".parse().unwrap())
}

impl Service {
    /// A run of ours; ids count from 1.
    pub(super) fn has(self, name: &str, epochs: i64, state: JobState) -> Self {
        let request = CreateRequest::new(&desired(name, epochs), 1);
        self.add(request.spec.clone(), &request.labels, state);
        self
    }

    pub(super) fn add(&self, mut echo: TuningSpec, labels: &Labels, state: JobState) -> Observed {
        let mut jobs = self.jobs.lock().unwrap();
        echo.labels = labels.clone();
        let id = u32::try_from(jobs.len()).unwrap() + 1;
        let job: Observed = Facts {
            name: job_name(id),
            place: place(),
            stamp: Stamp::read(labels),
            tuned_model: (state == JobState::Succeeded).then(TunedModel::default),
            state,
            create_time: Timestamp::from_second(i64::from(id)).ok(),
            start_time: None,
            end_time: None,
            echo,
            error: None,
            experiment: None,
            billable_tokens: None,
            pre_tuned_base: None,
            data: None,
        }
        .into();
        jobs.push(job.clone());
        job
    }

    pub(super) fn fate(self, fate: Fate) -> Self {
        self.meets(fate);
        self
    }

    /// What the next create meets.
    pub(super) fn meets(&self, fate: Fate) {
        self.fates.lock().unwrap().push_back(fate);
    }

    /// At the next sleep that job gets that state.
    pub(super) fn then(self, id: u32, state: JobState) -> Self {
        self.script.lock().unwrap().push_back(Happens::State(id, state));
        self
    }

    pub(super) fn appears_at_the_next_sleep(
        self,
        name: &'static str,
        epochs: i64,
        state: JobState,
    ) -> Self {
        self.script.lock().unwrap().push_back(Happens::Appears(name, epochs, state));
        self
    }

    pub(super) fn goes_down_at_the_next_sleep(self) -> Self {
        self.script.lock().unwrap().push_back(Happens::Down);
        self
    }

    pub(super) fn shows_jobs_at_the_next_sleep(&self) {
        self.script.lock().unwrap().push_back(Happens::ShowsJobs);
    }

    /// Whether listings lack every job.
    pub(super) fn hides_jobs(&self, hidden: bool) {
        *self.hidden.lock().unwrap() = hidden;
    }

    pub(super) fn forgets_labels(mut self) -> Self {
        self.forgetful = true;
        self
    }

    pub(super) fn set(&self, id: u32, state: JobState) {
        let mut jobs = self.jobs.lock().unwrap();
        let job = jobs.iter_mut().find(|job| job.name == job_name(id)).unwrap();
        job.state = state;
    }

    pub(super) fn observed(&self) -> crate::model::Observation {
        let jobs = self.jobs.lock().unwrap().clone();
        let listing =
            Listing { jobs, date: Timestamp::from_second(1_000).ok(), ..Listing::default() };
        BTreeMap::from([(place(), Ok(listing))])
    }

    pub(super) fn plan(&self, wanted: &[Desired]) -> Plan {
        plan(wanted, &self.observed(), &policy())
    }

    /// Carries a plan out and says what became of each action.
    pub(super) async fn apply(&self, plan: &Plan) -> (Vec<&'static str>, Report) {
        let stop = Stop::new();
        let report = self.executor(&stop).apply(&ready(plan), &()).await;
        (report.items.iter().map(|item| item.outcome.code()).collect(), report)
    }

    pub(super) fn executor<'a>(&'a self, stop: &'a Stop) -> Executor<'a, Self, Self, Self> {
        Executor {
            vertex: self,
            entropy: self,
            clock: self,
            revision: Some(77),
            stop,
            asked: &(),
            memory: &self.memory,
            claims: None,
        }
    }

    /// Everything that one pass needs.
    pub(super) fn reconciler<'a>(
        &'a self,
        desired: &'a [Desired],
        places: &'a BTreeSet<Place>,
        policy: &'a Policy,
        settle: Duration,
        stop: &'a Stop,
    ) -> Reconciler<'a, Self, Self, Self> {
        Reconciler {
            executor: self.executor(stop),
            desired,
            places,
            policy,
            settle,
            partial: false,
        }
    }

    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn called(&self, what: &str, job: &JobName) {
        self.log.lock().unwrap().push(format!("{what} {}", job.id()));
    }
}

/// What may be sent at once.
pub(super) fn ready(plan: &Plan) -> Ready {
    let ended_wall = Timestamp::UNIX_EPOCH;
    let look = Look { ended: Duration::MAX / 2, ..Look::at(Duration::MAX / 2, ended_wall) };
    Ready::settled(plan.clone(), look)
}

fn refusal() -> Refusal {
    Refusal { status: 400, message: Untrusted::new("no"), retry_after: None }
}

impl Vertex for Service {
    async fn list(&self, place: &Place, _: &Keep) -> Result<Listing, ReadError> {
        self.log.lock().unwrap().push("list".to_owned());
        if *self.down.lock().unwrap() {
            return Err(ReadError::NotFound { job: job_name(0) });
        }
        let mut listing = self.observed().remove(place).unwrap().unwrap();
        if *self.hidden.lock().unwrap() {
            listing.jobs.clear();
        }
        Ok(listing)
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.called("get", job);
        let jobs = self.jobs.lock().unwrap();
        let found = jobs.iter().find(|j| j.name == *job).cloned();
        let down = *self.down.lock().unwrap();
        found.filter(|_| !down).ok_or(ReadError::NotFound { job: job.clone() })
    }

    async fn create(&self, _: &Place, body: &Value) -> CreateOutcome {
        let name = body["labels"]["retune-name"].as_str().unwrap().to_owned();
        self.log.lock().unwrap().push(format!("create {name}"));
        self.bodies.lock().unwrap().push(body.clone());
        let labels: Labels = serde_json::from_value(body["labels"].clone()).unwrap();
        let spec = TuningSpec {
            base_model: body["baseModel"].as_str().map(Text::from),
            ..Default::default()
        };
        let fate = self.fates.lock().unwrap().pop_front();
        match fate {
            None => {
                let mut job = self.add(spec, &labels, JobState::Pending);
                if self.forgetful {
                    job.echo.labels = Labels::default();
                }
                CreateOutcome::Created(Box::new(job))
            }
            Some(Fate::Refused) => CreateOutcome::Refused(refusal()),
            Some(Fate::Throttled) => CreateOutcome::Throttled(refusal()),
            Some(Fate::Lost) => {
                self.add(spec, &labels, JobState::Pending);
                CreateOutcome::OutcomeUnknown(Untrusted::new("connection reset"))
            }
        }
    }

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        self.called("cancel", job.name());
        CancelOutcome::Requested
    }

    async fn progress(&self, job: &JobName) -> Result<Progress, ReadError> {
        Err(ReadError::NotFound { job: job.clone() })
    }
}

impl Entropy for Service {
    fn bits(&self) -> u64 {
        0xabcd
    }
}

impl Clock for Service {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.now.lock().unwrap() += duration;
        let next = self.script.lock().unwrap().pop_front();
        match next {
            Some(Happens::State(id, state)) => self.set(id, state),
            Some(Happens::Appears(name, epochs, state)) => {
                let request = CreateRequest::new(&desired(name, epochs), 1);
                self.add(request.spec.clone(), &request.labels, state);
            }
            Some(Happens::ShowsJobs) => self.hides_jobs(false),
            Some(Happens::Down) => *self.down.lock().unwrap() = true,
            None => {}
        }
        // Whoever else is ready goes first, as with a real clock.
        tokio::task::yield_now().await;
    }
}
