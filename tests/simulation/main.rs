//! Deterministic simulation of the real planner and executor.
//!
//! Every schedule is drawn from a seed: processes that race, crash and restart,
//! commits that some of them see late, listings that lag, creates that are
//! applied late or whose answers are lost, cancels that lose. A chaos phase is
//! followed by a healing phase, after which everything must be at rest.
//!
//! ```console
//! cargo test --test simulation                          # 200 schedules
//! cargo test --profile sim --test simulation -- --schedules 200000
//! cargo test --test simulation -- --replay 42 inside    # one, with what happened
//! ```

#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod checks;
mod random;
mod runtime;
mod schedule;
mod service;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use schedule::{Outcome, Schedule, Side};

#[derive(Default)]
struct Totals {
    schedules: u64,
    virtual_seconds: u64,
    creates: u64,
    jobs: u64,
    cancels: u64,
    kills: u64,
    most: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1).and_then(|text| text.parse::<u64>().ok())
    };
    // `cargo test NAME` runs every test binary with that filter.
    if let Some(filter) = arguments.first().filter(|argument| !argument.starts_with('-'))
        && !"simulation".contains(filter.as_str())
    {
        return ExitCode::SUCCESS;
    }
    if let Some(seed) = after("--replay") {
        let beyond = arguments.iter().any(|argument| argument == "beyond");
        let side = if beyond { Side::Beyond } else { Side::Inside };
        let schedule = Schedule::draw(seed, side);
        println!("{schedule:#?}");
        println!("{:#?}", schedule.run());
        return ExitCode::SUCCESS;
    }
    let schedules = after("--schedules").unwrap_or(200);
    let first = after("--seed").unwrap_or(1);
    let mut failed = false;
    for side in [Side::Inside, Side::Beyond] {
        failed |= !run(side, first, schedules / 2);
    }
    // The plain line that any runner of tests understands.
    println!("{} passed, {} failed", 2 - u8::from(failed), u8::from(failed));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Runs so many schedules on all cores; true when no invariant broke.
fn run(side: Side, first: u64, count: u64) -> bool {
    let next = AtomicU64::new(first);
    let totals = Mutex::new(Totals::default());
    let broken: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let outcome = Schedule::draw(seed, side).run();
                    let mut totals = totals.lock().unwrap();
                    totals.schedules += 1;
                    totals.virtual_seconds += outcome.virtual_seconds;
                    totals.creates += outcome.creates;
                    totals.jobs += outcome.jobs;
                    totals.cancels += outcome.cancels;
                    totals.kills += outcome.kills;
                    totals.most = totals.most.max(outcome.most_for_one_run);
                    if !outcome.violations.is_empty() {
                        broken.lock().unwrap().push((seed, outcome));
                    }
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap();
    let mut broken = broken.into_inner().unwrap();
    broken.sort_by_key(|(seed, _)| *seed);
    println!(
        "{side:?}: {} schedules, {} virtual days, {} creates, {} jobs, {} cancels, {} kills; \
         most jobs for one run {}; {} schedules broke an invariant",
        totals.schedules,
        totals.virtual_seconds / 86_400,
        totals.creates,
        totals.jobs,
        totals.cancels,
        totals.kills,
        totals.most,
        broken.len()
    );
    for (seed, outcome) in broken.iter().take(5) {
        let side = format!("{side:?}").to_lowercase();
        println!("seed {seed}: cargo test --test simulation -- --replay {seed} {side}");
        for violation in outcome.violations.iter().take(3) {
            println!("  {}: {:.300}", violation.invariant, violation.what);
        }
    }
    broken.is_empty()
}
