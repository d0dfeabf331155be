//! An emulator with faults, its clock, and clients that hide nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, StatusCode};
use retune::clock::Clock;
use retune::emulator::faults::{Effect, Entry, WhatHappened};
use retune::emulator::{self, Options, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

pub(crate) const PLACE: &str = "v1/projects/acme-ml/locations/us-central1";
pub(crate) const JOBS: &str = "v1/projects/acme-ml/locations/us-central1/tuningJobs";

/// Longer than any job takes, in seconds.
pub(crate) const A_LONG_TIME: i64 = 12 * 3600;

/// Moved by hand; whoever sleeps wakes when it has moved far enough.
#[derive(Clone)]
pub(crate) struct HandClock {
    now: watch::Sender<Timestamp>,
    sleepers: watch::Sender<u64>,
}

impl HandClock {
    fn new() -> Self {
        Self {
            now: watch::Sender::new("2026-11-20T09:12:07.734198Z".parse().unwrap()),
            sleepers: watch::Sender::new(0),
        }
    }

    /// Waits until `count` requests in all have gone to sleep.
    pub(crate) async fn sleepers(&self, count: u64) {
        self.sleepers.subscribe().wait_for(|sleepers| *sleepers >= count).await.unwrap();
    }

    fn forward(&self, by: SignedDuration) {
        self.now.send_modify(|now| *now += by);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.now().as_microsecond().unsigned_abs())
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now() + SignedDuration::try_from(duration).unwrap();
        let mut now = self.now.subscribe();
        self.sleepers.send_modify(|sleepers| *sleepers += 1);
        now.wait_for(|now| *now >= until).await.unwrap();
    }
}

pub(crate) struct World {
    pub(crate) clock: HandClock,
    pub(crate) running: Running,
    pub(crate) client: Client,
}

impl World {
    /// An emulator with these rules.
    pub(crate) async fn with(rules: &[&str]) -> Self {
        // reqwest is built without a TLS provider and wants one even for http.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let clock = HandClock::new();
        let options = Options { seed: 7, faults, ..Options::default() };
        let running = emulator::start(options, clock.clone()).await.unwrap();
        Self { clock, running, client: Client::new() }
    }

    pub(crate) fn fault(&self, rule: &str) {
        self.running.faults().add(rule.parse().unwrap()).unwrap();
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.clock.forward(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/{path}", self.running.url()))
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let response = self.request(method, path).json(body).send().await?;
        Ok((response.status(), response.json().await?))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(Method::GET, path, &json!({})).await.unwrap();
        assert_eq!(status, StatusCode::OK, "GET {path}: {answer:#}");
        answer
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        self.ask(Method::POST, path, &body).await
    }

    /// Creates a job that nothing happens to; its name comes back.
    pub(crate) async fn create(&self, name: &str) -> String {
        let (status, answer) = self.post(JOBS, job(name)).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        answer["name"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn cancel(&self, name: &str) -> (StatusCode, Value) {
        self.post(&format!("v1/{name}:cancel"), json!({})).await.unwrap()
    }

    pub(crate) async fn state(&self, name: &str) -> String {
        self.get(&format!("v1/{name}")).await["state"].as_str().unwrap().to_owned()
    }

    /// The names of a list's jobs or models, and its token.
    pub(crate) async fn list(&self, query: &str) -> (Vec<String>, Option<String>) {
        let answer = self.get(&format!("{PLACE}/{query}")).await;
        let items = ["tuningJobs", "models"].iter().filter_map(|key| answer[key].as_array());
        let names = items.flatten().map(|item| item["name"].as_str().unwrap().to_owned());
        (names.collect(), answer["nextPageToken"].as_str().map(str::to_owned))
    }

    /// The last request; every test looks at what it did.
    pub(crate) fn last(&self) -> Entry {
        self.running.log().pop().unwrap()
    }

    /// How many jobs somebody pays for, by the log.
    pub(crate) fn paid(&self) -> usize {
        let created =
            |effect: &Effect| matches!(effect.what, WhatHappened::JobCreated { labels: _ });
        let log = self.running.log();
        log.iter().flat_map(|entry| &entry.effects).filter(|effect| created(effect)).count()
    }

    /// Every byte that comes back for a request until the connection ends.
    pub(crate) async fn raw(&self, method: &str, path: &str, body: &Value) -> Vec<u8> {
        let host = self.running.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "{method} /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        // A reset is an end like any other here.
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    }
}

/// A job as retune would make it.
pub(crate) fn job(name: &str) -> Value {
    json!({
        "baseModel": "gemini-2.5-flash",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://retune-samples/support-faq/train.jsonl",
        },
        "tunedModelDisplayName": format!("Model {name}"),
        "labels": {"retune-name": name},
    })
}

/// The names of the faults that a request met.
pub(crate) fn met(entry: &Entry) -> Vec<String> {
    entry.faults.iter().map(|fault| fault.name()).collect()
}
