//! Waiting for what other processes do.

use std::time::Duration;

use retune::clock::{Clock as _, SystemClock};

use super::Trouble;

/// Nothing here takes a tenth of it, also where eight runs share two cores.
const DEADLINE: Duration = Duration::from_secs(60);

/// How often it is looked: often enough to be quick, seldom enough to leave
/// the cores to what is waited for.
const BETWEEN: Duration = Duration::from_millis(10);

/// Waits until `holds`; how long that takes decides nothing.
pub fn until(what: &str, mut holds: impl FnMut() -> Result<bool, Trouble>) -> Result<(), Trouble> {
    let clock = SystemClock::new();
    while !holds()? {
        if clock.elapsed() > DEADLINE {
            return Err(format!("no {what} in {} s", DEADLINE.as_secs()).into());
        }
        std::thread::sleep(BETWEEN);
    }
    Ok(())
}
