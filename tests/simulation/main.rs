//! Deterministic simulation of the real planner and executor.
//!
//! Every schedule is drawn from a seed: processes that race, crash, stand still
//! and restart, commits that some of them see late, listings that lag, creates
//! that are applied late or whose answers are lost, claims that conflict,
//! cancels that lose. A chaos phase is followed by a healing phase, at whose end
//! everything must be at rest.
//!
//! ```console
//! cargo test --test simulation                          # 400 schedules and 2 days
//! cargo test --profile sim --test simulation -- --schedules 200000
//! cargo test --profile sim --test simulation -- --days 500
//! cargo test --test simulation -- --replay 42 day       # of the watch daemon
//! cargo test --test simulation -- --replay 42 inside    # one, with what happened
//! cargo test --profile sim --features mutants --test simulation -- --mutants
//! ```

#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod bucket;
mod checks;
mod connection;
mod day;
mod editor;
mod job;
mod life;
mod manifests;
mod mode;
#[cfg(feature = "mutants")]
mod mutants;
mod random;
mod report;
mod runtime;
mod schedule;
mod watching;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use checks::Violation;
use day::Day;
use mode::Mode;
use report::Totals;
use schedule::{Outcome, Schedule};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
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
    #[cfg(feature = "mutants")]
    if let Some(name) = arguments.iter().position(|a| a == "--mutant") {
        let name = arguments.get(name + 1).map_or("", String::as_str);
        let all = retune::mutant::Mutant::ALL;
        let mutant = all.iter().find(|mutant| format!("{mutant:?}") == name);
        retune::mutant::set(mutant.copied());
    }
    if let Some(seed) = after("--replay") {
        if has("day") {
            let outcome = Day::draw(seed).run();
            println!("{outcome:#?}\n{}", outcome.line());
            return if outcome.violations.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        let named = Mode::ALL.into_iter().find(|mode| has(mode.name()));
        let schedule = Schedule::draw(seed, named.unwrap_or(Mode::Inside));
        println!("{schedule:#?}");
        let outcome = schedule.run();
        println!("{outcome:#?}");
        return if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    #[cfg(feature = "mutants")]
    if has("--mutants") {
        let began = processor_seconds();
        let passed = mutants::hunt(after("--each").unwrap_or(1_500));
        if let Some(took) = began.zip(processor_seconds()).map(|(began, now)| now - began) {
            println!("{took:.1} s of processor time");
        }
        println!("{} passed, {} failed", u8::from(passed), u8::from(!passed));
        return if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    #[cfg(not(feature = "mutants"))]
    if has("--mutants") {
        println!("mutants take a build with `--features mutants`");
        return ExitCode::FAILURE;
    }
    // Whoever asks for one of them gets only that.
    let (schedules, days) = match (after("--schedules"), after("--days")) {
        (None, None) => (400, 2),
        (schedules, days) => (schedules.unwrap_or(0), days.unwrap_or(0)),
    };
    let first = after("--seed").unwrap_or(1);
    let began = processor_seconds();
    let mut failed = 0;
    if schedules > 0 {
        Totals::head();
    }
    let share = Mode::ALL.len() as u64;
    for (n, mode) in (0..).zip(Mode::ALL) {
        // What does not divide evenly goes to the first ones.
        let count = schedules / share + u64::from(n < schedules % share);
        failed += u8::from(count > 0 && !run(mode, first, count));
    }
    let took = began.zip(processor_seconds()).map(|(began, now)| now - began);
    if let Some(took) = took.filter(|_| schedules > 0) {
        let each = schedules as f64 / took;
        println!("{took:.1} s of processor time, {each:.0} schedules a second and core");
    }
    let began = processor_seconds();
    failed += u8::from(days > 0 && !run_days(first, days));
    if let Some(took) = began.zip(processor_seconds()).map(|(began, now)| now - began) {
        println!("{took:.1} s of processor time for {days} days");
    }
    // The plain line that any runner of tests understands.
    println!("{} passed, {failed} failed", Mode::ALL.len() as u8 + 1 - failed);
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The processor time of this process, where `/proc` tells it.
fn processor_seconds() -> Option<f64> {
    let text = String::from_utf8(std::fs::read("/proc/self/stat").ok()?).ok()?;
    // Fields 14 and 15, in ticks of 10 ms; the name in field 2 may have spaces.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

/// Calls `work` with every seed from `first` on, on all cores, until it says no.
fn each_seed(first: u64, count: u64, work: impl Fn(u64) -> bool + Sync) {
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || !work(seed) {
                        return;
                    }
                }
            });
        }
    });
}

/// Runs so many days of the watch daemon; true when no invariant broke.
fn run_days(first: u64, count: u64) -> bool {
    let total = Mutex::new(day::Outcome::default());
    let broken: Mutex<Vec<(u64, Violation)>> = Mutex::default();
    each_seed(first, count, |seed| {
        let outcome = Day::draw(seed).run();
        broken.lock().unwrap().extend(outcome.violations.first().map(|v| (seed, v.clone())));
        total.lock().unwrap().add(outcome);
        true
    });
    println!("{}", total.into_inner().unwrap().line());
    let mut broken = broken.into_inner().unwrap();
    broken.sort_by_key(|(seed, _)| *seed);
    for (seed, violation) in broken.iter().take(5) {
        println!("seed {seed}: cargo test --test simulation -- --replay {seed} day");
        println!("  {}: {:.300}", violation.invariant, violation.what);
    }
    broken.is_empty()
}

/// Runs so many schedules on all cores; true when no invariant broke.
fn run(mode: Mode, first: u64, count: u64) -> bool {
    let totals = Mutex::new(Totals::default());
    let broken: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
    each_seed(first, count, |seed| {
        let outcome = Schedule::draw(seed, mode).run();
        totals.lock().unwrap().add(&outcome);
        if !outcome.violations.is_empty() {
            broken.lock().unwrap().push((seed, outcome));
        }
        true
    });
    totals.into_inner().unwrap().row(mode);
    let mut broken = broken.into_inner().unwrap();
    broken.sort_by_key(|(seed, _)| *seed);
    for (seed, outcome) in broken.iter().take(5) {
        let mode = mode.name();
        println!("seed {seed}: cargo test --test simulation -- --replay {seed} {mode}");
        for violation in outcome.violations.iter().take(3) {
            println!("  {}: {:.300}", violation.invariant, violation.what);
        }
    }
    broken.is_empty()
}
