//! What can happen to clients. Each scenario leaves the world as it came to
//! be; the judge heals it and counts.

mod control;
mod fault;
mod kill;
mod race;
mod signal;
mod stream;
mod zombie;

use super::Trouble;
use super::world::{Mode, World};

/// See the module.
pub struct Scenario {
    pub name: &'static str,
    /// Plays it; the number goes through everything there is to vary.
    pub play: fn(&mut World, u64) -> Result<(), Trouble>,
    /// The settle window, in seconds.
    pub settle: u64,
    /// Whether it makes sense with claims, too.
    pub claims: bool,
}

impl Scenario {
    pub fn mode(&self, claims: bool) -> Mode {
        Mode { settle: self.settle, claims }
    }
}

const fn scenario(
    name: &'static str,
    settle: u64,
    play: fn(&mut World, u64) -> Result<(), Trouble>,
) -> Scenario {
    Scenario { name, play, settle, claims: true }
}

/// All of them; a name that is there twice is played twice as often.
pub const ALL: &[Scenario] = &[
    scenario("kill", 1, kill::at_a_boundary),
    scenario("race", 1, race::together),
    scenario("fault", 1, fault::of_a_create),
    scenario("zombie", 1, zombie::wakes),
    scenario("kill", 1, kill::at_a_boundary),
    scenario("signal", 1, signal::stops),
    scenario("listing", 1, fault::of_a_listing),
    scenario("race", 1, race::together),
    scenario("kill-late", 2, kill::and_applied_late),
    scenario("stream", 1, stream::is_broken),
    scenario("stale", 2, fault::with_stale_listings),
    scenario("kill-change", 1, kill::while_cancelling),
    scenario("storm", 1, race::in_a_storm),
];

/// Without a settle window each of these must cost something extra, else the
/// others prove nothing.
pub const CONTROL: &[Scenario] = &[
    scenario("control: kill", 0, control::killed),
    scenario("control: race", 0, control::race),
    scenario("control: stale", 0, control::stale),
];

/// What `--only` takes.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = ALL.iter().chain(CONTROL).map(|scenario| scenario.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
