//! A service that is away, slow, or tells less than there is.

use crate::daemon::Daemon;
use crate::model::model;
use crate::world::World;

/// A model with its run, and a daemon that has seen both.
fn watched(world: World) -> (World, Daemon) {
    world.wants(model("faq")).applied();
    let daemon = world.watch("");
    daemon.looks();
    world.emulator.clear_log();
    (world, daemon)
}

#[track_caller]
fn an_outage_is_told_once_and_then_its_end(
    daemon: &mut Daemon,
    world: &mut World,
    mend: impl FnOnce(&mut World),
) {
    world.wants(model("router"));
    daemon.passes_once();
    daemon.hears("unreachable");
    while daemon.count("down") == 0 {
        daemon.passes_once();
    }
    daemon.passes_once();
    let told = ["unreachable", "down", "reachable"];
    assert_eq!(told.map(|event| daemon.count(event)), [1, 1, 0]);
    let (status, ready) = daemon.get("/readyz");
    assert_eq!(status, 503);
    assert!(ready.contains("passes in a row failed"), "{ready}");
    mend(world);
    // What waited is made, and nothing twice.
    daemon.looks();
    daemon.hears_of("created", "router");
    daemon.looks();
    assert_eq!(told.map(|event| daemon.count(event)), [1, 1, 1]);
    assert_eq!(daemon.get("/readyz").0, 200);
    assert_eq!(world.emulator.names(), ["faq", "router"]);
}

#[test]
fn a_service_that_is_stopped_and_started_again() {
    let (mut world, mut daemon) = watched(World::kept());
    world.goes_away();
    an_outage_is_told_once_and_then_its_end(&mut daemon, &mut world, World::comes_back);
}

#[test]
fn a_service_that_answers_503_for_a_while() {
    let (mut world, mut daemon) = watched(World::new());
    world.emulator.fault("any:status=503");
    an_outage_is_told_once_and_then_its_end(&mut daemon, &mut world, |world| world.emulator.heal());
}

#[test]
fn a_page_that_is_missing_makes_no_run_missing() {
    // More jobs than a page has, ours the newest and the oldest.
    const PAGE: usize = 100;
    for fault in ["list-jobs:lost-page", "list-jobs@pageToken:drop", "list-jobs:truncate"] {
        let world = World::new();
        world.wants(model("faq")).applied();
        for _ in 0..=PAGE {
            world.emulator.foreign_job();
        }
        world.wants(model("router")).applied();
        let daemon = world.watch("");
        daemon.looks();
        world.emulator.clear_log();
        world.emulator.fault(fault);
        daemon.looks();
        assert!(world.emulator.asked("list-jobs") > 0);
        world.emulator.changed_by(&[]);
        world.emulator.heal();
        daemon.looks();
        world.emulator.changed_by(&[]);
    }
}

#[test]
fn a_slow_service_is_waited_for() {
    let world = World::new();
    world.wants(model("faq"));
    world.emulator.fault("any:delay=500");
    let mut daemon = world.watch("");
    daemon.hears_of("created", "faq");
    daemon.looks();
    world.emulator.changed_by(&["create"]);
    assert_eq!(daemon.count("unreachable"), 0);
}

#[test]
fn a_create_whose_answer_is_lost_is_found_again() {
    for fault in ["process-then-drop:1", "process-then-status=503:1", "truncate:1", "late=2:1"] {
        let world = World::new();
        world.wants(model("faq"));
        world.emulator.fault(&format!("create:{fault}"));
        let mut daemon = world.watch("--interval 1s");
        daemon.hears_of("createUnknown", "faq");
        daemon.hears_where("the run", |line| {
            ["queued", "pending", "running"].iter().any(|event| line.is_about(event, "faq"))
        });
        daemon.looks();
        assert_eq!(world.emulator.names(), ["faq"], "{fault}");
        world.emulator.changed_by(&["create"]);
        assert_eq!(daemon.stops(rustix::process::Signal::TERM).0, 0, "{fault}");
    }
}
