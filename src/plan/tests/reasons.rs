//! Every reason for an action.

use super::world::{HOUR, World, name, seconds};
use crate::model::JobState::{Cancelled, Failed, Pending, Queued, Running, Succeeded, Updating};
use crate::model::{DesiredState, OnSupersede};

#[test]
fn create_missing() {
    let world = World::new().wants("faq", 3);
    assert_eq!(world.decides(), ["create faq missing"]);
}

#[test]
fn create_spec_changed_and_cancel_superseded_after_it() {
    let world = World::new().wants("faq", 4).has("faq", 3, Running);
    assert_eq!(world.decides(), ["create faq specChanged", "cancel 1 superseded after"]);
    let changes = &world.plan().creates().next().unwrap().changes.clone();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path, "supervisedTuningSpec.hyperParameters.epochCount");
    assert_eq!((changes[0].old.as_deref(), changes[0].new.as_deref()), (Some("3"), Some("4")));
}

#[test]
fn create_rerun_raised() {
    let world = World::new().wants("faq", 3).rerun(1).has("faq", 3, Succeeded);
    assert_eq!(world.decides(), ["create faq rerunRaised"]);
}

#[test]
fn create_retry_after_its_wait() {
    let failed = |ended| {
        World::new()
            .wants("faq", 3)
            .but(|d| d.lifecycle.retry.max_attempts = 2)
            .has("faq", 3, Failed)
            .failing(14)
            .run(|job| job.end_time = seconds(ended))
    };
    assert_eq!(failed(599).decides(), ["held faq lastRunFailed 1"]);
    let due = failed(600);
    assert_eq!(due.decides(), ["create faq retry"]);
    assert_eq!(
        due.plan().creates().next().unwrap().request.labels.get("retune-attempt"),
        Some("2")
    );
}

#[test]
fn each_retry_waits_twice_as_long_and_attempts_are_counted_by_label() {
    let second = |ended| {
        World::new()
            .wants("faq", 3)
            .but(|d| d.lifecycle.retry.max_attempts = 3)
            .has("faq", 3, Failed)
            .failing(14)
            .has("faq", 3, Failed)
            .failing(14)
            .stamped(|s| s.attempt = 2)
            .run(|job| job.end_time = seconds(ended))
    };
    assert_eq!(second(1_199).decides(), ["held faq lastRunFailed 2"]);
    assert_eq!(second(1_200).decides(), ["create faq retry"]);
    let spent = second(9_000).but(|d| d.lifecycle.retry.max_attempts = 2);
    assert_eq!(spent.decides(), ["held faq lastRunFailed 2"]);
}

#[test]
fn cancel_superseded_beside_a_good_run() {
    // The manifest went from 3 to 4 and back: its model is found again.
    let world = World::new().wants("faq", 3).has("faq", 3, Succeeded).has("faq", 4, Running);
    assert_eq!(world.decides(), ["cancel 2 superseded", "in sync faq 1"]);
}

#[test]
fn cancel_superseded_of_a_lower_rerun() {
    let world = World::new()
        .wants("faq", 3)
        .rerun(1)
        .has("faq", 3, Queued)
        .has("faq", 3, Pending)
        .stamped(|s| s.rerun = Some(1));
    assert_eq!(world.decides(), ["cancel 1 superseded", "in flight faq 2"]);
}

#[test]
fn keep_lets_other_specs_go_on() {
    let keep = |d: &mut crate::model::Desired| d.lifecycle.on_supersede = OnSupersede::Keep;
    let create = World::new().wants("faq", 4).but(keep).has("faq", 3, Running);
    assert_eq!(create.decides(), ["create faq specChanged"]);
    let beside =
        World::new().wants("faq", 3).but(keep).has("faq", 4, Running).has("faq", 3, Running);
    assert_eq!(beside.decides(), ["in flight faq 2"]);
}

#[test]
fn cancel_duplicate_spares_the_oldest() {
    let world = World::new()
        .wants("faq", 3)
        .has("faq", 3, Running)
        .has("faq", 3, Updating)
        .has("faq", 3, Queued);
    assert_eq!(world.decides(), ["cancel 2 duplicate", "cancel 3 duplicate", "in flight faq 1"]);
}

#[test]
fn the_name_breaks_a_tie_of_creation_times() {
    let world = World::new()
        .wants("faq", 3)
        .has("faq", 3, Running)
        .has("faq", 3, Running)
        .run(|job| job.create_time = seconds(32_400));
    assert_eq!(world.decides(), ["cancel 2 duplicate", "in flight faq 1"]);
}

#[test]
fn cancel_duplicate_beside_a_good_run() {
    let world = World::new().wants("faq", 3).has("faq", 3, Running).has("faq", 3, Succeeded);
    assert_eq!(world.decides(), ["cancel 1 duplicate", "in sync faq 2"]);
}

#[test]
fn other_data_is_no_duplicate() {
    let world = World::new()
        .wants("faq", 3)
        .has("faq", 3, Running)
        .stamped(|s| s.data = Some("c1-a".into()))
        .has("faq", 3, Running)
        .stamped(|s| s.data = Some("c1-b".into()));
    assert_eq!(world.decides(), ["in flight faq 1"]);
}

#[test]
fn cancel_stopped_takes_every_spec_and_rerun_and_creates_none() {
    let stop = |d: &mut crate::model::Desired| d.lifecycle.desired = DesiredState::Stopped;
    let world = World::new()
        .wants("faq", 3)
        .rerun(2)
        .but(stop)
        .has("faq", 3, Running)
        .has("faq", 9, Queued)
        .stamped(|s| s.rerun = Some(1))
        .has("faq", 3, Cancelled);
    assert_eq!(world.decides(), ["cancel 1 stopped", "cancel 2 stopped"]);
    let settled = World::new().wants("faq", 3).but(stop).has("faq", 3, Cancelled);
    assert_eq!(settled.decides(), ["in sync faq stopped"]);
}

#[test]
fn cancel_timed_out_counts_from_the_start_on_the_servers_clock() {
    let ran = |started: Option<i64>| {
        World::new()
            .wants("faq", 3)
            .but(|d| d.lifecycle.timeout = Some(HOUR))
            .has("faq", 3, Running)
            .run(|job| job.start_time = started.and_then(seconds))
    };
    assert_eq!(ran(Some(3_599)).decides(), ["in flight faq 1"]);
    assert_eq!(ran(Some(3_600)).decides(), ["cancel 1 timedOut"]);
    // Nine hours in the queue are no hour of running.
    assert_eq!(ran(None).decides(), ["in flight faq 1"]);
}

#[test]
fn a_kept_run_times_out_too() {
    let world = World::new()
        .wants("faq", 3)
        .but(|d| d.lifecycle.on_supersede = OnSupersede::Keep)
        .but(|d| d.lifecycle.timeout = Some(HOUR))
        .has("faq", 4, Running)
        .has("faq", 3, Succeeded);
    assert_eq!(world.decides(), ["cancel 1 timedOut", "in sync faq 2"]);
}

#[test]
fn cancel_pruned_takes_orphans_by_name_only() {
    let world = World::new().wants("faq", 3).has("faq", 3, Succeeded).has("old", 3, Running);
    assert_eq!(world.decides(), ["in sync faq 1", "orphaned old 2"]);
    let pruned = world.policy(|p| p.prune = [name("old")].into());
    assert_eq!(pruned.decides(), ["cancel 2 pruned", "in sync faq 1"]);
    // A name with a manifest is no orphan, whatever the flag says.
    let not_an_orphan = World::new()
        .wants("faq", 3)
        .has("faq", 3, Running)
        .policy(|p| p.prune = [name("faq")].into());
    assert_eq!(not_an_orphan.decides(), ["in flight faq 1"]);
}

#[test]
fn a_model_whose_run_left_the_listing_is_as_good_as_the_run() {
    let world = World::new().wants("faq", 3).has("faq", 3, Succeeded).forgotten();
    assert_eq!(world.decides(), ["in sync faq stopped", "note faq foundByModel"]);
    let model = world.plan().in_sync[0].tuned_model.clone().unwrap();
    assert_eq!(model.model.as_deref(), Some("projects/42/locations/us/models/7@1"));
    // Another spec, rerun, owner or name is another model.
    assert_eq!(world.clone().but(|d| d.key.rerun = 1).decides(), ["create faq missing"]);
    let other = World::new().wants("faq", 4).has("faq", 3, Succeeded).forgotten();
    assert_eq!(other.decides(), ["create faq missing"]);
    let theirs = World::new().wants("faq", 3).has("faq", 3, Succeeded);
    let theirs = theirs.stamped(|stamp| stamp.owner = name("others")).forgotten();
    assert_eq!(theirs.decides(), ["create faq missing"]);
    // Where runs are listed they say what there is.
    let listed = world.has("faq", 3, Cancelled);
    assert_eq!(listed.decides(), ["held faq lastRunCancelled 2"]);
}
