//! `retune emulator`: a Vertex AI tuning service on this machine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use crate::clock::SystemClock;
use crate::emulator::faults::{ParseError, Rule};
use crate::emulator::{self, Options, StartError};

/// The short form of what [`crate::emulator::faults`] documents.
const FAULTS: &str = "\
Faults:
  A rule is ON[@MATCH]:FAULT[=VALUE][,NAME=VALUE...][:WHEN...], such as
    create:process-then-drop:1
    create@retune-name=faq:late=90:1
    list:stale=60
    storage-put:status=503,retry-after=2:every-3
    any:delay=1500:p0.1

  ON      any, create, get, list, list-jobs, list-models, cancel, storage-get,
          storage-put, other; connect (with refuse only)
  MATCH   LABEL=VALUE of the job, or a part of the URL or the display name;
          several with commas
  FAULT   nothing happens, and the client gets
            refuse[=CODE]  status=CODE  quota  html[=CODE]  drop
          everything happens, and the client gets something else
            process-then-drop  process-then-status[=CODE]
            process-then-html[=CODE]  truncate[=BYTES]  invalid-json  empty-json
          late in milliseconds: before anything happens, or after it
            delay=MS  delay-answer=MS
          held until let go: before anything happens, after it, half answered
            hold  hold-answer  hold-middle
          create: no answer, and the job S seconds later; a job without labels
            late=S  labels-not-echoed
          list: as of S seconds ago; wrong pages; wrong filters
            stale=S  lost-page  repeat-token  filter-ignored
            filter-matches-nothing
          cancel: accepted, and the job goes on
            cancel-loses
          quota and the statuses take retry-after=S, the statuses retry-info=S
  WHEN    N (at most N times), after-N (not the first N), every-N, p0.25

  At run time: GET, POST and DELETE /emulator/faults; GET and DELETE
  /emulator/held show what is held and let it go; what really happened is at
  /emulator/log and /emulator/jobs.";

/// Arguments of `retune emulator`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FAULTS)]
pub struct Args {
    /// Where to listen; loopback only, port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8089")]
    pub listen: SocketAddr,

    /// How many times faster than the real service jobs run; at 1 a job takes most of an hour
    #[arg(long, value_name = "FACTOR", default_value_t = 600.0)]
    pub speed: f64,

    /// Jobs a project may run at once; more wait in the queue
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub concurrent_jobs: usize,

    /// Where jobs, models and objects are kept; without it they end with the emulator
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// What ids and durations are drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,

    /// Take datasets in buckets that the emulator does not hold to exist
    #[arg(long)]
    pub assume_datasets: bool,

    /// Let requests go wrong, such as `create:process-then-drop:1`; may be given more than once
    #[arg(long, value_name = "RULE", value_parser = read_rule)]
    pub fault: Vec<Rule>,

    /// A JSON file with an array of such rules, which come first
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

/// Why `retune emulator` ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It did not start.
    #[error("cannot start the emulator")]
    Start(#[source] StartError),
    /// The file with faults is not there.
    #[error("cannot read {path}")]
    ReadFaults {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file with faults has something else in it.
    #[error("{path} is no list of faults")]
    Faults {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ParseError,
    },
    /// It could not wait for Ctrl-C or SIGTERM.
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    /// Its address could not be printed.
    #[error("cannot write to stdout")]
    Output(#[source] std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            // What was typed is wrong, and by itself says what would be right.
            Error::Start(error @ (StartError::NotLoopback(_) | StartError::Speed(_))) => {
                Self::new(Exit::Usage, error)
            }
            Error::Start(error @ StartError::Listen { .. }) => Self::new(Exit::Unexpected, error)
                .hint("take a free port: `retune emulator --listen 127.0.0.1:0`"),
            error => Self::new(Exit::Unexpected, error),
        }
    }
}

/// Serves until Ctrl-C or SIGTERM. The URL, and only that, goes to stdout.
pub async fn run(args: Args) -> Result<(), Error> {
    let Args { listen, speed, concurrent_jobs, data_dir, seed, assume_datasets, fault, faults } =
        args;
    let mut rules = faults.map_or_else(|| Ok(Vec::new()), |path| read_rules(&path))?;
    rules.extend(fault);
    let options =
        Options { listen, speed, concurrent_jobs, data_dir, seed, assume_datasets, faults: rules };
    let running = emulator::start(options, SystemClock::new()).await.map_err(Error::Start)?;
    let asked = asked_to_stop().map_err(Error::Signals)?;
    announce(running.url()).map_err(Error::Output)?;
    asked.await.map_err(Error::Signals)?;
    running.stop().await;
    Ok(())
}

/// With the cause in the text: clap prints no other.
fn read_rule(text: &str) -> Result<Rule, String> {
    text.parse::<Rule>().map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

fn read_rules(path: &Path) -> Result<Vec<Rule>, Error> {
    let bytes = std::fs::read(path)
        .map_err(|source| Error::ReadFaults { path: path.to_owned(), source })?;
    Rule::read_all(&bytes).map_err(|source| Error::Faults { path: path.to_owned(), source })
}

fn announce(url: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{url}")?;
    stdout.flush()?;
    let mut stderr = std::io::stderr();
    writeln!(stderr, "The emulator is running; Ctrl-C stops it. In another terminal:")?;
    writeln!(stderr, "  export STORAGE_EMULATOR_HOST={url}")?;
    writeln!(stderr, "  retune plan --endpoint {url}")
}

/// Resolves at Ctrl-C or SIGTERM. Both are caught from the call on, not from
/// the first poll: whoever reads the URL may stop the emulator at once.
#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

#[cfg(not(unix))]
fn asked_to_stop() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_fault() {
        // serde lists what it knows when it meets something else.
        for wrong in ["any:?", "?:drop"] {
            let error = wrong.parse::<Rule>().unwrap_err();
            let known = std::error::Error::source(&error).unwrap().to_string();
            let names: Vec<&str> = known.split('`').skip(3).step_by(2).collect();
            assert!(names.len() > 5, "{known}");
            for name in names {
                let listed = FAULTS.split([' ', ',', ';', '[', '=', '\n']).any(|word| word == name);
                assert!(listed, "{name} is not in the help");
            }
        }
    }
}
