//! How fast, how large: `cargo bench --bench speed`.
//!
//! Each figure stands beside a floor measured in the same run on the same
//! bytes: the work that no program can leave out. What is judged is their
//! ratio, so that a slow or a busy machine changes both. CPU seconds are user
//! and system time of a whole process; of several rounds the best counts.
//!
//! It is a benchmark and no test: a limit that is missed is printed, and the
//! exit code is 0 all the same.
//!
//! Every part runs in a process of its own, which is this very program with
//! another argument: the corpus, the server of pages, and each floor.
//! `RETUNE_BENCH_MANIFESTS` (10000) and `RETUNE_BENCH_ROUNDS` (5) change the size.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and the environment")]

mod corpus;
mod decide;
mod floor;
mod measure;
mod report;
mod serve;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use corpus::Corpus;
use measure::{Measured, best, run};
use report::Report;
use serve::Server;

type Error = Box<dyn std::error::Error>;

/// Where the release build of the program under measurement goes.
const RETUNE: &str = env!("CARGO_BIN_EXE_retune");

/// Builds it: what cargo built beside this benchmark has features of its
/// dependencies that only tests turn on.
fn build() -> Result<(), Error> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "--bin", "retune"]);
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?;
    if status.success() { Ok(()) } else { Err("the release build failed".into()) }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["prepare", root, manifests] => prepare(Path::new(root), manifests),
        ["serve", root] => serve::run(Path::new(root)),
        ["fetch", url] => floor::fetch(url),
        ["ignore", root] => floor::ignore(Path::new(root)),
        ["decide", manifests, url] => decide::run(Path::new(manifests), url),
        ["yaml", root] => floor::yaml(Path::new(root)),
        _ => drive(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("could not measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn prepare(root: &Path, manifests: &str) -> Result<(), Error> {
    Corpus::at(root).write(manifests.parse()?)
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> Result<usize, Error> {
    match std::env::var_os(name) {
        Some(text) => Ok(text.to_string_lossy().parse().map_err(|e| format!("{name}: {e}"))?),
        None => Ok(default),
    }
}

/// This program with other arguments.
fn own(arguments: &[&str]) -> Result<Command, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

/// `retune` in an empty home, away from the user's settings.
fn retune(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(RETUNE);
    command.args(arguments).current_dir(root).env_clear().env("HOME", root);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// The floors of one round.
#[derive(Clone, Copy)]
struct Floors {
    fetch: Measured,
    ignore: Measured,
    yaml: Measured,
}

/// Measures and prints.
fn drive() -> Result<(), Error> {
    let manifests = setting("RETUNE_BENCH_MANIFESTS", 10_000)?;
    let rounds = setting("RETUNE_BENCH_ROUNDS", 5)?;
    build()?;
    let directory = tempfile::tempdir()?;
    let root = directory.path();
    let corpus = Corpus::at(root);
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let root_text = path(root.to_owned());
    run(own(&["prepare", &root_text, &manifests.to_string()])?)?;
    let server = Server::start(root)?;
    let (many, one) = (path(corpus.manifests()), path(corpus.one_manifest()));
    let url = server.url();

    let plan = |directory: &str, expected: &str| -> Result<Measured, Error> {
        let revision = corpus::REVISION.to_string();
        let plan = ["plan", directory, "--endpoint", url, "--revision", &revision];
        let measured = run(retune(root, &plan))?;
        measured.said(expected)
    };
    let in_sync = "No changes. Every tuned model matches its manifest.";
    let (mut floors, mut plans, mut validations) = (Vec::new(), Vec::new(), Vec::new());
    let (mut versions, mut ones, mut decisions) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        eprint!("\rround {round} of {rounds}");
        floors.push(Floors {
            fetch: run(own(&["fetch", &format!("{url}{}", corpus::JOBS)])?)?.measured,
            ignore: run(own(&["ignore", &root_text])?)?.by_itself()?,
            yaml: run(own(&["yaml", &many])?)?.measured,
        });
        plans.push(plan(&many, in_sync)?);
        decisions.push(run(own(&["decide", &many, url])?)?.by_itself()?);
        validations.push(run(retune(root, &["validate", &many]))?.measured);
        versions.push(run(retune(root, &["--version"]))?.measured);
        ones.push(plan(&one, in_sync)?);
    }
    eprintln!();
    let floor = Floors {
        fetch: best(floors.iter().map(|f| f.fetch)),
        ignore: best(floors.iter().map(|f| f.ignore)),
        yaml: best(floors.iter().map(|f| f.yaml)),
    };
    let plan = best(plans);
    // The one figure that a busy machine can only lower.
    let cores = validations.iter().map(Measured::cores).fold(0.0, f64::max);
    let validate = best(validations);
    let pages = corpus.pages()?;

    let mut report = Report::default();
    let sum = floor.fetch.cpu + floor.ignore.cpu + floor.yaml.cpu;
    report.note(format!(
        "{manifests} manifests of {} bytes, {} jobs on {} pages of {} KB; best of {rounds} rounds",
        corpus.manifest_bytes(manifests)?,
        corpus::listed(manifests),
        pages.count,
        pages.bytes / pages.count / 1000,
    ));
    let rate = pages.count as f64 / floor.fetch.wall.as_secs_f64();
    report.note(format!("pages fetched and dropped: {rate:.0} a second"));
    report.floor("fetch and drop the pages", floor.fetch);
    report.floor("serde_json::IgnoredAny over them", floor.ignore);
    report.floor("granit-parser and serde_yaml over the files", floor.yaml);
    report.ratio("plan: CPU against the three together", sum, plan.cpu, 1.5);
    report.ratio("plan: wall against fetching or CPU", floor.fetch.wall.max(sum), plan.wall, 1.3);
    report.below("plan: peak memory", plan.memory as f64 / 1e6, 120.0, "MB");
    report.below("planning alone: CPU", millis(best(decisions).cpu), 300.0, "ms");
    report.ratio("validate: CPU against both parsers", floor.yaml.cpu, validate.cpu, 2.0);
    report.above("validate: cores used", cores, 1.5);
    report.below("plan of one manifest: CPU", millis(best(ones).cpu), 50.0, "ms");
    report.below("--version: CPU", millis(best(versions).cpu), 10.0, "ms");
    let size = std::fs::metadata(RETUNE)?.len();
    report.below("release binary", size as f64 / 1e6, 15.0, "MB");
    print!("{report}");
    drop(server);
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
