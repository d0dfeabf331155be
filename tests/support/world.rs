//! A directory with manifests, an emulator whose clock the test moves, and the
//! built program run against both with nothing in its environment.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use retune::clock::Clock;
use retune::emulator::{Options, Running};
use tempfile::TempDir;

use super::model::Model;
use super::redact::Redact;

/// When every world begins.
const BEGINNING: &str = "2026-03-01T12:00:00Z";

/// A clock that only the test moves: by hand, or a little at every look.
#[derive(Clone)]
pub(crate) struct Hand(Arc<Mutex<(Timestamp, Duration)>>);

impl Hand {
    fn new(each_look: Duration) -> Self {
        Self(Arc::new(Mutex::new((BEGINNING.parse().unwrap(), each_look))))
    }

    fn forward(&self, by: Duration) {
        self.0.lock().unwrap().0 += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        let mut state = self.0.lock().unwrap();
        let (now, each_look) = *state;
        state.0 += each_look;
        now
    }

    fn elapsed(&self) -> Duration {
        let begun: Timestamp = BEGINNING.parse().unwrap();
        self.0.lock().unwrap().0.duration_since(begun).try_into().unwrap()
    }

    async fn sleep(&self, by: Duration) {
        self.forward(by);
    }
}

/// See the module.
pub(crate) struct World {
    directory: TempDir,
    clock: Hand,
    redact: Redact,
    emulator: Option<Running>,
    // After the emulator, which it runs.
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// A Workspace, no model, and an emulator that runs four jobs at a time.
    pub(crate) fn new() -> Self {
        Self::with(4, Duration::ZERO)
    }

    /// As [`World::new`], with other ids, durations and curves.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::with_seed(seed, 4, Duration::ZERO)
    }

    /// As [`World::new`]; every look at the emulator takes it half a minute on.
    pub(crate) fn ticking() -> Self {
        Self::ticking_by(Duration::from_secs(30))
    }

    /// As [`World::new`]; every look at the emulator takes it so far on.
    pub(crate) fn ticking_by(each_look: Duration) -> Self {
        Self::with(4, each_look)
    }

    /// A Workspace and no service: for what asks none, or its own.
    pub(crate) fn alone() -> Self {
        let mut world = Self::new();
        world.emulator = None;
        world
    }

    fn with(concurrent_jobs: usize, each_look: Duration) -> Self {
        Self::with_seed(0, concurrent_jobs, each_look)
    }

    fn with_seed(seed: u64, concurrent_jobs: usize, each_look: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let clock = Hand::new(each_look);
        let options =
            Options { concurrent_jobs, seed, assume_datasets: true, ..Options::default() };
        let emulator = runtime.block_on(retune::emulator::start(options, clock.clone())).unwrap();
        let directory = TempDir::new().unwrap();
        let redact = Redact::new(directory.path());
        let world = Self { directory, clock, redact, emulator: Some(emulator), runtime };
        world.workspace(&[]);
        world
    }

    /// Writes the Workspace, with these lines in its `spec`.
    pub(crate) fn workspace(&self, lines: &[&str]) {
        let without_waiting = ["claims: {settle: 0s}"];
        self.write_workspace(without_waiting.iter().chain(lines));
    }

    /// Writes the Workspace with this line about claims.
    pub(crate) fn workspace_claims(&self, claims: &str) {
        self.write_workspace([&claims].into_iter());
    }

    fn write_workspace<'a>(&self, lines: impl Iterator<Item = &'a &'a str>) {
        let mut text = "apiVersion: retune.dev/v1\nkind: Workspace\n\
            metadata: {name: acme-tuning}\nspec:\n  project: acme-ml\n  location: us-central1\n"
            .to_owned();
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
        self.write("manifests/workspace.yaml", &text);
    }

    /// What goes wrong at the emulator from now on, by one rule.
    pub(crate) fn fault(&self, rule: &str) {
        let rule = format!("\"{rule}\"");
        let answer = super::server::post(self.url(), "/emulator/faults", &rule);
        assert!(!answer.contains("error"), "{answer}");
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        super::server::request("DELETE", self.url(), "/emulator/faults", "text/plain", "");
    }

    /// Writes a model's manifest, over the one it may have.
    pub(crate) fn wants(&self, model: Model) -> &Self {
        self.write(&format!("manifests/{}.yaml", model.name), &model.text());
        self
    }

    /// Removes a model's manifest.
    pub(crate) fn wants_no_more(&self, name: &str) {
        std::fs::remove_file(self.path(&format!("manifests/{name}.yaml"))).unwrap();
    }

    /// Writes a file below the directory.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A path below the directory.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// The emulator's address.
    pub(crate) fn url(&self) -> &str {
        self.emulator.as_ref().unwrap().url()
    }

    /// Moves the emulator's clock.
    pub(crate) fn later(&self, by: &str) -> &Self {
        self.clock.forward(retune::model::parse_duration(by).unwrap());
        self
    }

    /// The program, in the directory and with a clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
        self.clean(&mut command);
        command.args(arguments);
        // The emulator's listing is never behind, and a test waits for nothing.
        if arguments.first() == Some(&"apply") {
            command.arg("--accept-duplicates");
        }
        command
    }

    /// Takes the test's own environment away from a command.
    pub(crate) fn clean(&self, command: &mut Command) {
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .env("NO_GCE_CHECK", "true")
            .stdin(Stdio::null());
        if let Some(emulator) = &self.emulator {
            command.env("GOOGLE_VERTEX_BASE_URL", emulator.url());
        }
    }

    /// Runs the program with arguments separated by spaces, and shows what it
    /// printed and how it ended.
    pub(crate) fn run(&self, arguments: &str) -> String {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.shown(&self.command(&arguments).output().unwrap())
    }

    /// As [`World::run`], for a step that is not what the test is about: it
    /// must end with 0.
    pub(crate) fn does(&self, arguments: &str) -> &Self {
        let shown = self.run(arguments);
        assert!(shown.ends_with("[exit 0]"), "{arguments}: {shown}");
        self
    }

    /// What the program prints on stdout, as it is.
    pub(crate) fn stdout(&self, arguments: &str) -> String {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        String::from_utf8(self.command(&arguments).output().unwrap().stdout).unwrap()
    }

    /// Stdout, stderr below a line, the exit code; what varies is redacted.
    pub(crate) fn shown(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| self.redact.text(&String::from_utf8_lossy(bytes));
        let mut shown = text(&output.stdout);
        if !output.stderr.is_empty() {
            shown.push_str("--- stderr\n");
            shown.push_str(&text(&output.stderr));
        }
        if !shown.is_empty() && !shown.ends_with('\n') {
            shown.push('\n');
        }
        match output.status.code() {
            Some(code) => shown + &format!("[exit {code}]"),
            None => shown + "[killed]",
        }
    }

    /// The text with what varies redacted.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.redact.text(text)
    }

    /// The short name of the `number`th job that was shown, such as
    /// `tuningJobs/123`.
    pub(crate) fn job(&self, number: usize) -> String {
        self.redact.job(number)
    }

    /// The full name of that job, as a manifest adopts it.
    pub(crate) fn full_job(&self, number: usize) -> String {
        format!("projects/acme-ml/locations/us-central1/{}", self.job(number))
    }

    /// A job that somebody else started, by other means.
    pub(crate) fn foreign_job(&self) {
        let path = "/v1/projects/acme-ml/locations/us-central1/tuningJobs";
        let job = r#"{"baseModel": "gemini-3.5-flash", "tunedModelDisplayName": "theirs",
            "supervisedTuningSpec": {"trainingDatasetUri": "gs://theirs/train.jsonl"}}"#;
        let answer = super::server::post(self.url(), path, job);
        assert!(answer.contains("tuningJobs/"), "{answer}");
    }

    /// The emulator that another retune runs in this directory.
    pub(crate) fn emulator_here(&self) -> Running {
        let data_dir = self.path(".retune/emulator");
        std::fs::create_dir_all(&data_dir).unwrap();
        let options =
            Options { data_dir: Some(data_dir), assume_datasets: true, ..Options::default() };
        let start = retune::emulator::start(options, self.clock.clone());
        let running = self.runtime.block_on(start).unwrap();
        self.write(".retune/emulator/address", running.url());
        running
    }

    /// Something that a test does with the emulator's runtime.
    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}
