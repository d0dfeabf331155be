//! Holds: what the world says, which rule it is, and what to do about it.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn a_failed_run_is_held() {
    let world = World::new();
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail.jsonl"));
    world.does("apply --yes").later("3h");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS  RUN
    faq   held    tuningJobs/[JOB-1]  last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    1 model: 1 held.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_passing_failure_is_tried_again_where_the_manifest_allows_it() {
    let world = World::new();
    let dataset = "gs://retune-samples/faults/internal.jsonl";
    world.wants(model("faq").dataset(dataset)).does("apply --yes").later("3h");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Internal error encountered; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.wants(model("faq").dataset(dataset).lifecycle("retry: {maxAttempts: 2}"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     attempt 2: the last run failed for a passing reason

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-2]

    Applied: 1 created.
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-2]): Internal error encountered; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_run_that_failed_with_a_model_says_where_to_look() {
    let world = World::new();
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail-with-model.jsonl"));
    world.does("apply --yes").later("3h");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Failed to create endpoint. The tuned model is available in Model Registry; it left a model, see `retune describe faq`; raise lifecycle.rerun to train again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_full_house_makes_creates_wait() {
    let world = World::new();
    world.workspace(&["limits: {maxConcurrent: 1}"]);
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq      create     new manifest
      ! router   held       1 of 1 runs (limits.maxConcurrent); `retune watch`, or `retune apply --wait`, starts it when one ends

    Plan: 1 to create, 1 held.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created, 1 waiting for a free slot.
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(world.run("plan"), @"
      + router   create     new manifest

    Plan: 1 to create, 1 in sync.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_timeout_stops_a_run() {
    let world = World::new();
    world.wants(model("faq").lifecycle("timeout: 5m")).does("apply --yes").later("7m");
    assert_snapshot!(world.run("apply --yes"), @"
      x faq   cancel     tuningJobs/[JOB-1]: timed out, it runs for longer than 5m

    Plan: 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  cancelled  tuningJobs/[JOB-1]: asked to stop

    Applied: 1 cancelled.
    [exit 0]
    ");
    world.later("1h");
    assert_snapshot!(world.run("plan"), @"
      ! faq   held       last run was cancelled (tuningJobs/[JOB-1]: timed out); raise lifecycle.rerun to train again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}
