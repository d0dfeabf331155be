//! A library that was there all along says what a fresh look says.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::manifest::load;

fn text(name: usize, epochs: usize) -> String {
    format!(
        "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {{name: m{name}, labels: {{a: b}}}}\n\
         spec:\n  baseModel: gemini-2.5-flash\n  task: chat\n  supervisedTuningSpec:\n    \
         trainingDatasetUri: gs://acme/t.jsonl\n    hyperParameters: {{epochCount: {epochs}}}\n"
    )
}

fn workspace(owner: &str) -> String {
    format!(
        "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {{name: {owner}}}\n\
         spec: {{project: acme-ml, location: us-central1, labels: {{a: c, team: x}}}}\n"
    )
}

/// What may stand in a file.
fn content() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..12usize, 1..4usize).prop_map(|(name, epochs)| text(name, epochs)),
        1 => (0..12usize).prop_map(|n| text(n, 2) + "---\n" + &text(n + 20, 3)),
        1 => Just(workspace("acme")),
        1 => Just(workspace("other").replace("acme-ml", "acme-two")),
        1 => Just(workspace("Not A Name")),
        1 => Just(text(3, 0)),
        1 => Just(text(4, 2).replace("spec:\n", "spec:\n  project: own-place\n")),
        1 => Just("a: [".to_owned()),
        1 => Just(String::new()),
    ]
}

/// What somebody does to the files.
#[derive(Debug, Clone)]
enum Edit {
    Write(usize, String),
    Remove(usize),
    Dangling(usize),
    Directory(usize),
    Pipe(usize),
    Link(usize, usize),
    /// The directory goes away, or comes back.
    Root,
    /// The library looks.
    Scan(bool),
}

fn edit() -> impl Strategy<Value = Edit> {
    let file = 0..FILES.len();
    prop_oneof![
        6 => (file.clone(), content()).prop_map(|(file, text)| Edit::Write(file, text)),
        2 => file.clone().prop_map(Edit::Remove),
        1 => file.clone().prop_map(Edit::Dangling),
        1 => file.clone().prop_map(Edit::Directory),
        1 => file.clone().prop_map(Edit::Pipe),
        1 => (file.clone(), file).prop_map(|(from, to)| Edit::Link(from, to)),
        1 => Just(Edit::Root),
        4 => any::<bool>().prop_map(Edit::Scan),
    ]
}

const FILES: [&str; 9] = [
    "m/a.yaml",
    "m/b.yaml",
    "m/c.yml",
    "m/d/e.yaml",
    "m/d/f.yaml",
    "m/.g.yaml",
    "named.txt",
    "workspace.yaml",
    "other.yaml",
];

fn apply(root: &Path, edit: &Edit) {
    let at = |file: &usize| root.join(FILES[*file]);
    let clear = |path: &Path| {
        let _ = fs::create_dir_all(path.parent().unwrap());
        let _ = fs::remove_file(path);
        let _ = fs::remove_dir_all(path);
    };
    match edit {
        Edit::Write(file, text) => {
            let path = at(file);
            let _ = fs::create_dir_all(path.parent().unwrap());
            // Into what stands there, a link's end too; else anew. A pipe would
            // wait for a reader.
            let pipe = fs::metadata(&path).is_ok_and(|meta| meta.file_type().is_fifo());
            if pipe || fs::write(&path, text).is_err() {
                clear(&path);
                fs::write(&path, text).unwrap();
            }
        }
        Edit::Remove(file) => clear(&at(file)),
        Edit::Dangling(file) => {
            clear(&at(file));
            symlink("nowhere", at(file)).unwrap();
        }
        Edit::Directory(file) => {
            clear(&at(file));
            fs::create_dir(at(file)).unwrap();
        }
        Edit::Pipe(file) => {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            clear(&at(file));
            mknodat(CWD, at(file), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }
        Edit::Link(from, to) => {
            clear(&at(from));
            symlink(at(to), at(from)).unwrap();
        }
        Edit::Root if root.join("m").exists() => {
            let _ = fs::remove_dir_all(root.join("away"));
            fs::rename(root.join("m"), root.join("away")).unwrap();
        }
        Edit::Root => drop(fs::rename(root.join("away"), root.join("m"))),
        Edit::Scan(_) => {}
    }
}

fn tree() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    // No Workspace is looked for beyond it.
    fs::create_dir(root.path().join(".git")).unwrap();
    fs::create_dir_all(root.path().join("m/d")).unwrap();
    root
}

fn now() -> Timestamp {
    SystemClock::new().now()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_was_kept_and_a_fresh_look_say_the_same(
        edits in prop::collection::vec(edit(), 1..60),
        named in any::<bool>(),
        flag in any::<bool>(),
    ) {
        let root = tree();
        let mut paths = vec![root.path().join("m")];
        paths.extend(named.then(|| root.path().join("named.txt")));
        let mut settings = Settings { require_workspace: true, ..Settings::default() };
        settings.project.flag = flag.then(|| "acme-ml".to_owned());
        let mut library = Library::new(paths.clone());
        let mut before: Option<(Fingerprint, String)> = None;
        for edit in edits.iter().chain([&Edit::Scan(false)]) {
            apply(root.path(), edit);
            let Edit::Scan(everything) = edit else { continue };
            let fingerprint = library.scan(now(), *everything).fingerprint;
            let fresh = Library::new(paths.clone()).scan(now(), false).fingerprint;
            prop_assert_eq!(fingerprint, fresh);
            let kept = format!("{:#?}", library.load(&settings));
            prop_assert_eq!(&kept, &format!("{:#?}", load(&paths, &settings)));
            if let Some((last, said)) = before {
                prop_assert!(last != fingerprint || said == kept, "one fingerprint, two answers");
            }
            before = Some((fingerprint, kept));
        }
    }
}

#[test]
fn only_what_changed_is_read_and_parsed() {
    let root = tree();
    let file = |n: usize| root.path().join(format!("m/{n}.yaml"));
    for n in 0..50 {
        fs::write(file(n), text(n, 2)).unwrap();
    }
    let mut library = Library::new(vec![root.path().join("m")]);
    let first = library.scan(now(), false);
    assert_eq!((first.read, first.parsed, first.files), (50, 50, 50));
    // As if a minute had gone by: nothing is fresh any more.
    let later = now() + jiff::SignedDuration::from_mins(1);
    assert_eq!(library.scan(later, false).read, 50);
    assert_eq!(library.scan(later, false).read, 0);
    fs::write(file(7), text(7, 3)).unwrap();
    let scan = library.scan(later, false);
    assert_eq!((scan.read, scan.parsed), (1, 1));
    assert_ne!(scan.fingerprint, first.fingerprint);
    // The time alone is no change.
    fs::write(file(8), text(8, 2)).unwrap();
    let again = library.scan(later, false);
    assert_eq!((again.read, again.parsed, again.fingerprint), (1, 0, scan.fingerprint));
    let all = library.scan(later, true);
    assert_eq!((all.read, all.parsed, all.fingerprint), (50, 0, scan.fingerprint));
}

#[test]
fn models_of_which_nothing_changed_are_the_same_ones() {
    let root = tree();
    let file = |n: usize| root.path().join(format!("m/{n}.yaml"));
    for n in 0..3 {
        fs::write(file(n), text(n, 2)).unwrap();
    }
    let mut library = Library::new(vec![root.path().join("m")]);
    let mut desired = |owner: &str| {
        fs::write(root.path().join("m/w.yaml"), workspace(owner)).unwrap();
        library.scan(now(), false);
        let folded = |manifest: &kept::Manifest| matches!(manifest, kept::Manifest::Folded(_));
        assert!(library.files.iter().flat_map(|entry| &entry.kept.manifests).all(folded));
        library.load(&Settings::default()).into_result().unwrap().desired
    };
    let first = desired("acme");
    fs::write(file(1), text(1, 3)).unwrap();
    let second = desired("acme");
    let same: Vec<bool> = first.iter().zip(&second).map(|(a, b)| a.ptr_eq(b)).collect();
    assert_eq!(same, [true, false, true]);
    let third = desired("other");
    assert!(third.iter().all(|desired| desired.key.owner.as_str() == "other"));
    assert!(first.iter().all(|desired| desired.key.owner.as_str() == "acme"), "changed in place");
}

#[test]
fn a_change_whose_time_was_set_back_is_seen() {
    let root = tree();
    let file = root.path().join("m/a.yaml");
    fs::write(&file, text(1, 2)).unwrap();
    let mut library = Library::new(vec![root.path().join("m")]);
    let first = library.scan(now(), false).fingerprint;
    // Of the same length and, for all that a program may set, of the same time.
    let at = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, text(1, 3)).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
    assert_ne!(library.scan(now(), false).fingerprint, first);
}

#[test]
fn every_directory_that_decides_is_named() {
    let root = tree();
    let base = fs::canonicalize(root.path()).unwrap();
    let make = |name: &str| fs::create_dir_all(base.join(name)).unwrap();
    make("outside/releases/1");
    make("linked");
    fs::write(base.join("outside/releases/1/x.yaml"), text(1, 2)).unwrap();
    symlink("releases/1", base.join("outside/current")).unwrap();
    symlink("../outside/current/x.yaml", base.join("m/x.yaml")).unwrap();
    symlink(base.join("linked"), base.join("m/dir")).unwrap();
    let mut library = Library::new(vec![base.join("m")]);
    let scan = library.scan(now(), false);
    let interest = |name: &str| scan.surroundings.directories.get(&base.join(name)).cloned();
    for whole in ["m", "m/d", "linked"] {
        assert!(interest(whole).unwrap().everything, "{whole}");
    }
    let covers =
        |directory: &str, name: &str| interest(directory).unwrap().covers(name.as_ref(), false);
    assert!(covers("", "m") && covers("", "workspace.yaml") && covers("", "linked"));
    assert!(!covers("", "target") && !covers("m", ".x.yaml.swp"));
    assert!(covers("outside", "current") && covers("outside/releases/1", "x.yaml"));
    assert!(!covers("outside/releases/1", "y.yaml"));
    // Gone, it is awaited in what is left of the way.
    fs::rename(base.join("m"), base.join("n")).unwrap();
    let gone = library.scan(now(), false).surroundings;
    assert!(gone.directories[&base].covers("m".as_ref(), false));
    assert!(!gone.directories.contains_key(&base.join("m")));
}
