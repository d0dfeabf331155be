//! From the close of a saved file to the create on the wire.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use retune::apply::UNCHANGED;
use retune::clock::{SystemClock, SystemEntropy};
use retune::model::{Desired, Observation, Place};
use retune::observe;
use retune::vertex::{Client, ClientOptions, Keep};

use crate::Error;
use crate::daemon::{Daemon, PASS};
use crate::report::Report;
use crate::service::{Asked, Service};
use crate::world::World;

/// One edit.
struct Edit {
    /// From the close to the create.
    whole: Duration,
    /// From the close to the line that says that the manifest changed.
    snapshot: Duration,
    /// What is beyond the snapshot, the 5 s and the listings after them.
    beyond: Duration,
    /// Listings after the 5 s.
    listings: usize,
    /// What the daemon says it parsed.
    parsed: usize,
}

/// Saves one manifest after the other, half of them by a rename.
pub(crate) fn measure(
    root: &Path,
    claims: (&str, &str),
    (manifests, tuned, edits): (usize, usize, usize),
    report: &mut Report,
) -> Result<(), Error> {
    let (name, claims) = claims;
    let world = World::write(&root.join(name), manifests, tuned, claims)?;
    let service = Service::start(world.jobs)?;
    let daemon = Daemon::start(root, &world.directory, service.url(), &["-vv"])?;
    daemon.says(PASS)?;
    let lister = Lister::new(service.url(), &world.tuned)?;
    let mut seen = Vec::new();
    for (number, desired) in (0..edits).zip(world.tuned.iter().cycle()) {
        eprint!("\r{name}: edit {} of {edits}", number + 1);
        let listing = lister.time()?;
        daemon.rests()?;
        seen.push(edit(desired, number % 2 == 0, listing, &daemon, &service)?);
    }
    eprintln!();
    let all = |figure: fn(&Edit) -> Duration| {
        let mut all: Vec<f64> = seen.iter().map(|edit| figure(edit).as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let whole = all(|edit| edit.whole);
    report.note(format!(
        "{name}: {edits} edits, close to create {:.0} ms median, {:.0} ms p99, with {} listing(s) \
         after the 5 s; files parsed for an edit: {} to {}",
        median(&whole),
        p99(&whole),
        seen.iter().map(|edit| edit.listings).max().unwrap_or(0),
        seen.iter().map(|edit| edit.parsed).min().unwrap_or(0),
        seen.iter().map(|edit| edit.parsed).max().unwrap_or(0),
    ));
    let snapshot = all(|edit| edit.snapshot);
    report.below(&format!("{name}: stable snapshot, median"), median(&snapshot), 500.0, "ms");
    report.below(&format!("{name}: stable snapshot, p99"), p99(&snapshot), 500.0, "ms");
    let beyond = all(|edit| edit.beyond);
    report.below(&format!("{name}: save to create beyond, median"), median(&beyond), 300.0, "ms");
    report.below(&format!("{name}: save to create beyond, p99"), p99(&beyond), 300.0, "ms");
    Ok(())
}

/// Lists as the daemon does, over a connection that is open.
struct Lister {
    client: Client<SystemClock, SystemEntropy>,
    runtime: tokio::runtime::Runtime,
    places: BTreeSet<Place>,
    keep: Keep,
}

impl Lister {
    fn new(url: &str, desired: &[Desired]) -> Result<Self, Error> {
        let options = ClientOptions { endpoint: Some(url.to_owned()), ..ClientOptions::default() };
        Ok(Self {
            client: Client::new(options, SystemClock::new(), SystemEntropy)?,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            places: observe::places(desired, None),
            keep: observe::keep(desired),
        })
    }

    /// How long a listing takes.
    fn time(&self) -> Result<Duration, Error> {
        let look = || -> Result<Observation, Error> {
            let look = observe::observe(&self.client, &self.places, &self.keep);
            Ok(self.runtime.block_on(look)?)
        };
        // It opens the connection, or finds that it is still open.
        drop(look()?);
        let before = Instant::now();
        drop(look()?);
        Ok(before.elapsed())
    }
}

fn edit(
    desired: &Desired,
    renamed: bool,
    listing: Duration,
    daemon: &Daemon,
    service: &Service,
) -> Result<Edit, Error> {
    let file = &desired.source.file;
    let text = fs::read(file)?;
    let text = String::from_utf8(text)?;
    let epochs = text.split_once("epochCount: ").ok_or("no epochs")?.1;
    let epochs: u32 = epochs.lines().next().unwrap_or_default().parse()?;
    let from = format!("epochCount: {epochs}\n");
    let text = text.replace(&from, &format!("epochCount: {}\n", epochs + 1));
    if renamed {
        let beside = file.with_extension("yaml.tmp");
        fs::write(&beside, text)?;
        fs::rename(&beside, file)?;
    } else {
        fs::write(file, text)?;
    }
    let closed = Instant::now();
    let (_, read) = daemon.says("manifests were read")?;
    let parsed = read.split_once("parsed=").map(|(_, number)| number.trim().parse());
    let (changed, _) = daemon.says("manifestsChanged")?;
    daemon.says("created: tuningJobs/")?;
    let created = service.asked(closed, Asked::Create);
    let &[created] = created.as_slice() else {
        return Err(format!("{} creates of one edit", created.len()).into());
    };
    let due = changed + UNCHANGED;
    let lists = service.asked(due, Asked::List).into_iter().filter(|at| *at < created);
    let listings = lists.count();
    let (whole, snapshot) = (created - closed, changed - closed);
    let waits = snapshot + UNCHANGED + listing * u32::try_from(listings)?;
    Ok(Edit {
        whole,
        snapshot,
        beyond: whole.saturating_sub(waits),
        listings,
        parsed: parsed.ok_or("not said how many were parsed")??,
    })
}

fn median(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that one in a hundred exceeds; of fewer than a hundred, the worst.
fn p99(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}
