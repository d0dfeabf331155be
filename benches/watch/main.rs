//! What watching costs, and how soon it acts: `cargo bench --bench watch`.
//!
//! The daemon is the built program, the files are real, and the service is a
//! server on loopback. Times that somebody asked for (the 5 s of an unchanged
//! manifest, the listings) are taken off what is measured, CPU beside floors
//! measured in the same run, so that a slow or a busy machine changes both.
//!
//! It is a benchmark and no test: a limit that is missed is printed, and the
//! exit code is 0 all the same.
//!
//! Arguments choose parts: `edits`, `idle`, `flat`. From the environment come
//! `RETUNE_BENCH_PROGRAM` (else the release build), `RETUNE_BENCH_MANIFESTS`
//! (10000), `RETUNE_BENCH_EDITS` (20), `RETUNE_BENCH_REST` (600 seconds) and
//! `RETUNE_BENCH_PASSES` (2000).

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and the environment")]

#[path = "../speed/corpus.rs"]
#[expect(dead_code, reason = "pages are written by the other benchmark")]
mod corpus;
mod daemon;
mod edits;
mod idle;
#[path = "../speed/measure.rs"]
#[expect(dead_code, reason = "the other benchmark measures more")]
mod measure;
#[path = "../speed/report.rs"]
#[expect(dead_code, reason = "the other benchmark has more kinds of rows")]
mod report;
mod service;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use report::Report;

type Error = Box<dyn std::error::Error>;

/// Runs with a run each, of all manifests, while one of them is edited.
const TUNED: usize = 100;

/// Manifests of the many passes: so many that the watches rest while all are
/// read. A run has every tenth of them, as fit on a page.
const FEW: usize = 1_000;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        [what @ ("list" | "decode"), directory, url, rounds] => number(rounds)
            .and_then(|rounds| idle::floor(Path::new(directory), url, rounds, *what == "decode")),
        parts => drive(parts),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("could not measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> Result<u32, Error> {
    Ok(text.parse()?)
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> Result<usize, Error> {
    match std::env::var_os(name) {
        Some(text) => Ok(text.to_string_lossy().parse().map_err(|e| format!("{name}: {e}"))?),
        None => Ok(default),
    }
}

/// The program under measurement.
fn program() -> Result<PathBuf, Error> {
    Ok(match std::env::var_os("RETUNE_BENCH_PROGRAM") {
        Some(program) => std::path::absolute(program)?,
        None => PathBuf::from(env!("CARGO_BIN_EXE_retune")),
    })
}

/// Builds it: what cargo built beside this benchmark has features of its
/// dependencies that only tests turn on.
fn build() -> Result<(), Error> {
    if std::env::var_os("RETUNE_BENCH_PROGRAM").is_some() {
        return Ok(());
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "--bin", "retune"]);
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?;
    if status.success() { Ok(()) } else { Err("the release build failed".into()) }
}

/// This program with other arguments.
fn own(arguments: &[&str]) -> Result<Command, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    Ok(command)
}

/// Measures and prints.
fn drive(parts: &[&str]) -> Result<(), Error> {
    let manifests = setting("RETUNE_BENCH_MANIFESTS", 10_000)?;
    let edits = setting("RETUNE_BENCH_EDITS", 20)?;
    let rest = setting("RETUNE_BENCH_REST", 600)?;
    let passes = setting("RETUNE_BENCH_PASSES", 2_000)?;
    build()?;
    let directory = tempfile::tempdir()?;
    let root = directory.path();
    // Nothing above is looked at.
    std::fs::create_dir(root.join(".git"))?;
    let wants = |part: &str| parts.is_empty() || parts.contains(&part);
    let mut report = Report::default();
    if wants("edits") {
        let size = (manifests, TUNED, edits);
        edits::measure(root, ("settle window", "{settle: 1s}"), size, &mut report)?;
        edits::measure(root, ("claims", "{bucket: gs://acme-claims}"), size, &mut report)?;
    }
    if wants("idle") {
        idle::measure(root, manifests, Duration::from_secs(rest as u64), &mut report)?;
    }
    if wants("flat") {
        idle::flat(root, FEW, passes, &mut report)?;
    }
    print!("{report}");
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
