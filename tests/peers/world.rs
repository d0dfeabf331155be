//! A directory, an emulator on a socket, and the built program between them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use retune::emulator::faults::{Entry, Fault, Rule, WhatHappened};
use retune::emulator::{Options, Running};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::clock::HandClock;
use super::model::model;
use super::scenario::{Given, Job, Manifest};

const JOBS: &str = "/v1/projects/acme-ml/locations/us-central1/tuningJobs";

/// See the module.
pub struct World {
    pub clock: HandClock,
    directory: TempDir,
    settles: bool,
    /// What somebody else made and stopped.
    others: (usize, usize),
    emulator: Running,
    // After the emulator, which it runs.
    runtime: tokio::runtime::Runtime,
}

/// What the emulator has seen of this program since the beginning.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub creates: usize,
    pub cancels: usize,
    pub active: usize,
}

impl World {
    pub fn new(given: &Given) -> Result<Self, String> {
        let Given { settle, workspace, manifests, jobs, faults } = given;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let clock = HandClock::new();
        let options = Options { concurrent_jobs: 20, assume_datasets: true, ..Options::default() };
        let emulator = runtime
            .block_on(retune::emulator::start(options, clock.clone()))
            .map_err(|error| error.to_string())?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let settles = settle.is_some();
        let mut world = Self { clock, directory, settles, others: (0, 0), emulator, runtime };
        let mut text = format!(
            "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {{name: acme-tuning}}\nspec:\n  \
             project: acme-ml\n  location: us-central1\n  claims: {{settle: {}}}\n",
            settle.as_deref().unwrap_or("0s")
        );
        for line in workspace {
            text.push_str(&format!("  {line}\n"));
        }
        world.write("manifests/workspace.yaml", &text)?;
        world.manifests(manifests)?;
        for job in jobs {
            world.somebody_creates(job)?;
        }
        world.faults(faults)?;
        Ok(world)
    }

    pub fn write(&self, path: &str, text: &str) -> Result<(), String> {
        let path = self.path(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        std::fs::write(path, text).map_err(|error| error.to_string())
    }

    pub fn manifests(&self, manifests: &BTreeMap<String, Manifest>) -> Result<(), String> {
        for (name, manifest) in manifests {
            let Manifest { epochs, no_epochs, dataset, spec, lifecycle } = manifest;
            let mut written = model(name);
            if let Some(epochs) = epochs {
                written = written.epochs(*epochs);
            }
            if *no_epochs {
                written = written.no_epochs();
            }
            if let Some(dataset) = dataset {
                written = written.dataset(dataset);
            }
            written = spec.iter().fold(written, |model, line| model.spec(line));
            written = lifecycle.iter().fold(written, |model, line| model.lifecycle(line));
            self.write(&format!("manifests/{name}.yaml"), &written.text())?;
        }
        Ok(())
    }

    pub fn remove(&self, name: &str) -> Result<(), String> {
        let path = self.path(&format!("manifests/{name}.yaml"));
        std::fs::remove_file(path).map_err(|error| format!("{name}: {error}"))
    }

    pub fn faults(&self, faults: &[String]) -> Result<(), String> {
        for fault in faults {
            let rule: Rule = fault.parse().map_err(|error| format!("{fault}: {error}"))?;
            self.emulator.faults().add(rule).map_err(|error| format!("{fault}: {error}"))?;
        }
        Ok(())
    }

    /// Lets time go by; what was due by then has happened when this returns.
    pub fn later(&self, by: Duration) -> Result<(), String> {
        const LOOKS: usize = 10_000;
        self.clock.forward(by);
        let delayed = |fault: &Fault| matches!(fault, Fault::Delay { .. });
        // A client that has gone hears no answer, so there is none to wait for.
        for _ in 0..LOOKS {
            let log = self.emulator.log();
            let open =
                |entry: &Entry| entry.processed.is_none() && entry.faults.iter().any(delayed);
            if !log.iter().any(open) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err("a delayed request was not carried out".to_owned())
    }

    pub fn heal(&self) {
        self.emulator.faults().clear();
    }

    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The program, with nothing in its environment.
    pub fn start(&self, line: &str) -> Result<Child, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
        command
            .args(line.split_whitespace())
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("GOOGLE_VERTEX_BASE_URL", self.emulator.url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if line.starts_with("apply") && !self.settles {
            command.arg("--accept-duplicates");
        }
        command.spawn().map_err(|error| error.to_string())
    }

    /// How many requests came in so far.
    pub fn asked(&self) -> usize {
        self.emulator.log().len()
    }

    /// From the emulator's own account, past all faults.
    pub fn seen(&self) -> Result<Seen, String> {
        let (mut creates, mut cancels) = (0, 0);
        for effect in self.emulator.log().iter().flat_map(|entry| &entry.effects) {
            match effect.what {
                WhatHappened::JobCreated { .. } => creates += 1,
                WhatHappened::CancelAccepted { .. } => cancels += 1,
                _ => {}
            }
        }
        let active = self.jobs()?.iter().filter(|job| is_ours(job) && is_active(job)).count();
        Ok(Seen { creates: creates - self.others.0, cancels: cancels - self.others.1, active })
    }

    /// Somebody stops a model's runs by other means.
    pub fn somebody_stops(&mut self, name: &str) -> Result<(), String> {
        let jobs = self.jobs()?;
        let runs = jobs.iter().filter(|job| is_active(job) && job["labels"]["retune-name"] == name);
        let mut stopped = 0;
        for run in runs {
            let run = run["name"].as_str().unwrap_or_default();
            self.http("POST", &format!("/v1/{run}:cancel"), "{}")?;
            stopped += 1;
        }
        if stopped == 0 {
            return Err(format!("{name} has no run that could be stopped"));
        }
        self.others.1 += stopped;
        Ok(())
    }

    fn somebody_creates(&mut self, job: &Job) -> Result<(), String> {
        let mut body = json!({
            "baseModel": "gemini-3.5-flash",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
                "exportLastCheckpointOnly": true,
                "hyperParameters": {"epochCount": "3"},
            },
        });
        for (field, value) in job.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.http("POST", JOBS, &body.to_string())?;
        self.others.0 += 1;
        Ok(())
    }

    fn jobs(&self) -> Result<Vec<Value>, String> {
        let answer = self.http("GET", "/emulator/jobs", "")?;
        Ok(answer["tuningJobs"].as_array().cloned().unwrap_or_default())
    }

    fn http(&self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let host = self.emulator.url().trim_start_matches("http://");
        let exchange = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(host)?;
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            BufReader::new(stream).read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = exchange().map_err(|error| error.to_string())?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("{method} {path}: {answer}"));
        }
        serde_json::from_str(body).map_err(|error| format!("{method} {path}: {error}: {body}"))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }
}

fn is_ours(job: &Value) -> bool {
    job["labels"]["managed-by"] == "retune"
}

fn is_active(job: &Value) -> bool {
    let state = job["state"].as_str().unwrap_or_default();
    ["QUEUED", "PENDING", "RUNNING", "CANCELLING"].iter().any(|word| state.ends_with(word))
}

/// Sends a signal by its name.
pub fn signal(child: &Child, signal: &str) -> Result<(), String> {
    let sent = Command::new("/bin/kill").args(["-s", signal, &child.id().to_string()]).status();
    match sent {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("kill -s {signal}: {other:?}")),
    }
}

/// Reads what a process says until it has said `word`.
pub fn wait_for(said: &mut impl BufRead, word: &str) -> Result<String, String> {
    let mut text = String::new();
    while !text.contains(word) {
        if said.read_line(&mut text).map_err(|error| error.to_string())? == 0 {
            return Err(format!("it ended without saying `{word}`: {text}"));
        }
    }
    Ok(text)
}
