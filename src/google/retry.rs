//! When a read is tried again, and how long that waits.
//!
//! Creates and cancels are never tried again: nothing here serves them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::clock::Entropy;

/// Most tries of one read. Three bridge a restart or a lost connection; a
/// longer outage is for the caller's next pass, minutes later.
pub(super) const MAX_ATTEMPTS: u32 = 3;

/// The ceiling of the first wait; it doubles with each try.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The ceiling of any wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait that a server may ask of us. Whoever wants more gets an
/// error that says so: a person waits for `plan`. Quotas of the service are
/// per minute, so a minute is always enough (Google's quota page: 600 reads a
/// minute and region).
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Whether a read with this HTTP status may be tried again: the set that
/// google-genai 2.34.0 retries.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// How long to wait after the `attempt`-th try (from 1): a random part of a
/// doubling ceiling, so that many clients that failed together do not come
/// back together; never less than the server asked for. `None`: the server
/// asked for more than we wait.
pub(super) fn wait_after(
    attempt: u32,
    asked: Option<Duration>,
    entropy: &impl Entropy,
) -> Option<Duration> {
    let asked = asked.unwrap_or_default();
    if asked > LONGEST_ASKED {
        return None;
    }
    let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
    Some(asked + doubled.min(LONGEST_WAIT).mul_f64(entropy.fraction()))
}

/// How much of its own traffic a client may repeat: a token bucket that all
/// reads share. In a lasting outage retries add a tenth to the load and not
/// twice the load.
#[derive(Debug)]
pub(super) struct Budget {
    /// In tenths of a retry, so that a request can pay in one.
    tenths: AtomicU32,
}

/// The bucket's size: ten retries, enough for a brief fault that meets a
/// listing of a few places.
const FULL: u32 = 10 * RETRY;

/// What one retry costs; each first try pays in 1.
const RETRY: u32 = 10;

impl Budget {
    pub(super) fn new() -> Self {
        Self { tenths: AtomicU32::new(FULL) }
    }

    /// A first try pays in.
    pub(super) fn request(&self) {
        let pay_in = |tenths: u32| Some((tenths + 1).min(FULL));
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay_in);
    }

    /// Takes out one retry; false when there is none left.
    pub(super) fn retry(&self) -> bool {
        let take = |tenths: u32| tenths.checked_sub(RETRY);
        self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);

    impl Entropy for Fixed {
        fn bits(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn waits_double_jitter_and_respect_the_server() {
        let most = Fixed(u64::MAX);
        let seconds =
            |attempt, asked, e: &Fixed| wait_after(attempt, asked, e).map(|d| d.as_secs_f64());
        assert!((seconds(1, None, &most).unwrap() - 1.0).abs() < 1e-6);
        assert!((seconds(2, None, &most).unwrap() - 2.0).abs() < 1e-6);
        assert!((seconds(60, None, &most).unwrap() - 30.0).abs() < 1e-6);
        assert_eq!(seconds(2, None, &Fixed(0)), Some(0.0));
        assert_eq!(seconds(1, Some(Duration::from_secs(13)), &Fixed(0)), Some(13.0));
        assert_eq!(seconds(1, Some(Duration::from_secs(61)), &most), None);
    }

    #[test]
    fn retries_are_a_burst_and_then_a_tenth_of_the_traffic() {
        let budget = Budget::new();
        let mut retries = 0;
        for _ in 0..1000 {
            budget.request();
            while budget.retry() {
                retries += 1;
            }
        }
        assert_eq!(retries, 10 + 99);
    }
}
