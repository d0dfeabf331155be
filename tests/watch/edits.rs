//! What an edit may cost: a manifest that is wrong, half typed or gone.

use jiff::{SignedDuration, Timestamp};
use retune::clock::{Clock as _, SystemClock};

use crate::daemon::Daemon;
use crate::model::model;
use crate::wait::until;
use crate::world::World;

/// How long a manifest must be unchanged before a create of it.
const UNCHANGED: SignedDuration = SignedDuration::from_secs(5);

#[test]
fn one_invalid_manifest_holds_everything_until_it_is_mended() {
    let world = World::new();
    world.wants(model("faq")).wants(model("old")).applied();
    // One run to create and one to cancel, as soon as the service answers.
    world.wants(model("router")).wants(model("old").lifecycle("desired: stopped"));
    world.emulator.clear_log();
    world.emulator.fault("list-jobs:status=503");
    let mut daemon = world.watch("");
    daemon.hears("unreachable");
    world.write("manifests/faq.yaml", &model("faq").base("gpt-2: {").text());
    let invalid = daemon.hears("manifestsInvalid");
    assert_eq!(invalid.value("level"), "ERROR");
    let place = "nothing is created or cancelled: manifests/faq.yaml:6:";
    assert!(invalid.message().starts_with(place), "{}", invalid.text);
    world.emulator.heal();
    daemon.looks();
    daemon.looks();
    world.emulator.changed_by(&[]);
    let (status, ready) = daemon.get("/readyz");
    assert_eq!(status, 200);
    assert!(ready.contains("the manifests have 1 error: nothing is created"), "{ready}");
    assert!(daemon.get("/metrics").1.contains("\nretune_manifests_valid 0\n"));
    assert_eq!(daemon.count("manifestsInvalid"), 1);
    world.wants(model("faq"));
    daemon.hears("manifestsValid");
    daemon.hears_of("cancelRequested", "old");
    daemon.hears_of("created", "router");
    daemon.looks();
    assert_eq!(daemon.count("created") + daemon.count("cancelRequested"), 2);
    assert_eq!(world.emulator.names(), ["faq", "old", "router"]);
    assert!(daemon.get("/metrics").1.contains("\nretune_manifests_valid 1\n"));
    assert_eq!(daemon.get("/readyz").1, "ready\n");
}

/// Half-typed numbers on the way to the same manifest: the window begins again.
#[test]
fn what_was_broken_and_is_mended_starts_its_window_again() {
    let world = World::new();
    world.wants(model("faq").epochs(3));
    let mut daemon = world.watch("");
    daemon.hears_of("held", "faq");
    world.write("manifests/faq.yaml", &model("faq").base("gpt-2: {").text());
    daemon.hears("manifestsInvalid");
    let mended = SystemClock::new().now();
    world.wants(model("faq").epochs(3));
    daemon.hears("manifestsValid");
    daemon.hears_of("created", "faq");
    created_after(&world, mended);
}

/// Nothing is sent while git is at work, on what was there before.
#[test]
fn an_edit_that_git_holds_up_is_waited_for() {
    let world = World::new();
    std::fs::create_dir(world.path(".git")).unwrap();
    world.wants(model("faq").epochs(3));
    let mut daemon = world.watch("");
    daemon.hears_of("held", "faq");
    world.write(".git/index.lock", "");
    world.wants(model("faq").epochs(4));
    // The window of what was there before ends with a look, and comes to nothing.
    world.emulator.clear_log();
    until("look at the end of the window", || world.emulator.asked("list-jobs") > 0);
    daemon.looks();
    world.emulator.changed_by(&[]);
    let unlocked = SystemClock::new().now();
    std::fs::remove_file(world.path(".git/index.lock")).unwrap();
    daemon.hears("manifestsChanged");
    daemon.hears_of("created", "faq");
    created_after(&world, unlocked);
    assert_eq!(world.emulator.jobs()[0].epochs(), 4);
}

/// Ten edits as an editor saves them that saves by itself; the last is made at
/// the time that is given back.
fn types(world: &World, daemon: &mut Daemon) -> Timestamp {
    let clock = SystemClock::new();
    let mut last = clock.now();
    for epochs in 1..=10 {
        last = clock.now();
        world.wants(model("faq").epochs(epochs));
        daemon.hears_where("the edit", |line| line.message() == "1 changed: faq");
    }
    last
}

#[track_caller]
fn only_the_last_edit_is_paid_for(world: &World, daemon: &mut Daemon, last: Timestamp) {
    daemon.hears_of("created", "faq");
    daemon.looks();
    let jobs = world.emulator.jobs();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0].epochs(), 10);
    created_after(world, last);
}

#[test]
fn typing_pays_for_the_last_edit_alone() {
    let world = World::new();
    world.wants(model("other").lifecycle("suspend: true"));
    let mut daemon = world.watch("");
    let last = types(&world, &mut daemon);
    only_the_last_edit_is_paid_for(&world, &mut daemon, last);
}

#[test]
fn typing_pays_for_the_last_edit_alone_with_claims_too() {
    let world = World::new();
    world.claims();
    world.wants(model("other").lifecycle("suspend: true"));
    let mut daemon = world.watch("");
    let last = types(&world, &mut daemon);
    only_the_last_edit_is_paid_for(&world, &mut daemon, last);
}

#[test]
fn a_manifest_that_is_deleted_cancels_nothing() {
    let world = World::new();
    world.wants(model("faq")).wants(model("router")).applied();
    let mut daemon = world.watch("");
    daemon.looks();
    world.emulator.clear_log();
    std::fs::remove_file(world.path("manifests/router.yaml")).unwrap();
    let orphaned = daemon.hears_of("orphaned", "router");
    assert!(orphaned.value("job").contains("/tuningJobs/"), "{}", orphaned.text);
    daemon.looks();
    world.emulator.changed_by(&[]);
    assert!(world.emulator.jobs().iter().all(|job| !job.is_cancelled()));
    assert_eq!(daemon.count("orphaned"), 1);
}

/// The one create was sent when the manifest had been as it is for long enough.
#[track_caller]
fn created_after(world: &World, edit: Timestamp) {
    let log = world.emulator.log();
    let creates: Vec<_> = log.iter().filter(|request| request.operation == "create").collect();
    assert_eq!(creates.len(), 1);
    assert!(creates[0].time.duration_since(edit) >= UNCHANGED, "{edit} and {}", creates[0].time);
}
