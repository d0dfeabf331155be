//! Claims over HTTP: in the emulator's Cloud Storage, and before a server that
//! answers what no emulator would.

#[path = "../vertex_client/server.rs"]
#[expect(dead_code, reason = "shared with the tests of the Vertex client")]
mod server;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use retune::claims::{
    Bucket, Claim, ClaimError, ClaimPath, ClaimState, ClaimStore, ClaimsOptions, Expect, GcsClaims,
    NotClaimed, PutOutcome, Recorded, TAKEOVER, acquire, look,
};
use retune::clock::{Clock, SystemEntropy};
use retune::emulator::{self, Options, Running};
use retune::google::{Environment, Secret};
use retune::model::{JobName, Key, Place};
use serde_json::json;

/// Time stands still until a test moves it; waiting takes none.
#[derive(Clone)]
struct HandClock(Arc<Mutex<(Timestamp, Duration)>>);

impl HandClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(("2026-11-22T12:00:00.5Z".parse().unwrap(), Duration::ZERO))))
    }

    fn forward(&self, seconds: u64) {
        let mut now = self.0.lock().unwrap();
        now.0 += SignedDuration::from_secs(i64::try_from(seconds).unwrap());
        now.1 += Duration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    async fn sleep(&self, _: Duration) {}
}

const CANARY: &str = "ya29.canary-token";

type Store = GcsClaims<HandClock, SystemEntropy>;

fn store(url: &str, bucket: &str) -> Store {
    let environment =
        Environment { access_token: Some(Secret::new(CANARY)), ..Environment::default() };
    let bucket: Bucket = bucket.parse().unwrap();
    let options = ClaimsOptions { bucket, emulator_host: Some(url.to_owned()), environment };
    GcsClaims::new(options, HandClock::new(), SystemEntropy).unwrap()
}

fn path() -> ClaimPath {
    // A project of the old kind, with what a URL would take apart.
    let place = Place::new("example.com:acme", "us-central1");
    let (owner, name) = ("acme".parse().unwrap(), "faq".parse().unwrap());
    ClaimPath::new(&Key { place, owner, name, rerun: 0 }, "h1-abc", None, 1)
}

fn job() -> JobName {
    "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap()
}

/// An error and all its causes, as a person would see them.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// An emulator with the bucket `acme`, and a clock that is its and ours.
struct World {
    clock: HandClock,
    running: Running,
    store: Store,
}

impl World {
    async fn new() -> Self {
        let clock = HandClock::new();
        let running = emulator::start(Options::default(), clock.clone()).await.unwrap();
        let store = store(running.url(), "gs://acme");
        let world = Self { clock, running, store };
        world.post("/storage/v1/b", json!({"name": "acme"}).to_string()).await;
        world
    }

    async fn post(&self, path: &str, body: String) {
        let url = format!("{}{path}", self.running.url());
        let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    async fn claim(&self, run: u64) -> Result<retune::claims::Claimed, NotClaimed> {
        let vacant = look(&self.store, path(), TAKEOVER, &self.clock).await?;
        let listed = self.clock.elapsed();
        acquire(&self.store, vacant, run, "ci-1", listed, &self.clock).await
    }
}

#[tokio::test]
async fn a_claim_is_an_object_that_one_of_two_writes() {
    let world = World::new().await;
    assert_eq!(world.store.read(&path()).await.unwrap(), None);
    let (one, two) = (Claim::pending(1, "one", 1), Claim::pending(2, "two", 1));
    let PutOutcome::Written { generation } = world.store.put(&path(), &one, Expect::Absent).await
    else {
        panic!("not written");
    };
    for expect in [Expect::Absent, Expect::Generation(generation + 1)] {
        let second = world.store.put(&path(), &two, expect).await;
        assert!(matches!(second, PutOutcome::Conflict), "{second:?}");
    }
    world.clock.forward(10);
    let held = world.store.read(&path()).await.unwrap().unwrap();
    assert_eq!((&held.claim, held.generation), (&one, generation));
    // The date of an answer has no fraction of a second.
    assert_eq!(held.age(), Duration::from_millis(9_500));
    let second = world.store.put(&path(), &two, Expect::Generation(generation)).await;
    assert!(matches!(second, PutOutcome::Written { .. }), "{second:?}");
    // A claim that is there takes two requests to read.
    assert_eq!(
        world.store.counters().by_method(),
        [
            ("objects.get", 200, 2),
            ("objects.get", 404, 1),
            ("objects.insert", 200, 2),
            ("objects.insert", 412, 2),
        ]
    );
}

#[tokio::test]
async fn a_dead_holder_is_taken_over_by_the_servers_clock() {
    let world = World::new().await;
    let dead = world.claim(1).await.unwrap();
    world.clock.forward(300);
    let early = world.claim(2).await.unwrap_err();
    assert!(matches!(early, NotClaimed::Elsewhere { run: 1, .. }), "{early}");
    world.clock.forward(1);
    let heir = world.claim(2).await.unwrap();
    assert_eq!(dead.release(&world.store).await, Recorded::TakenOver);
    assert_eq!(heir.done(&world.store, &job()).await, Recorded::Yes);
    let done = world.claim(3).await.unwrap_err();
    assert!(matches!(&done, NotClaimed::Done { job: it } if *it == job()), "{done}");
    let held = world.store.read(&path()).await.unwrap().unwrap();
    assert_eq!((held.claim.run, held.claim.state), (2, ClaimState::Done { job: job() }));
}

#[tokio::test]
async fn what_was_released_is_free_at_once() {
    let world = World::new().await;
    let claimed = world.claim(1).await.unwrap();
    assert_eq!(claimed.release(&world.store).await, Recorded::Yes);
    world.claim(2).await.unwrap().abandon();
}

#[tokio::test]
async fn a_wrong_bucket_is_said_to_be_one() {
    let world = World::new().await;
    let store = store(world.running.url(), "gs://acmee");
    let refused = look(&store, path(), TAKEOVER, &world.clock).await.unwrap_err();
    assert_eq!(
        told(&refused),
        "the claim cannot be read or written: the bucket of the claims, `gs://acmee`, does not exist"
    );
    let hint = refused.hint().unwrap();
    assert!(hint.contains("gcloud storage buckets create gs://acmee"), "{hint}");
    let put = store.put(&path(), &Claim::pending(1, "h", 1), Expect::Absent).await;
    assert!(matches!(put, PutOutcome::Refused(ClaimError::NoBucket { .. })), "{put:?}");
}

#[tokio::test]
async fn a_bucket_that_may_not_be_written_is_said_to_be_one() {
    let world = World::new().await;
    let store = store(world.running.url(), "gs://retune-samples");
    let vacant = look(&store, path(), TAKEOVER, &world.clock).await.unwrap();
    let listed = world.clock.elapsed();
    let refused = acquire(&store, vacant, 1, "ci-1", listed, &world.clock).await.unwrap_err();
    let text = told(&refused);
    assert!(text.contains("claims in `gs://retune-samples` may not be written"), "{text}");
    let hint = refused.hint().unwrap();
    assert!(hint.contains("--role=roles/storage.objectUser"), "{hint}");
    assert_eq!(store.read(&path()).await.unwrap(), None);
}

#[tokio::test]
async fn an_object_that_is_no_claim_is_left_alone() {
    for (content, says) in [
        ("hello".to_owned(), "not the JSON of a claim, see line 1"),
        ("{\"formatVersion\": 2}".to_owned(), "format 2, and this version of retune reads 1"),
        ("x".repeat(5000), "5000 bytes, more than any claim"),
    ] {
        let world = World::new().await;
        let name: String = path().object().replace('%', "%25");
        let upload = format!("/upload/storage/v1/b/acme/o?uploadType=media&name={name}");
        world.post(&upload, content).await;
        let refused = world.claim(1).await.unwrap_err();
        let text = told(&refused);
        assert!(text.contains(&format!("`gs://acme/{}` is not a claim: ", path())), "{text}");
        assert!(text.contains(says), "{text}");
        assert!(refused.hint().is_some());
    }
}

#[tokio::test]
async fn an_address_where_nobody_listens_fails_closed() {
    let clock = HandClock::new();
    let running = emulator::start(Options::default(), clock.clone()).await.unwrap();
    let store = store(running.url(), "gs://acme");
    running.stop().await;
    let refused = look(&store, path(), TAKEOVER, &clock).await.unwrap_err();
    assert!(matches!(&refused, NotClaimed::Store(ClaimError::Unreachable { .. })), "{refused}");
    assert!(refused.hint().unwrap().contains("STORAGE_EMULATOR_HOST"));
    let put = store.put(&path(), &Claim::pending(1, "h", 1), Expect::Absent).await;
    assert!(matches!(put, PutOutcome::Refused(ClaimError::Unreachable { .. })), "{put:?}");
}

#[test]
fn an_address_that_may_not_be_asked_is_no_store() {
    for bad in ["http://storage.example", "ftp://localhost", "user@localhost:1"] {
        let options = ClaimsOptions {
            bucket: "gs://acme".parse().unwrap(),
            emulator_host: Some(bad.to_owned()),
            environment: Environment::default(),
        };
        let made = GcsClaims::new(options, HandClock::new(), SystemEntropy);
        assert!(made.is_err_and(|error| error.to_string().contains("STORAGE_EMULATOR_HOST")));
    }
}
