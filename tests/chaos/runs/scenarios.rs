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
    pub play: Play,
    /// The settle window, in seconds.
    settle: u64,
    /// After how long a claim is taken over, in seconds.
    takeover: u64,
    /// With claims, without, or both in turn.
    pub claims: Claims,
}

type Play = fn(&mut World, u64) -> Result<(), Trouble>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claims {
    InTurn,
    Always,
    Never,
}

/// Longer than a client may take from its claim to its create: where clients
/// are alive beside each other.
const LONG: u64 = 7;
/// Where one client follows the other.
const SHORT: u64 = 2;

impl Scenario {
    pub fn mode(&self, claims: bool) -> Mode {
        Mode { settle: self.settle, claims, takeover: self.takeover }
    }
}

const fn scenario(name: &'static str, settle: u64, takeover: u64, play: Play) -> Scenario {
    Scenario { name, play, settle, takeover, claims: Claims::InTurn }
}

const fn control(name: &'static str, play: Play) -> Scenario {
    Scenario { name, play, settle: 0, takeover: LONG, claims: Claims::Never }
}

/// All of them; a name that is there twice is played twice as often.
pub const ALL: &[Scenario] = &[
    scenario("kill", 1, SHORT, kill::at_a_boundary),
    scenario("race", 1, LONG, race::together),
    scenario("fault", 1, SHORT, fault::of_a_create),
    scenario("zombie", 1, LONG, zombie::wakes),
    scenario("kill", 1, SHORT, kill::at_a_boundary),
    scenario("signal", 1, SHORT, signal::stops),
    scenario("listing", 1, SHORT, fault::of_a_listing),
    Scenario { claims: Claims::Always, ..scenario("claim", 1, SHORT, fault::of_a_claim) },
    scenario("race", 1, LONG, race::together),
    scenario("kill-late", 2, SHORT, kill::and_applied_late),
    scenario("fault", 1, SHORT, fault::of_a_create),
    scenario("stream", 1, SHORT, stream::is_broken),
    scenario("kill", 1, SHORT, kill::at_a_boundary),
    scenario("stale", 2, LONG, fault::with_stale_listings),
    scenario("listing", 1, SHORT, fault::of_a_listing),
    scenario("kill-change", 1, SHORT, kill::while_cancelling),
    scenario("storm", 1, LONG, race::in_a_storm),
];

/// Without a settle window each of these must cost something extra, else the
/// others prove nothing.
pub const CONTROL: &[Scenario] = &[
    control("control: kill", control::killed),
    control("control: race", control::race),
    control("control: stale", control::stale),
];

/// What `--only` takes.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = ALL.iter().chain(CONTROL).map(|scenario| scenario.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
