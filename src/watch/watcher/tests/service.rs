//! A tuning service in memory, for what a daemon asks of it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use super::super::*;
use crate::model::{
    CreateRequest, Desired, Facts, JobName, JobState, Key, Labels, Lifecycle, Listing, Observed,
    Place, Source, Stamp, Text, TunedModel, TuningSpec, Untrusted, Wanted,
};
use crate::vertex::{CancelOutcome, CreateOutcome, Keep, ReadError, Refusal, VerifiedJob};

/// A tuning service in memory that counts what it is asked for.
#[derive(Default)]
pub(super) struct Service {
    pub(super) jobs: Mutex<Vec<Observed>>,
    pub(super) log: Mutex<Vec<String>>,
    /// Requests, with one for each page of a listing.
    pub(super) requests: AtomicU64,
    pub(super) millis: AtomicU64,
    /// No read succeeds.
    pub(super) down: AtomicBool,
    /// This place cannot be listed.
    pub(super) dark: Mutex<Option<Place>>,
    /// Creates are refused.
    pub(super) refuses: AtomicBool,
}

pub(super) fn place(location: &str) -> Place {
    Place::new("acme-ml", location)
}

pub(super) fn desired(location: &str, name: &str, epochs: u64) -> Desired {
    let key = Key {
        place: place(location),
        owner: "acme".parse().unwrap(),
        name: name.parse().unwrap(),
        rerun: 0,
    };
    let spec =
        TuningSpec { base_model: Some(format!("gemini-{epochs}").into()), ..Default::default() };
    let source = Source { file: PathBuf::from("m.yaml"), line: 1 };
    Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into()
}

impl Service {
    pub(super) fn with(self, wanted: &Desired, state: JobState) -> Self {
        let request = CreateRequest::new(wanted, 1);
        self.add(&wanted.key.place, request.spec.clone(), &request.labels, state);
        self
    }

    pub(super) fn add(
        &self,
        place: &Place,
        echo: TuningSpec,
        labels: &Labels,
        state: JobState,
    ) -> Observed {
        let mut jobs = self.jobs.lock().unwrap();
        let (id, location) = (jobs.len() + 1, &place.location);
        let job: Observed = Facts {
            name: format!("projects/42/locations/{location}/tuningJobs/{id}").parse().unwrap(),
            place: place.clone(),
            stamp: Stamp::read(labels),
            tuned_model: (state == JobState::Succeeded).then(TunedModel::default),
            state,
            create_time: Some(self.now()),
            start_time: None,
            end_time: None,
            echo: TuningSpec { labels: labels.clone(), ..echo },
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

    pub(super) fn asked(&self, what: String, requests: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.log.lock().unwrap().push(what);
    }

    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub(super) fn wait(&self, duration: Duration) {
        let millis = duration.as_nanos().div_ceil(1_000_000);
        self.millis.fetch_add(u64::try_from(millis).unwrap(), Ordering::Relaxed);
    }
}

impl Vertex for Service {
    async fn list(&self, place: &Place, _: &Keep) -> Result<Listing, ReadError> {
        let jobs: Vec<Observed> = self.jobs.lock().unwrap().clone();
        let jobs: Vec<Observed> = jobs.into_iter().filter(|job| job.place == *place).collect();
        self.asked("list".to_owned(), jobs.len().div_ceil(100).max(1) as u64);
        if self.down.load(Ordering::Relaxed) || self.dark.lock().unwrap().as_ref() == Some(place) {
            let message = Untrusted::new("down");
            return Err(ReadError::Unavailable { host: "fake".to_owned(), status: 503, message });
        }
        Ok(Listing { jobs, date: Some(self.now()), ..Listing::default() })
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.asked(format!("get {}", job.id()), 1);
        let jobs = self.jobs.lock().unwrap();
        let found = jobs.iter().find(|j| j.name == *job).cloned();
        found.ok_or(ReadError::NotFound { job: job.clone() })
    }

    async fn create(&self, place: &Place, body: &Value) -> CreateOutcome {
        let labels: Labels = serde_json::from_value(body["labels"].clone()).unwrap();
        self.asked(format!("create {}", labels.get("retune-name").unwrap()), 1);
        if self.refuses.load(Ordering::Relaxed) {
            let message = Untrusted::new("no");
            return CreateOutcome::Refused(Refusal { status: 400, message, retry_after: None });
        }
        let base_model = body["baseModel"].as_str().map(Text::from);
        let echo = TuningSpec { base_model, ..Default::default() };
        CreateOutcome::Created(Box::new(self.add(place, echo, &labels, JobState::Pending)))
    }

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        self.asked(format!("cancel {}", job.name().id()), 1);
        CancelOutcome::Requested
    }

    async fn progress(&self, job: &JobName) -> Result<Progress, ReadError> {
        Err(ReadError::NotFound { job: job.clone() })
    }
}

impl Entropy for Service {
    fn bits(&self) -> u64 {
        1 << 63
    }
}

impl Clock for Service {
    fn now(&self) -> Timestamp {
        let now = i64::try_from(self.millis.load(Ordering::Relaxed)).unwrap();
        Timestamp::from_millisecond(1_800_000_000_000 + now).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        self.wait(duration);
    }
}
