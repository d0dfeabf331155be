//! Waiting for what other processes do.

use std::time::Duration;

use retune::clock::{Clock as _, SystemClock};

/// Nothing here takes a tenth of it, also where many tests share two cores.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// How often it is looked: often enough to be quick, seldom enough to leave the
/// cores to what is waited for.
pub(crate) const BETWEEN: Duration = Duration::from_millis(10);

/// Waits until `holds`; how long that takes decides nothing.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    while !holds() {
        assert!(clock.elapsed() < DEADLINE, "no {what} in {} s", DEADLINE.as_secs());
        std::thread::sleep(BETWEEN);
    }
}
