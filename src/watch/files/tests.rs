//! Real files, and what the daemon sees of them. Everything waits for what must
//! come and gives up long after it should have.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::armed::Opener;
use super::*;
use crate::clock::{Clock, SystemClock};

mod directories;
mod editors;
mod many;
mod polling;

/// No step takes that long on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Longer than any test: what happens must happen for what was told.
const NEVER: Duration = Duration::from_secs(24 * 3600);

/// Notifications alone.
fn told() -> Options {
    Options { resync: NEVER, full: NEVER, poll: NEVER, rearm: NEVER, ..Options::default() }
}

/// A directory `m` of manifests, and whoever looks at it.
struct Stage {
    runtime: tokio::runtime::Runtime,
    files: Files,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    // Last, so that it is there as long as somebody looks.
    root: tempfile::TempDir,
}

/// An empty tree, beyond which no Workspace is looked for.
fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(".git")).unwrap();
    fs::create_dir(root.path().join("m")).unwrap();
    root
}

impl Stage {
    /// Looks at `m`, in which `a.yaml` stands.
    fn new(options: Options) -> Self {
        let root = tree();
        fs::write(root.path().join("m/a.yaml"), manifest("a", 1)).unwrap();
        let mut stage = Self::of(root, options);
        stage.until("the first", &[("a", 1)]);
        stage
    }

    fn of(root: tempfile::TempDir, options: Options) -> Self {
        let opener = armed::opener(options.watching);
        Self::opened(root, options, opener)
    }

    fn opened(root: tempfile::TempDir, options: Options, opener: Option<Opener>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let paths = vec![root.path().join("m")];
        let (bell, armed) = (Arc::default(), Armed::new(opener));
        let clock = SystemClock::new();
        let files = Files::with(paths, Settings::default(), clock, options, bell, armed).unwrap();
        let snapshots = files.snapshots();
        Self { runtime, files, snapshots, root }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.at(path), text).unwrap();
    }

    /// The next snapshot.
    fn next(&mut self, what: &str) -> Arc<Snapshot> {
        let changed = async { tokio::time::timeout(DEADLINE, self.snapshots.changed()).await };
        self.runtime.block_on(changed).expect(what).unwrap();
        self.snapshots.borrow_and_update().clone()
    }

    /// Waits for the snapshot that says this.
    fn until(&mut self, what: &str, wanted: &[(&str, i64)]) -> Arc<Snapshot> {
        self.when(what, |snapshot| said(snapshot).is_some_and(|said| is(&said, wanted)))
    }

    /// Waits for the snapshot by which nothing may be decided.
    fn until_rejected(&mut self, what: &str) -> Arc<Snapshot> {
        self.when(what, |snapshot| snapshot.result.is_err())
    }

    fn when(&mut self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        loop {
            let snapshot = self.next(what);
            if wanted(&snapshot) {
                return snapshot;
            }
        }
    }

    /// Waits until a look began after now.
    fn looked_at(&self) {
        let before = self.files.looks();
        let clock = SystemClock::new();
        while self.files.looks() == before {
            assert!(clock.elapsed() < DEADLINE, "nobody looks");
            self.files.look_now();
            self.runtime.block_on(clock.sleep(Duration::from_millis(2)));
        }
    }

    /// Waits until a look that began after now ended: another began.
    fn looked(&self) {
        self.looked_at();
        self.looked_at();
    }
}

/// A manifest, told from others by its epochs.
fn manifest(name: &str, epochs: i64) -> String {
    format!(
        "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata:\n  name: {name}\nspec:\n  \
         project: acme-ml\n  location: us-central1\n  baseModel: gemini-2.5-flash\n  \
         supervisedTuningSpec:\n    trainingDatasetUri: gs://acme-ml/train.jsonl\n    \
         hyperParameters:\n      epochCount: {epochs}\n"
    )
}

/// Each model's name and epochs, unless nothing may be decided.
fn said(snapshot: &Snapshot) -> Option<Vec<(String, i64)>> {
    let manifests = snapshot.result.as_ref().ok()?;
    let one = |desired: &crate::model::Desired| {
        let spec = desired.spec.supervised_tuning_spec.as_ref().unwrap();
        let epochs = spec.hyper_parameters.as_ref().unwrap().epoch_count.unwrap();
        (desired.key.name.to_string(), epochs)
    };
    Some(manifests.desired.iter().map(one).collect())
}

fn is(said: &[(String, i64)], wanted: &[(&str, i64)]) -> bool {
    said.iter().map(|(name, epochs)| (name.as_str(), *epochs)).eq(wanted.iter().copied())
}

fn git(directory: &Path, arguments: &[&str]) {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.com", "-C"])
        .arg(directory)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
