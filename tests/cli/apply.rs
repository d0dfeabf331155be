//! `retune apply`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn a_create_is_shown_and_done() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      … faq   in flight  tuningJobs/[JOB-1]: pending, 0s

    No changes. 1 in flight.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(world.run("apply --yes"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --yes --wait"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn jsonl_is_one_event_a_line() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes --format jsonl"), @r#"
    {"event":"plan","plan":{"formatVersion":1,"digest":"sha256:[DIGEST]","summary":{"create":1,"cancel":0,"held":0,"inFlight":0,"inSync":0,"orphaned":0,"orphanedEnded":0},"places":[{"project":"acme-ml","location":"us-central1"}],"actions":[{"action":"create","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"reason":"missing","diff":[],"request":{"baseModel":"gemini-3.5-flash","labels":{"managed-by":"retune","retune-attempt":"1","retune-name":"faq","retune-owner":"acme-tuning","retune-rerun":"0","retune-spec":"[SPEC]"},"supervisedTuningSpec":{"trainingDatasetUri":"gs://acme-ml/faq/train.jsonl","exportLastCheckpointOnly":true,"hyperParameters":{"epochCount":3}}}}],"held":[],"inFlight":[],"inSync":[],"orphaned":[],"foreign":0,"diagnostics":[]}}
    {"event":"begun","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"action":"create"}
    {"event":"done","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"action":"create","outcome":"created","failed":false,"job":"projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]","message":"tuningJobs/[JOB-1]"}
    {"event":"end","exitCode":0}
    [exit 0]
    "#);
}
