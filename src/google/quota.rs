//! How many requests a minute a client starts.
//!
//! The project's quota is 600 requests a minute in each region (Google's
//! quotas page). One quota for all that a client asks is less than it might
//! ask of several regions, and never more than it may ask of one.
//!
//! A library such as `governor` knows no debt, and its clock is another trait
//! than ours.
//!
//! # Invariants
//!
//! 1. In no minute, wherever it begins, is it the turn of more reads than the
//!    quota has requests.
//! 2. A write never waits: a create must follow its look at once. It is
//!    counted, and the reads after it wait the longer.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The part of a minute's requests that may be made at once: a tenth lets an
/// ordinary look at a few places through without a wait.
const BURST: u32 = 10;

/// A token bucket (in the form of the generic cell rate algorithm) whose tokens
/// are given out ahead: who comes gets a turn that no later one takes away.
/// Time is passed in, as the time since any start.
#[derive(Debug)]
pub(super) struct Quota {
    /// The time one token takes to grow.
    interval: Duration,
    /// How long a full bucket takes to grow but for its first token.
    ahead: Duration,
    /// When the bucket will be full again, were nothing more asked.
    full: Mutex<Duration>,
}

impl Quota {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let burst = (per_minute.get() / BURST).max(1);
        // A burst, and what grows within a minute after it, is the quota.
        let growing = per_minute.get() - burst + 1;
        // Rounded up: tokens that grow too early are one too many in a minute.
        let interval = MINUTE / growing + Duration::from_nanos(1);
        Self { interval, ahead: interval * (burst - 1), full: Mutex::default() }
    }

    /// How long a read that comes `now` waits for its turn.
    #[must_use]
    pub(super) fn read(&self, now: Duration) -> Duration {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now.max(full.saturating_sub(self.ahead));
        *full = turn.max(*full) + self.interval;
        turn.saturating_sub(now)
    }

    /// A write is made `now`.
    pub(super) fn write(&self, now: Duration) {
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        *full = now.max(*full) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quota(per_minute: u32) -> Quota {
        Quota::new(NonZeroU32::new(per_minute).unwrap())
    }

    /// Most of the times within one minute that begins at any of them.
    fn busiest_minute(times: &[Duration]) -> usize {
        let after =
            |begin: Duration| times.iter().filter(move |&&t| t >= begin && t < begin + MINUTE);
        times.iter().map(|&begin| after(begin).count()).max().unwrap_or_default()
    }

    proptest! {
        #[test]
        fn no_minute_has_more_reads_than_the_quota(
            per_minute in 1_u32..80,
            steps in prop::collection::vec((0_u64..3_000, prop::bool::weighted(0.1)), 1..400),
        ) {
            let quota = quota(per_minute);
            let (mut now, mut turns) = (Duration::ZERO, Vec::new());
            for (pause, is_write) in steps {
                now += Duration::from_millis(pause);
                if is_write {
                    quota.write(now);
                } else {
                    turns.push(now + quota.read(now));
                }
            }
            prop_assert!(turns.is_sorted());
            prop_assert!(busiest_minute(&turns) <= per_minute as usize);
        }
    }

    #[test]
    fn the_whole_quota_can_be_used() {
        for per_minute in [1, 2, 9, 10, 59, 600, 6_000, u32::MAX] {
            let quota = quota(per_minute);
            let asked = per_minute.min(6_000) + 1;
            let waits: Vec<_> = (0..asked).map(|_| quota.read(Duration::ZERO)).collect();
            let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
            assert_eq!(at_once, (per_minute / BURST).clamp(1, asked) as usize, "{per_minute}");
            if per_minute < asked {
                assert_eq!(busiest_minute(&waits), per_minute as usize);
            }
            // The bucket fills up again and not beyond.
            let later = Duration::from_secs(3_600);
            assert!(quota.read(later).is_zero());
        }
    }

    #[test]
    fn reads_pay_for_the_writes_before_them() {
        let quota = quota(60);
        assert!((0..6).all(|_| quota.read(MINUTE).is_zero()));
        let next = quota.read(MINUTE);
        (0..10).for_each(|_| quota.write(MINUTE));
        assert_eq!(quota.read(MINUTE), next + 11 * quota.interval);
    }
}
