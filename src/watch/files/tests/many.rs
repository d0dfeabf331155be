//! Many files at once.

use super::armed::Watches;
use super::*;

/// What takes seconds to parse without optimisation is enough of it.
const MANY: usize = if cfg!(debug_assertions) { 2_000 } else { 10_000 };

fn all(directory: &Path, count: usize, epochs: i64) {
    for n in 0..count {
        let path = directory.join(format!("n{:02}/{n}.yaml", n % 20));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, manifest(&format!("n{n}"), epochs)).unwrap();
    }
}

/// Whether a snapshot has so many models, all of one version.
fn pure(snapshot: &Snapshot, count: usize, epochs: i64) -> bool {
    said(snapshot).is_some_and(|said| said.len() == count && said.iter().all(|s| s.1 == epochs))
}

#[test]
fn a_checkout_is_seen_once_it_is_done() {
    let root = tree();
    fs::remove_dir(root.path().join(".git")).unwrap();
    git(root.path(), &["init", "-q", "-b", "one"]);
    for (branch, epochs) in [("one", 1), ("two", 2)] {
        if branch == "two" {
            git(root.path(), &["checkout", "-q", "-b", "two"]);
        }
        all(&root.path().join("m"), 500, epochs);
        git(root.path(), &["add", "."]);
        git(root.path(), &["commit", "-q", "-m", branch]);
    }
    let mut stage = Stage::of(root, told());
    assert!(pure(&stage.next("the first"), 500, 2));
    for (branch, epochs) in [("one", 1), ("two", 2), ("one", 1)] {
        git(stage.root.path(), &["checkout", "-q", branch]);
        let snapshot = stage.next(branch);
        assert!(pure(&snapshot, 500, epochs), "{:?}", said(&snapshot));
    }
    assert_eq!(stage.snapshots.borrow().serial, 4);
}

#[test]
fn thousands_at_once_are_all_seen() {
    let mut stage = Stage::new(told());
    fs::remove_file(stage.at("m/a.yaml")).unwrap();
    all(&stage.at("m"), MANY, 1);
    stage.when("all of them", |snapshot| pure(snapshot, MANY, 1));
    stage.write("m/n07/7.yaml", manifest("n7", 2));
    let snapshot = stage.next("one of them");
    let changed = said(&snapshot).unwrap().into_iter().filter(|(_, epochs)| *epochs == 2);
    assert_eq!(changed.collect::<Vec<_>>(), [("n7".to_owned(), 2)]);
    assert_eq!(snapshot.parsed, 1);
}

/// Writes a file when all watches were taken away, before any is there again.
struct Resting(Box<dyn Watches>, usize);

impl Watches for Resting {
    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        self.1 += 1;
        self.0.watch(directory)
    }

    fn unwatch(&mut self, directory: &Path) -> notify::Result<()> {
        self.1 -= 1;
        if self.1 == 0 {
            fs::write(directory.join("n.yaml"), manifest("n", 1)).unwrap();
        }
        self.0.unwatch(directory)
    }
}

#[test]
fn what_changes_while_thousands_are_read_is_seen() {
    let root = tree();
    all(&root.path().join("m"), MANY, 1);
    let mut real = armed::opener(Watching::System).unwrap();
    let opener: Opener =
        Box::new(move |bell| Ok(Box::new(Resting(real(bell)?, 0)) as Box<dyn Watches>));
    let mut stage = Stage::opened(root, told(), Some(opener));
    stage.when("all of them", |snapshot| pure(snapshot, MANY, 1));
    stage.files.look_now();
    stage.when("written meanwhile", |snapshot| pure(snapshot, MANY + 1, 1));
    stage.write("m/n07/7.yaml", manifest("n7", 2));
    assert_eq!(stage.next("told by the new watches").parsed, 1);
}

#[test]
fn while_git_holds_its_lock_nothing_is_taken() {
    let mut stage = Stage::new(told());
    let before = stage.snapshots.borrow().serial;
    stage.write(".git/index.lock", "");
    stage.write("m/a.yaml", manifest("a", 2));
    // Far longer than files must stand still.
    let clock = SystemClock::new();
    stage.runtime.block_on(clock.sleep(Options::default().quiet * 6));
    assert_eq!(stage.snapshots.borrow().serial, before);
    stage.write("m/b.yaml", manifest("b", 2));
    fs::remove_file(stage.at(".git/index.lock")).unwrap();
    let snapshot = stage.next("done");
    assert!(is(&said(&snapshot).unwrap(), &[("a", 2), ("b", 2)]));
}

#[test]
fn a_lock_that_was_left_behind_is_ignored() {
    let mut stage = Stage::new(told());
    stage.write(".git/index.lock", "");
    let lock = fs::File::options().write(true).open(stage.at(".git/index.lock")).unwrap();
    let hour_ago = lock.metadata().unwrap().modified().unwrap() - Duration::from_secs(3600);
    lock.set_modified(hour_ago).unwrap();
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("with the lock", &[("a", 2)]);
}

#[test]
fn the_lock_of_a_further_work_tree_is_found() {
    let mut stage = Stage::new(told());
    fs::remove_dir(stage.at(".git")).unwrap();
    fs::create_dir_all(stage.at("real/worktrees/w")).unwrap();
    stage.write(".git", "gitdir: real/worktrees/w\n");
    stage.write("real/worktrees/w/index.lock", "");
    let at = |stage: &Stage| {
        let now = SystemClock::new().now();
        git::is_at_work(&[stage.at("m")], now, Duration::from_secs(60))
    };
    assert!(at(&stage));
    fs::remove_file(stage.at("real/worktrees/w/index.lock")).unwrap();
    assert!(!at(&stage));
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("after it", &[("a", 2)]);
}
