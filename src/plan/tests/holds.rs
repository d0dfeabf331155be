//! Every hold, with the words that unblock it.

use super::world::{HOUR, World, a_model, job_name, name, place, seconds};
use crate::model::JobState::{
    Cancelled, Cancelling, Expired, Failed, PartiallySucceeded, Paused, Running, Succeeded, Unknown,
};
use crate::model::{JobState, Untrusted, identity};
use crate::plan::{CancelledBy, HoldReason};

#[test]
fn last_run_failed_names_the_error_and_the_cure() {
    let world = World::new().wants("faq", 3).has("faq", 3, Failed).failing(3);
    assert_eq!(world.decides(), ["held faq lastRunFailed 1"]);
    assert_eq!(
        world.hold(),
        "last run failed (tuningJobs/1): dataset row 12; raise lifecycle.rerun to try again"
    );
}

#[test]
fn a_failed_run_with_a_model_is_never_retried() {
    let world = World::new()
        .wants("faq", 3)
        .but(|d| d.lifecycle.retry.max_attempts = 5)
        .has("faq", 3, Failed)
        .failing(13)
        .run(|job| job.tuned_model = Some(a_model()));
    assert_eq!(world.decides(), ["held faq lastRunFailed 1"]);
    assert!(world.hold().contains("it left a model"), "{}", world.hold());
}

#[test]
fn a_permanent_failure_is_never_retried() {
    for code in [1, 2, 3, 5, 7, 9, 16, 400, 500] {
        let world = World::new()
            .wants("faq", 3)
            .but(|d| d.lifecycle.retry.max_attempts = 5)
            .has("faq", 3, Failed)
            .failing(code);
        assert_eq!(world.decides(), ["held faq lastRunFailed 1"], "code {code}");
    }
}

#[test]
fn expired_and_partial_without_a_model_are_failures() {
    for state in [Expired, PartiallySucceeded] {
        let world = World::new().wants("faq", 3).has("faq", 3, state);
        assert_eq!(world.decides(), ["held faq lastRunFailed 1"]);
    }
    let partial = World::new()
        .wants("faq", 3)
        .has("faq", 3, PartiallySucceeded)
        .run(|job| job.tuned_model = Some(a_model()));
    assert_eq!(partial.decides(), ["in sync faq 1"]);
}

#[test]
fn last_run_cancelled_says_what_is_known() {
    let by = |world: World| {
        let HoldReason::LastRunCancelled { by, .. } = world.hold_reason() else {
            panic!("{:?}", world.hold_reason());
        };
        by
    };
    let by_hand = World::new().wants("faq", 3).has("faq", 3, Cancelled);
    assert_eq!(by_hand.decides(), ["held faq lastRunCancelled 1"]);
    assert_eq!(by(by_hand.clone()), CancelledBy::Elsewhere);
    // The spec went elsewhere and came back: still one run for each spec.
    let superseded =
        by_hand.clone().run(|job| job.end_time = seconds(100)).has("faq", 4, Cancelled);
    assert_eq!(superseded.decides(), ["held faq lastRunCancelled 1"]);
    assert_eq!(by(superseded), CancelledBy::Superseded(job_name(2)));
    let timed_out =
        by_hand.but(|d| d.lifecycle.timeout = Some(HOUR)).run(|job| job.end_time = seconds(100));
    assert_eq!(by(timed_out), CancelledBy::TimedOut);
}

#[test]
fn the_oldest_of_the_highest_attempt_speaks() {
    // The second run was a duplicate of the first and was cancelled as one.
    let world = World::new().wants("faq", 3).has("faq", 3, Failed).has("faq", 3, Cancelled);
    assert_eq!(world.decides(), ["held faq lastRunFailed 1"]);
    let retried = world.has("faq", 3, Cancelled).stamped(|s| s.attempt = 2);
    assert_eq!(retried.decides(), ["held faq lastRunCancelled 3"]);
}

#[test]
fn cancelling_is_neither_cancelled_again_nor_a_survivor() {
    let world = World::new().wants("faq", 3).has("faq", 3, Cancelling).has("faq", 4, Running);
    assert_eq!(world.decides(), ["held faq cancelling 1", "note faq otherRunActive"]);
    let beside = World::new().wants("faq", 3).has("faq", 3, Cancelling).has("faq", 3, Running);
    assert_eq!(beside.decides(), ["in flight faq 2"]);
}

#[test]
fn suspended_changes_nothing_at_all() {
    let world = World::new()
        .wants("faq", 3)
        .but(|d| d.lifecycle.suspend = true)
        .has("faq", 4, Running)
        .has("faq", 3, Running)
        .has("faq", 3, Running);
    assert_eq!(world.decides(), ["held faq suspended"]);
}

#[test]
fn list_incomplete_decides_nothing() {
    let mut world = World::new().wants("faq", 4).has("faq", 3, Running);
    world.incomplete = true;
    assert_eq!(world.decides(), ["held faq listIncomplete"]);
}

#[test]
fn a_place_that_was_not_asked_is_incomplete() {
    let world = World::new().wants("faq", 3).but(|d| d.key.place.location = "europe-west4".into());
    assert_eq!(world.decides(), ["held faq listIncomplete"]);
}

#[test]
fn unknown_dialect_creates_and_cancels_nothing() {
    for label in [Some("h2-abcdef"), Some("tampered"), None] {
        let world = World::new()
            .wants("faq", 4)
            .has("faq", 3, Running)
            .has("faq", 9, Succeeded)
            .stamped(|s| s.spec = label.map(Into::into));
        assert_eq!(world.decides(), ["held faq unknownDialect 2"], "{label:?}");
    }
}

#[test]
fn a_rerun_that_retune_never_wrote_creates_and_cancels_nothing() {
    let world = World::new().wants("faq", 4).has("faq", 3, Running).stamped(|s| s.rerun = None);
    assert_eq!(world.decides(), ["held faq unknownDialect 1"]);
    assert_eq!(
        world.hold(),
        "tuningJobs/1 carries our labels without a rerun that retune writes; look at it with \
         `retune jobs --project acme-ml --location us-central1`"
    );
}

#[test]
fn unknown_state_still_shows_a_good_run() {
    let states = [Paused, JobState::Absent, Unknown(Untrusted::new("JOB_STATE_FROZEN"))];
    for state in states {
        let alone = World::new().wants("faq", 3).has("faq", 9, state.clone());
        assert_eq!(alone.decides(), ["held faq unknownState 1"]);
        let beside = alone.clone().has("faq", 3, Succeeded);
        assert_eq!(beside.decides(), ["held faq unknownState 1", "in sync faq 2"]);
        // Nor is the run cancelled that the good one would supersede.
        let superseding = beside.has("faq", 4, Running);
        assert_eq!(superseding.decides(), ["held faq unknownState 1", "in sync faq 2"]);
    }
}

#[test]
fn an_unclear_run_of_another_rerun_decides_nothing() {
    let world = World::new().wants("faq", 3).rerun(1).has("faq", 3, Paused);
    assert_eq!(world.decides(), ["create faq rerunRaised"]);
}

#[test]
fn stale_revision_by_a_higher_rerun() {
    let world = World::new().wants("faq", 3).has("faq", 3, Running).stamped(|s| s.rerun = Some(1));
    assert_eq!(world.decides(), ["held faq staleRevision 1"]);
}

#[test]
fn stale_revision_by_a_later_commit() {
    let at = |theirs: i64, ours: Option<i64>| {
        World::new()
            .wants("faq", 4)
            .has("faq", 3, Running)
            .stamped(|s| s.rev = Some(theirs))
            .policy(|p| p.revision = ours)
            .decides()
    };
    let acts = ["create faq specChanged", "cancel 1 superseded after"];
    assert_eq!(at(1_000, Some(1_000)), acts);
    assert_eq!(at(1_001, Some(1_000)), ["held faq staleRevision 1"]);
    // Without a revision of its own a reconciler is older than any.
    assert_eq!(at(1_000, None), ["held faq staleRevision 1"]);
}

#[test]
fn a_revision_from_the_future_counts_as_the_creation_time() {
    let world = World::new()
        .wants("faq", 4)
        .has("faq", 3, Running)
        .stamped(|s| s.rev = Some(i64::MAX))
        .policy(|p| p.revision = Some(super::world::NOW));
    assert_eq!(world.decides(), ["create faq specChanged", "cancel 1 superseded after"]);
}

#[test]
fn prune_obeys_the_revision_too() {
    let world = World::new()
        .has("old", 3, Running)
        .stamped(|s| s.rev = Some(1_000))
        .policy(|p| p.prune = [name("old")].into());
    assert_eq!(world.decides(), ["held old staleRevision 1"]);
    let known = world.policy(|p| p.revision = Some(2_000));
    assert_eq!(known.decides(), ["cancel 1 pruned"]);
}

#[test]
fn same_spec_elsewhere_holds_a_rename_and_a_second_owner() {
    let renamed = World::new().wants("faq", 3).has("old-faq", 3, Succeeded);
    assert_eq!(renamed.decides(), ["held faq sameSpecElsewhere 1"]);
    let second_owner =
        World::new().wants("faq", 3).has("faq", 3, Running).stamped(|s| s.owner = name("other"));
    assert_eq!(second_owner.decides(), ["held faq sameSpecElsewhere 1"]);
    let ended = World::new().wants("faq", 3).has("old-faq", 3, Failed);
    assert_eq!(ended.decides(), ["create faq missing"]);
    // Two manifests may ask for the same.
    let twins = World::new().wants("a", 3).wants("b", 3).has("a", 3, Succeeded);
    assert_eq!(twins.decides(), ["create b missing", "in sync a 1"]);
}

#[test]
fn a_raised_rerun_trains_what_exists_elsewhere() {
    let world = World::new().wants("faq", 3).rerun(1).has("old-faq", 3, Succeeded);
    assert_eq!(world.decides(), ["create faq missing"]);
}

#[test]
fn adopt_takes_a_foreign_job_while_it_was_asked_for_the_same() {
    let adopt = |epochs| {
        World::new()
            .wants("faq", 3)
            .but(|d| {
                d.lifecycle.adopt =
                    Some("projects/acme-ml/locations/us-central1/tuningJobs/1".parse().unwrap());
            })
            .has("x", epochs, Running)
            .run(|job| job.stamp = None)
    };
    assert_eq!(adopt(3).decides(), ["in flight faq 1"]);
    assert_eq!(adopt(4).decides(), ["create faq specChanged"]);
    // A foreign job is never stopped by a plan, adopted or not.
    let stopped = adopt(3).but(|d| d.lifecycle.desired = crate::model::DesiredState::Stopped);
    assert_eq!(stopped.decides(), ["in sync faq stopped", "note faq otherRunActive"]);
    let late = adopt(3).but(|d| d.lifecycle.timeout = Some(HOUR));
    assert_eq!(late.decides(), ["in flight faq 1"]);
}

#[test]
fn an_adopted_job_that_is_not_listed_starts_nothing() {
    let world = World::new().wants("faq", 3).but(|d| {
        d.lifecycle.adopt =
            Some("projects/acme-ml/locations/us-central1/tuningJobs/99".parse().unwrap());
    });
    assert_eq!(world.decides(), ["held faq unknownState 99"]);
}

#[test]
fn foreign_jobs_are_only_counted() {
    let world = World::new().has("faq", 3, Running).run(|job| job.stamp = None);
    assert_eq!(world.decides(), Vec::<String>::new());
    assert_eq!(world.plan().foreign, 1);
    assert!(world.plan().places.contains(&place()));
}

#[test]
fn a_removed_field_starts_nothing() {
    let mut world = World::new().wants("faq", 3).has("faq", 3, Succeeded);
    let spec = &mut world.desired[0].spec;
    spec.supervised_tuning_spec.as_mut().unwrap().hyper_parameters = None;
    assert_ne!(Some(identity::digest(spec).into()), world.jobs[0].stamp.as_ref().unwrap().spec);
    assert_eq!(world.decides(), ["in sync faq 1", "note faq fieldRemoved"]);
}

#[test]
fn presentation_applies_to_the_next_run() {
    let world = World::new()
        .wants("faq", 3)
        .but(|d| d.spec.tuned_model_display_name = Some("FAQ".into()))
        .has("faq", 3, Succeeded);
    assert_eq!(world.decides(), ["in sync faq 1", "note faq appliesNextRun"]);
    let labelled = World::new()
        .wants("faq", 3)
        .but(|d| d.spec.labels.insert("team", "x"))
        .has("faq", 3, Running);
    assert_eq!(labelled.decides(), ["in flight faq 1", "note faq appliesNextRun"]);
}
