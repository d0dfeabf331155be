//! The emulator's clock: only a scenario moves it, and who sleeps on it is
//! counted, so that a scenario can do something while a request is held up.

use std::time::Duration;

use jiff::Timestamp;
use retune::clock::Clock;
use tokio::sync::watch;

/// When every scenario begins.
const BEGINNING: &str = "2026-03-01T12:00:00Z";

/// See the module.
#[derive(Clone)]
pub struct HandClock {
    now: watch::Sender<Timestamp>,
    sleepers: watch::Sender<usize>,
}

impl HandClock {
    pub fn new() -> Self {
        Self {
            now: watch::Sender::new(BEGINNING.parse().unwrap()),
            sleepers: watch::Sender::new(0),
        }
    }

    pub fn forward(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Forgets who slept so far.
    pub fn nobody_sleeps(&self) {
        self.sleepers.send_replace(0);
    }

    /// Until so many requests have gone to sleep; false when they do not.
    pub async fn sleepers(&self, count: usize) -> bool {
        const PATIENCE: Duration = Duration::from_secs(60);
        let mut sleepers = self.sleepers.subscribe();
        let enough = sleepers.wait_for(|sleepers| *sleepers >= count);
        tokio::time::timeout(PATIENCE, enough).await.is_ok()
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn elapsed(&self) -> Duration {
        let begun: Timestamp = BEGINNING.parse().unwrap();
        self.now().duration_since(begun).try_into().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now() + duration;
        let mut now = self.now.subscribe();
        self.sleepers.send_modify(|sleepers| *sleepers += 1);
        now.wait_for(|now| *now >= until).await.unwrap();
    }
}
