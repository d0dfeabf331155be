//! Hundreds of hostile manifests, each with all that is found in it and where.
//!
//! `tests/corpus/*.txt` holds them as a person can read and extend them:
//!
//! ```text
//! === case: NAME => CODE@LINE CODE@LINE
//! < LINES OF THE SOUND MANIFEST
//! > LINES IN THEIR PLACE
//! ```
//!
//! `<` names lines, or a part of one, of `base.yaml`, or of the file's own
//! `=== base`; without `>` they are taken out, and `>` alone goes to the end. A
//! case that starts otherwise is the whole file. `«1B FF»` are bytes,
//! `«TEXT*9»` repeats a text and counts in its `%`, and `«»` is nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use retune::manifest::{self, Code, Settings, Severity};
use wait4::Wait4;

#[path = "corpus/read.rs"]
mod read;

use read::Case;

/// Of the cases that are no matter of size, one in so many is shown to the
/// program as well: starting it takes longer than all that it does.
const SAMPLE: usize = 8;

/// What only more than one file, or no file, can have.
const NOT_OF_ONE_FILE: [Code; 5] =
    [Code::MissingWorkspace, Code::NotFound, Code::NotAFile, Code::SymlinkLoop, Code::Unreadable];

/// Most resident memory of one run, in bytes: the largest file that is read
/// takes 1 MiB, its 100,000 values 10 MB, and the program itself 20 MB.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

/// A case in a file of its own, in a directory where no Workspace applies.
fn in_file<T>(case: &Case, then: impl FnOnce(&Path) -> T) -> T {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join(".git")).unwrap();
    let path = directory.path().join("a.yaml");
    fs::write(&path, &case.bytes).unwrap();
    then(&path)
}

/// What was found, as cases write it.
fn found(path: &Path) -> (Vec<String>, bool) {
    let loaded = manifest::load(&[path.to_owned()], &Settings::default());
    let findings = &loaded.report().findings;
    let mut all: Vec<String> =
        findings.iter().map(|f| format!("{}@{}", f.code, f.spot.line)).collect();
    assert!(findings.iter().all(|f| f.hint.is_some()), "no way out: {findings:?}");
    // A flood is cut; what is left of it is what came first.
    if findings.iter().any(|f| f.code == Code::TooManyFindings) {
        assert_eq!(findings.len(), 101);
        all.retain(|finding| finding.starts_with("too-many-"));
    }
    all.sort();
    (all, loaded.into_result().is_err())
}

#[test]
fn each_is_refused_for_exactly_what_is_wrong_with_it() {
    let mut wrong = String::new();
    for case in read::all() {
        let (found, refused) = in_file(&case, found);
        let mut expected = case.expected.clone();
        expected.sort();
        if found != expected || !refused {
            let (found, expected) = (found.join(" "), expected.join(" "));
            wrong += &format!("{}\n  expected: {expected}\n     found: {found}\n", case.title);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_program_says_so_in_little_memory() {
    let mut most = (0, String::new());
    let all = read::all().into_iter().enumerate();
    let some = all.filter(|(i, case)| case.title.starts_with("sizes") || i % SAMPLE == 0);
    for (_, case) in some {
        let (status, memory, said) = in_file(&case, |path| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_retune"));
            command.args(["validate", "--format", "json"]).arg(path).env_clear();
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            let mut said = String::new();
            std::io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut said).unwrap();
            let used = child.wait4().unwrap();
            (used.status.code(), used.rusage.maxrss, said)
        });
        assert_eq!(status, Some(3), "{}", case.title);
        assert!(memory <= MOST_MEMORY, "{}: {memory} bytes", case.title);
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        let codes: BTreeSet<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["code"].as_str())
            .collect();
        for expected in &case.expected {
            let code = expected.split('@').next().unwrap();
            assert!(codes.contains(code), "{}: {codes:?}", case.title);
        }
        most = most.max((memory, case.title));
    }
    println!("most memory: {} KiB in {}", most.0 / 1024, most.1);
}

#[test]
fn there_are_hundreds_and_no_two_are_the_same() {
    let cases = read::all();
    assert!(cases.len() >= 300, "{}", cases.len());
    let (mut titles, mut texts) = (BTreeSet::new(), BTreeMap::new());
    for case in &cases {
        assert!(titles.insert(&case.title), "{} is there twice", case.title);
        if let Some(first) = texts.insert(&case.bytes, &case.title) {
            panic!("{} is the same as {first}", case.title);
        }
        assert!(!case.expected.is_empty(), "{} expects nothing", case.title);
    }
}

#[test]
fn every_code_that_one_file_can_have_is_there() {
    let cases = read::all();
    let expected: BTreeSet<&str> =
        cases.iter().flat_map(|c| &c.expected).filter_map(|e| e.split('@').next()).collect();
    for code in &expected {
        assert!(Code::ALL.iter().any(|known| known.as_str() == *code), "no such code: {code}");
    }
    for code in Code::ALL {
        let elsewhere = NOT_OF_ONE_FILE.contains(code);
        assert_ne!(expected.contains(code.as_str()), elsewhere, "{code}");
    }
    // A case has an error, whatever warning or advice stands beside it.
    for case in &cases {
        let error = case.expected.iter().any(|e| {
            let code = Code::ALL.iter().find(|code| e.starts_with(&format!("{code}@")));
            code.is_some_and(|code| code.severity() == Severity::Error)
        });
        assert!(error, "{}", case.title);
    }
}

#[test]
fn the_manifests_that_the_cases_change_are_sound() {
    for (file, base) in read::bases() {
        let case = Case { title: file, expected: Vec::new(), bytes: base.into_bytes() };
        let (found, refused) = in_file(&case, found);
        assert!(found.is_empty() && !refused, "{}: {found:?}", case.title);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}
