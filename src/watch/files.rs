//! The manifest files as the daemon sees them: always the latest state in which
//! they stood still.
//!
//! The system's notifications say when to look and never what is there: each
//! look walks all paths, and a timer looks where no notification comes. What two
//! looks in a row saw, with nothing told in between, is published; a file that
//! is half written, and a checkout that is half done, is not.
//!
//! What cannot be read is published as [`Rejected`], never as fewer manifests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

mod armed;
mod bell;
mod git;
mod looking;
#[cfg(test)]
mod tests;

use crate::clock::Clock;
use crate::manifest::{Library, Manifests, Rejected, Report, Settings};
use armed::Armed;
use bell::Bell;
use looking::Looking;

/// The manifests in one state of the files.
#[derive(Debug)]
pub struct Snapshot {
    /// What the files ask for, or why nothing may be decided.
    pub result: Result<Arc<Manifests>, Rejected>,
    /// Counts up with each snapshot; 0 before the files were read at all.
    pub serial: u64,
    /// Files that were parsed since the snapshot before.
    pub parsed: usize,
    /// Why files are only polled; none while the system tells of changes.
    pub polling: Option<String>,
}

/// How to learn of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Watching {
    /// From the system, and by polling where it has no watches left.
    #[default]
    System,
    /// By polling alone.
    PollOnly,
}

/// When to look.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to learn of changes.
    pub watching: Watching,
    /// How long nothing is told before a first look at what changed: most of an
    /// editor's steps are over by then. Doubled up to `quiet` while it goes on.
    pub calm: Duration,
    /// How long files stand still before they are taken as they are.
    pub quiet: Duration,
    /// Between two looks when nothing is told: a network file system tells nothing.
    /// Longer where there are so many files that a look takes a while.
    pub resync: Duration,
    /// Between two looks that read everything: a file can change and keep size
    /// and time.
    pub full: Duration,
    /// Between two looks while the system tells nothing, or while the manifests
    /// are not valid, for what mends them may be out of sight.
    pub poll: Duration,
    /// Between two attempts to have the system tell of changes again.
    pub rearm: Duration,
    /// How old git's lock is when whoever made it is gone.
    pub leftover: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            watching: Watching::System,
            calm: Duration::from_millis(20),
            quiet: Duration::from_millis(150),
            resync: Duration::from_secs(120),
            full: Duration::from_secs(600),
            poll: Duration::from_secs(2),
            rearm: Duration::from_secs(300),
            leftover: Duration::from_secs(60),
        }
    }
}

/// Looks at files on a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Files {
    bell: Arc<Bell>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Files {
    /// Starts looking at the manifests of `paths`. The first snapshot that
    /// [`watch::Receiver::changed`] tells of is the first that was read.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start<C: Clock + 'static>(
        paths: Vec<PathBuf>,
        settings: Settings,
        clock: C,
        options: Options,
    ) -> std::io::Result<Self> {
        let bell = Arc::new(Bell::default());
        let armed = Armed::new(armed::opener(options.watching));
        Self::with(paths, settings, clock, options, bell, armed)
    }

    fn with<C: Clock + 'static>(
        paths: Vec<PathBuf>,
        settings: Settings,
        clock: C,
        options: Options,
        bell: Arc<Bell>,
        armed: Armed,
    ) -> std::io::Result<Self> {
        let unread = Snapshot {
            result: Err(Rejected::Invalid(Report::default())),
            serial: 0,
            parsed: 0,
            polling: None,
        };
        let (publisher, snapshots) = watch::channel(Arc::new(unread));
        let library = Library::new(paths.clone());
        let looking = Looking {
            paths,
            settings,
            clock,
            options,
            library,
            armed,
            publisher,
            bell: bell.clone(),
            published: None,
            parsed: 0,
            files: 0,
            full_at: None,
            took: Duration::ZERO,
        };
        std::thread::Builder::new().name("files".to_owned()).spawn(|| looking.run())?;
        Ok(Self { bell, snapshots })
    }

    /// The latest snapshot, and word of later ones.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Reads everything now. A snapshot follows when something is different.
    pub fn look_now(&self) {
        self.bell.look();
    }

    /// Whether a snapshot is what there is: no newer one was published, and the
    /// files have stood still since.
    pub fn is_current(&self, serial: u64) -> bool {
        !self.bell.is_moving() && self.snapshots.borrow().serial == serial
    }

    /// How often the files have been looked at.
    pub fn looks(&self) -> u64 {
        self.bell.looks()
    }
}

impl Drop for Files {
    /// The thread ends after the look that it is at. It is not waited for: a
    /// network file system can hold a look up for minutes.
    fn drop(&mut self) {
        self.bell.stop();
    }
}
