//! The one place that reads the time, waits and draws randomness.
//!
//! Everything that depends on time takes a [`Clock`], everything that draws
//! takes an [`Entropy`], so that a simulator owns both.

use std::time::Duration;

use jiff::Timestamp;

/// Time as the program sees it.
pub trait Clock: Send + Sync {
    /// Wall-clock time, for people and for files. No decision compares it
    /// with a time that a server reported.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary start; never goes backwards.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Randomness for run ids and jitter.
pub trait Entropy: Send + Sync {
    /// Sixty-four random bits.
    fn bits(&self) -> u64;

    /// A fraction in `0.0..1.0`, for jitter.
    fn fraction(&self) -> f64 {
        // The upper 53 bits are what an f64 can hold without rounding up to 1.
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::elapsed`] counts from now.
    #[expect(clippy::disallowed_methods, reason = "the one clock")]
    pub fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The machine's source of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bits(&self) -> u64 {
        // Without a source of randomness the machine cannot make a TLS
        // connection either; the time then still tells two runs apart.
        getrandom::u64().unwrap_or_else(|_| Timestamp::now().as_nanosecond() as u64)
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
    fn fraction_stays_below_one() {
        assert_eq!(Fixed(0).fraction(), 0.0);
        assert!(Fixed(u64::MAX).fraction() < 1.0);
    }
}
