//! The life of runs, from the manifest to the model.

use crate::model::model;
use crate::world::World;

const FAILS: &str = "gs://retune-samples/faults/fail.jsonl";

#[test]
fn from_a_manifest_to_a_tuned_model() {
    let world = World::fast();
    world.wants(model("faq"));
    let mut daemon = world.watch("--interval 1s");
    let created = daemon.hears_of("created", "faq");
    let tuned = daemon.hears_of("tuned", "faq");
    assert_eq!(created.value("job"), tuned.value("job"));
    assert!(tuned.message().contains("/endpoints/"), "{}", tuned.text);
    daemon.looks();
    world.emulator.changed_by(&["create"]);
}

#[test]
fn a_run_that_failed_is_told_once_and_not_repeated() {
    let world = World::fast();
    world.wants(model("faq").dataset(FAILS));
    let mut daemon = world.watch("--interval 1s");
    let failed = daemon.hears_of("failed", "faq");
    assert_eq!(failed.value("level"), "ERROR");
    assert!(failed.message().contains("raise lifecycle.rerun"), "{}", failed.text);
    for _ in 0..5 {
        daemon.looks();
    }
    assert_eq!(daemon.count("failed"), 1);
    world.emulator.changed_by(&["create"]);
}

#[test]
fn an_edit_supersedes_the_run_that_goes_on() {
    let world = World::new();
    world.wants(model("faq")).applied();
    let mut daemon = world.watch("");
    daemon.looks();
    world.emulator.clear_log();
    world.wants(model("faq").epochs(4));
    assert_eq!(daemon.hears_of("created", "faq").value("reason"), "specChanged");
    assert_eq!(daemon.hears_of("cancelRequested", "faq").value("reason"), "superseded");
    // The old run goes on until the new one is accepted.
    world.emulator.changed_by(&["create", "cancel"]);
    let jobs = world.emulator.jobs();
    assert!(jobs[0].is_cancelled() && !jobs[1].is_cancelled(), "{jobs:?}");
}

#[test]
fn desired_stopped_cancels_and_creates_nothing() {
    let world = World::new();
    world.wants(model("faq")).applied();
    let mut daemon = world.watch("");
    daemon.looks();
    world.emulator.clear_log();
    world.wants(model("faq").lifecycle("desired: stopped"));
    assert_eq!(daemon.hears_of("cancelRequested", "faq").value("reason"), "stopped");
    daemon.looks();
    world.emulator.changed_by(&["cancel"]);
    assert!(world.emulator.jobs()[0].is_cancelled());
}

#[test]
fn a_suspended_model_is_left_alone() {
    let world = World::new();
    world.wants(model("faq").lifecycle("suspend: true"));
    let mut daemon = world.watch("");
    assert_eq!(daemon.hears_of("held", "faq").value("reason"), "suspended");
    daemon.looks();
    world.emulator.changed_by(&[]);
}

#[test]
fn observe_tells_what_differs_and_writes_nothing() {
    let world = World::new();
    world.wants(model("faq")).wants(model("old")).applied();
    world.wants(model("old").lifecycle("desired: stopped")).wants(model("router"));
    world.emulator.clear_log();
    let mut daemon = world.watch("--observe");
    let old = daemon.hears_of("drift", "old");
    assert!(old.message().starts_with("to cancel: tuningJobs/"), "{}", old.text);
    assert_eq!(old.value("reason"), "stopped");
    assert_eq!(daemon.hears_of("drift", "router").message(), "to create: new manifest");
    daemon.looks();
    assert_eq!(daemon.count("drift"), 2);
    world.emulator.changed_by(&[]);
    assert_eq!(world.emulator.asked("storage-put"), 0);
}

#[test]
fn two_shards_make_everything_once() {
    let names: Vec<String> = (0..8).map(|number| format!("model-{number}")).collect();
    let world = World::new();
    for name in &names {
        world.wants(model(name));
    }
    let mut shards = ["1/2", "2/2"].map(|shard| world.watch(&format!("--shard {shard}")));
    for daemon in &shards {
        daemon.looks();
        daemon.looks();
    }
    assert_eq!(world.emulator.names(), names);
    world.emulator.changed_by(&["create"; 8]);
    let parts = shards.each_mut().map(|daemon| daemon.count("created"));
    assert!(parts.iter().all(|part| *part > 0), "{parts:?}: none of them did all");
    assert_eq!(parts.iter().sum::<usize>(), 8);
}

#[test]
fn an_hour_without_changes_says_nothing() {
    let world = World::fast();
    world.wants(model("faq")).wants(model("router").lifecycle("suspend: true"));
    let mut daemon = world.watch("--interval 1s");
    daemon.hears_of("tuned", "faq");
    daemon.looks();
    let before = daemon.said().len();
    for _ in 0..10 {
        daemon.looks();
    }
    let said = &daemon.said()[before..];
    assert!(said.is_empty(), "{said:?}");
    world.emulator.changed_by(&["create"]);
}

#[test]
fn more_creates_than_the_limit_are_all_held_and_told_once() {
    let world = World::new();
    for number in 0..11 {
        world.wants(model(&format!("model-{number:02}")));
    }
    let mut daemon = world.watch("--max-creates 10");
    let held = daemon.hears("held");
    assert_eq!((held.value("reason"), held.value("level")), ("createLimit", "ERROR"));
    assert!(held.message().starts_with("11 models: model-00, "), "{}", held.text);
    daemon.looks();
    daemon.looks();
    assert_eq!(daemon.count("held"), 1);
    world.emulator.changed_by(&[]);
}

#[test]
fn creates_of_the_last_day_count_towards_the_limit() {
    let world = World::new();
    for number in 0..10 {
        world.wants(model(&format!("model-{number:02}")));
    }
    let mut daemon = world.watch("");
    daemon.looks();
    world.emulator.changed_by(&["create"; 10]);
    // Also for a daemon that has made none of them.
    daemon.stops(rustix::process::Signal::TERM);
    world.wants(model("one-more"));
    let mut daemon = world.watch("");
    assert_eq!(daemon.hears_of("held", "one-more").value("reason"), "createLimit");
    daemon.looks();
    world.emulator.changed_by(&["create"; 10]);
    assert_eq!(daemon.count("held"), 1);
    // A person allows more, in a file, while the daemon runs.
    world.workspace(&["claims: {settle: 0s}", "limits: {maxCreates: 11}"]);
    daemon.hears_of("created", "one-more");
    world.emulator.changed_by(&["create"; 11]);
}

#[test]
fn an_older_revision_yields_to_a_newer_one() {
    let world = World::new();
    world.wants(model("faq"));
    let mut newer = world.watch("--revision 1700000000");
    newer.hears_of("created", "faq");
    newer.stops(rustix::process::Signal::TERM);
    world.wants(model("faq").epochs(4));
    let mut older = world.watch("--revision 1600000000");
    assert_eq!(older.hears_of("held", "faq").value("reason"), "staleRevision");
    older.looks();
    world.emulator.changed_by(&["create"]);
    older.stops(rustix::process::Signal::TERM);
    let mut newest = world.watch("--revision 1700000001");
    newest.hears_of("created", "faq");
    newest.hears_of("cancelRequested", "faq");
    world.emulator.changed_by(&["create", "create", "cancel"]);
}
