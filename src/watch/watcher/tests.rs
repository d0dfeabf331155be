//! What a daemon asks for, and when: the simulation shows that it is safe,
//! these that it is sparing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::apply::SETTLE;
use crate::apply::Stop;
use crate::claims::NoClaims;
use crate::model::{
    CreateRequest, Desired, JobName, JobState, Key, Lifecycle, Listing, Observed, Place, Source,
    Stamp, TunedModel, TuningSpec, Untrusted, Wanted,
};
use crate::plan::Policy;
use crate::vertex::{CancelOutcome, CreateOutcome, Keep, ReadError, Refusal, VerifiedJob};
use crate::watch::circuit::OPEN_AFTER;
use crate::watch::{Metrics, News, OnTheWire, Published, Rhythm};

/// A tuning service in memory that counts what it is asked for.
#[derive(Default)]
struct Service {
    jobs: Mutex<Vec<Observed>>,
    log: Mutex<Vec<String>>,
    /// Requests, with one for each page of a listing.
    requests: AtomicU64,
    millis: AtomicU64,
    /// No read succeeds.
    down: AtomicBool,
    /// This place cannot be listed.
    dark: Mutex<Option<Place>>,
    /// Creates are refused.
    refuses: AtomicBool,
}

fn place(location: &str) -> Place {
    Place::new("acme-ml", location)
}

fn desired(location: &str, name: &str, epochs: u64) -> Desired {
    let key = Key {
        place: place(location),
        owner: "acme".parse().unwrap(),
        name: name.parse().unwrap(),
        rerun: 0,
    };
    let spec = TuningSpec { base_model: Some(format!("gemini-{epochs}")), ..Default::default() };
    let source = Source { file: PathBuf::from("m.yaml"), line: 1 };
    Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into()
}

impl Service {
    fn with(self, wanted: &Desired, state: JobState) -> Self {
        let request = CreateRequest::new(wanted, 1);
        self.add(&wanted.key.place, request.spec.clone(), &request.labels, state);
        self
    }

    fn add(
        &self,
        place: &Place,
        echo: TuningSpec,
        labels: &BTreeMap<String, String>,
        state: JobState,
    ) -> Observed {
        let mut jobs = self.jobs.lock().unwrap();
        let (id, location) = (jobs.len() + 1, &place.location);
        let job = Observed {
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
        };
        jobs.push(job.clone());
        job
    }

    fn asked(&self, what: String, requests: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.log.lock().unwrap().push(what);
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    fn wait(&self, duration: Duration) {
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
        self.asked(format!("get {}", job.id), 1);
        let jobs = self.jobs.lock().unwrap();
        let found = jobs.iter().find(|j| j.name == *job).cloned();
        found.ok_or(ReadError::NotFound { job: job.clone() })
    }

    async fn create(&self, place: &Place, body: &Value) -> CreateOutcome {
        let labels: BTreeMap<String, String> =
            serde_json::from_value(body["labels"].clone()).unwrap();
        self.asked(format!("create {}", labels["retune-name"]), 1);
        if self.refuses.load(Ordering::Relaxed) {
            let message = Untrusted::new("no");
            return CreateOutcome::Refused(Refusal { status: 400, message, retry_after: None });
        }
        let base_model = body["baseModel"].as_str().map(str::to_owned);
        let echo = TuningSpec { base_model, ..Default::default() };
        CreateOutcome::Created(Box::new(self.add(place, echo, &labels, JobState::Pending)))
    }

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        self.asked(format!("cancel {}", job.name().id), 1);
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

/// A daemon over a service, with what it tells.
struct Daemon<'a> {
    service: &'a Service,
    watcher: Watcher<'a, Service, Service, Service>,
    mode: Mode,
    settle: Duration,
}

/// What lives as long as the process.
#[derive(Default)]
struct Process {
    stop: Stop,
    published: Published,
    metrics: Metrics,
    wire: OnTheWire,
    heard: Mutex<Vec<&'static str>>,
}

impl Listener for Process {
    fn hear(&self, news: &News) {
        self.heard.lock().unwrap().push(news.code);
    }
}

impl<'a> Daemon<'a> {
    fn new(service: &'a Service, process: &'a Process) -> Self {
        let parts = Parts {
            asked: &(),
            vertex: service,
            entropy: service,
            clock: service,
            stop: &process.stop,
            published: &process.published,
            metrics: &process.metrics,
            wire: &process.wire,
            rhythm: Rhythm { interval: None },
            progress: false,
        };
        let watcher = Watcher::new(parts, process);
        Self { service, watcher, mode: Mode::Act, settle: SETTLE }
    }

    async fn pass(&mut self, trigger: Trigger, desired: &[Desired]) -> (PassResult, Vec<String>) {
        let places = desired.iter().map(|desired| desired.key.place.clone()).collect();
        let policy = Policy::new("acme".parse().unwrap());
        let task = Task::<NoClaims> {
            desired,
            places: &places,
            policy: &policy,
            settle: self.settle,
            claims: None,
            mode: self.mode,
        };
        let result = self.watcher.pass(trigger, &task).await;
        (result, self.service.calls())
    }

    /// Waits until the next pass is due, and makes it.
    async fn next(&mut self, desired: &[Desired]) -> (PassResult, Vec<String>) {
        self.service.wait(self.watcher.next().saturating_sub(self.service.elapsed()));
        self.pass(Trigger::Due, desired).await
    }

    async fn live_for(&mut self, time: Duration, desired: &[Desired]) -> Vec<String> {
        let end = self.service.elapsed() + time;
        let mut calls = Vec::new();
        while self.watcher.next() < end {
            calls.extend(self.next(desired).await.1);
        }
        calls
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const HERE: &str = "us-central1";

#[tokio::test]
async fn between_listings_only_runs_that_go_on_are_asked_for() {
    let (good, live) = (desired(HERE, "good", 1), desired(HERE, "live", 1));
    let service = Service::default().with(&good, JobState::Succeeded);
    let service = service.with(&live, JobState::Running);
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    let all = [good, live];
    assert_eq!(daemon.pass(Trigger::Started, &all).await.1, ["list"]);
    for _ in 0..5 {
        let (result, calls) = daemon.next(&all).await;
        assert_eq!((result, calls), (PassResult::Good, vec!["get 2".to_owned()]));
    }
    service.jobs.lock().unwrap()[1].state = JobState::Failed;
    assert_eq!(daemon.next(&all).await.1, ["get 2"]);
    assert!(process.heard.lock().unwrap().contains(&"failed"));
    // From now on nothing is left to ask about.
    let calls = daemon.live_for(seconds(3_600), &all).await;
    assert!(calls.len() <= 13 && calls.iter().all(|call| call == "list"), "{calls:?}");
}

#[tokio::test]
async fn an_edit_that_changes_no_run_costs_no_request() {
    let mut all = [desired(HERE, "faq", 1)];
    let service = Service::default().with(&all[0], JobState::Succeeded);
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    daemon.pass(Trigger::Started, &all).await;
    service.wait(seconds(30));
    all[0].lifecycle.timeout = Some(seconds(3_600));
    daemon.watcher.changed([&all[0].key.name]);
    assert_eq!(daemon.pass(Trigger::FilesChanged, &all).await.1, Vec::<String>::new());
}

#[tokio::test]
async fn a_number_typed_digit_by_digit_is_one_run_and_few_listings() {
    let mut all = vec![desired(HERE, "faq", 1)];
    let service = Service::default().with(&all[0], JobState::Succeeded);
    // 100 pages, so that a listing for each key would be 6,000 requests a minute.
    for n in 0..9_999 {
        let other = desired(HERE, &format!("other-{n}"), 1);
        let request = CreateRequest::new(&other, 1);
        service.add(&other.key.place, request.spec.clone(), &request.labels, JobState::Succeeded);
    }
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    daemon.pass(Trigger::Started, &all).await;
    service.requests.store(0, Ordering::Relaxed);
    let mut creates = Vec::new();
    for epochs in 0..60 {
        all[0] = desired(HERE, "faq", 100 + epochs);
        daemon.watcher.changed([&all[0].key.name]);
        creates.extend(daemon.pass(Trigger::FilesChanged, &all).await.1);
        service.wait(seconds(1));
    }
    let asked = service.requests.load(Ordering::Relaxed);
    assert!((100..=400).contains(&asked), "{asked} requests in a minute");
    creates.extend(daemon.live_for(seconds(120), &all).await);
    creates.retain(|call| call.starts_with("create"));
    assert_eq!(creates, ["create faq"]);
}

#[tokio::test]
async fn who_only_observes_sends_nothing() {
    let (new, old) = (desired(HERE, "new", 1), desired(HERE, "old", 1));
    let service = Service::default().with(&old, JobState::Running);
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    daemon.mode = Mode::Observe;
    let stale = desired(HERE, "old", 2);
    let mut calls = daemon.pass(Trigger::Started, &[new.clone(), stale.clone()]).await.1;
    calls.extend(daemon.live_for(seconds(7_200), &[new, stale]).await);
    assert!(calls.len() > 20, "{calls:?}");
    assert!(calls.iter().all(|call| call == "list" || call.starts_with("get")), "{calls:?}");
    assert!(process.heard.lock().unwrap().contains(&"drift"));
}

#[tokio::test]
async fn a_place_that_fails_holds_only_itself() {
    let all = [desired(HERE, "here", 1), desired("europe-west4", "there", 1)];
    let service = Service::default();
    *service.dark.lock().unwrap() = Some(place("europe-west4"));
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    let (result, _) = daemon.pass(Trigger::Started, &all).await;
    assert_eq!(result, PassResult::Partial);
    let calls = daemon.live_for(seconds(60), &all).await;
    let created = |calls: &[String], name| calls.contains(&format!("create {name}"));
    assert!(created(&calls, "here") && !created(&calls, "there"), "{calls:?}");
    *service.dark.lock().unwrap() = None;
    let calls = daemon.live_for(seconds(400), &all).await;
    assert!(created(&calls, "there"), "{calls:?}");
    let heard = process.heard.lock().unwrap();
    let told = |code| heard.iter().filter(|heard| **heard == code).count();
    assert_eq!((told("placeUnreachable"), told("placeReachable")), (1, 1), "{heard:?}");
}

#[tokio::test]
async fn an_outage_costs_one_look_a_wait_and_is_over_when_it_is_over() {
    let all = [desired(HERE, "faq", 1)];
    let service = Service::default().with(&all[0], JobState::Succeeded);
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    daemon.pass(Trigger::Started, &all).await;
    service.down.store(true, Ordering::Relaxed);
    let mut calls = daemon.live_for(seconds(3_600), &all).await;
    // Five waits of 3.75 s and twice as long each time, then 225 s a look.
    assert!((14..=22).contains(&calls.len()), "{} looks in an hour", calls.len());
    // An edit does not make it ask sooner.
    daemon.watcher.changed([&all[0].key.name]);
    calls = daemon.pass(Trigger::FilesChanged, &all).await.1;
    assert_eq!(calls, Vec::<String>::new());
    assert!(process.published.read().failed_in_a_row >= OPEN_AFTER);
    service.down.store(false, Ordering::Relaxed);
    let (result, calls) = daemon.next(&all).await;
    assert_eq!((result, calls), (PassResult::Good, vec!["list".to_owned()]));
    assert_eq!(process.published.read().failed_in_a_row, 0);
    let heard = process.heard.lock().unwrap();
    for code in ["unreachable", "down", "reachable"] {
        assert_eq!(heard.iter().filter(|heard| **heard == code).count(), 1, "{code}: {heard:?}");
    }
}

#[tokio::test]
async fn what_is_refused_is_tried_ever_more_rarely_until_it_is_edited() {
    let mut all = [desired(HERE, "faq", 1)];
    let service = Service::default();
    service.refuses.store(true, Ordering::Relaxed);
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    daemon.pass(Trigger::Started, &all).await;
    let creates = |calls: Vec<String>| calls.iter().filter(|c| c.starts_with("create")).count();
    let tries = creates(daemon.live_for(seconds(7_200), &all).await);
    // 22 s, 45 s, 90 s, 180 s, 360 s, then every 450 s: 4 + 15.
    assert!((15..=21).contains(&tries), "{tries} tries in two hours");
    service.refuses.store(false, Ordering::Relaxed);
    all[0] = desired(HERE, "faq", 2);
    daemon.watcher.changed([&all[0].key.name]);
    daemon.pass(Trigger::FilesChanged, &all).await;
    assert_eq!(creates(daemon.live_for(seconds(30), &all).await), 1);
}

#[tokio::test]
async fn an_idle_hour_costs_what_is_promised() {
    for (jobs, promised) in [(10, 12), (1_000, 120), (100_000, 300)] {
        let all = [desired(HERE, "faq", 1)];
        let service = Service::default().with(&all[0], JobState::Succeeded);
        let request = CreateRequest::new(&desired(HERE, "other", 1), 1);
        for _ in 1..jobs {
            let place = &all[0].key.place;
            service.add(place, request.spec.clone(), &request.labels, JobState::Succeeded);
        }
        let process = Process::default();
        let mut daemon = Daemon::new(&service, &process);
        daemon.pass(Trigger::Started, &all).await;
        service.requests.store(0, Ordering::Relaxed);
        // From 25 pages on listings are further apart than an hour.
        let hours = 10;
        daemon.live_for(seconds(hours * 3_600), &all).await;
        let asked = service.requests.load(Ordering::Relaxed) / hours;
        assert!(asked <= promised && asked >= promised / 2, "{jobs} jobs: {asked}");
    }
}

/// Keystrokes for a day, all of which ask for another run, and names that come
/// and go: what is kept is of the last look.
#[tokio::test]
async fn nothing_grows_with_edits() {
    let service = Service::default();
    let process = Process::default();
    let mut daemon = Daemon::new(&service, &process);
    let mut sizes = Vec::new();
    for n in 0..2_000_u64 {
        let all = [desired(HERE, &format!("name-{}", n / 10), n)];
        daemon.watcher.changed([&all[0].key.name]);
        daemon.pass(Trigger::FilesChanged, &all).await;
        service.wait(seconds(2));
        sizes.push(daemon.watcher.kept());
    }
    let (early, late) = (sizes[50..150].iter().max(), sizes[1_900..].iter().max());
    assert!(late <= early, "{early:?} things were kept, then {late:?}");
}
