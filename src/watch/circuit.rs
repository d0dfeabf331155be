//! Whether Vertex answers at all.
//!
//! A look that fails is not repeated before a doubling wait; from the fifth in
//! a row on the circuit counts as open, which is said once. One look after each
//! wait is the probe: it either closes the circuit or makes the wait longer.

use std::time::Duration;

use super::backoff::Backoff;
use crate::clock::Entropy;
use crate::mutant::{Mutant, is};

/// Failures in a row after which Vertex counts as down.
pub(super) const OPEN_AFTER: u32 = 5;

/// The first wait: a restart of one of Google's frontends is over by then, and
/// each look has tried its requests three times by itself.
const FIRST: Duration = Duration::from_secs(5);

/// The longest: how late the end of an outage may be noticed.
const MOST: Duration = Duration::from_secs(300);

/// Looks that fail one after the other.
#[derive(Debug)]
pub(super) struct Circuit(Backoff<()>);

impl Circuit {
    pub(super) fn new() -> Self {
        Self(Backoff::new(FIRST, MOST))
    }

    /// A look failed; the next one may be made after this long.
    pub(super) fn failed(
        &mut self,
        now: Duration,
        asked: Option<Duration>,
        entropy: &impl Entropy,
    ) -> Duration {
        self.0.failed((), now, asked, entropy)
    }

    /// A look succeeded. True when Vertex counted as down before.
    pub(super) fn succeeded(&mut self) -> bool {
        let was_open = self.is_open();
        if !is(Mutant::SuccessNotHeard) {
            self.0.succeeded(&());
        }
        was_open
    }

    /// Failures in a row.
    pub(super) fn failures(&self) -> u32 {
        self.0.times(&())
    }

    /// Whether Vertex counts as down.
    pub(super) fn is_open(&self) -> bool {
        self.failures() >= OPEN_AFTER
    }

    /// When the next look may be made; `None`: now.
    pub(super) fn closed_until(&self, now: Duration) -> Option<Duration> {
        self.0.next(now).filter(|_| !is(Mutant::CircuitIgnored))
    }
}
