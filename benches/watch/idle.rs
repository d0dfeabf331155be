//! What the daemon costs while nothing changes.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retune::clock::{SystemClock, SystemEntropy};
use retune::model::Observation;
use retune::observe;
use retune::vertex::{Client, ClientOptions};
use retune::watch::REQUESTS_A_MINUTE;
use sha2::{Digest, Sha256};

use crate::daemon::{Daemon, PASS, cpu_of};
use crate::measure::run;
use crate::report::Report;
use crate::service::{PAGE, Service};
use crate::world::World;
use crate::{Error, millis, own};

/// Passes of which the mean is taken.
const PASSES: u32 = 10;

/// 0.1 % of a core, in milliseconds a minute.
const IDLE_A_MINUTE: f64 = 60.0;

/// Rests, and passes over everything that ask for nothing.
pub(crate) fn measure(
    root: &Path,
    manifests: usize,
    window: Duration,
    report: &mut Report,
) -> Result<(), Error> {
    let world = World::write(&root.join("idle"), manifests, manifests, "{settle: 1s}")?;
    let service = Service::start(world.jobs)?;
    let directory = world.directory.to_string_lossy().into_owned();
    let floor = |what: &str| -> Result<[Duration; 2], Error> {
        let rounds = PASSES.to_string();
        let printed = run(own(&[what, &directory, service.url(), &rounds])?)?.stdout;
        let figures =
            printed.split_whitespace().map(str::parse).map(|ns| ns.map(Duration::from_nanos));
        let figures: Vec<Duration> = figures.collect::<Result<_, _>>()?;
        <[Duration; 2]>::try_from(figures).map_err(|_| "not two figures".into())
    };
    let ([decoding, _], [listing, hashing]) = (floor("decode")?, floor("list")?);

    // A pass is over when its pages were asked for: a log of requests costs, too.
    let pages = manifests.div_ceil(PAGE);
    let began = Instant::now();
    let daemon = Daemon::start(root, &world.directory, service.url(), &[])?;
    service.is_asked(pages, began)?;
    daemon.rests()?;
    let first = daemon.counted()?;
    let before = daemon.cpu()?;
    for number in 1..=PASSES {
        eprint!("\rpass {number} of {PASSES}");
        let began = Instant::now();
        daemon.hang_up()?;
        service.is_asked(pages, began)?;
        daemon.rests()?;
    }
    let pass = (daemon.cpu()? - before) / PASSES;
    let counted = daemon.counted()?;
    eprintln!("\nresting for {} s", window.as_secs());
    let (since, before) = (Instant::now(), daemon.cpu()?);
    std::thread::sleep(window);
    let minutes = since.elapsed().as_secs_f64() / 60.0;
    let resting = millis(daemon.cpu()? - before) / minutes;
    let requests = service.count(since);

    let in_mb = |bytes: u64| bytes as f64 / 1e6;
    report.note(format!(
        "idle: {manifests} manifests and as many runs; {requests} requests in {minutes:.1} minutes; \
         resident {:.1} MB after the first pass, {:.1} MB after {PASSES} more, {:.1} MB at most",
        in_mb(first.resident),
        in_mb(counted.resident),
        in_mb(counted.peak),
    ));
    report.note(format!(
        "a pass over everything: {:.0} ms of CPU; a listing by itself {:.0} ms, and {:.0} ms where \
         each job is decoded anew; reading and hashing the files by itself {:.0} ms",
        millis(pass),
        millis(listing),
        millis(decoding),
        millis(hashing),
    ));
    report.below("idle: CPU in a minute (0.1 % of a core)", resting, IDLE_A_MINUTE, "ms");
    // By `rhythm.rs` 300 pages an hour are listed, at most 12 times; by
    // `files::Options` everything is read 6 times. A pass was both, and what it
    // takes beyond a listing is no less than a reading.
    let listings = (300.0 / manifests.div_ceil(100) as f64).min(12.0);
    let reading = millis(pass.saturating_sub(listing));
    let readings = (6.0 - listings).max(0.0);
    let hour = 60.0 * resting + listings * millis(pass) + readings * reading;
    report.below("idle: with an hour's listings and readings", hour / 60.0, IDLE_A_MINUTE, "ms");
    report.below("idle: resident memory", in_mb(counted.resident.max(first.resident)), 60.0, "MB");
    let beyond = millis(pass) - millis(listing + hashing);
    report.below("pass: CPU beyond its own listing and hashing", beyond, 50.0, "ms");
    let beyond = millis(pass) - millis(decoding + hashing);
    report.below("pass: CPU beyond a listing decoded anew and hashing", beyond, 50.0, "ms");
    Ok(())
}

/// Passes without end: nothing grows.
pub(crate) fn flat(
    root: &Path,
    manifests: usize,
    passes: usize,
    report: &mut Report,
) -> Result<(), Error> {
    let world = World::write(&root.join("flat"), manifests, manifests / 10, "{settle: 1s}")?;
    let service = Service::start(world.jobs)?;
    let daemon = Daemon::start(root, &world.directory, service.url(), &["-vv"])?;
    daemon.says(PASS)?;
    let marks = [passes / 20, passes / 2, passes];
    let mut seen = Vec::new();
    for pass in 1..=passes {
        daemon.hang_up()?;
        daemon.says(PASS)?;
        if marks.contains(&pass) {
            eprint!("\rpass {pass} of {passes}");
            daemon.rests()?;
            seen.push(daemon.counted()?);
        }
    }
    eprintln!();
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return Ok(()) };
    let figures: Vec<String> = marks
        .iter()
        .zip(&seen)
        .map(|(pass, counted)| {
            let mb = counted.resident as f64 / 1e6;
            format!("{mb:.2} MB and {} descriptors at {pass}", counted.descriptors)
        })
        .collect();
    report.note(format!("{passes} passes over {manifests} manifests: {}", figures.join(", ")));
    let growth = last.resident as f64 - first.resident as f64;
    // A leak of one list of the runs in each pass would be 100 times that.
    report.below("flat: resident memory grown", growth / 1e3, 500.0, "kB");
    let more = last.descriptors as f64 - first.descriptors as f64;
    report.below("flat: descriptors grown", more, 1.0, "");
    Ok(())
}

/// The floor of a pass: lists as the daemon does, at its pace, reads and hashes
/// every file as often, and prints what each of both costs this process. With
/// `anew` it knows of no listing before it, so that each job is decoded.
pub(crate) fn floor(directory: &Path, url: &str, rounds: u32, anew: bool) -> Result<(), Error> {
    let desired = crate::corpus::load(directory)?;
    let places = observe::places(&desired, None);
    let keep = observe::keep_lasting(&desired);
    let options = ClientOptions {
        endpoint: Some(url.to_owned()),
        requests_per_minute: NonZeroU32::new(REQUESTS_A_MINUTE),
        ..ClientOptions::default()
    };
    let client = Client::new(options, SystemClock::new(), SystemEntropy)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let look = || -> Result<Observation, Error> {
        Ok(runtime.block_on(observe::observe(&client, &places, &keep))?)
    };
    let mut held = look()?;
    let (mut listing, mut hashing) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        // What is held until the next is there is not decoded again.
        if anew {
            held.clear();
        }
        let began = cpu_of("self")?;
        held = look()?;
        let listed = cpu_of("self")?;
        // As long after the last time as in a pass: by then the system may have
        // dropped some of the files from memory.
        hash(directory)?;
        listing += listed - began;
        hashing += cpu_of("self")? - listed;
    }
    println!("{} {}", (listing / rounds).as_nanos(), (hashing / rounds).as_nanos());
    drop(held);
    Ok(())
}

/// Reads and hashes every file.
fn hash(directory: &Path) -> Result<(), Error> {
    let files: Result<Vec<PathBuf>, std::io::Error> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect();
    for file in files? {
        std::hint::black_box(Sha256::digest(fs::read(file)?));
    }
    Ok(())
}
