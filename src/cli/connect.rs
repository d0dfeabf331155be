//! A client for the commands, and the emulator inside the process when it is
//! asked for.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use super::Global;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::clock::{SystemClock, SystemEntropy};
use crate::emulator::{self, Running, StartError};
use crate::vertex::{Client, ClientOptions, Endpoint};

/// The client of the command line.
pub(super) type VertexClient = Client<SystemClock, SystemEntropy>;

/// Where the emulator inside the process keeps its world.
const EMULATOR_WORLD: &str = ".retune/emulator";

/// The file in it that says where the emulator listens.
const ADDRESS: &str = "address";

/// How fast its jobs run: most of an hour becomes a few seconds.
const EMULATOR_SPEED: f64 = 600.0;

/// The emulator inside the process. However the command ends, short of the whole
/// process, its world is written, and whoever comes next does not look for it
/// where it was.
pub(super) struct Inside {
    address: AddressFile,
    running: Running,
}

/// The file that says where the emulator listens, as long as it does.
struct AddressFile(PathBuf);

impl Drop for AddressFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Lets the emulator finish what it is asked, and ends it.
pub(super) async fn end(emulator: Option<Inside>) {
    if let Some(Inside { address, running }) = emulator {
        drop(address);
        running.stop().await;
    }
}

/// A client, and the emulator inside the process when it is asked for.
pub(super) async fn connect(
    global: &Global,
    environment: Environment,
    output: &Output,
) -> Result<(VertexClient, Option<Inside>), Failure> {
    // A person waits for this one look, and a refusal would say so.
    connect_within(global, environment, None, output).await
}

/// As [`connect`], with at most so many requests a minute.
pub(super) async fn connect_within(
    global: &Global,
    environment: Environment,
    requests_per_minute: Option<NonZeroU32>,
    output: &Output,
) -> Result<(VertexClient, Option<Inside>), Failure> {
    if global.emulator && global.endpoint.is_some() {
        return Err(Failure::usage("--emulator and --endpoint name two services; give one"));
    }
    let mut emulator = None;
    let endpoint = if global.emulator {
        let (url, inside) = emulator_here(output).await?;
        emulator = inside;
        Some(url)
    } else {
        global.endpoint.clone().or(environment.endpoint)
    };
    let options =
        ClientOptions { endpoint, environment: environment.credentials, requests_per_minute };
    let client = Client::new(options, SystemClock::new(), SystemEntropy)
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok((client, emulator))
}

/// The emulator of this directory: started here, or the one that another
/// retune runs at this moment.
async fn emulator_here(output: &Output) -> Result<(String, Option<Inside>), Failure> {
    let directory = PathBuf::from(EMULATOR_WORLD);
    let address = directory.join(ADDRESS);
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Unexpected, format!("could not write in {EMULATOR_WORLD}: {error}"))
            .hint("run retune in a directory that you may write to")
    };
    emulator::own_directory(&directory).map_err(failed)?;
    // The world of an emulator is nobody's business but this machine's.
    if let Some(parent) = directory.parent() {
        write(&parent.join(".gitignore"), "*\n").map_err(failed)?;
    }
    let options = emulator::Options {
        speed: EMULATOR_SPEED,
        data_dir: Some(directory),
        assume_datasets: true,
        ..emulator::Options::default()
    };
    match emulator::start(options, SystemClock::new()).await {
        Ok(running) => {
            let url = running.url().to_owned();
            let address = AddressFile(address);
            write(&address.0, &url).map_err(failed)?;
            Ok((url, Some(Inside { address, running })))
        }
        Err(StartError::Busy(_)) => {
            let url = std::fs::read(&address).ok().and_then(|url| String::from_utf8(url).ok());
            // The file may be anybody's; the emulator is on this machine.
            let here = |url: &String| Endpoint::parse(url).is_ok_and(|url| url.is_loopback());
            let url = url.filter(here).ok_or_else(|| {
                Failure::new(Exit::Unreachable, "another retune is starting the emulator here")
                    .hint("run the command again")
            })?;
            output.say("emulator: using the one that another retune runs in this directory\n");
            Ok((url, None))
        }
        Err(error) => Err(Failure::new(Exit::Unexpected, error)),
    }
}

/// Writes a small file in the place of whatever is there.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    emulator::fresh_file(path)?.write_all(text.as_bytes())
}
