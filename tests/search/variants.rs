//! What is searched, with its bounds; and controls, in which a rule is left out
//! and the search must find what follows.

use super::claim::takeover;
use super::decide::{Mutation, ticks};
use super::state::{Faults, PROCS};

/// The bounds of a search. Times are in ticks of a minute.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub procs: usize,
    /// The commit of each process: 0 older, 1 newer.
    pub roles: [u8; PROCS],
    /// S: how long a listing may not show a job, or a change of it.
    pub stale: u8,
    /// D: how long after its first byte a create may be carried out.
    pub delay: u8,
    /// How long a client waits for an answer.
    pub answer: u8,
    /// P: how long after a look (with claims: after the claim's write) a create
    /// may be sent; without a bound, a process may sleep.
    pub pause: Option<u8>,
    /// W: the settle window.
    pub settle: u8,
    /// L: how long a listing may take.
    pub list: u8,
    pub faults: Faults,
    /// Whether a crashed process may stay away.
    pub deaths: bool,
    pub claims: bool,
    /// Whether processes at one commit that changed places count as the same
    /// state: nothing else tells them apart.
    pub alike: bool,
    /// Most jobs of one spec.
    pub most: u8,
}

/// When a variant is searched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum When {
    /// Also unoptimised: seconds.
    Always,
    /// In CI: a minute.
    Optimised,
    /// With `--all`.
    All,
}

pub struct Variant {
    pub name: &'static str,
    pub when: When,
    pub bounds: Bounds,
    pub mutation: Mutation,
    /// Whether it is a control: something must be found wrong, by this name.
    pub finds: &'static str,
}

const NO_FAULTS: Faults =
    Faults { crashes: 0, losses: 0, drops: 0, refusals: 0, failures: 0, humans: 0, slips: 0 };

/// One crash and one lost answer.
const FEW: Faults = Faults { crashes: 1, losses: 1, ..NO_FAULTS };

/// One process without claims, at the times that the constants of
/// `claims::decide` assume: 1 min + 2 min until a create is carried out, 1 min
/// until it is listed; and with the settle window that follows from them.
const ONE: Bounds = Bounds {
    procs: 1,
    roles: [0; PROCS],
    stale: 1,
    delay: 3,
    answer: 1,
    pause: Some(1),
    settle: 4,
    list: 0,
    faults: FEW,
    deaths: false,
    claims: false,
    alike: false,
    most: 1,
};
const TWO: Bounds = Bounds { procs: 2, most: 2, ..ONE };
const THREE: Bounds = Bounds { procs: 3, alike: true, most: 3, ..ONE };
/// An older and a newer commit.
const COMMITS: Bounds = Bounds { procs: 2, roles: [0, 1, 0], most: 1, ..ONE };
const CLAIMS: Bounds = Bounds { claims: true, settle: 0, ..ONE };

const SOUND: Mutation = Mutation {
    list_first: false,
    cancelled_is_nothing: false,
    forget_lost: false,
    no_guard: false,
    one_revision: false,
    own_first: false,
    hasty_takeover: false,
    no_takeover: false,
};

const fn sound(name: &'static str, when: When, bounds: Bounds) -> Variant {
    Variant { name, when, bounds, mutation: SOUND, finds: "" }
}

const fn control(
    name: &'static str,
    finds: &'static str,
    bounds: Bounds,
    mutation: Mutation,
) -> Variant {
    Variant { name, when: When::Always, bounds, mutation, finds }
}

use When::{All, Always, Optimised};

/// All variants; their bounds are printed beside their counts.
pub const VARIANTS: &[Variant] = &[
    sound("one", Always, ONE),
    sound(
        "one, crashing and unanswered again and again",
        Always,
        Bounds { faults: Faults { crashes: 4, losses: 3, drops: 2, refusals: 1, ..FEW }, ..ONE },
    ),
    sound(
        "one, with slow listings, a failure and a human cancel",
        Optimised,
        Bounds {
            list: 1,
            faults: Faults { crashes: 2, losses: 2, failures: 1, humans: 1, slips: 1, ..FEW },
            settle: 4,
            ..ONE
        },
    ),
    sound("one, S=2 and D=2", Always, Bounds { stale: 2, delay: 2, ..ONE }),
    sound(
        "one, a create carried out just before its answer counts as settled",
        Always,
        Bounds { settle: 5, delay: 4, faults: Faults { losses: 3, ..NO_FAULTS }, ..ONE },
    ),
    sound("two, without faults", Always, Bounds { faults: NO_FAULTS, ..TWO }),
    sound("two", Optimised, TWO),
    sound(
        "two, with a failure and a human cancel",
        Optimised,
        Bounds { faults: Faults { failures: 1, humans: 1, ..FEW }, ..TWO },
    ),
    sound(
        "two, with two crashes, lost answers, a drop, a refusal and a slip",
        All,
        Bounds {
            faults: Faults { crashes: 2, losses: 2, drops: 1, refusals: 1, slips: 1, ..FEW },
            ..TWO
        },
    ),
    sound("two, asleep before the create", Optimised, Bounds { pause: None, ..TWO }),
    sound("two, with slow listings", All, Bounds { list: 1, ..TWO }),
    sound("three, one crashing", All, Bounds { faults: Faults { losses: 0, ..FEW }, ..THREE }),
    sound("three", All, Bounds { faults: NO_FAULTS, ..THREE }),
    sound("two commits", Optimised, COMMITS),
    sound(
        "two commits, with a failure and a human cancel",
        Optimised,
        Bounds { faults: Faults { failures: 1, humans: 1, ..FEW }, ..COMMITS },
    ),
    sound("claims, one", Always, CLAIMS),
    sound("claims, two", Optimised, Bounds { procs: 2, ..CLAIMS }),
    sound(
        "claims, two, with deaths, losses and refusals",
        Optimised,
        Bounds {
            procs: 2,
            deaths: true,
            faults: Faults { crashes: 2, losses: 2, drops: 1, refusals: 1, ..FEW },
            ..CLAIMS
        },
    ),
    sound(
        "claims, two, with a failure and a human cancel",
        Optimised,
        Bounds { procs: 2, faults: Faults { failures: 1, humans: 1, ..FEW }, ..CLAIMS },
    ),
    sound("claims, three", Optimised, Bounds { procs: 3, ..CLAIMS }),
    sound(
        "claims, three, with deaths and refusals",
        All,
        Bounds {
            procs: 3,
            alike: true,
            deaths: true,
            faults: Faults { crashes: 2, drops: 1, refusals: 1, ..FEW },
            ..CLAIMS
        },
    ),
    sound(
        "claims, two, asleep before the create",
        All,
        Bounds { procs: 2, alike: true, pause: None, most: 3, ..CLAIMS },
    ),
    sound(
        "claims, two, asleep, with a failure and a human cancel",
        All,
        Bounds {
            procs: 2,
            alike: true,
            pause: None,
            most: 2,
            faults: Faults { failures: 1, humans: 1, ..NO_FAULTS },
            ..CLAIMS
        },
    ),
    sound("claims, two commits", Optimised, Bounds { procs: 2, roles: [0, 1, 0], ..CLAIMS }),
    sound(
        "one older and two newer",
        All,
        Bounds { procs: 3, roles: [0, 1, 1], alike: true, most: 2, faults: NO_FAULTS, ..ONE },
    ),
    control("settle window a tick too short", "PaidTwice", Bounds { settle: 3, ..ONE }, SOUND),
    control("a create carried out a tick too late", "PaidTwice", Bounds { delay: 4, ..ONE }, SOUND),
    control(
        "a create carried out a tick after its answer counts as settled",
        "PaidTwice",
        Bounds { settle: 6, delay: 5, faults: Faults { losses: 1, ..NO_FAULTS }, ..ONE },
        SOUND,
    ),
    control("no settle window", "PaidTwice", Bounds { settle: 0, ..ONE }, SOUND),
    control(
        "a create without an answer is forgotten",
        "PaidTwice",
        Bounds { settle: 0, faults: Faults { losses: 1, ..NO_FAULTS }, ..ONE },
        Mutation { forget_lost: true, ..SOUND },
    ),
    control(
        "cancelled is nothing",
        "BlindCreate",
        Bounds { faults: Faults { humans: 1, ..NO_FAULTS }, ..ONE },
        Mutation { cancelled_is_nothing: true, ..SOUND },
    ),
    control(
        "no look before a cancel",
        "Unvouched",
        Bounds { faults: Faults { failures: 1, ..NO_FAULTS }, ..TWO },
        Mutation { no_guard: true, ..SOUND },
    ),
    control(
        "each takes its own for the oldest",
        "NoSurvivor",
        TWO,
        Mutation { own_first: true, ..SOUND },
    ),
    control(
        "two commits of one revision",
        "NewerCancelled",
        Bounds { faults: NO_FAULTS, ..COMMITS },
        Mutation { one_revision: true, ..SOUND },
    ),
    control(
        "the listing before the claim",
        "PaidTwice",
        Bounds { procs: 2, ..CLAIMS },
        Mutation { list_first: true, ..SOUND },
    ),
    control(
        "a claim taken over a tick too soon",
        "PaidTwice",
        Bounds { procs: 2, ..CLAIMS },
        Mutation { hasty_takeover: true, ..SOUND },
    ),
    control(
        "a claim that nobody takes over",
        "no good end can be reached",
        CLAIMS,
        Mutation { no_takeover: true, ..SOUND },
    ),
    control(
        "claims alone, asleep before the create",
        "PaidTwice",
        Bounds { procs: 2, pause: None, ..CLAIMS },
        SOUND,
    ),
];

impl Bounds {
    /// The commits of the processes that there are.
    pub fn roles(&self) -> &[u8] {
        &self.roles[..self.procs]
    }

    /// The bounds in one line.
    pub fn line(&self) -> String {
        let Self { procs, stale, delay, pause, settle, list, faults, deaths, alike, most, .. } =
            self;
        let Faults { crashes, losses, drops, refusals, failures, humans, slips } = faults;
        let pause = pause.map_or("unbounded".to_owned(), |pause| pause.to_string());
        let window = match self.claims {
            true => format!("TAKEOVER={}", takeover()),
            false => format!("W={settle}"),
        };
        let commits = if self.roles().contains(&1) { 2 } else { 1 };
        let alike = if *alike { " (alike)" } else { "" };
        let deaths = if *deaths { " or deaths" } else { "" };
        format!(
            "{procs} processes{alike}, {commits} commits, S={stale} D={delay} P={pause} L={list} {window} \
             AMBIGUOUS={}, {crashes} crashes{deaths}, {losses} lost answers, {drops} drops, \
             {refusals} refusals, {failures} failures, {humans} human cancels, {slips} slips, at \
             most {most} jobs of a spec",
            ticks(retune::apply::AMBIGUOUS)
        )
    }
}
