//! Which of several runs counts, and which goes on.

use super::world::{HOUR, World, job_name, name, place, seconds};
use crate::model::JobState::{Cancelled, Failed, Paused, Running, Succeeded};
use crate::model::{AdapterSize, Desired, DesiredState, OnSupersede, Place, identity};
use crate::plan::plan;

fn keep(desired: &mut Desired) {
    desired.lifecycle.on_supersede = OnSupersede::Keep;
}

/// A manifest that leaves everything to the server.
fn bare() -> World {
    World::new().wants("faq", 3).but(|d| {
        d.spec.supervised_tuning_spec.as_mut().unwrap().hyper_parameters = None;
    })
}

/// The last run carries the digest of the bare manifest; its echo says what
/// the server chose.
fn asked_bare(world: World) -> World {
    let digest = identity::digest(&bare().desired[0].spec);
    world.stamped(|stamp| stamp.spec = Some(digest.into()))
}

#[test]
fn a_run_that_is_stopped_survives_nothing() {
    let late = |first, second| {
        World::new()
            .wants("faq", 3)
            .but(|d| d.lifecycle.timeout = Some(HOUR))
            .has("faq", 3, Running)
            .run(|job| job.start_time = seconds(first))
            .has("faq", 3, Running)
            .run(|job| job.start_time = seconds(second))
    };
    assert_eq!(late(3_600, 3_599).decides(), ["cancel 1 timedOut", "in flight faq 2"]);
    assert_eq!(late(3_599, 3_600).decides(), ["cancel 2 duplicate", "in flight faq 1"]);
    assert_eq!(late(3_600, 3_600).decides(), ["cancel 1 timedOut", "cancel 2 timedOut"]);
    // Nothing takes the place of another spec's run, so it goes on.
    let other = late(3_600, 3_600).has("faq", 4, Running).run(|job| job.start_time = seconds(60));
    assert_eq!(
        other.decides(),
        ["cancel 1 timedOut", "cancel 2 timedOut", "note faq otherRunActive"]
    );
}

#[test]
fn a_run_of_other_data_times_out_too() {
    let world = World::new()
        .wants("faq", 3)
        .but(|d| d.lifecycle.timeout = Some(HOUR))
        .has("faq", 3, Running)
        .stamped(|s| s.data = Some("c1-a".into()))
        .run(|job| job.start_time = seconds(60))
        .has("faq", 3, Running)
        .stamped(|s| s.data = Some("c1-b".into()))
        .run(|job| job.start_time = seconds(3_600));
    assert_eq!(world.decides(), ["cancel 2 timedOut", "in flight faq 1"]);
}

#[test]
fn the_run_of_this_very_spec_goes_before_one_that_echoes_the_same() {
    // Asked for less, then for 3 epochs beside it, then for less again.
    let world = |state| asked_bare(bare().but(keep).has("faq", 40, Running)).has("faq", 3, state);
    assert_eq!(world(Succeeded).decides(), ["in flight faq 1"]);
    assert_eq!(world(Running).decides(), ["in flight faq 1"]);
    let superseding = asked_bare(bare().has("faq", 40, Running)).has("faq", 3, Running);
    assert_eq!(superseding.decides(), ["cancel 2 superseded", "in flight faq 1"]);
    // Once it has ended, what echoes the same still counts: nothing is paid.
    let ended = asked_bare(bare().has("faq", 40, Failed)).has("faq", 3, Succeeded);
    assert_eq!(ended.decides(), ["in sync faq 2", "note faq fieldRemoved"]);
}

#[test]
fn runs_that_differ_from_each_other_are_no_duplicates() {
    let world = bare().but(keep).has("faq", 3, Running).has("faq", 4, Running);
    assert_eq!(world.decides(), ["in flight faq 1", "note faq fieldRemoved"]);
    let cancel = bare().has("faq", 3, Running).has("faq", 4, Running);
    assert_eq!(
        cancel.decides(),
        ["cancel 2 superseded", "in flight faq 1", "note faq fieldRemoved"]
    );
    let twins = bare().but(keep).has("faq", 3, Running).has("faq", 3, Running);
    assert_eq!(twins.decides(), ["cancel 2 duplicate", "in flight faq 1", "note faq fieldRemoved"]);
}

fn adopts(world: World, id: u32) -> World {
    world.but(|d| d.lifecycle.adopt = Some(job_name(id)))
}

#[test]
fn an_adopted_run_of_another_name_is_no_orphan() {
    let world = adopts(World::new().wants("faq", 3), 1).has("old-faq", 3, Running);
    assert_eq!(world.decides(), ["in flight faq 1"]);
    let pruned = world.policy(|p| p.prune = [name("old-faq")].into());
    assert_eq!(pruned.decides(), ["in flight faq 1"]);
}

#[test]
fn an_adopted_run_with_this_digest_needs_no_echo() {
    let world = adopts(World::new().wants("faq", 3), 1)
        .has("old-faq", 3, Succeeded)
        .run(|job| job.echo.base_model = Some("models/gemini-3.5-flash@001".into()));
    assert_eq!(world.decides(), ["in sync faq 1"]);
}

#[test]
fn stopping_names_an_adopted_run_that_goes_on() {
    let world = adopts(World::new().wants("faq", 3), 1)
        .but(|d| d.lifecycle.desired = DesiredState::Stopped)
        .has("x", 3, Running)
        .run(|job| job.stamp = None);
    assert_eq!(world.decides(), ["in sync faq stopped", "note faq otherRunActive"]);
}

#[test]
fn a_raised_rerun_does_not_part_an_adopted_run() {
    for (state, what) in [(Failed, "failed"), (Cancelled, "was cancelled")] {
        let world = adopts(World::new().wants("faq", 3).rerun(7), 1)
            .has("x", 3, state)
            .run(|job| job.stamp = None);
        let hold = world.hold();
        assert!(hold.starts_with(&format!("last run {what} (tuningJobs/1")), "{hold}");
        assert!(hold.contains("; take lifecycle.adopt out to"), "{hold}");
    }
}

#[test]
fn only_does_not_silence_prune() {
    let world = World::new()
        .wants("faq", 3)
        .has("old", 9, Running)
        .has("older", 9, Running)
        .policy(|p| p.only = [name("faq")].into())
        .policy(|p| p.prune = [name("old")].into());
    assert_eq!(world.decides(), ["create faq missing", "cancel 1 pruned"]);
}

#[test]
fn a_run_to_prune_that_cannot_be_judged_is_held() {
    let world = World::new().has("old", 9, Paused).policy(|p| p.prune = [name("old")].into());
    assert_eq!(world.decides(), ["held old unknownState 1"]);
}

#[test]
fn a_place_under_two_notations_has_no_orphans_of_its_own() {
    let world = World::new()
        .wants("faq", 3)
        .has("faq", 3, Running)
        .has("old", 9, Running)
        .policy(|p| p.prune = [name("faq"), name("old")].into());
    let mut seen = world.observation();
    let by_number = Place::new("42", "us-central1");
    let mut listing = seen[&place()].clone().unwrap();
    listing.jobs.iter_mut().for_each(|job| job.place = by_number.clone());
    seen.insert(by_number, Ok(listing));
    let plan = plan(&world.desired, &seen, &world.policy);
    let cancelled: Vec<&str> = plan.cancels().map(|c| c.job.id()).collect();
    assert_eq!(cancelled, ["2"]);
}

#[test]
fn a_spec_that_changed_is_never_equivalent() {
    // One world for each field: the echo has everything, the manifest differs
    // in one place.
    let changes: [fn(&mut Desired); 5] = [
        |d| d.spec.base_model = Some("gemini-3.5-pro".into()),
        |d| {
            d.spec.supervised_tuning_spec.as_mut().unwrap().training_dataset_uri =
                "gs://acme-ml/train.jsonll".into()
        },
        |d| hyper(d).epoch_count = Some(4),
        |d| hyper(d).adapter_size = Some(AdapterSize::Eight),
        |d| hyper(d).learning_rate_multiplier = Some(1.5),
    ];
    for change in changes {
        let mut world = World::new().wants("faq", 3).but(change).has("faq", 3, Succeeded);
        let echo = &mut world.jobs[0].echo;
        let spec = echo.supervised_tuning_spec.as_mut().unwrap();
        let hyper = spec.hyper_parameters.as_mut().unwrap();
        hyper.adapter_size = Some(AdapterSize::Four);
        hyper.learning_rate_multiplier = Some(1.0);
        assert_eq!(world.decides(), ["create faq specChanged"]);
    }
}

fn hyper(desired: &mut Desired) -> &mut crate::model::HyperParameters {
    let spec = desired.spec.supervised_tuning_spec.as_mut().unwrap();
    spec.hyper_parameters.as_mut().unwrap()
}

#[test]
fn a_set_field_that_the_echo_lacks_is_a_change() {
    let world = World::new().wants("faq", 3).has("faq", 3, Succeeded);
    let added = world.clone().but(|d| hyper(d).adapter_size = Some(AdapterSize::Eight));
    assert_eq!(added.decides(), ["create faq specChanged"]);
    let silent = world.but(|d| hyper(d).epoch_count = Some(4)).run(|job| {
        job.echo.supervised_tuning_spec = None;
    });
    assert_eq!(silent.decides(), ["create faq specChanged"]);
}
