//! The thread that looks.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::armed::{Armed, Arming};
use super::bell::{Bell, Waited};
use super::{Options, Snapshot, git};
use crate::clock::Clock;
use crate::manifest::library::{Fingerprint, Scan};
use crate::manifest::{Library, Settings};

/// Between two looks at git's lock.
const LOCK: Duration = Duration::from_millis(50);

/// Looks in a row that each found a new directory to watch. More is a tree that
/// grows while it is looked at; whoever grows it is heard then.
const MAX_GROWTH: usize = 8;

/// From how many files on the watches rest while everything is read. The system
/// tells of each file that is opened, also by us: to hear of ten thousand takes
/// longer than to read them, and of more than 16,384 it cannot tell at once.
const MANY: usize = 1_000;

/// What part of the time looks may take while nothing happens: with 10,000
/// files one takes 70 ms, and comes every 3.5 minutes then.
const SHARE: u32 = 3_000;

pub(super) struct Looking<C> {
    pub(super) paths: Vec<PathBuf>,
    pub(super) settings: Settings,
    pub(super) clock: C,
    pub(super) options: Options,
    pub(super) library: Library,
    pub(super) armed: Armed,
    pub(super) bell: Arc<Bell>,
    pub(super) publisher: watch::Sender<Arc<Snapshot>>,
    /// What the last snapshot was made of.
    pub(super) published: Option<(Fingerprint, Option<String>)>,
    /// Files that were parsed since.
    pub(super) parsed: usize,
    /// Files of the last look.
    pub(super) files: usize,
    /// When everything was last read.
    pub(super) full_at: Option<Duration>,
    /// How long the last look took.
    pub(super) took: Duration,
}

impl<C: Clock> Looking<C> {
    /// Looks until it is told to stop.
    pub(super) fn run(mut self) {
        let mut calm = self.options.calm;
        loop {
            if self.settle(&mut calm).is_break() {
                return;
            }
            let before = self.clock.elapsed();
            match self.bell.wait(self.pause()) {
                Waited::Stop => return,
                Waited::Rung | Waited::Quiet => {}
            }
            if self.clock.elapsed().saturating_sub(before) > self.options.quiet {
                calm = self.options.calm;
            }
        }
    }

    /// How long to wait for word of a change.
    fn pause(&self) -> Duration {
        let invalid = self.publisher.borrow().result.is_err();
        let Options { poll, resync, full, .. } = self.options;
        if invalid || self.armed.polling().is_some() {
            return poll;
        }
        resync.max((self.took * SHARE).min(full))
    }

    /// Looks until the files stand still, and publishes what is new.
    fn settle(&mut self, calm: &mut Duration) -> ControlFlow<()> {
        loop {
            self.calm(*calm)?;
            // For the next time round, if there is one.
            *calm = (*calm * 2).min(self.options.quiet);
            let first = self.look();
            if self.is_published(&first) {
                self.bell.settled();
                return ControlFlow::Continue(());
            }
            self.bell.moves();
            match self.bell.still(self.options.quiet) {
                Waited::Quiet => {}
                Waited::Rung => continue,
                Waited::Stop => return ControlFlow::Break(()),
            }
            let second = self.look();
            let still = second.fingerprint == first.fingerprint && !self.bell.changed();
            if still && !self.git_is_at_work() {
                self.publish(&second);
                self.bell.settled();
                return ControlFlow::Continue(());
            }
        }
    }

    /// Waits until nothing was told for `calm` and git is not at work.
    fn calm(&self, calm: Duration) -> ControlFlow<()> {
        loop {
            let most = if self.git_is_at_work() { LOCK } else { calm };
            match self.bell.quiet(most) {
                Waited::Stop => return ControlFlow::Break(()),
                Waited::Quiet if !self.git_is_at_work() => return ControlFlow::Continue(()),
                Waited::Rung | Waited::Quiet => {}
            }
        }
    }

    fn git_is_at_work(&self) -> bool {
        git::is_at_work(&self.paths, self.clock.now(), self.options.leftover)
    }

    /// One look, and one more for each time that it finds directories to watch:
    /// what was made in them before the watch was told to nobody.
    fn look(&mut self) -> Scan {
        let mut growth = 0;
        loop {
            let begun = self.bell.begin();
            self.armed.forget(&begun.lost);
            let now = self.clock.elapsed();
            let due = self.full_at.is_none_or(|at| now.saturating_sub(at) >= self.options.full);
            // What follows new watches only looks at what changed since.
            let everything = growth == 0 && (begun.everything || due);
            if begun.everything && !everything {
                self.bell.look();
            }
            if everything && self.files >= MANY {
                // What changes meanwhile is seen by the look that follows new
                // watches; until then nothing is taken to stand still.
                self.bell.moves();
                self.armed.rest();
            }
            let scan = self.library.scan(self.clock.now(), everything);
            if !everything {
                self.took = self.clock.elapsed().saturating_sub(now);
            }
            if everything {
                self.full_at = Some(now);
            }
            (self.parsed, self.files) = (self.parsed + scan.parsed, scan.files);
            // Before the watches: what they tell is measured by this.
            self.bell.minds(scan.surroundings.clone());
            let armed = self.armed.arm(&scan.surroundings, &self.bell, now, self.options.rearm);
            growth += 1;
            if armed == Arming::Unchanged || growth > MAX_GROWTH {
                return scan;
            }
        }
    }

    fn is_published(&self, scan: &Scan) -> bool {
        self.published.as_ref().is_some_and(|(fingerprint, polling)| {
            *fingerprint == scan.fingerprint && polling.as_deref() == self.armed.polling()
        })
    }

    fn publish(&mut self, scan: &Scan) {
        let polling = self.armed.polling().map(str::to_owned);
        let loaded = self.library.load(&self.settings);
        let snapshot = Snapshot {
            result: loaded.into_result().map(Arc::new),
            serial: self.publisher.borrow().serial + 1,
            parsed: std::mem::take(&mut self.parsed),
            polling: polling.clone(),
        };
        self.published = Some((scan.fingerprint, polling));
        self.publisher.send_replace(Arc::new(snapshot));
    }
}
