//! A directory with manifests, an emulator, and the built program run against
//! both with nothing in its environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::daemon::Daemon;
use super::emulator::Emulator;
use super::model::{Model, model};

/// Where an emulator keeps its jobs.
const KEPT: &str = "service";

/// See the module.
pub(crate) struct World {
    // Before the directory, where it may keep its jobs.
    pub(crate) emulator: Emulator,
    directory: TempDir,
}

impl World {
    /// A Workspace that waits for no listing, no model, and an emulator whose
    /// jobs outlast every test.
    pub(crate) fn new() -> Self {
        Self::with(|_| Emulator::start("127.0.0.1:0", 1, None))
    }

    /// As [`World::new`], with an emulator that keeps its jobs when it ends.
    pub(crate) fn kept() -> Self {
        Self::with(|kept| Emulator::start("127.0.0.1:0", 1, Some(kept)))
    }

    /// As [`World::new`], with jobs that take about a second.
    pub(crate) fn fast() -> Self {
        Self::with(|_| Emulator::start("127.0.0.1:0", 3600, None))
    }

    fn with(start: impl FnOnce(&Path) -> Emulator) -> Self {
        let directory = TempDir::new().unwrap();
        let emulator = start(&directory.path().join(KEPT));
        let world = Self { emulator, directory };
        world.workspace(&["claims: {settle: 0s}"]);
        world
    }

    /// The emulator of [`World::kept`] goes away.
    pub(crate) fn goes_away(&mut self) {
        self.emulator.stop();
    }

    /// It is there again, at the same address and with the same jobs.
    pub(crate) fn comes_back(&mut self) {
        let address = self.emulator.url().strip_prefix("http://").unwrap().to_owned();
        self.emulator = Emulator::start(&address, 1, Some(&self.path(KEPT)));
    }

    /// Writes the Workspace, with these lines in its `spec`.
    pub(crate) fn workspace(&self, lines: &[&str]) {
        let mut text = "apiVersion: retune.dev/v1\nkind: Workspace\n\
            metadata: {name: acme-tuning}\nspec:\n  project: acme-ml\n  location: us-central1\n"
            .to_owned();
        for line in lines {
            text.push_str(&format!("  {line}\n"));
        }
        self.write("workspace.yaml", &text);
    }

    /// A Workspace with a bucket for claims, which is there.
    pub(crate) fn claims(&self) {
        self.emulator.bucket("acme-claims");
        self.workspace(&["claims: {bucket: gs://acme-claims}"]);
    }

    /// Writes a model's manifest, over the one it may have.
    pub(crate) fn wants(&self, model: Model) -> &Self {
        self.write(&format!("manifests/{}.yaml", model.name), &model.text());
        self
    }

    /// A new manifest that says when everything before it has been seen.
    #[track_caller]
    pub(crate) fn marks(&self, daemon: &mut Daemon, name: &str) {
        self.wants(model(name).lifecycle("suspend: true"));
        daemon.hears_where(&format!("change of {name}"), |line| {
            line.is("manifestsChanged") && line.message().contains(name)
        });
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

    /// The program, in the directory and with a clean environment; arguments
    /// are separated by spaces.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.directory.path())
            .env("NO_GCE_CHECK", "true")
            .env("GOOGLE_VERTEX_BASE_URL", self.emulator.url())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Brings everything about with `retune apply`, before a daemon begins.
    #[track_caller]
    pub(crate) fn applied(&self) -> &Self {
        let output = self.run("apply manifests --yes --accept-duplicates");
        assert!(output.status.success(), "{output:?}");
        self
    }

    /// What a daemon is started with.
    pub(crate) fn watch_command(&self, arguments: &str) -> Command {
        self.command(&format!(
            "watch manifests --accept-duplicates --log-format json \
             --listen 127.0.0.1:0 {arguments}"
        ))
    }

    /// A daemon that has begun.
    #[track_caller]
    pub(crate) fn watch(&self, arguments: &str) -> Daemon {
        Daemon::start(self.watch_command(arguments))
    }
}
