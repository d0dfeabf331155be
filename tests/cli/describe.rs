//! `retune describe`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn before_the_first_run() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("describe faq"), @"
    faq
      place     acme-ml/us-central1
      owner     acme-tuning
      rerun     0
      manifest  manifests/faq.yaml:1
      spec      [SPEC]

      + faq   create     new manifest

    Spec
      baseModel: gemini-3.5-flash
      supervisedTuningSpec
        trainingDatasetUri: gs://acme-ml/faq/train.jsonl
        exportLastCheckpointOnly: true
        hyperParameters
          epochCount: 3

    No runs.
    [exit 0]
    ");
}

#[test]
fn a_run_under_way_beside_an_older_one() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").epochs(4)).does("apply --yes").later("20m");
    assert_snapshot!(world.run("describe faq"), @"
    faq
      place     acme-ml/us-central1
      owner     acme-tuning
      rerun     0
      manifest  manifests/faq.yaml:1
      spec      [SPEC]

      … faq   in flight  tuningJobs/[JOB-2]: running, 19m 27s

    Spec
      baseModel: gemini-3.5-flash
      supervisedTuningSpec
        trainingDatasetUri: gs://acme-ml/faq/train.jsonl
        exportLastCheckpointOnly: true
        hyperParameters
          epochCount: 4
          adapterSize: left to Vertex (newest run: 4)
          learningRateMultiplier: left to Vertex (newest run: 1)

    RUN                             STATE      CREATED (UTC)     RAN
    tuningJobs/[JOB-2]  running    2026-03-01 15:00           rerun 0, attempt 1
    tuningJobs/[JOB-1]  succeeded  2026-03-01 12:00  23m 33s  rerun 0, attempt 1

    tuningJobs/[JOB-2]: tuning, 3 epochs done, step 323 of 400

    From tuningJobs/[JOB-1]:
      model       projects/[NUMBER]/locations/us/models/[MODEL]@1
      endpoint    projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      experiment  projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
    [exit 0]
    ");
}

#[test]
fn what_the_manifest_leaves_out_and_what_failed() {
    let world = World::new();
    world.wants(model("faq").no_epochs().dataset("gs://retune-samples/faults/fail.jsonl"));
    world.does("apply --yes").later("3h");
    assert_snapshot!(world.run("describe faq"), @"
    faq
      place     acme-ml/us-central1
      owner     acme-tuning
      rerun     0
      manifest  manifests/faq.yaml:1
      spec      [SPEC]

      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    Spec
      baseModel: gemini-3.5-flash
      supervisedTuningSpec
        trainingDatasetUri: gs://retune-samples/faults/fail.jsonl
        exportLastCheckpointOnly: true
        hyperParameters
          epochCount: left to Vertex (newest run: 40)
          adapterSize: left to Vertex (newest run: 4)
          learningRateMultiplier: left to Vertex (newest run: 1)

    RUN                             STATE   CREATED (UTC)     RAN
    tuningJobs/[JOB-1]  failed  2026-03-01 12:00  1m 35s  rerun 0, attempt 1
      tuningJobs/[JOB-1]: Dataset row 71 is invalid: `contents` is missing, empty or not a list.
    [exit 0]
    ");
}

#[test]
fn json_holds_plan_and_runs() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    assert_snapshot!(world.run("describe faq --format json"), @r#"
    {
      "formatVersion": 1,
      "name": "faq",
      "project": "acme-ml",
      "location": "us-central1",
      "rerun": 0,
      "file": "manifests/faq.yaml",
      "line": 1,
      "spec": "[SPEC]",
      "plan": {
        "formatVersion": 1,
        "digest": "sha256:[DIGEST]",
        "summary": {
          "create": 0,
          "cancel": 0,
          "held": 0,
          "inFlight": 0,
          "inSync": 1,
          "orphaned": 0,
          "orphanedEnded": 0
        },
        "places": [
          {
            "project": "acme-ml",
            "location": "us-central1"
          }
        ],
        "actions": [],
        "held": [],
        "inFlight": [],
        "inSync": [
          {
            "name": "faq",
            "project": "acme-ml",
            "location": "us-central1",
            "rerun": 0,
            "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]",
            "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
            "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]"
          }
        ],
        "orphaned": [],
        "foreign": 0,
        "diagnostics": []
      },
      "runs": [
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
fn an_unknown_name() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("describe fqa"), @"
    --- stderr
    error: no manifest is named `fqa`

    hint: the only name is `faq`
    [exit 64]
    ");
    assert_snapshot!(world.run("describe router"), @"
    --- stderr
    error: no manifest is named `router`

    hint: the only name is `faq`
    [exit 64]
    ");
}
