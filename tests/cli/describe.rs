//! `retune describe`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::model::model;
use crate::server::{Server, get, post, request};
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
      cost      nothing yet

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
      cost      unknown

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

    RUN                             STATE      CREATED (UTC)     WAITED  RAN
    tuningJobs/[JOB-2]  running    2026-03-01 15:00  32s     19m 27s
      rerun 0, attempt 1
      tuning, 3 epochs done, step 323 of 400
    tuningJobs/[JOB-1]  succeeded  2026-03-01 12:00  32s     23m 33s
      rerun 0, attempt 1
      of another spec: epochCount 3 -> 4

    Data of tuningJobs/[JOB-2]
      examples    795, 400 steps
      tokens      396,888 billable x 4 epochs = 1,587,552
      cost        unknown: no price of gemini-3.5-flash; set `prices` in the Workspace
      input tokens       20 ▇▇▇▇▆▆▆▆▇▇▇▇████████ 819, median 450, 90 % from 56 to 786
      output tokens       3 ███▇▇▇▇▆▇██▇▇██▇▆▇▇▇ 122, median 59, 90 % from 7 to 118

    From tuningJobs/[JOB-1]
      model       projects/[NUMBER]/locations/us/models/[MODEL]@1
                  served from `us`, where Vertex keeps what is tuned in us-central1
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
      cost      unknown

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

    RUN                             STATE   CREATED (UTC)     WAITED  RAN
    tuningJobs/[JOB-1]  failed  2026-03-01 12:00  32s     1m 35s
      rerun 0, attempt 1
      said: Dataset row 71 is invalid: `contents` is missing, empty or not a list (INVALID_ARGUMENT)
      that is: Vertex found the request or the dataset wrong
      next: mend what it names, then raise lifecycle.rerun in manifests/faq.yaml:1
    [exit 0]
    ");
}

#[test]
fn json_holds_plan_and_runs() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    let mut shown: Value =
        serde_json::from_str(&world.stdout("describe faq --format json")).unwrap();
    let job = shown["runs"][0]["job"].as_str().unwrap().to_owned();
    let kept: Value = serde_json::from_str(&get(world.url(), &format!("/v1/{job}"))).unwrap();
    let stats = &kept["tuningDataStats"]["supervisedTuningDataStats"];
    let input = &stats["userInputTokenDistribution"];
    let spreads = shown["runs"][0]["data"]["distributions"].take();
    assert_eq!(spreads["inputTokens"]["median"].as_f64(), input["median"].as_f64());
    let counts = |buckets: &Value| -> Vec<f64> {
        buckets.as_array().unwrap().iter().map(|bucket| bucket["count"].as_f64().unwrap()).collect()
    };
    assert_eq!(counts(&spreads["inputTokens"]["buckets"]), counts(&input["buckets"]));
    assert!(stats["userDatasetExamples"].is_array(), "{stats}");
    assert!(!shown.to_string().contains("An example the emulator made up"));
    assert_snapshot!(world.redacted(&format!("{shown:#}")), @r#"
    {
      "formatVersion": 1,
      "name": "faq",
      "project": "acme-ml",
      "location": "us-central1",
      "owner": "acme-tuning",
      "rerun": 0,
      "file": "manifests/faq.yaml",
      "line": 1,
      "spec": "[SPEC]",
      "fields": [
        {
          "path": "baseModel",
          "manifest": "gemini-3.5-flash",
          "newestRun": "gemini-3.5-flash",
          "standing": "same"
        },
        {
          "path": "supervisedTuningSpec.trainingDatasetUri",
          "manifest": "gs://acme-ml/faq/train.jsonl",
          "newestRun": "gs://acme-ml/faq/train.jsonl",
          "standing": "same"
        },
        {
          "path": "supervisedTuningSpec.exportLastCheckpointOnly",
          "manifest": "true",
          "newestRun": "true",
          "standing": "same"
        },
        {
          "path": "supervisedTuningSpec.hyperParameters.epochCount",
          "manifest": "3",
          "newestRun": "3",
          "standing": "same"
        },
        {
          "path": "supervisedTuningSpec.hyperParameters.adapterSize",
          "manifest": null,
          "newestRun": "4",
          "standing": "leftToVertex"
        },
        {
          "path": "supervisedTuningSpec.hyperParameters.learningRateMultiplier",
          "manifest": null,
          "newestRun": "1",
          "standing": "leftToVertex"
        }
      ],
      "cost": {
        "usd": 0.0,
        "runs": 0,
        "unknownRuns": 1
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
          },
          "adopted": false,
          "changes": [],
          "revision": null,
          "waitedSeconds": 32,
          "ranSeconds": 1413,
          "progress": null,
          "epochs": 3,
          "billableTokens": 396888,
          "trainingTokens": 1190664,
          "cost": {
            "kind": "noPrice",
            "usd": null
          },
          "failure": null,
          "data": {
            "examples": 795,
            "steps": 300,
            "characters": 1587552,
            "dropped": null,
            "droppedRows": [],
            "distributions": null
          }
        }
      ],
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
      "present": {
        "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]": {
          "model": "there",
          "defaultCheckpoint": null,
          "endpoints": {
            "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]": "there"
          }
        }
      }
    }
    "#);
}

/// A dataset of the user's own, with an example that is too long.
fn upload(world: &World) {
    post(world.url(), "/storage/v1/b?project=acme-ml", r#"{"name": "acme-ml"}"#);
    let row = |text: &str| {
        json!({"contents": [
            {"role": "user", "parts": [{"text": text}]},
            {"role": "model", "parts": [{"text": "A secret answer."}]},
        ]})
    };
    let mut rows: Vec<String> = (0..40).map(|n| row(&"word ".repeat(n + 1)).to_string()).collect();
    rows.insert(2, row(&"long ".repeat(140_000)).to_string());
    let path = "/upload/storage/v1/b/acme-ml/o?uploadType=media&name=own/train.jsonl";
    let answer = request("POST", world.url(), path, "application/jsonl", &rows.join("\n"));
    assert!(answer.contains("generation"), "{answer}");
}

#[test]
fn what_the_data_amounts_to_and_what_it_costs() {
    let world = World::new();
    upload(&world);
    world.workspace(&["prices: {gemini-3.5-flash: 2500}"]);
    world.wants(model("faq").dataset("gs://acme-ml/own/train.jsonl"));
    world.does("apply --yes").later("3h");
    let shown = world.run("describe faq");
    let (_, data) = shown.split_once("\nData of ").unwrap();
    assert_snapshot!(data.split_once("\n\n").unwrap().0, @"
    tuningJobs/[JOB-1]
      examples    40, 15 steps
      left out    1 by Vertex, not billed:
        row 3: Example exceeds the maximum token count.
      tokens      1,200 billable x 3 epochs = 3,600
      cost        $9.00 at $2,500.00 a million tokens, by the Workspace
      input tokens        2 ▇▇▇▅▆▇▇▇▅▇▇▇▄▇▇▇▄███ 50, median 25, 90 % from 3 to 48
    ");
    assert!(!shown.contains("secret"), "{shown}");
    assert_snapshot!(world.run("status"), @"
    NAME  STATUS  RUN                             COST
    faq   tuned   tuningJobs/[JOB-1]  $9.00  endpoints/[ENDPOINT]

    1 model: 1 in sync.
    [exit 0]
    ");
}

/// Vertex with one job, whose names have gone stale in every way there is.
fn stale(line: &str) -> (&'static str, &'static str, String) {
    let of = |rest: &str| format!("projects/4/locations/us/{rest}");
    let serves = |model: &str| json!({"deployedModels": [{"id": "1", "model": of(model)}]});
    let checkpoints = [1, 2, 3, 4, 5].map(
        |n: u32| json!({"checkpointId": n.to_string(), "endpoint": of(&format!("endpoints/{n}"))}),
    );
    let answer = match line.split(' ').nth(1).unwrap().rsplit('/').next().unwrap() {
        list if list.starts_with("tuningJobs") => json!({"tuningJobs": [{
            "name": "projects/4/locations/us-central1/tuningJobs/9",
            "state": "JOB_STATE_SUCCEEDED",
            "createTime": "2026-03-01T12:00:00Z",
            "baseModel": "gemini-3.5-flash",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
                "exportLastCheckpointOnly": true,
                "hyperParameters": {"epochCount": "3"},
            },
            "tunedModel": {
                "model": of("models/7@1"),
                "endpoint": of("endpoints/1"),
                "checkpoints": checkpoints,
            },
        }]}),
        "7@1" => json!({"name": of("models/7"), "defaultCheckpointId": "2"}),
        "1" => serves("models/7@1"),
        "2" => json!({}),
        "3" => serves("models/7@2"),
        "4" => return ("403 Forbidden", "application/json", "{}".to_owned()),
        _ => {
            let error = json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "gone"}});
            return ("404 Not Found", "application/json", error.to_string());
        }
    };
    ("200 OK", "application/json", answer.to_string())
}

#[test]
fn what_is_not_there_any_more() {
    let server = Server::new(stale);
    let world = World::alone();
    let adopt = "adopt: projects/acme-ml/locations/us-central1/tuningJobs/9";
    world.wants(model("faq").lifecycle(adopt));
    let mut command = world.command(&["describe", "faq"]);
    let output = command.env("GOOGLE_VERTEX_BASE_URL", server.url()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_snapshot!(shown.split_once("\nFrom ").unwrap().1, @"
    tuningJobs/9
      model       projects/4/locations/us/models/7@1
                  served from `us`, where Vertex keeps what is tuned in us-central1
      endpoint    projects/4/locations/us/endpoints/1
      checkpoint  1: projects/4/locations/us/endpoints/1
      checkpoint  2 (the default): projects/4/locations/us/endpoints/2 (nothing is deployed to it)
      checkpoint  3: projects/4/locations/us/endpoints/3 (stale: it serves projects/4/locations/us/models/7@2)
      checkpoint  4: projects/4/locations/us/endpoints/4 (not looked at: permission denied in `4/us`: an answer that is not the API's (application/json); is the address right?)
      checkpoint  5: projects/4/locations/us/endpoints/5 (gone: it was deleted)
    ");
    // The listing, the model, and each endpoint once.
    assert_eq!(server.asked().len(), 1 + 1 + 5);
}

#[test]
fn a_failed_run_that_left_a_model() {
    let world = World::new();
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail-with-model.jsonl"));
    world.does("apply --yes").later("3h");
    let shown = world.run("describe faq");
    assert_snapshot!(shown.split_once("\nRUN ").unwrap().1, @"
                                STATE   CREATED (UTC)     WAITED  RAN
    tuningJobs/[JOB-1]  failed  2026-03-01 12:00  32s     17m 45s
      rerun 0, attempt 1
      said: Failed to create endpoint. The tuned model is available in Model Registry (INTERNAL)
      that is: the model was tuned and exists; what came after, such as its endpoint, failed
      next: `gcloud ai models describe [JOB-2] --project=579703651575 --region=us`

    Data of tuningJobs/[JOB-1]
      examples    100, 39 steps
      tokens      8,427 billable x 3 epochs = 25,281
      cost        unknown: no price of gemini-3.5-flash; set `prices` in the Workspace
      input tokens       41 ▂▂▂▁▄██▆▁▆▆▆▁▃▄▄▃▁▃▃ 59, median 49, 90 % from 44 to 57
      output tokens      24 ▄▄▄▃▄███▁▂▂▂▁▂▃▃▃▁▂▂ 51, median 31, 90 % from 26 to 47

    From tuningJobs/[JOB-1]
      model       projects/[NUMBER]/locations/us/models/[MODEL]@1
                  served from `us`, where Vertex keeps what is tuned in us-central1
      endpoint    none: its default checkpoint is not deployed
      experiment  projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
    [exit 0]
    ");
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
