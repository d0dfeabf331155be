//! `retune apply`.

use insta::assert_snapshot;

use crate::model::model;
use crate::server::{Server, post};
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

#[test]
fn a_refused_create_is_a_failure_and_the_older_run_goes_on() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    world.wants(model("faq").dataset("gs://retune-samples/no-such-object.jsonl"));
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     trainingDatasetUri changed
                         - gs://acme-ml/faq/train.jsonl
                         + gs://retune-samples/no-such-object.jsonl
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  refused  tuning_job.supervised_tuning_spec.training_dataset_uri: training_dataset_uri should be a GCS object of type JSONL; nothing was changed
      faq  goes on  tuningJobs/[JOB-1]: its successor was not accepted

    Applied: 0 created, 2 not done.
    [exit 6]
    ");
    assert_snapshot!(world.run("apply --yes --format jsonl"), @r#"
    {"event":"plan","plan":{"formatVersion":1,"digest":"sha256:[DIGEST]","summary":{"create":1,"cancel":1,"held":0,"inFlight":0,"inSync":0,"orphaned":0,"orphanedEnded":0},"places":[{"project":"acme-ml","location":"us-central1"}],"actions":[{"action":"create","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"reason":"specChanged","diff":[{"field":"supervisedTuningSpec.trainingDatasetUri","old":"gs://acme-ml/faq/train.jsonl","new":"gs://retune-samples/no-such-object.jsonl"}],"request":{"baseModel":"gemini-3.5-flash","labels":{"managed-by":"retune","retune-attempt":"1","retune-name":"faq","retune-owner":"acme-tuning","retune-rerun":"0","retune-spec":"[SPEC]"},"supervisedTuningSpec":{"trainingDatasetUri":"gs://retune-samples/no-such-object.jsonl","exportLastCheckpointOnly":true,"hyperParameters":{"epochCount":3}}}},{"action":"cancel","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"reason":"superseded","job":"projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]","after":"create"}],"held":[],"inFlight":[],"inSync":[],"orphaned":[],"foreign":0,"diagnostics":[]}}
    {"event":"begun","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"action":"create"}
    {"event":"done","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"action":"create","outcome":"refused","failed":true,"job":null,"message":"tuning_job.supervised_tuning_spec.training_dataset_uri: training_dataset_uri should be a GCS object of type JSONL; nothing was changed"}
    {"event":"done","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"action":"cancel","outcome":"notBegun","failed":true,"job":"projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]","message":"tuningJobs/[JOB-1]: its successor was not accepted"}
    {"event":"end","exitCode":6}
    [exit 6]
    "#);
    assert!(world.stdout("jobs").contains("running"));
}

/// Lists nothing, and answers a create as told.
fn creates(status: &'static str, body: &'static str) -> Server {
    Server::new(move |line| match line.starts_with("GET ") {
        true => ("200 OK", "application/json", "{}".to_owned()),
        false => (status, "application/json", body.to_owned()),
    })
}

#[test]
fn a_throttled_create_is_a_failure_that_left_nothing() {
    let world = World::alone();
    world.wants(model("faq"));
    let server = creates(
        "429 Too Many Requests",
        r#"{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}"#,
    );
    assert_snapshot!(world.run(&format!("apply --yes --endpoint {}", server.url())), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  throttled  Quota exceeded; nothing was changed, apply again later

    Applied: 0 created, 1 not done.
    [exit 6]
    ");
}

#[test]
fn a_create_without_an_answer_says_to_look_before_trying_again() {
    let world = World::alone();
    world.wants(model("faq"));
    let server = creates("502 Bad Gateway", "");
    assert_snapshot!(world.run(&format!("apply --yes --endpoint {}", server.url())), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  unknown  HTTP 502: an empty answer; a run may exist: look with `retune status --endpoint http://127.0.0.1:[PORT]` in a few minutes before applying again

    Applied: 0 created, 1 unknown.
    [exit 6]
    ");
    let posts = server.asked().iter().filter(|asked| asked.starts_with("POST ")).count();
    assert_eq!(posts, 1);
}

#[test]
fn a_job_without_our_labels_is_a_failure() {
    let world = World::new();
    world.wants(model("faq"));
    post(world.url(), "/emulator/faults", r#""create:labels-not-echoed""#);
    assert_snapshot!(world.run("apply --yes"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
    --- stderr
    error: tuningJobs/[JOB-1] was created without the label `managed-by`, so it could not be recognised again

    hint: look with `retune jobs` before applying again, which may create it a second time
    [exit 6]
    ");
}
