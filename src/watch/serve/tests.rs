//! Over real sockets, byte by byte: what is refused is what no client library
//! would send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::model::{
    JobName, JobState, Key, Name, Observed, Place, Progress, Spent, TunedModel, inert_json,
};
use crate::page::Charts;
use crate::plan::show::status;
use crate::plan::{Held, HoldReason, InFlight, InSync, Plan};
use crate::watch::published::{Manifested, Shown};

mod crowds;
mod looking;
mod pages;
mod strangers;

/// A clock that is moved by hand.
#[derive(Default)]
struct Hand(Mutex<Duration>);

impl Hand {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// A service that says the same of every job, and counts who asks.
#[derive(Default)]
struct Told {
    jobs: Mutex<Vec<JobName>>,
    curves: Mutex<usize>,
}

#[async_trait::async_trait]
impl Reader for Told {
    async fn job(&self, job: &JobName) -> Result<Observed, String> {
        self.jobs.lock().unwrap().push(job.clone());
        Err("nobody is there".to_owned())
    }

    async fn curves(&self, _: &Name, _: &Observed) -> Charts {
        *self.curves.lock().unwrap() += 1;
        Charts::Unread("none".to_owned())
    }
}

/// A daemon that is not there, and what it would tell.
struct Daemon {
    published: Arc<Published>,
    clock: Arc<Hand>,
    server: Server,
}

impl Daemon {
    async fn at(address: &str, allowed: &[&str]) -> Result<Self, ServeError> {
        let (published, clock) = (Arc::new(Published::default()), Arc::new(Hand::default()));
        let options = ServeOptions {
            address: address.to_owned(),
            public: address.starts_with("0.0.0.0"),
            allowed_hosts: allowed.iter().map(|host| (*host).to_owned()).collect(),
            emulator: false,
            same_service: String::new(),
        };
        let requests: Arc<dyn Fn() -> Requests + Send + Sync> =
            Arc::new(|| vec![("tuningJobs.list", 200, 3)]);
        let (metrics, reader) = (Arc::new(Metrics::new()), Arc::new(Told::default()));
        let server =
            Server::bind(options, published.clone(), metrics, requests, reader, clock.clone())
                .await?;
        Ok(Self { published, clock, server })
    }

    async fn on_loopback() -> Self {
        Self::at("127.0.0.1:0", &[]).await.unwrap()
    }

    fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// GET, as a well-behaved client asks.
    async fn get(&self, path: &str) -> Answer {
        let port = self.port();
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")).await
    }

    /// These bytes, and all that comes back until the connection ends.
    async fn say(&self, bytes: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let all = String::from_utf8(all).unwrap();
        let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
        let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// A pass was complete.
    fn looks(&self, shown: Shown) {
        let now = self.clock.elapsed();
        self.published.update(|state| {
            state.shown = Some(shown);
            state.last_good = Some(now);
            state.failed_in_a_row = 0;
        });
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    /// In lower case.
    head: String,
    body: String,
}

/// A model that trains, one that is held, and one whose endpoint's name means
/// harm.
fn shown() -> Shown {
    let place = Place::new("acme-ml", "us-central1");
    let key = |name: &str| Key {
        place: place.clone(),
        owner: "acme".parse().unwrap(),
        name: name.parse().unwrap(),
        rerun: 0,
    };
    let plan = Plan {
        in_flight: vec![InFlight {
            key: key("faq"),
            job: "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap(),
            state: JobState::Running,
            age: Some(Duration::from_secs(90)),
        }],
        held: vec![Held { key: key("triage"), reason: HoldReason::Suspended }],
        in_sync: vec![InSync {
            key: key("tone"),
            job: None,
            tuned_model: Some(TunedModel {
                endpoint: Some("endpoints/1\u{9b}2J".into()),
                ..TunedModel::default()
            }),
        }],
        ..Plan::default()
    };
    Shown {
        owner: "acme".parse().unwrap(),
        plan: Arc::new(plan),
        progress: Arc::default(),
        runs: Arc::default(),
        billable_tokens: [("gemini-3.5-flash".into(), 12), ("x\"} 1\n\\".into(), 1)].into(),
        costs: Arc::default(),
    }
}

#[tokio::test]
async fn it_lives_while_the_loop_goes_round() {
    let daemon = Daemon::on_loopback().await;
    daemon.clock.advance(Duration::from_secs(20 * 60 - 1));
    let answer = daemon.get("/healthz").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
    daemon.clock.advance(Duration::from_secs(1));
    let answer = daemon.get("/healthz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, "the loop has been silent for 20 min\n");
    let now = daemon.clock.elapsed();
    // A daemon that is about to stop is not killed for it.
    daemon.published.update(|state| (state.beat, state.stopping) = (now, true));
    assert_eq!(daemon.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn it_is_ready_from_the_first_complete_pass_until_passes_keep_failing() {
    let daemon = Daemon::on_loopback().await;
    let told = async || {
        let answer = daemon.get("/readyz").await;
        (answer.status, answer.body)
    };
    let fails = |times, why: &str| {
        let why = Some(why.to_owned());
        daemon.published.update(|s| (s.failed_in_a_row, s.last_failure) = (times, why));
    };
    assert_eq!(told().await, (503, "not ready: no pass was complete yet\n".to_owned()));
    fails(1, "no\u{1b}[2J\nanswer");
    let body = "not ready: no pass was complete yet\nlast failure: no\\u{1b}[2J answer\n";
    assert_eq!(told().await, (503, body.to_owned()));
    daemon.looks(shown());
    assert_eq!(told().await, (200, "ready\n".to_owned()));
    fails(2, "503");
    assert_eq!(told().await, (200, "ready\nlast failure: 503\n".to_owned()));
    fails(3, "503");
    let body = "not ready: 3 passes in a row failed\nlast failure: 503\n";
    assert_eq!(told().await, (503, body.to_owned()));
    daemon.published.update(|s| s.manifests = Manifested::Invalid(1));
    let (status, body) = told().await;
    assert_eq!(status, 200);
    assert!(body.contains("1 error: nothing is created or cancelled\n"), "{body}");
    daemon.published.update(|state| state.stopping = true);
    let (status, body) = told().await;
    assert_eq!(status, 503);
    assert!(body.starts_with("not ready: it is stopping\n"), "{body}");
}

#[tokio::test]
async fn the_status_is_that_of_the_last_complete_pass() {
    let daemon = Daemon::on_loopback().await;
    let before = daemon.get("/api/v1/status").await;
    assert_eq!(before.status, 503);
    assert!(before.head.contains("content-type: application/json"), "{}", before.head);
    let error: serde_json::Value = serde_json::from_str(&before.body).unwrap();
    assert_eq!(error["error"]["code"], "noPassYet");

    let first = shown();
    daemon.looks(first.clone());
    daemon.clock.advance(Duration::from_secs(31));
    let answer = daemon.get("/api/v1/status").await;
    assert_eq!(answer.status, 200);
    for header in ["content-type: application/json", "age: 31"] {
        assert!(answer.head.contains(header), "{}", answer.head);
    }
    // The document of `retune status --format json`, as that prints it.
    let document = status::document(&first.plan, &first.progress, &first.costs, "");
    assert_eq!(answer.body, inert(&document));
    assert!(answer.body.contains("\\u009b2J"), "{}", answer.body);
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(told["models"][0]["status"], "running");
    assert_eq!(told["summary"]["held"], 1);
    assert!(told.get("emulator").is_none());
    let body = super::answers::Document::default().of(&first, true, "");
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(told["emulator"], true);

    // The next pass, and then one that only knows more of a run.
    let mut second = Shown { plan: Arc::new(Plan::default()), ..first };
    daemon.looks(second.clone());
    let body = daemon.get("/api/v1/status").await.body;
    assert_eq!(body, inert(&status::document(&second.plan, &second.progress, &second.costs, "")));
    second = shown();
    daemon.looks(second.clone());
    assert!(daemon.get("/api/v1/status").await.body.contains("\"detail\": null"));
    let job = second.plan.in_flight[0].job.clone();
    let progress = Progress { detail: Some("tuning".into()), ..Default::default() };
    second.progress = Arc::new([(job, progress)].into());
    daemon.looks(second.clone());
    assert!(daemon.get("/api/v1/status").await.body.contains("\"detail\": \"tuning\""));
    // The Workspace has other prices.
    let faq = second.plan.in_flight[0].key.clone();
    let spent = Spent { usd: 7.0, known: 1, unknown: 0 };
    second.costs = Arc::new([(faq.place, faq.name, spent)].into_iter().collect());
    daemon.looks(second.clone());
    let body = daemon.get("/api/v1/status").await.body;
    assert_eq!(body, inert(&status::document(&second.plan, &second.progress, &second.costs, "")));
}

fn inert(document: &serde_json::Value) -> String {
    inert_json(&format!("{document:#}\n"))
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let daemon = Daemon::on_loopback().await;
    daemon.looks(shown());
    daemon.published.update(|state| state.manifests = Manifested::Valid(3));
    daemon.clock.advance(Duration::from_secs(4));
    let answer = daemon.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    for sample in [
        "retune_models{state=\"in_flight\"} 1\n",
        "retune_held{reason=\"suspended\"} 1\n",
        "retune_last_good_pass_age_seconds 4\n",
        "retune_api_requests_total{code=\"200\",method=\"tuningJobs.list\"} 3\n",
        "retune_billable_tokens{base_model=\"gemini-3.5-flash\"} 12\n",
    ] {
        assert!(answer.body.contains(sample), "{}", answer.body);
    }
    // For promtool: what is told while everything is there to be told.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/scrapes");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("watch.txt"), answer.body).unwrap();
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_said() {
    for bad in ["", "9464", ":9464", "example.com:80", "localhost", "127.0.0.1:65536"] {
        let error = Daemon::at(bad, &[]).await.err().unwrap();
        assert!(matches!(error, ServeError::NotAnAddress(_)), "{bad}: {error}");
        assert!(error.hint().contains("127.0.0.1:"), "{}", error.hint());
    }
    for elsewhere in ["10.0.0.1:9464", "[::]:9464", "[::ffff:10.0.0.1]:9464"] {
        let error = Daemon::at(elsewhere, &[]).await.err().unwrap();
        assert!(matches!(error, ServeError::NotLoopback(_)), "{elsewhere}: {error}");
        assert!(error.hint().contains("127.0.0.1:9464, or pass --listen-public"));
    }
    for host in ["", "http://a", "a/b", "a b", "x@a", "a:", "a:x", "a:99999"] {
        let error = Daemon::at("127.0.0.1:0", &[host]).await.err().unwrap();
        assert!(matches!(error, ServeError::Host(_)), "{host}: {error}");
    }
    assert!(Daemon::at("localhost:0", &[]).await.unwrap().server.address().ip().is_loopback());
    // An address at which nothing else on this machine takes a free port.
    let first = Daemon::at("127.0.0.77:0", &[]).await.unwrap();
    let taken = first.server.address();
    let error = Daemon::at(&taken.to_string(), &[]).await.err().unwrap();
    assert_eq!(error.to_string(), format!("{taken} is in use by another program"));
    // Stopping gives the port back.
    first.server.stop().await;
    let second = Daemon::at(&taken.to_string(), &[]).await.unwrap();
    assert_eq!(second.server.url(), format!("http://{taken}"));
}
