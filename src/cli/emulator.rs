//! `retune emulator`: a Vertex AI tuning service on this machine.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::exit::Exit;
use super::failure::Failure;
use crate::clock::SystemClock;
use crate::emulator::{self, Options, StartError};

/// Arguments of `retune emulator`.
#[derive(Debug, clap::Args)]
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
}

/// Why `retune emulator` ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It did not start.
    #[error("cannot start the emulator")]
    Start(#[source] StartError),
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
    let Args { listen, speed, concurrent_jobs, data_dir, seed, assume_datasets } = args;
    let options = Options { listen, speed, concurrent_jobs, data_dir, seed, assume_datasets };
    let running = emulator::start(options, SystemClock::new()).await.map_err(Error::Start)?;
    let asked = asked_to_stop().map_err(Error::Signals)?;
    announce(running.url()).map_err(Error::Output)?;
    asked.await.map_err(Error::Signals)?;
    running.stop().await;
    Ok(())
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
