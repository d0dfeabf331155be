//! What fuzzing once found, and the seeds it starts from, with the compiler
//! that everyone has. `tests/fuzz/run` looks for more.

use std::fs;
use std::path::{Path, PathBuf};

/// What the fuzz targets check.
#[path = "fuzz/src/lib.rs"]
pub mod fuzz;

/// The files of a folder below `tests/fuzz`, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(folder);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn no_input_that_was_found_breaks_a_promise_again() {
    for (target, check) in fuzz::TARGETS {
        let seeds = files(&format!("seeds/{target}"));
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for path in seeds.into_iter().chain(files(&format!("regressions/{target}"))) {
            // Shown when it fails.
            println!("{}", path.display());
            check(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_folder_is_of_a_target_and_small() {
    let mut all = 0;
    for folder in ["seeds", "regressions"] {
        for path in files(folder) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(fuzz::TARGETS.iter().any(|(target, _)| *target == name), "{name}");
            let sizes = files(&format!("{folder}/{name}"));
            all += sizes.iter().map(|path| fs::metadata(path).unwrap().len()).sum::<u64>();
        }
    }
    assert!(all < 200_000, "{all} bytes");
}
