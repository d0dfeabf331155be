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

    1 more rows: run `retune plan` to see them.

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
