//! A Vertex AI tuning service and a small Cloud Storage on a loopback socket.
//!
//! It exists so that a person can try `retune`, and a test can prove it,
//! without an account or a bill. It is as strict as the real service where the
//! real service's behaviour is known (Google's discovery documents, revision
//! 20261106, and its published protos), and it shares no (de)serialising code
//! with [`crate::vertex`]: a mistake made in both places would stay hidden.
//!
//! Time comes from a [`Clock`], so a test moves it by hand. A job's whole
//! course is fixed when it leaves the queue; what a request sees is computed
//! from that course and the clock. Nothing runs in the background.
//!
//! Training datasets that go wrong on purpose, for any base model:
//!
//! | object | what becomes of the job |
//! |---|---|
//! | `gs://retune-samples/faults/fail.jsonl` | FAILED, code 3, names a row, no model |
//! | `gs://retune-samples/faults/internal.jsonl` | FAILED, code 13 (transient), no model |
//! | `gs://retune-samples/faults/fail-with-model.jsonl` | FAILED, code 13, a model but no endpoint |
//! | `gs://retune-samples/faults/expire.jsonl` | never starts; EXPIRED |
//!
//! Training datasets whose curves are out of the ordinary:
//!
//! | object | what the curves are like |
//! |---|---|
//! | `gs://retune-samples/curves/overfit.jsonl` | evaluation loss turns after two fifths of the run |
//! | `gs://retune-samples/curves/nan.jsonl` | training loss is infinite at three fifths, then NaN |
//! | `gs://retune-samples/curves/long.jsonl` | 100,000 steps, whatever `tuningStepCount` says |
//! | `gs://retune-samples/curves/no-experiment.jsonl` | the job names no experiment |
//! | `gs://retune-samples/curves/in-cloud-storage.jsonl` | none either, but a `gcsMetricsUri` |
//!
//! Requests go wrong on purpose by the rules of [`faults`].
//!
//! The parts, as a request meets them: `connections` (the socket), `server`
//! (who may call), [`faults`] (what goes wrong), `call` and `routes` (which handler), `schema` (strict proto JSON),
//! `validation` and `catalog` (what the service refuses), one file per
//! resource, `world` (everything that exists), `settle` and `lifecycle` (what
//! time does to it), `file` (the world on disk); beside them `storage` and
//! `metrics`.

mod call;
mod catalog;
mod chance;
mod connections;
mod datasets;
mod endpoints;
mod error;
pub mod faults;
mod file;
mod filter;
mod generate;
mod lifecycle;
mod metrics;
mod models;
mod moment;
mod names;
mod operations;
mod paging;
mod routes;
mod schema;
mod server;
mod settle;
mod storage;
mod tuning_jobs;
mod validation;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::faults::{Entry, Faults, Rule, RuleError};
pub(crate) use self::file::{fresh_file, own_directory};
use crate::clock::Clock;

/// How an emulator is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; loopback only. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many times faster than the real service jobs run. Time stamps stay
    /// real; only durations are divided.
    pub speed: f64,
    /// Jobs a project may run at once, over all regions and models. The real
    /// service's default quota "Global concurrent tuning jobs" is 1.
    pub concurrent_jobs: usize,
    /// Where the world is kept; without it, it ends with the emulator.
    pub data_dir: Option<PathBuf>,
    /// What ids, durations and invented statistics are drawn from.
    pub seed: u64,
    /// Whether datasets in buckets that the emulator does not hold are taken
    /// to exist. Without it, a job needs its dataset in the emulator.
    pub assume_datasets: bool,
    /// What goes wrong from the start; [`Running::faults`] takes more.
    pub faults: Vec<Rule>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            speed: 1.0,
            concurrent_jobs: 1,
            data_dir: None,
            seed: 0,
            assume_datasets: false,
            faults: Vec::new(),
        }
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The emulator has no authentication, so it never leaves the machine.
    #[error("{0} is not a loopback address; the emulator listens on 127.0.0.1 or [::1] only")]
    NotLoopback(SocketAddr),
    /// The speed is not a positive number.
    #[error("{0} is not a speed; it is a positive number, and 1 is as slow as the real service")]
    Speed(f64),
    /// A rule that makes no sense.
    #[error("a fault cannot be injected")]
    Fault(#[source] RuleError),
    /// The address is taken or not there.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it was to listen.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another emulator works in the same directory.
    #[error("another emulator is using {0}; stop it, or choose another data directory")]
    Busy(PathBuf),
    /// The directory cannot be used.
    #[error("cannot use data directory {path}")]
    DataDir {
        /// The directory or the file in it.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The world file is not what an emulator wrote. It is left as it is.
    #[error("{path} cannot be read as an emulator world; move it away to start afresh")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// The world file was written by another version.
    #[error(
        "{path} has world format {found}, this version reads {known}; move it away to start afresh"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it names.
        found: u64,
        /// The format this version writes.
        known: u64,
    },
}

/// An emulator that is serving. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    url: String,
    ask_stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    app: Arc<server::App>,
}

impl Running {
    /// The base URL, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What goes wrong, from now on.
    pub fn faults(&self) -> &Faults {
        self.app.faults()
    }

    /// Every request so far and what it really did.
    pub fn log(&self) -> Vec<Entry> {
        self.app.log()
    }

    /// Answers what is being asked, writes the world and closes the socket.
    pub async fn stop(mut self) {
        // A client that holds its connection open must not hold up the end.
        const PATIENCE: Duration = Duration::from_secs(5);
        if let Some(ask_stop) = self.ask_stop.take() {
            let _ = ask_stop.send(());
        }
        // What is held is being asked, too.
        self.app.faults().release_all();
        if tokio::time::timeout(PATIENCE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
        self.app.close();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
        self.app.close();
    }
}

/// Starts an emulator and returns once it accepts connections.
pub async fn start<C: Clock + 'static>(options: Options, clock: C) -> Result<Running, StartError> {
    if !options.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback(options.listen));
    }
    if !options.speed.is_finite() || options.speed <= 0.0 {
        return Err(StartError::Speed(options.speed));
    }
    let file = options.data_dir.as_deref().map(file::WorldFile::open).transpose()?;
    let objects = storage::ObjectStore::open(options.data_dir.as_deref())
        .map_err(|source| StartError::DataDir {
            path: options.data_dir.clone().unwrap_or_default(),
            source,
        })?
        .with_samples(options.seed);

    let refused = |source| StartError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let clock = Arc::new(clock);
    let app = server::App::new(&options, address, file, Arc::new(objects), Arc::clone(&clock))?;
    let app = Arc::new(app);
    let (ask_stop, asked) = oneshot::channel::<()>();
    let serving = tokio::spawn(server::serve(listener, Arc::clone(&app), clock, asked));
    Ok(Running { url: format!("http://{address}"), ask_stop: Some(ask_stop), serving, app })
}
