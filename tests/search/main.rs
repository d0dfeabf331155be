//! Exhaustive search over the real planner: every order of events within the
//! bounds that are printed beside each variant.
//!
//! # What is real
//!
//! `retune::plan::plan` decides, over real manifests and jobs with their labels
//! and digests; `retune::apply::Memory` completes its observations and withholds
//! its creates; `retune::apply::{survives, is_cancellable}` guard its cancels;
//! `retune::claims::{next, settle_put}` with `TAKEOVER` decide over claims. They
//! are pure, so each different question is asked once; how many there were is
//! printed.
//!
//! # What is modelled
//!
//! The order of requests, of `Reconciler`, `Executor` and `claims::protocol`, is
//! written down again here (`steps`), with a crash possible between any two;
//! and so is the service: a listing shows each job, or not, as it was at some
//! moment of the last S; a create is carried out up to D after its first byte,
//! also when its sender has died; a cancel takes effect later, or not at all.
//!
//! # What is left out
//!
//! One manifest, without `retry`, `timeout`, `keep`, adoption, limits and data
//! labels. Ticks of a minute: what takes seconds happens within one. A process
//! is a loop of passes, so it may do more than one confirmed `apply`. The cancels
//! of a plan are sent one after the other, though the executor sends up to four
//! at a time. GET and the claims' bucket answer with what is true at that
//! moment; the answer to a cancel does not matter. A process has one claim's
//! write on its way at a time, and reads the claim in each pass. `apply` does not
//! take claims yet: what is searched is the order that `claims` prescribes.
//! Processes marked "alike" are searched up to their order. The settle window
//! here is S+D, 4 min; the default of 20 s is less, and covers an S+D of 20 s.
//! S, D and P are bounds by definition: Google promises none of them. "Comes right" means that
//! a good end can be reached from everywhere without further faults, which is
//! "will be reached" under strong fairness.
//!
//! ```console
//! cargo test --test search                              # seconds
//! cargo test --profile sim --test search                # as in CI
//! cargo test --profile sim --test search -- --all
//! cargo test --profile sim --test search -- --variant "claims, two" --max-states 1000000
//! ```

#![allow(missing_docs, unreachable_pub, reason = "a test")]

mod claim;
mod decide;
mod graph;
mod model;
mod state;
mod steps;
mod variants;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use retune::clock::{Clock, SystemClock};
use stateright::{Checker, Model};

use graph::{Found, search};
use model::Search;
use variants::{VARIANTS, Variant, When};

/// Up to this many states, Stateright searches as well and must find as many.
const COMPARED: usize = 1_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(at + 1)
    };
    // `cargo test NAME` runs every test binary with that filter.
    if let Some(filter) = arguments.first().filter(|argument| !argument.starts_with('-'))
        && !"search".contains(filter.as_str())
    {
        return ExitCode::SUCCESS;
    }
    let most = after("--max-states").and_then(|text| text.parse().ok()).unwrap_or(100_000_000);
    let all = arguments.iter().any(|argument| argument == "--all");
    let until = match (all, cfg!(debug_assertions)) {
        (true, _) => When::All,
        (false, false) => When::Optimised,
        (false, true) => When::Always,
    };
    let chosen: Vec<&Variant> = match after("--variant") {
        Some(name) => VARIANTS.iter().filter(|variant| variant.name == name).collect(),
        None => VARIANTS.iter().filter(|variant| variant.when <= until).collect(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = VARIANTS.iter().map(|variant| variant.name).collect();
        eprintln!("no such variant; there are:\n  {}", names.join("\n  "));
        return ExitCode::FAILURE;
    }
    let rows = run(&chosen, most);
    let sound = rows.iter().filter(|row| row.variant.finds.is_empty());
    let states: usize = sound.clone().map(|row| row.found.states).sum();
    let complete = sound.clone().filter(|row| row.found.complete).count();
    println!(
        "{} variants, {complete} complete, {states} states; {} controls",
        sound.clone().count(),
        rows.len() - sound.count()
    );
    let failed = rows.iter().filter(|row| row.failure.is_some()).count();
    // The plain line that any runner of tests understands.
    println!("{} passed, {failed} failed", rows.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A variant and what came of it.
struct Row<'a> {
    variant: &'a Variant,
    found: Found,
    calls: usize,
    /// How many states Stateright found, where it looked.
    stateright: Option<usize>,
    seconds: f64,
    failure: Option<String>,
}

/// Searches on all cores, and prints in order.
fn run<'a>(chosen: &[&'a Variant], most: usize) -> Vec<Row<'a>> {
    let next = AtomicUsize::new(0);
    let empty: Vec<Option<Row>> = chosen.iter().map(|_| None).collect();
    let rows = Mutex::new((0, empty));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(variant) = chosen.get(at) else { return };
                    let row = look_into(variant, most);
                    let mut rows = rows.lock().unwrap();
                    rows.1[at] = Some(row);
                    while let Some(Some(row)) = rows.1.get(rows.0) {
                        row.print();
                        rows.0 += 1;
                    }
                }
            });
        }
    });
    rows.into_inner().unwrap().1.into_iter().flatten().collect()
}

fn look_into(variant: &Variant, most: usize) -> Row<'_> {
    let clock = SystemClock::new();
    let model = Search::new(variant.bounds, variant.mutation);
    let found = search(&model, most);
    let calls = model.real.calls();
    let seconds = clock.elapsed().as_secs_f64();
    let compared = variant.finds.is_empty() && found.complete && found.states <= COMPARED;
    let stateright = compared.then(|| model.checker().spawn_bfs().join().unique_state_count());
    let failure = judge(variant, &found, stateright);
    Row { variant, found, calls, stateright, seconds, failure }
}

/// Why a row is not as it has to be.
fn judge(variant: &Variant, found: &Found, stateright: Option<usize>) -> Option<String> {
    let wrong = found.wrong.as_ref();
    if !variant.finds.is_empty() {
        let name = wrong.map(|(name, _)| name.as_str());
        let blind = || format!("the search is blind: {name:?} instead of {}", variant.finds);
        return (name != Some(variant.finds)).then(blind);
    }
    if let Some((name, way)) = wrong {
        return Some(format!("{name}, after\n    {}", way.join("\n    ")));
    }
    if !found.complete {
        return Some("not every state was searched".to_owned());
    }
    if found.quiet == 0 || found.most_jobs == 0 {
        return Some("nothing ever happens, or never ends".to_owned());
    }
    let differs = stateright.filter(|theirs| *theirs != found.states);
    differs.map(|theirs| format!("Stateright finds {theirs} states"))
}

impl Row<'_> {
    fn print(&self) {
        let Self { variant, found, calls, stateright, seconds, failure } = self;
        let mut text = format!("{}\n  {}\n  ", variant.name, variant.bounds.line());
        let Found { states, edges, depth, most_jobs, most_live, quiet, quiet_wrong, stuck, .. } =
            found;
        if variant.finds.is_empty() {
            let agrees = stateright.map_or("", |_| ", as many by Stateright");
            text += &format!(
                "{states} states{agrees}, {edges} edges, depth {depth}, at most {most_jobs} jobs \
                 and {most_live} live of a spec, {quiet} quiet, {quiet_wrong} of them wrong, \
                 {stuck} without a good end, {} writes after it, {calls} questions to the \
                 planner, {seconds:.1} s\n",
                found.restless
            );
        } else if let Some((name, way)) = &found.wrong {
            text += &format!(
                "control: {name} found after {} steps and {states} states, {seconds:.1} s\n",
                way.len()
            );
        }
        if let Some(failure) = failure {
            text += &format!("  FAILED: {failure}\n");
        }
        print!("{text}");
    }
}
