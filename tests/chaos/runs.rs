//! Draws the runs, plays them and shows what they came to.

mod boundary;
mod client;
mod emulator;
mod judge;
#[path = "../simulation/random.rs"]
mod random;
mod scenarios;
mod table;
mod wait;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use retune::clock::{Clock as _, SystemClock};

use scenarios::{ALL, Claims, Scenario};
use table::{Kind, Played, Table};
use world::World;

/// Something that a run found, or that kept it from being played.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// Runs at a time. Most of a run is the wait for a settle window.
const AT_A_TIME: usize = 8;

/// Control runs of each kind, for so many others.
const CONTROL_EVERY: u64 = 60;

struct Options {
    runs: u64,
    seed: u64,
    only: Option<String>,
    at_a_time: usize,
}

/// A scenario and what it is drawn from.
struct Run {
    scenario: &'static Scenario,
    seed: u64,
    claims: bool,
    /// What varies from one run of the scenario to the next.
    variant: u64,
}

/// What the command line asks for.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test NAME` runs every test binary with that filter.
    if let Some(filter) = arguments.first().filter(|argument| !argument.starts_with('-'))
        && !"chaos".contains(filter.as_str())
    {
        return ExitCode::SUCCESS;
    }
    let options = match Options::read(&arguments) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}\nusage: chaos [--runs N] [--seed S] [--only SCENARIO] [--jobs N]");
            return ExitCode::FAILURE;
        }
    };
    let runs = options.draw();
    if runs.is_empty() {
        eprintln!("no scenario is called that; there are: {}", scenarios::names().join(", "));
        return ExitCode::FAILURE;
    }
    let clock = SystemClock::new();
    let table = play(&runs, options.at_a_time);
    println!("{table}");
    let blind = table.blind();
    for name in &blind {
        println!("BLIND: {name} costs nothing extra even without a settle window");
    }
    let failed = table.failed() + blind.len();
    println!("{} passed, {failed} failed in {:.0?}", runs.len() - table.failed(), clock.elapsed());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self { runs: 20, seed: 1, only: None, at_a_time: AT_A_TIME };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            let number = |text: &String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
            match argument.as_str() {
                "--runs" => options.runs = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                "--only" => options.only = Some(value()?.clone()),
                "--jobs" => options.at_a_time = number(value()?)?.max(1) as usize,
                // What every test binary is told.
                "--nocapture" | "--quiet" | "-q" | "chaos" => {}
                other => return Err(format!("what is `{other}`?")),
            }
        }
        Ok(options)
    }

    /// The runs: seed after seed, each with its own scenario, and the controls.
    fn draw(&self) -> Vec<Run> {
        let wanted = |run: &Run| self.only.as_ref().is_none_or(|only| *only == run.scenario.name);
        let all = (self.seed..).take(100_000).map(Run::of).filter(wanted);
        let mut runs: Vec<Run> = all.take(self.runs as usize).collect();
        for scenario in scenarios::CONTROL {
            let seeds = self.seed..self.seed + self.runs.div_ceil(CONTROL_EVERY);
            let control = seeds.map(|seed| Run { scenario, seed, claims: false, variant: seed });
            runs.extend(control.filter(wanted));
        }
        runs
    }
}

impl Run {
    fn of(seed: u64) -> Self {
        let (round, place) = (seed / ALL.len() as u64, seed as usize % ALL.len());
        let scenario = &ALL[place];
        let same = |other: &&Scenario| other.name == scenario.name;
        let (each_round, before) =
            (ALL.iter().filter(same).count() as u64, ALL[..place].iter().filter(same).count());
        let played = round * each_round + before as u64;
        let (claims, variant) = match scenario.claims {
            Claims::InTurn => (played % 2 == 1, played / 2),
            claims => (claims == Claims::Always, played),
        };
        Self { scenario, seed, claims, variant }
    }

    fn play(&self) -> Played {
        let clock = SystemClock::new();
        let mut kills = 0;
        let cost = World::new(self.seed, self.scenario.mode(self.claims)).and_then(|mut world| {
            let played = (self.scenario.play)(&mut world, self.variant);
            kills = world.kills;
            played.and_then(|()| world.judge())
        });
        if let Err(trouble) = &cost {
            let Self { scenario: Scenario { name, .. }, seed, claims, .. } = self;
            let with = if *claims { ", with claims" } else { "" };
            println!(
                "FAILED {name} with seed {seed}{with}: {trouble}\n  again: cargo test --test \
                 chaos -- --only '{name}' --seed {seed} --runs 1\n"
            );
        }
        let scenario = self.scenario.name;
        let kind = match self.claims {
            _ if scenarios::CONTROL.iter().any(|control| control.name == scenario) => Kind::Control,
            true => Kind::Claims,
            false => Kind::Settling,
        };
        Played { scenario, kind, cost, kills, took: clock.elapsed() }
    }
}

fn play(runs: &[Run], at_a_time: usize) -> Table {
    let next = AtomicUsize::new(0);
    let table = Mutex::new(Table::default());
    std::thread::scope(|scope| {
        for _ in 0..at_a_time.min(runs.len()) {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = run.play();
                    // Whoever panicked with it in hand has lost one row.
                    table.lock().unwrap_or_else(|e| e.into_inner()).add(played);
                }
            });
        }
    });
    table.into_inner().unwrap_or_else(|e| e.into_inner())
}
