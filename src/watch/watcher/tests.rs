//! What a daemon asks for, and when: the simulation shows that it is safe,
//! these that it is sparing.

mod service;

use std::sync::atomic::Ordering;

use super::*;
use crate::apply::SETTLE;
use crate::apply::Stop;
use crate::claims::NoClaims;
use crate::model::{CreateRequest, Desired, JobState, Prices};
use crate::plan::Policy;
use crate::watch::circuit::OPEN_AFTER;
use crate::watch::{Metrics, News, OnTheWire, Published, Rhythm};
use service::{Service, desired, place};

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
            same_service: "",
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
            prices: &Prices::default(),
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
