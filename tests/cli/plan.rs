//! `retune plan`.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn a_new_manifest_is_a_create() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --detailed-exitcode"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 2]
    ");
}

#[test]
fn json_has_every_field_of_the_contract() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --format json"), @r#"
    {
      "formatVersion": 1,
      "digest": "sha256:[DIGEST]",
      "summary": {
        "create": 1,
        "cancel": 0,
        "held": 0,
        "inFlight": 0,
        "inSync": 0,
        "orphaned": 0,
        "orphanedEnded": 0
      },
      "places": [
        {
          "project": "acme-ml",
          "location": "us-central1"
        }
      ],
      "actions": [
        {
          "action": "create",
          "name": "faq",
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "reason": "missing",
          "diff": [],
          "request": {
            "baseModel": "gemini-3.5-flash",
            "labels": {
              "managed-by": "retune",
              "retune-attempt": "1",
              "retune-name": "faq",
              "retune-owner": "acme-tuning",
              "retune-rerun": "0",
              "retune-spec": "[SPEC]"
            },
            "supervisedTuningSpec": {
              "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
              "exportLastCheckpointOnly": true,
              "hyperParameters": {
                "epochCount": 3
              }
            }
          }
        }
      ],
      "held": [],
      "inFlight": [],
      "inSync": [],
      "orphaned": [],
      "foreign": 0,
      "diagnostics": []
    }
    [exit 0]
    "#);
}

#[test]
fn markdown_is_for_a_comment() {
    let world = World::new();
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("plan --format markdown"), @"
    ### retune plan: 2 to create

    | | model | action | why |
    |---|---|---|---|
    | + | faq | create | new manifest |
    | + | router | create | new manifest |

    Digest: `sha256:[DIGEST]`
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --format markdown --max-bytes 260"), @"
    ### retune plan: 2 to create

    | | model | action | why |
    |---|---|---|---|
    | + | faq | create | new manifest |

    1 more row: `retune plan` shows all.

    Digest: `sha256:[DIGEST]`
    [exit 0]
    ");
}

#[test]
fn models_in_sync_are_counted_and_full_lists_them() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    assert_snapshot!(world.run("plan"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --full"), @"
      = faq   in sync    tuningJobs/[JOB-1]: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --full --format markdown"), @"
    ### retune: no changes (1 in sync)

    | | model | action | why |
    |---|---|---|---|
    | = | faq | in sync | tuningJobs/[JOB-1]&#58; projects/[NUMBER]/locations/us/endpoints/[ENDPOINT] |

    Digest: `sha256:[DIGEST]`
    [exit 0]
    ");
}

#[test]
fn only_decides_about_the_models_it_names() {
    let world = World::new();
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("plan --only router"), @"
      + router   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --only ruoter"), @"
    --- stderr
    error: no manifest is named `ruoter`

    hint: did you mean `router`?
    [exit 64]
    ");
    assert_snapshot!(world.run("plan --only zzz"), @"
    --- stderr
    error: no manifest is named `zzz`

    hint: the names are `faq`, `router`
    [exit 64]
    ");
}

#[test]
fn a_long_text_is_shown_old_above_new() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").dataset("gs://acme-ml/faq/train-2026-03.jsonl").epochs(4));
    assert_snapshot!(world.run("plan"), @"
      + faq   create     epochCount 3 -> 4, trainingDatasetUri changed
                         - gs://acme-ml/faq/train.jsonl
                         + gs://acme-ml/faq/train-2026-03.jsonl

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn places_are_named_where_there_are_several() {
    let world = World::new();
    world.workspace(&["alsoList: [{project: acme-ml, location: us-east4}]"]);
    world.wants(model("faq"));
    world.wants(model("router").spec("location: europe-west4"));
    assert_snapshot!(world.run("plan"), @"
      + router (acme-ml/europe-west4)   create     new manifest
      + faq (acme-ml/us-central1)       create     new manifest

    Plan: 2 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/europe-west4, acme-ml/us-central1, acme-ml/us-east4.
    [exit 0]
    ");
}

#[test]
fn the_environment_fills_in_what_nobody_says() {
    let world = World::new();
    world.write("faq.yaml", &model("faq").text());
    let environment = [("GOOGLE_CLOUD_PROJECT", "acme-ml"), ("GOOGLE_CLOUD_LOCATION", "us-west1")];
    let mut command = world.command(&["plan", "faq.yaml"]);
    assert_snapshot!(world.shown(&command.envs(environment).output().unwrap()), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-west1.
    --- stderr
    warning[model-location]: `gemini-3.5-flash` is not listed for tuning in `us-west1`
     --> faq.yaml:5:1
      |
    5 | spec:
      | ^^^^
      |
      = help: Google lists us-central1 and europe-west4

    [exit 0]
    ");
    assert_snapshot!(world.run("plan faq.yaml"), @"
    --- stderr
    error[missing-key]: nothing says the project of this model
     --> faq.yaml:5:1
      |
    5 | spec:
      | ^^^^
      |
      = help: set `spec.project` in the Workspace or here, pass `--project`, or set `GOOGLE_CLOUD_PROJECT`

    error[missing-key]: nothing says the location of this model
     --> faq.yaml:5:1
      |
    5 | spec:
      | ^^^^
      |
      = help: set `spec.location` in the Workspace or here, pass `--location`, or set `GOOGLE_CLOUD_LOCATION`

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
    assert_snapshot!(world.run("plan faq.yaml --project acme-ml --location us-west1"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-west1.
    --- stderr
    warning[model-location]: `gemini-3.5-flash` is not listed for tuning in `us-west1`
     --> faq.yaml:5:1
      |
    5 | spec:
      | ^^^^
      |
      = help: Google lists us-central1 and europe-west4

    [exit 0]
    ");
    let environment = [("GOOGLE_CLOUD_PROJECT", "other"), ("RETUNE_REVISION", "soon")];
    let mut command = world.command(&["plan", "--project", "acme-ml", "--location", "us-central1"]);
    world.wants(model("router"));
    assert_snapshot!(world.shown(&command.envs(environment).output().unwrap()), @"
    --- stderr
    error: RETUNE_REVISION `soon` is no revision

    hint: give the commit's time: `git log -1 --format=%ct`
    [exit 64]
    ");
}
