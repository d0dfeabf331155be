//! The Vertex client against a real server on loopback: what is on the wire,
//! what is made of every answer, and what never happens.

mod curves;
mod examples;
mod filter;
mod models;
mod pages;
mod reads;
mod server;
mod trust;
mod writes;

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use retune::clock::{Clock, Entropy};
use retune::model::{JobName, Observed, Place};
use retune::vertex::{Client, ClientOptions, Environment, Secret, VerifiedJob};

/// A clock on which waiting takes no time and is noted.
#[derive(Default, Clone)]
struct Notes(std::sync::Arc<Mutex<Vec<Duration>>>);

impl Notes {
    fn waits(&self) -> Vec<f64> {
        self.0.lock().unwrap().iter().map(Duration::as_secs_f64).collect()
    }
}

impl Clock for Notes {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }
}

/// Draws one half, always.
struct Half;

impl Entropy for Half {
    fn bits(&self) -> u64 {
        1 << 63
    }
}

const CANARY: &str = "ya29.canary-token";

fn client_at(endpoint: &str) -> (Client<Notes, Half>, Notes) {
    let notes = Notes::default();
    let environment =
        Environment { access_token: Some(Secret::new(CANARY)), ..Environment::default() };
    let options = ClientOptions {
        endpoint: Some(endpoint.to_owned()),
        environment,
        ..ClientOptions::default()
    };
    (Client::new(options, notes.clone(), Half).unwrap(), notes)
}

fn client(server: &server::Server) -> Client<Notes, Half> {
    client_at(&server.url()).0
}

fn place() -> Place {
    Place::new("acme", "us-central1")
}

fn job_name(id: &str) -> JobName {
    format!("projects/123456789012/locations/us-central1/tuningJobs/{id}").parse().unwrap()
}

/// A job as small as they come.
fn job(id: &str, labels: &str, state: &str) -> String {
    format!(r#"{{"name":"{}","labels":{{{labels}}},"state":"{state}"}}"#, job_name(id))
}

/// A job that may be cancelled, as another server has shown it.
async fn verified(id: &str) -> VerifiedJob {
    let server = server::Server::start([server::ok(&job(id, "", "JOB_STATE_RUNNING"))]).await;
    let runs = |_: &Observed| Ok(());
    VerifiedJob::read(&client(&server), &job_name(id), |error| error, runs).await.unwrap()
}

const OURS: &str = r#""managed-by":"retune","retune-owner":"acme","retune-name":"faq""#;

/// An error and all its causes, as a person would see them.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!("\n{error}");
        cause = error.source();
    }
    text
}
