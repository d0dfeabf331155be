//! One file, written in the ways in which files are written.

use std::io::Write;

use super::*;

#[test]
fn a_file_that_is_replaced_or_written_over_is_seen() {
    let mut stage = Stage::new(told());
    stage.write("m/.a.yaml.tmp", manifest("a", 2));
    fs::rename(stage.at("m/.a.yaml.tmp"), stage.at("m/a.yaml")).unwrap();
    let snapshot = stage.until("replaced", &[("a", 2)]);
    assert_eq!(snapshot.parsed, 1);

    stage.write("m/a.yaml", manifest("a", 3));
    stage.until("written over", &[("a", 3)]);

    // As vim does with `backupcopy=no`.
    fs::rename(stage.at("m/a.yaml"), stage.at("m/a.yaml~")).unwrap();
    stage.write("m/a.yaml", manifest("a", 4));
    fs::remove_file(stage.at("m/a.yaml~")).unwrap();
    stage.until("with a backup", &[("a", 4)]);

    fs::rename(stage.at("m/a.yaml"), stage.at("m/b.yaml")).unwrap();
    stage.write("m/a.yaml", manifest("b", 5));
    stage.until("renamed, and another in its place", &[("a", 4), ("b", 5)]);
}

#[test]
fn what_says_the_same_is_no_news() {
    let mut stage = Stage::new(told());
    let before = stage.snapshots.borrow().serial;
    for name in ["m/.a.yaml.swp", "m/4913", "m/a.yaml~", "m/#a.yaml#", "m/notes.txt"] {
        stage.write(name, "anything");
        stage.looked();
    }
    stage.write("m/a.yaml", manifest("a", 1));
    stage.looked();
    fs::remove_file(stage.at("m/4913")).unwrap();
    stage.looked();
    stage.write("m/a.yaml", manifest("a", 2));
    assert_eq!(stage.next("real news").serial, before + 1);
    assert!(stage.snapshots.borrow().result.is_ok());
}

#[test]
fn a_file_that_is_still_being_written_is_waited_for() {
    let mut stage = Stage::new(Options { quiet: Duration::from_secs(2), ..told() });
    let before = stage.snapshots.borrow().serial;
    // Each part alone is a valid file: nothing in it says that more is to come.
    let mut file = fs::File::create(stage.at("m/b.yaml")).unwrap();
    for (name, epochs) in [("b", 2), ("c", 3), ("d", 4)] {
        write!(file, "---\n{}", manifest(name, epochs)).unwrap();
        stage.looked_at();
    }
    drop(file);
    let snapshot = stage.next("all of it");
    assert!(is(&said(&snapshot).unwrap(), &[("a", 1), ("b", 2), ("c", 3), ("d", 4)]));
    assert_eq!(snapshot.serial, before + 1);
}

#[test]
fn what_is_not_valid_is_told_and_heals() {
    let mut stage = Stage::new(told());
    stage.write("m/a.yaml", "apiVersion: [");
    let Err(Rejected::Invalid(report)) = &stage.until_rejected("broken").result else {
        panic!("no report")
    };
    assert!(report.has_errors());
    stage.write("m/a.yaml", manifest("a", 2));
    stage.until("mended", &[("a", 2)]);

    // What cannot be read holds everything: it is not the wish for fewer models.
    stage.write("m/b.yaml", manifest("b", 1));
    stage.until("two", &[("a", 2), ("b", 1)]);
    fs::remove_file(stage.at("m/b.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", stage.at("m/b.yaml")).unwrap();
    stage.until_rejected("a link to nothing");
    // Its end appears.
    stage.write("m/nowhere", manifest("b", 2));
    stage.until("a link to something", &[("a", 2), ("b", 2)]);
    fs::remove_file(stage.at("m/a.yaml")).unwrap();
    fs::remove_file(stage.at("m/b.yaml")).unwrap();
    stage.until_rejected("no manifest at all");
}

/// Tests run as root too, who may read every file: a socket has no content for anybody.
#[test]
fn what_becomes_unreadable_is_told() {
    let mut stage = Stage::new(told());
    stage.write("m/b.yaml", manifest("b", 1));
    stage.until("two", &[("a", 1), ("b", 1)]);
    fs::remove_file(stage.at("m/b.yaml")).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(stage.at("m/b.yaml")).unwrap();
    stage.until_rejected("a socket");
    drop(listener);
    fs::remove_file(stage.at("m/b.yaml")).unwrap();
    stage.until("gone", &[("a", 1)]);
}

#[test]
fn looking_now_reads_everything() {
    let mut stage = Stage::new(Options { watching: Watching::PollOnly, ..told() });
    stage.write("m/a.yaml", manifest("a", 2));
    stage.files.look_now();
    stage.until("asked for", &[("a", 2)]);
}

#[test]
fn dropped_it_ends() {
    let stage = Stage::new(told());
    let Stage { runtime, files, mut snapshots, root: _root } = stage;
    drop(files);
    let ended = async { tokio::time::timeout(DEADLINE, snapshots.changed()).await };
    assert!(runtime.block_on(ended).unwrap().is_err());
}
