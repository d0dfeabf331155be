//! Known bugs of tools with the same shape, replayed.
//!
//! Each file below `scenarios` tells what happened to somebody's tool, where it
//! is written, and the same situation here: manifests, faults of the service
//! and of the machine, the commands, and what must come of them. They are
//! played by the built program against an emulator on a socket; the emulator
//! counts what was paid for.
//!
//! ```console
//! cargo test --test peers                     # all of them
//! cargo test --test peers -- crossplane       # those with this in their name
//! ```
#![cfg(target_os = "linux")]
#![allow(missing_docs, unreachable_pub, reason = "a test")]

#[path = "../support/model.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod model;

mod clock;
mod expect;
mod play;
mod refusals;
mod scenario;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scenario::Scenario;

/// Fewer than these, and somebody has lost some.
const AT_LEAST: usize = 25;

fn main() -> ExitCode {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let filter = filter.unwrap_or_default();
    let mut failed = refusals::check();
    let files: Vec<PathBuf> = files()
        .into_iter()
        .filter(|path| filter.is_empty() || path.to_string_lossy().contains(&filter))
        .collect();
    let next = AtomicUsize::new(0);
    let broken: Mutex<Vec<String>> = Mutex::default();
    // They wait for settle windows more than they work.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = play(path) {
                        broken.lock().unwrap().push(format!("{}: {why}", name(path)));
                    }
                }
            });
        }
    });
    let mut broken = broken.into_inner().unwrap();
    broken.sort();
    let passed = files.len() - broken.len();
    failed.extend(broken);
    if filter.is_empty() && files.len() < AT_LEAST {
        failed.push(format!("{} scenarios are fewer than {AT_LEAST}", files.len()));
    }
    for why in &failed {
        println!("FAILED {why}\n");
    }
    println!("{passed} of {} scenarios end as expected", files.len());
    // The plain line that any runner of tests understands.
    println!("{passed} passed, {} failed", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play(path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string())?;
    play::play(&Scenario::read(text)?)
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/scenarios");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
