//! Seeded mistakes: each must be found out by a named invariant, and the
//! control, without a mistake, must pass.

use std::collections::BTreeMap;
use std::sync::Mutex;

use retune::mutant::{Mutant, set};

use crate::mode::Mode;
use crate::schedule::Schedule;

/// How often each mistake is looked for, each time among other schedules.
const TRIES: u64 = 10;

/// Schedules of one try never meet those of another.
const APART: u64 = 1_000_000;

/// Where a mistake can be seen: in how something is claimed, in how long a
/// create waits without claims, or anywhere.
fn modes(mutant: Option<Mutant>) -> &'static [Mode] {
    use Mutant as M;
    match mutant {
        Some(
            M::ListBeforeClaim
            | M::ClaimNotTaken
            | M::PlainLock
            | M::TakeoverAtOnce
            | M::TakeoverHalf
            | M::TakeoverNever
            | M::ClientClock
            | M::DoneIgnored
            | M::ReleasedAfterUnknown
            | M::ConflictOverwritten
            | M::UnknownPutIsOurs,
        ) => &[Mode::Claims, Mode::ClaimsBeyond],
        Some(
            M::NoSettle
            | M::HalfSettle
            | M::WindowNotRestarted
            | M::SecondLookSkipped
            | M::AmbiguousForever,
        ) => &[Mode::Inside, Mode::Beyond],
        // Within the bounds the settle window alone covers for these.
        Some(M::LedgerForgotten | M::LedgerDropsListed | M::AmbiguousNotHeld) => &[Mode::Beyond],
        _ => &Mode::ALL,
    }
}

/// What became of one try.
struct Found {
    /// Schedules until the first that broke an invariant.
    after: u64,
    /// Every invariant that it broke, in the order in which it was noticed.
    invariants: Vec<&'static str>,
    replay: String,
}

/// Runs schedules until one breaks an invariant.
fn attempt(mutant: Option<Mutant>, attempt: u64, most: u64) -> Option<Found> {
    set(mutant);
    let modes = modes(mutant);
    let found = (0..most).find_map(|n| {
        let mode = modes[(n % modes.len() as u64) as usize];
        let seed = 1 + attempt * APART + n;
        let broken = Schedule::draw(seed, mode).run().violations;
        if broken.is_empty() {
            return None;
        }
        let invariants = broken.iter().map(|violation| violation.invariant).collect();
        let replay = format!("{seed} {}", mode.name());
        Some(Found { after: n + 1, invariants, replay })
    });
    set(None);
    found
}

/// Looks for every mistake; true when all are found and the control passes.
pub fn hunt(most: u64) -> bool {
    println!("{:<21} {:>6} {:>8} {:>6}  by", "mutant", "found", "mean", "worst");
    let mut passed = true;
    let subjects: Vec<Option<Mutant>> =
        std::iter::once(None).chain(Mutant::ALL.iter().copied().map(Some)).collect();
    let count = subjects.len() as u64 * TRIES;
    let results: Mutex<BTreeMap<u64, Option<Found>>> = Mutex::default();
    crate::each_seed(0, count, |n| {
        let found = attempt(subjects[(n / TRIES) as usize], n % TRIES, most);
        results.lock().unwrap().insert(n, found);
        true
    });
    let results = results.into_inner().unwrap();
    for (at, subject) in (0..).zip(&subjects) {
        let tries = results.range(at * TRIES..(at + 1) * TRIES);
        let found: Vec<&Found> = tries.filter_map(|(_, found)| found.as_ref()).collect();
        // Those that notice it first lead.
        let mut names: Vec<&str> = found.iter().map(|found| found.invariants[0]).collect();
        names.extend(found.iter().flat_map(|found| &found.invariants));
        let mut told = std::collections::BTreeSet::new();
        names.retain(|name| told.insert(*name));
        let worst = found.iter().map(|found| found.after).max().unwrap_or(0);
        let sum: u64 = found.iter().map(|found| found.after).sum();
        let mean = sum as f64 / found.len().max(1) as f64;
        let row = |name: &str, verdict: &str| {
            let share = format!("{}/{TRIES}", found.len());
            println!("{name:<21} {share:>6} {mean:>8.1} {worst:>6}  {verdict}");
        };
        match subject {
            None if found.is_empty() => {
                row("(control)", &format!("nothing, {most} schedules each"))
            }
            None => {
                passed = false;
                row("(control)", &format!("BROKEN: {} at {}", names.join(", "), found[0].replay));
            }
            Some(mutant) if found.len() as u64 == TRIES => {
                row(&format!("{mutant:?}"), &names.join(", "));
            }
            Some(mutant) => {
                passed = false;
                let names = names.join(", ");
                row(&format!("{mutant:?}"), &format!("SURVIVED {most} schedules; {names}"));
            }
        }
    }
    println!("{} mutants", Mutant::ALL.len());
    passed
}
