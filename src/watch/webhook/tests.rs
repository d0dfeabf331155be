//! Against a server on loopback. Time stands still until a test moves it.

mod delivering;
mod refusing;
mod surviving;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::*;
use crate::model::{JobName, Key, Place};

const START: &str = "2026-11-22T12:00:00Z";

/// Longest wait for what must come; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it never came")
}

/// A clock that tells of each wait, and moves when it is told to.
#[derive(Clone)]
struct Hand {
    elapsed: Arc<watch::Sender<Duration>>,
    waits: UnboundedSender<Duration>,
}

impl Hand {
    fn new() -> (Self, UnboundedReceiver<Duration>) {
        let (waits, waited) = mpsc::unbounded_channel();
        (Self { elapsed: Arc::new(watch::Sender::new(Duration::ZERO)), waits }, waited)
    }

    fn forward(&self, time: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += time);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        let start: Timestamp = START.parse().unwrap();
        start + SignedDuration::try_from(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.elapsed() + duration;
        let mut elapsed = self.elapsed.subscribe();
        let _ = self.waits.send(duration);
        elapsed.wait_for(|elapsed| *elapsed >= until).await.unwrap();
    }
}

/// Counts, so that ids differ and jitter is none: each wait is half its ceiling.
struct Count(AtomicU64);

impl Entropy for Count {
    fn bits(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// One request as it arrived.
struct Asked {
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Asked {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    fn id(&self) -> String {
        self.headers["retune-event-id"].to_str().unwrap().to_owned()
    }
}

/// A status and a header.
type Answer = (u16, Option<(&'static str, &'static str)>);

/// Answers what it is told, then 200. Serves until the test process ends.
struct Receiver {
    url: String,
    asked: UnboundedReceiver<Asked>,
}

impl Receiver {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<VecDeque<_>>());
        Self::answering(move |_| answers.lock().unwrap().pop_front().unwrap_or((200, None)))
    }

    /// Answers 500 to what has this word.
    fn stumbling(word: &'static str) -> Self {
        Self::answering(move |body| {
            let stumbles = String::from_utf8_lossy(body).contains(word);
            (if stumbles { 500 } else { 200 }, None)
        })
    }

    fn answering(answers: impl Fn(&[u8]) -> Answer + Send + Sync + 'static) -> Self {
        let answers = Arc::new(answers);
        let (heard, asked) = mpsc::unbounded_channel();
        let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let (status, header) = answers(&body);
            let asked = Asked { path: uri.to_string(), headers, body: body.to_vec() };
            heard.send(asked).unwrap();
            let header = header.into_iter().collect::<Vec<_>>();
            let header = <[_; 1]>::try_from(header).unwrap_or([("x-none", "")]);
            async move { (StatusCode::from_u16(status).unwrap(), header) }
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/hook?token=s3cret", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, Router::new().fallback(answer)).await.unwrap();
            });
        });
        Self { url, asked }
    }

    async fn next(&mut self) -> Asked {
        within(self.asked.recv()).await.unwrap()
    }

    /// What came and was not looked at yet.
    fn rest(&mut self) -> usize {
        std::iter::from_fn(|| self.asked.try_recv().ok()).count()
    }
}

/// A webhook with its time.
struct World {
    webhook: Webhook,
    clock: Hand,
    waited: UnboundedReceiver<Duration>,
    told: UnboundedReceiver<bool>,
}

fn options(url: &str) -> WebhookOptions {
    WebhookOptions {
        url: Secret::new(url),
        secret: None,
        format: Format::Json,
        least: Severity::Info,
        state_dir: None,
    }
}

impl World {
    fn new(options: WebhookOptions) -> Self {
        let (clock, waited) = Hand::new();
        let (tell, told) = mpsc::unbounded_channel();
        let on_delivery = move |delivered| tell.send(delivered).unwrap_or_default();
        let entropy = Count(AtomicU64::new(0));
        let webhook = Webhook::start(options, clock.clone(), entropy, on_delivery).unwrap();
        Self { webhook, clock, waited, told }
    }

    /// The next wait, in seconds; it is then over.
    async fn wait(&mut self) -> f64 {
        let wait = within(self.waited.recv()).await.unwrap();
        self.clock.forward(wait);
        wait.as_secs_f64()
    }

    /// Delivers what there is.
    async fn settle(&mut self) -> usize {
        within(self.webhook.flush(Duration::from_secs(5))).await
    }
}

fn news(severity: Severity, message: &str) -> News {
    let place = Place::new("acme-ml", "us-central1");
    let key = Key { place, owner: "acme".parse().unwrap(), name: "faq".parse().unwrap(), rerun: 2 };
    let job: JobName = "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap();
    let at = START.parse().unwrap();
    let message = message.to_owned();
    News { severity, code: "held", key: Some(key), job: Some(job), reason: None, message, at }
}

fn info(message: &str) -> News {
    news(Severity::Info, message)
}
