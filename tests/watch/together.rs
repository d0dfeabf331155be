//! Two daemons on the same manifests.

use crate::model::model;
use crate::wait::until;
use crate::world::World;

#[test]
fn without_claims_duplicates_are_cancelled_until_one_is_left() {
    let world = World::new();
    world.wants(model("faq"));
    // Both have looked, and neither create has been carried out.
    world.emulator.fault("create:hold:2");
    let mut daemons = [world.watch("--interval 1s"), world.watch("--interval 1s")];
    world.emulator.holds(2);
    world.emulator.release();
    for daemon in &mut daemons {
        daemon.hears_of("created", "faq");
    }
    until("cancel of the duplicate", || {
        world.emulator.jobs().iter().filter(|job| job.is_cancelled()).count() == 1
    });
    for daemon in &daemons {
        daemon.looks();
    }
    let jobs = world.emulator.jobs();
    assert_eq!(jobs.len(), 2);
    // The older one goes on.
    assert!(!jobs[0].is_cancelled() && jobs[1].is_cancelled(), "{jobs:?}");
}

#[test]
fn with_claims_each_run_is_created_once() {
    const NAMES: [&str; 5] = ["classifier", "faq", "router", "summariser", "triage"];
    let world = World::new();
    world.claims();
    for name in NAMES {
        world.wants(model(name));
    }
    // Both have looked, and both want the same claim.
    world.emulator.fault("storage-put:hold:2");
    let mut daemons = [world.watch("--interval 1s"), world.watch("--interval 1s")];
    world.emulator.holds(2);
    world.emulator.release();
    until("all runs", || world.emulator.jobs().len() >= NAMES.len());
    for daemon in &daemons {
        daemon.looks();
    }
    assert_eq!(world.emulator.names(), NAMES);
    world.emulator.changed_by(&["create"; NAMES.len()]);
    let created: usize = daemons.iter_mut().map(|daemon| daemon.count("created")).sum();
    assert_eq!(created, NAMES.len());
}
