//! What `prompt` adds to a question: `cargo bench --bench prompt`.
//!
//! A server on loopback answers at once. The same question is asked by a bare
//! HTTP client, which drops the answer unread as JSON, and by what `prompt`
//! does from its settings to a text for the terminal, one after the other in
//! the same run, so that a busy machine slows both. What is judged is the
//! difference of the medians.
//!
//! A process on top of it starts, reads its manifests and lists the runs of the
//! name's place to find the endpoint; it is shown beside a bare process that
//! makes the same two requests, and is not part of what is judged.
//!
//! It is a benchmark and no test: a limit that is missed is printed, and the
//! exit code is 0 all the same. `RETUNE_BENCH_QUESTIONS` (2000) and
//! `RETUNE_BENCH_PROCESSES` (40) change the size.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and the environment")]

mod process;
mod question;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

type Error = Box<dyn std::error::Error>;

/// What `prompt` may add to a question.
const LIMIT: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    // As retune's own clients do; the bare one takes what is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Error::from).and_then(|runtime| match words.as_slice() {
        ["bare", url] => runtime.block_on(process::bare(url)),
        _ => runtime.block_on(drive()),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("could not measure: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A number from the environment.
fn setting(name: &str, default: usize) -> Result<usize, Error> {
    match std::env::var_os(name) {
        Some(text) => Ok(text.to_string_lossy().parse().map_err(|e| format!("{name}: {e}"))?),
        None => Ok(default),
    }
}

async fn drive() -> Result<(), Error> {
    let questions = setting("RETUNE_BENCH_QUESTIONS", 2000)?;
    let processes = setting("RETUNE_BENCH_PROCESSES", 40)?;
    let url = serve::start()?;
    println!("{questions} questions each, by turns; median and p99 in ms\n");
    println!("{:<34}{:>17}{:>17}{:>10}", "", "bare", "retune", "added");
    for (what, kind) in [
        ("a short answer", question::Kind::Short),
        ("256 KiB of answer", question::Kind::Long),
        ("256 KiB in 1024 events (--stream)", question::Kind::Stream),
    ] {
        let count = if kind == question::Kind::Short { questions } else { questions / 10 };
        let (mut bare, mut ours) = question::measure(&url, kind, count.max(1)).await?;
        let (bare, ours) = (Times::of(&mut bare), Times::of(&mut ours));
        let added = ours.median.saturating_sub(bare.median);
        let verdict = if added < LIMIT { "under 5 ms" } else { "MISSED: 5 ms" };
        println!("{what:<34}{bare}{ours}{:>10}  {verdict}", millis(added));
    }
    let (mut bare, mut ours) = process::measure(&url, processes)?;
    let (bare, ours) = (Times::of(&mut bare), Times::of(&mut ours));
    let more = millis(ours.median.saturating_sub(bare.median));
    println!("\n{processes} processes each: start, list, ask");
    println!("{:<34}{bare}{ours}{more:>10}", "a process with two requests");
    Ok(())
}

/// What many measurements come to.
#[derive(Clone, Copy)]
struct Times {
    median: Duration,
    p99: Duration,
}

impl Times {
    fn of(times: &mut [Duration]) -> Self {
        times.sort_unstable();
        let at = |part: f64| {
            let last = times.len().saturating_sub(1);
            times.get((last as f64 * part).round() as usize).copied().unwrap_or_default()
        };
        Self { median: at(0.5), p99: at(0.99) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>8} {:>8}", millis(self.median), millis(self.p99))
    }
}

fn millis(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}
