//! How long to leave alone what failed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Entropy;

/// The longest wait that a service may ask of us: its quotas are per minute.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// Waits between tries that double, with jitter, and are forgotten on success.
#[derive(Debug, Clone)]
pub(super) struct Backoff<K> {
    first: Duration,
    most: Duration,
    failures: BTreeMap<K, Failed>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    times: u32,
    until: Duration,
}

impl<K: Ord + Clone> Backoff<K> {
    /// The first wait, and the longest.
    pub(super) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: BTreeMap::new() }
    }

    /// `key` failed at `now`, and is left alone for the time that comes back:
    /// between half a doubling wait and all of it, so that what failed together
    /// does not come back together, and never less than was `asked` for.
    pub(super) fn failed(
        &mut self,
        key: K,
        now: Duration,
        asked: Option<Duration>,
        entropy: &impl Entropy,
    ) -> Duration {
        let times = self.failures.get(&key).map_or(0, |failed| failed.times) + 1;
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(times - 1)).min(self.most);
        let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
        let wait = doubled.mul_f64(0.5 + entropy.fraction() / 2.0).max(asked);
        self.failures.insert(key, Failed { times, until: now + wait });
        wait
    }

    /// `key` got through: its next failure is a first one.
    pub(super) fn succeeded(&mut self, key: &K) {
        self.failures.remove(key);
    }

    /// Forgets whatever `keep` does not want.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.failures.retain(|key, _| keep(key));
    }

    /// Whether `key` is left alone at `now`.
    pub(super) fn holds(&self, key: &K, now: Duration) -> bool {
        self.failures.get(key).is_some_and(|failed| now < failed.until)
    }

    /// How often `key` failed in a row.
    pub(super) fn times(&self, key: &K) -> u32 {
        self.failures.get(key).map_or(0, |failed| failed.times)
    }

    /// When the first of those that are left alone at `now` may be tried again.
    pub(super) fn next(&self, now: Duration) -> Option<Duration> {
        self.failures.values().map(|failed| failed.until).filter(|until| *until > now).min()
    }
}

#[cfg(test)]
impl<K> Backoff<K> {
    pub(super) fn len(&self) -> usize {
        self.failures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Most;

    impl Entropy for Most {
        fn bits(&self) -> u64 {
            u64::MAX
        }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn waits_double_to_a_ceiling_and_start_afresh_after_success() {
        let mut backoff = Backoff::new(seconds(30), seconds(600));
        let wait = |backoff: &mut Backoff<&str>| {
            backoff.failed("faq", Duration::ZERO, None, &Most).as_secs_f64().round()
        };
        let waits: Vec<f64> = (0..7).map(|_| wait(&mut backoff)).collect();
        assert_eq!(waits, [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]);
        backoff.succeeded(&"faq");
        assert_eq!(wait(&mut backoff), 30.0);
    }

    #[test]
    fn one_that_fails_delays_no_other() {
        let mut backoff = Backoff::new(seconds(30), seconds(600));
        let now = seconds(100);
        backoff.failed("faq", now, None, &Most);
        assert!(backoff.holds(&"faq", seconds(129)) && !backoff.holds(&"router", now));
        assert!(!backoff.holds(&"faq", seconds(131)));
        assert_eq!(backoff.next(now), Some(seconds(130)));
    }

    #[test]
    fn whoever_asks_for_more_time_gets_it_up_to_ten_minutes() {
        let mut backoff = Backoff::new(seconds(30), seconds(600));
        let mut wait = |asked| backoff.failed("faq", seconds(0), Some(asked), &Most);
        assert_eq!(wait(seconds(500)), seconds(500));
        assert_eq!(wait(Duration::MAX), seconds(600));
    }
}
