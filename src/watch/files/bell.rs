//! What the thread that looks is told by others: that something changed, that
//! it is to look, or to stop. Told twice is told once, so nothing piles up.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind};

use crate::manifest::library::Surroundings;

/// The place where it is told.
#[derive(Debug, Default)]
pub(super) struct Bell {
    told: Mutex<Told>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Told {
    /// Something that matters changed.
    changed: bool,
    look: bool,
    /// Something changed, and the files have not stood still since.
    moving: bool,
    stop: bool,
    /// Watched directories that went away, and their watches with them.
    lost: BTreeSet<PathBuf>,
    /// What matters, as of the last look.
    surroundings: Surroundings,
    looks: u64,
}

/// What had been told when a look began.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) everything: bool,
    pub(super) lost: BTreeSet<PathBuf>,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// Nothing was told.
    Quiet,
    /// Something was.
    Rung,
    /// To stop.
    Stop,
}

impl Bell {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look(&self) {
        let mut told = self.told();
        told.look = true;
        told.moving = true;
        drop(told);
        self.rung.notify_all();
    }

    pub(super) fn stop(&self) {
        self.told().stop = true;
        self.rung.notify_all();
    }

    pub(super) fn looks(&self) -> u64 {
        self.told().looks
    }

    /// What the system says of the files.
    pub(super) fn event(&self, event: &notify::Result<Event>) {
        let mut told = self.told();
        // What went wrong, and what was dropped, may have been anything.
        let matters = event.as_ref().map_or(true, |event| {
            // In this order: each path is asked, for each may be a lost directory.
            event.paths.iter().filter(|path| told.matters(path, event.kind)).count() > 0
                || event.need_rescan()
        });
        if matters {
            told.changed = true;
            told.moving = true;
            self.rung.notify_all();
        }
    }

    /// From here on, what is told is about a time after this.
    pub(super) fn begin(&self) -> Begun {
        let mut told = self.told();
        told.changed = false;
        told.looks += 1;
        let everything = std::mem::take(&mut told.look);
        Begun { everything, lost: std::mem::take(&mut told.lost) }
    }

    /// The files are seen to be other than those that were published.
    pub(super) fn moves(&self) {
        self.told().moving = true;
    }

    /// What was published is what there is, unless something was told since.
    pub(super) fn settled(&self) {
        let mut told = self.told();
        told.moving = told.changed || told.look;
    }

    /// Whether the files may be other than those that were published.
    pub(super) fn is_moving(&self) -> bool {
        self.told().moving
    }

    /// What matters from now on.
    pub(super) fn minds(&self, surroundings: Surroundings) {
        self.told().surroundings = surroundings;
    }

    /// Whether something changed since the last look began.
    pub(super) fn changed(&self) -> bool {
        self.told().changed
    }

    /// Waits until something is told, no longer than `most`.
    pub(super) fn wait(&self, most: Duration) -> Waited {
        self.until(most, |told| told.changed || told.look)
    }

    /// Waits for a change from now on, no longer than `most`.
    pub(super) fn quiet(&self, most: Duration) -> Waited {
        self.told().changed = false;
        self.until(most, |told| told.changed)
    }

    /// Waits for a change since the last look began, no longer than `most`.
    pub(super) fn still(&self, most: Duration) -> Waited {
        self.until(most, |told| told.changed)
    }

    fn until(&self, most: Duration, rung: impl Fn(&Told) -> bool) -> Waited {
        let told = self.told();
        let idle = |told: &mut Told| !told.stop && !rung(told);
        let (told, _) =
            self.rung.wait_timeout_while(told, most, idle).unwrap_or_else(PoisonError::into_inner);
        match () {
            () if told.stop => Waited::Stop,
            () if rung(&told) => Waited::Rung,
            () => Waited::Quiet,
        }
    }
}

impl Told {
    /// Whether what happened to `path` may change what the files say.
    fn matters(&mut self, path: &Path, kind: EventKind) -> bool {
        let content = match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Data(_)) => true,
            // Looking at files is access too.
            EventKind::Access(_) => return false,
            _ => false,
        };
        let directories = &self.surroundings.directories;
        if directories.contains_key(path) {
            if matches!(kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
                self.lost.insert(path.to_owned());
            }
            return true;
        }
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return true };
        // A directory that is not known is one that a look is just finding.
        directories.get(directory).is_none_or(|interest| interest.covers(name, content))
    }
}
