//! Thousands of passes: nothing grows.

use std::fs;

use crate::daemon::Daemon;
use crate::model::model;
use crate::world::World;

/// Passes unless `RETUNE_WATCH_PASSES` says otherwise. The daemon sends 540
/// requests a minute at most and each of these passes is one: 300 take 33 s, and
/// 2,000, which the statement about a daemon's memory is made for, 222 s.
const PASSES: u64 = 300;

/// Passes before the first measurement: caches fill, and the allocator takes
/// what it keeps.
const WARM_UP: u64 = 30;

/// Models, each with its run.
const MODELS: usize = 20;

/// What resident memory may grow by: the allocator gives back late, and each
/// thread has an arena of its own. Were the listing of each pass kept (20 jobs,
/// 20 kB as text), 300 of them would be 6 MB.
const SLACK_KB: u64 = 2 * 1024;

/// Descriptors that may be open at one moment and not at another: connections
/// to the service that are kept for the next time, for eight requests are on
/// their way at most, and those of this test.
const SLACK_DESCRIPTORS: usize = 10;

/// Threads that wait for work that blocks come and go.
const SLACK_THREADS: u64 = 4;

/// What a process has of the system.
#[derive(Debug, Clone, Copy)]
struct Use {
    resident_kb: u64,
    descriptors: usize,
    threads: u64,
}

impl Use {
    fn of(daemon: &Daemon) -> Self {
        let process = format!("/proc/{}", daemon.pid());
        let status = String::from_utf8(fs::read(format!("{process}/status")).unwrap()).unwrap();
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            resident_kb: value("VmRSS"),
            descriptors: fs::read_dir(format!("{process}/fd")).unwrap().count(),
            threads: value("Threads"),
        }
    }
}

#[test]
fn endurance_of_many_passes() {
    #[expect(clippy::disallowed_methods, reason = "asked for by whoever runs this test")]
    let asked = std::env::var("RETUNE_WATCH_PASSES").ok();
    let passes = asked.map_or(PASSES, |asked| asked.parse().expect("a number of passes"));
    let world = World::new();
    for number in 0..MODELS {
        world.wants(model(&format!("model-{number:02}")));
    }
    let mut daemon = world.watch(&format!("--max-creates {MODELS}"));
    daemon.looks();
    assert_eq!(world.emulator.jobs().len(), MODELS);
    let run = |passes: u64| {
        let before = daemon.passes();
        while daemon.passes() < before + passes {
            daemon.passes_once();
        }
        Use::of(&daemon)
    };
    let before = run(WARM_UP);
    eprintln!("before: {before:?}");
    let mut after = before;
    for quarter in 1..=4 {
        after = run(passes / 4);
        eprintln!("after {} passes: {after:?}", passes / 4 * quarter);
    }
    assert!(after.resident_kb <= before.resident_kb + SLACK_KB, "{before:?} and {after:?}");
    assert!(after.descriptors <= before.descriptors + SLACK_DESCRIPTORS, "{before:?}, {after:?}");
    assert!(after.threads <= before.threads + SLACK_THREADS, "{before:?} and {after:?}");
    assert_eq!(daemon.stops(rustix::process::Signal::TERM).0, 0);
}
