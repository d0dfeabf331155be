//! The system's watches: one for each directory that matters, none recursive.
//!
//! A recursive watch misses what is made in a new directory before the watch
//! reaches it, and dies with its root; a watch for each directory that the last
//! look found, followed by another look, does neither.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Watching;
use super::bell::Bell;
use crate::manifest::library::{Identity, Surroundings};

/// What holds watches on directories.
pub(super) trait Watches: Send {
    fn watch(&mut self, directory: &Path) -> notify::Result<()>;
    fn unwatch(&mut self, directory: &Path) -> notify::Result<()>;
}

impl Watches for RecommendedWatcher {
    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        Watcher::watch(self, directory, RecursiveMode::NonRecursive)
    }

    fn unwatch(&mut self, directory: &Path) -> notify::Result<()> {
        Watcher::unwatch(self, directory)
    }
}

/// Makes something that holds watches and tells the bell.
pub(super) type Opener = Box<dyn FnMut(Arc<Bell>) -> notify::Result<Box<dyn Watches>> + Send>;

/// The opener for what was asked for; none to poll.
pub(super) fn opener(watching: Watching) -> Option<Opener> {
    let open = |bell: Arc<Bell>| -> notify::Result<Box<dyn Watches>> {
        let handler = move |event: notify::Result<notify::Event>| bell.event(&event);
        Ok(Box::new(RecommendedWatcher::new(handler, Config::default())?))
    };
    (watching == Watching::System).then(|| Box::new(open) as Opener)
}

/// All watches.
pub(super) struct Armed {
    open: Option<Opener>,
    watches: Option<Box<dyn Watches>>,
    /// Each directory that is watched, and which one it was then.
    directories: BTreeMap<PathBuf, Option<Identity>>,
    /// Why there are no watches.
    polling: Option<String>,
    failed_at: Option<Duration>,
}

/// What arming came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arming {
    /// Everything was watched before.
    Unchanged,
    /// A watch is new: what happened before it was not told.
    Added,
}

impl Armed {
    /// No watch yet.
    pub(super) fn new(open: Option<Opener>) -> Self {
        let polling = open.is_none().then(|| "polling was asked for".to_owned());
        Self { open, watches: None, directories: BTreeMap::new(), polling, failed_at: None }
    }

    /// Why files are only polled.
    pub(super) fn polling(&self) -> Option<&str> {
        self.polling.as_deref()
    }

    /// These directories went away, and the watches in them with them.
    pub(super) fn forget(&mut self, lost: &BTreeSet<PathBuf>) {
        let Some(watches) = &mut self.watches else { return };
        if lost.is_empty() {
            return;
        }
        self.directories.retain(|directory, _| {
            let kept = !directory.ancestors().any(|above| lost.contains(above));
            if !kept {
                // It may be gone already.
                let _ = watches.unwatch(directory);
            }
            kept
        });
    }

    /// Takes all watches away, until [`Armed::arm`]. What holds them is kept:
    /// another program might take the last that the system has.
    pub(super) fn rest(&mut self) {
        let directories = std::mem::take(&mut self.directories);
        let Some(watches) = &mut self.watches else { return };
        for directory in directories.into_keys() {
            // It may be gone already.
            let _ = watches.unwatch(&directory);
        }
    }

    /// Watches what matters now, and nothing else. After a failure it is tried
    /// again every `rearm`.
    pub(super) fn arm(
        &mut self,
        surroundings: &Surroundings,
        bell: &Arc<Bell>,
        now: Duration,
        rearm: Duration,
    ) -> Arming {
        if self.failed_at.is_some_and(|at| now.saturating_sub(at) < rearm) {
            return Arming::Unchanged;
        }
        let Some(open) = &mut self.open else { return Arming::Unchanged };
        let outcome = match &mut self.watches {
            Some(_) => Ok(()),
            None => open(bell.clone()).map(|watches| self.watches = Some(watches)),
        };
        match outcome.and_then(|()| self.adjust(surroundings)) {
            Ok(arming) => {
                (self.polling, self.failed_at) = (None, None);
                arming
            }
            Err(error) => {
                self.polling = Some(reason(&error));
                self.failed_at = Some(now);
                // Half of the watches tell half of what happens.
                self.watches = None;
                self.directories.clear();
                Arming::Unchanged
            }
        }
    }

    fn adjust(&mut self, surroundings: &Surroundings) -> notify::Result<Arming> {
        let Some(watches) = &mut self.watches else { return Ok(Arming::Unchanged) };
        let wanted = &surroundings.directories;
        // First of all: a directory that was renamed has one watch under two
        // names, and giving up the old name afterwards would end it.
        self.directories.retain(|directory, identity| {
            let kept = wanted.get(directory).is_some_and(|now| now.identity == *identity);
            if !kept {
                let _ = watches.unwatch(directory);
            }
            kept
        });
        let mut arming = Arming::Unchanged;
        for (directory, interest) in wanted {
            if self.directories.contains_key(directory) {
                continue;
            }
            match watches.watch(directory) {
                Ok(()) => arming = Arming::Added,
                // The next look sees that it is gone.
                Err(error) if is(&error, io::ErrorKind::NotFound) => {
                    arming = Arming::Added;
                    continue;
                }
                // One above the manifests, or the look reports it.
                Err(error) if is(&error, io::ErrorKind::PermissionDenied) => {}
                Err(error) => return Err(error),
            }
            self.directories.insert(directory.clone(), interest.identity);
        }
        Ok(arming)
    }
}

fn is(error: &notify::Error, kind: io::ErrorKind) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => kind == io::ErrorKind::NotFound,
        ErrorKind::Io(error) => error.kind() == kind,
        _ => false,
    }
}

fn reason(error: &notify::Error) -> String {
    /// Too many open files, of the process or of inotify.
    const EMFILE: i32 = 24;
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            "the system has no watch left; raise fs.inotify.max_user_watches".to_owned()
        }
        ErrorKind::Io(error) if error.raw_os_error() == Some(EMFILE) => {
            "the system has no notifier left; raise fs.inotify.max_user_instances".to_owned()
        }
        _ => format!("the system tells of no changes: {error}"),
    }
}
