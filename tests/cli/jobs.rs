//! `retune jobs`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn lists_foreign_jobs_too() {
    let world = World::new();
    // A Workspace says where to look, also before the first manifest and after
    // the last.
    assert_snapshot!(world.run("jobs"), @"
    0 jobs.
    [exit 0]
    ");
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.foreign_job();
    assert_snapshot!(world.run("jobs"), @"
    JOB                             LOCATION     STATE      CREATED (UTC)     OWNER            BASE
    tuningJobs/[JOB-2]  us-central1  pending    2026-03-01 15:00  foreign          gemini-3.5-flash
    tuningJobs/[JOB-1]  us-central1  succeeded  2026-03-01 12:00  acme-tuning/faq  gemini-3.5-flash

    2 jobs.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1. Left alone: 1 foreign.
    [exit 0]
    ");
    assert_snapshot!(world.run("jobs --format json"), @r#"
    {
      "formatVersion": 1,
      "jobs": [
        {
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]",
          "project": "acme-ml",
          "location": "us-central1",
          "state": "pending",
          "owner": null,
          "name": null,
          "rerun": null,
          "attempt": null,
          "spec": null,
          "createTime": "2026-03-01T15:00:00Z",
          "startTime": null,
          "endTime": null,
          "baseModel": "gemini-3.5-flash",
          "tunedModelDisplayName": "theirs",
          "trainingDatasetUri": "gs://theirs/train.jsonl",
          "model": null,
          "endpoint": null,
          "checkpoints": null,
          "experiment": null,
          "error": null,
          "labels": {}
        },
        {
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]",
          "project": "acme-ml",
          "location": "us-central1",
          "state": "succeeded",
          "owner": "acme-tuning",
          "name": "faq",
          "rerun": 0,
          "attempt": 1,
          "spec": "[SPEC]",
          "createTime": "2026-03-01T12:00:00Z",
          "startTime": "2026-03-01T12:00:32.219473Z",
          "endTime": "2026-03-01T12:24:06.183985Z",
          "baseModel": "gemini-3.5-flash",
          "tunedModelDisplayName": "gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2",
          "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
          "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]",
          "checkpoints": [],
          "experiment": "projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]",
          "error": null,
          "labels": {
            "managed-by": "retune",
            "retune-attempt": "1",
            "retune-name": "faq",
            "retune-owner": "acme-tuning",
            "retune-rerun": "0",
            "retune-run": "[RUN]",
            "retune-spec": "[SPEC]"
          }
        }
      ]
    }
    [exit 0]
    "#);
}

#[test]
fn needs_no_manifests_where_a_place_is_named() {
    let world = World::new();
    world.foreign_job();
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert_snapshot!(world.run("jobs --project acme-ml --location us-central1"), @"
    JOB                             LOCATION     STATE    CREATED (UTC)     OWNER    BASE
    tuningJobs/[JOB-1]  us-central1  pending  2026-03-01 12:00  foreign  gemini-3.5-flash

    1 job.
    [exit 0]
    ");
    assert_snapshot!(world.run("jobs --project acme-ml --location europe-west4"), @"
    0 jobs.
    [exit 0]
    ");
    assert_snapshot!(world.run("jobs --project acme-ml"), @"
    --- stderr
    error: there are no manifests here that name the places to look at

    hint: name a place with --project and --location, or run `retune init`
    [exit 3]
    ");
    assert_snapshot!(world.run("jobs"), @"
    --- stderr
    error: there are no manifests here that name the places to look at

    hint: name a place with --project and --location, or run `retune init`
    [exit 3]
    ");
}
