//! An emulator in a process of its own, and what it says of itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::http::ask;
use super::wait::until;

const JOBS: &str = "/v1/projects/acme-ml/locations/us-central1/tuningJobs";

/// See the module. It ends with this value.
pub(crate) struct Emulator {
    process: Child,
    url: String,
}

/// A request, as the emulator's log has it.
#[derive(Debug)]
pub(crate) struct Request {
    /// `create`, `list-jobs` and so on.
    pub(crate) operation: String,
    /// When it came in.
    pub(crate) time: jiff::Timestamp,
}

impl Emulator {
    /// Starts one at an address, `127.0.0.1:0` for a free port. A job takes most
    /// of an hour at speed 1.
    pub(crate) fn start(listen: &str, speed: u32, data: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
        command.args(["emulator", "--listen", listen, "--assume-datasets"]).args([
            "--concurrent-jobs",
            "50",
            "--speed",
            &speed.to_string(),
        ]);
        if let Some(data) = data {
            command.arg("--data-dir").arg(data);
        }
        let mut process = command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "no address but {url:?}");
        Self { process, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it as a person would; its world stays.
    pub(crate) fn stop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.process.wait().unwrap();
    }

    /// Adds a rule, in the grammar of `retune emulator --fault`.
    #[track_caller]
    pub(crate) fn fault(&self, rule: &str) {
        let (status, answer) = self.ask("POST", "/emulator/faults", &json!([rule]));
        assert_eq!(status, 200, "{answer}");
    }

    /// Ends all rules; what is held stays held.
    pub(crate) fn heal(&self) {
        self.ask("DELETE", "/emulator/faults", &Value::Null);
    }

    /// Waits until exactly so many requests are held.
    #[track_caller]
    pub(crate) fn holds(&self, count: usize) {
        until(&format!("{count} held requests"), || {
            self.ask("GET", "/emulator/held", &Value::Null).1["held"].as_array().unwrap().len()
                == count
        });
    }

    /// Lets go what is held.
    pub(crate) fn release(&self) {
        self.ask("DELETE", "/emulator/held", &Value::Null);
    }

    /// Every request since the log was cleared.
    pub(crate) fn log(&self) -> Vec<Request> {
        let log = self.ask("GET", "/emulator/log", &Value::Null).1;
        let entries = log["entries"].as_array().unwrap();
        let read = |entry: &Value| Request {
            operation: entry["operation"].as_str().unwrap().to_owned(),
            time: entry["time"].as_str().unwrap().parse().unwrap(),
        };
        entries.iter().map(read).collect()
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_log(&self) {
        self.ask("DELETE", "/emulator/log", &Value::Null);
    }

    /// How many requests of a kind there were.
    pub(crate) fn asked(&self, operation: &str) -> usize {
        self.log().iter().filter(|request| request.operation == operation).count()
    }

    /// Requests that change tuning jobs: they must be these, in this order.
    #[track_caller]
    pub(crate) fn changed_by(&self, expected: &[&str]) {
        let log = self.log();
        let writes = log.iter().map(|request| request.operation.as_str());
        let writes: Vec<&str> = writes.filter(|kind| ["create", "cancel"].contains(kind)).collect();
        assert_eq!(writes, expected);
    }

    /// Every job there is, old ones first.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        let jobs = self.ask("GET", "/emulator/jobs", &Value::Null).1;
        let mut jobs = jobs["tuningJobs"].as_array().unwrap().clone();
        jobs.sort_by_key(|job| job["createTime"].as_str().map(str::to_owned));
        jobs.into_iter().map(Job).collect()
    }

    /// The names of the models that jobs were made for, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.jobs().iter().map(|job| job.name().to_owned()).collect();
        names.sort();
        names
    }

    /// A job that somebody else started, by other means.
    pub(crate) fn foreign_job(&self) {
        let training = json!({"trainingDatasetUri": "gs://theirs/train.jsonl"});
        let job = json!({"baseModel": "gemini-3.5-flash", "supervisedTuningSpec": training});
        let (status, answer) = self.ask("POST", JOBS, &job);
        assert_eq!(status, 200, "{answer}");
    }

    /// A bucket for claims.
    pub(crate) fn bucket(&self, name: &str) {
        let (status, answer) =
            self.ask("POST", "/storage/v1/b?project=acme-ml", &json!({"name": name}));
        assert_eq!(status, 200, "{answer}");
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = ask(method, &self.url, path, &body);
        (status, serde_json::from_str(&answer).unwrap())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A tuning job, as the service shows it.
#[derive(Debug)]
pub(crate) struct Job(Value);

impl Job {
    /// The model that it was made for.
    pub(crate) fn name(&self) -> &str {
        self.0["labels"]["retune-name"].as_str().unwrap_or_default()
    }

    /// What it was asked to train.
    pub(crate) fn epochs(&self) -> u64 {
        let epochs = &self.0["supervisedTuningSpec"]["hyperParameters"]["epochCount"];
        epochs.as_str().and_then(|text| text.parse().ok()).or(epochs.as_u64()).unwrap()
    }

    pub(crate) fn spec(&self) -> &str {
        self.0["labels"]["retune-spec"].as_str().unwrap()
    }

    /// Whether it was asked to stop, or has stopped.
    pub(crate) fn is_cancelled(&self) -> bool {
        let state = self.0["state"].as_str().unwrap();
        ["JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"].contains(&state)
    }
}
