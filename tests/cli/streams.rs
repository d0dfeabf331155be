//! Streams: pipes, full disks, colours.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn a_full_disk_is_an_error_that_changes_nothing_else() {
    let world = World::new();
    world.wants(model("faq"));
    let into_full = |arguments: &[&str]| {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = world.command(arguments).stdout(Stdio::from(full)).output().unwrap();
        world.shown(&output)
    };
    assert_snapshot!(into_full(&["plan"]), @"
    --- stderr
    error: could not write to stdout; the command was carried out all the same
      caused by: No space left on device (os error 28)
    [exit 1]
    ");
    assert_snapshot!(into_full(&["apply", "--yes"]), @"
    --- stderr
    error: could not write to stdout; the command was carried out all the same
      caused by: No space left on device (os error 28)
    [exit 1]
    ");
    assert!(world.stdout("status").contains("1 in flight"));
}

#[test]
fn a_reader_that_went_away_does_not_break_apply() {
    let world = World::new();
    world.wants(model("faq"));
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let mut command = world.command(&["apply", "--yes"]);
    let output = command.stdout(Stdio::from(OwnedFd::from(ours))).output().unwrap();
    assert_snapshot!(world.shown(&output), @"[exit 0]");
    assert!(world.stdout("status").contains("1 in flight"));
}

#[test]
fn colour_is_asked_for_or_on_a_terminal() {
    let world = World::new();
    world.wants(model("faq"));
    let coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = world.command(arguments);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains('\u{1b}')
    };
    assert!(!coloured(&["plan"], &[]));
    assert!(coloured(&["plan", "--color", "always"], &[]));
    assert!(coloured(&["plan"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["plan"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["plan", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&["plan", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&["plan", "--format", "json", "--color", "always"], &[]));
}

#[test]
fn errors_too_are_coloured_on_request_only() {
    let world = World::new();
    let error = |color: &str| {
        let output = world.command(&["plan", "--color", color]).output().unwrap();
        String::from_utf8(output.stderr).unwrap().contains('\u{1b}')
    };
    assert!(error("always"));
    assert!(!error("auto"));
}
