//! Where the system does not tell.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use notify::{Error, ErrorKind};

use super::armed::Watches;
use super::bell::Bell;
use super::*;

fn polled() -> Options {
    Options { poll: Duration::from_millis(50), ..told() }
}

#[test]
fn polling_alone_sees_everything_too() {
    let mut stage = Stage::new(Options { watching: Watching::PollOnly, ..polled() });
    assert!(stage.snapshots.borrow().polling.is_some());
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("written", &[("a", 2)]);
    fs::remove_dir_all(stage.at("m")).unwrap();
    stage.until_rejected("gone");
    fs::create_dir(stage.at("m")).unwrap();
    stage.write("m/a.yaml", manifest("a", 3));
    stage.until("back", &[("a", 3)]);
}

/// So many watches, then an error; real ones once `enough` says so.
struct Few {
    left: Arc<AtomicUsize>,
    error: fn() -> Error,
    real: Box<dyn Watches>,
}

impl Watches for Few {
    fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        let take = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(_) => self.real.watch(directory),
            Err(_) => Err((self.error)()),
        }
    }

    fn unwatch(&mut self, directory: &Path) -> notify::Result<()> {
        self.left.fetch_add(1, Ordering::SeqCst);
        self.real.unwatch(directory)
    }
}

fn few(left: &Arc<AtomicUsize>, error: fn() -> Error) -> Option<Opener> {
    let left = left.clone();
    let mut real = armed::opener(Watching::System).unwrap();
    Some(Box::new(move |bell: Arc<Bell>| {
        let (left, real) = (left.clone(), real(bell)?);
        Ok(Box::new(Few { left, error, real }) as Box<dyn Watches>)
    }))
}

fn stage(options: Options, opener: Option<Opener>) -> Stage {
    let root = tree();
    fs::write(root.path().join("m/a.yaml"), manifest("a", 1)).unwrap();
    let mut stage = Stage::opened(root, options, opener);
    stage.until("the first", &[("a", 1)]);
    stage
}

fn no_watch() -> Error {
    Error::new(ErrorKind::MaxFilesWatch)
}

#[test]
fn without_a_watch_left_files_are_polled_and_it_is_said() {
    let left = Arc::new(AtomicUsize::new(1));
    let mut stage = stage(polled(), few(&left, no_watch));
    let snapshot = stage.snapshots.borrow().clone();
    assert!(snapshot.polling.as_ref().unwrap().contains("max_user_watches"), "{snapshot:?}");
    stage.write("m/a.yaml", manifest("a", 2));
    let next = stage.next("polled");
    assert!(is(&said(&next).unwrap(), &[("a", 2)]));
    assert_eq!((&next.polling, next.serial), (&snapshot.polling, snapshot.serial + 1));
}

#[test]
fn once_there_are_watches_again_they_are_used() {
    let left = Arc::new(AtomicUsize::new(0));
    let options = Options { rearm: Duration::from_millis(200), ..polled() };
    let mut stage = stage(options, few(&left, no_watch));
    assert!(stage.snapshots.borrow().polling.is_some());
    left.store(100, Ordering::SeqCst);
    let snapshot = stage.when("told again", |snapshot| snapshot.polling.is_none());
    assert!(is(&said(&snapshot).unwrap(), &[("a", 1)]));
    stage.write("m/a.yaml", manifest("a", 2));
    assert!(stage.until("told", &[("a", 2)]).polling.is_none());
    // A tree that outgrows them falls back as a whole.
    left.store(0, Ordering::SeqCst);
    fs::create_dir(stage.at("m/b")).unwrap();
    stage.write("m/b/b.yaml", manifest("b", 1));
    let snapshot = stage.until("outgrown", &[("a", 2), ("b", 1)]);
    assert!(snapshot.polling.is_some());
}

#[test]
fn without_a_notifier_left_files_are_polled() {
    let opened = Arc::new(Mutex::new(0));
    let count = opened.clone();
    let emfile: Opener = Box::new(move |_| {
        *count.lock().unwrap() += 1;
        Err(Error::io(std::io::Error::from_raw_os_error(24)))
    });
    let mut stage = stage(polled(), Some(emfile));
    let snapshot = stage.snapshots.borrow().clone();
    assert!(snapshot.polling.as_ref().unwrap().contains("max_user_instances"), "{snapshot:?}");
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("polled", &[("a", 2)]);
    assert_eq!(*opened.lock().unwrap(), 1, "tried again before its time");
}

#[test]
fn a_directory_that_may_not_be_watched_is_no_reason_to_poll() {
    let left = Arc::new(AtomicUsize::new(0));
    let denied = || Error::io(std::io::ErrorKind::PermissionDenied.into());
    let stage = stage(polled(), few(&left, denied));
    assert!(stage.snapshots.borrow().polling.is_none());
}

#[test]
fn what_is_not_told_is_found_by_the_clock() {
    let left = Arc::new(AtomicUsize::new(0));
    let denied = || Error::io(std::io::ErrorKind::PermissionDenied.into());
    let options = Options { resync: Duration::from_millis(50), ..told() };
    let mut stage = stage(options, few(&left, denied));
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("found", &[("a", 2)]);
}
