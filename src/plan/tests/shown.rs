//! The three ways to show a plan.

use std::collections::BTreeMap;

use super::world::World;
use crate::model::Costs;
use crate::model::JobState::{Failed, Running, Succeeded};
use crate::plan::show::{TextOptions, json, markdown, status, text};

fn mixed() -> World {
    World::new()
        .wants("router", 4)
        .has("router", 3, Running)
        .wants("summariser", 3)
        .has("summariser", 3, Failed)
        .failing(3)
        .wants("support-faq", 3)
        .but(|d| {
            let spec = d.spec.supervised_tuning_spec.as_mut().unwrap();
            spec.training_dataset_uri = "gs://acme-ml/support/2026-11/train.jsonl".into();
        })
        .has("support-faq", 3, Succeeded)
        .wants("triage", 3)
        .has("triage", 3, Running)
        .wants("tone", 2)
        .has("tone", 2, Succeeded)
        .wants("zeta", 7)
}

fn plain(world: &World, width: Option<usize>) -> String {
    let styled = text(&world.plan(), TextOptions { width, ..Default::default() });
    anstream::adapter::strip_str(&styled).to_string()
}

#[test]
fn text_is_what_the_contract_shows() {
    insta::assert_snapshot!(plain(&mixed(), None), @r#"
      + router        create     epochCount 3 -> 4
      x router        cancel     tuningJobs/1: superseded, once the new run is accepted
      + support-faq   create     trainingDatasetUri changed
                                 - gs://acme-ml/train.jsonl
                                 + gs://acme-ml/support/2026-11/train.jsonl
      + zeta          create     new manifest
      ! summariser    held       last run failed (tuningJobs/2): dataset row 12; raise lifecycle.rerun to try again
      … triage        in flight  tuningJobs/4: running, 5h 59m

    Plan: 3 to create, 1 to cancel, 1 held, 1 in flight, 1 in sync.
    Digest: sha256:e97e7eebbdd01736bd9a45f9b2159c31389183a05b0e36dd0ddb35f54164755a
    Listed acme-ml/us-central1.
    "#);
}

#[test]
fn text_fits_eighty_columns() {
    let shown = plain(&mixed(), Some(80));
    let longest = shown.lines().filter(|l| !l.starts_with("Digest")).map(|l| l.chars().count());
    assert!(longest.max().unwrap() <= 80, "{shown}");
}

#[test]
fn in_sync_is_said_in_one_line() {
    let world = World::new().wants("faq", 3).has("faq", 3, Succeeded);
    assert_eq!(
        plain(&world, None),
        "No changes. Every tuned model matches its manifest.\nListed acme-ml/us-central1.\n"
    );
}

#[test]
fn json_carries_the_same_values() {
    let plan = World::new().wants("faq", 4).has("faq", 3, Running).plan();
    insta::assert_json_snapshot!(json(&plan, ""), @r#"
    {
      "formatVersion": 1,
      "digest": "sha256:1ae49930335671e6e56e567ed92058712d5301312c34573149fefbbf64b39cb2",
      "summary": {
        "create": 1,
        "cancel": 1,
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
          "reason": "specChanged",
          "diff": [
            {
              "field": "supervisedTuningSpec.hyperParameters.epochCount",
              "old": "3",
              "new": "4"
            }
          ],
          "request": {
            "baseModel": "gemini-3.5-flash",
            "labels": {
              "managed-by": "retune",
              "retune-attempt": "1",
              "retune-name": "faq",
              "retune-owner": "acme",
              "retune-rerun": "0",
              "retune-spec": "h1-e7b3cgvc26o25bfh5uup5qcs2tcrjcsy74ae7tvywfp26qihp7ka"
            },
            "supervisedTuningSpec": {
              "trainingDatasetUri": "gs://acme-ml/train.jsonl",
              "hyperParameters": {
                "epochCount": 4
              }
            }
          }
        },
        {
          "action": "cancel",
          "name": "faq",
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "reason": "superseded",
          "job": "projects/42/locations/us-central1/tuningJobs/1",
          "after": "create"
        }
      ],
      "held": [],
      "inFlight": [],
      "inSync": [],
      "orphaned": [],
      "foreign": 0,
      "diagnostics": []
    }
    "#);
}

#[test]
fn markdown_is_cut_by_whole_rows() {
    let plan = mixed().plan();
    let whole = markdown(&plan, false, 60_000, false, "");
    let short = markdown(&plan, false, whole.len() - 1, false, "");
    assert!(short.len() < whole.len());
    assert!(short.contains("1 more row: "), "{short}");
    assert!(short.lines().filter(|l| l.starts_with('|')).all(|l| l.ends_with('|')), "{short}");
    assert!(short.contains(&plan.digest()));
}

#[test]
fn every_command_leads_to_the_same_service() {
    let same = " --endpoint http://127.0.0.1:8788";
    let plan = mixed().has("lost", 3, Running).plan();
    let rendered =
        |text: &str| text.replace("&#96;", "`").replace("&#58;", ":").replace("&#8203;", "");
    let options = TextOptions { full: true, same_service: same, ..TextOptions::default() };
    let models = status::models(&plan, &BTreeMap::new(), &Costs::default(), same);
    let told: Vec<&str> = models.iter().map(|model| model.what.as_str()).collect();
    let whole = markdown(&plan, true, usize::MAX, false, same);
    // Without its last rows, it says what shows all.
    let cut = markdown(&plan, true, whole.len() - 1, false, same);
    let shown = [
        (text(&plan, options), 1),
        (rendered(&whole), 1),
        (rendered(&cut), 1),
        // Three models to create, and a run to cancel.
        (told.join("\n"), 4),
    ];
    for (text, wanted) in shown {
        let commands: Vec<&str> =
            text.split('`').filter(|part| part.starts_with("retune ")).collect();
        assert_eq!(commands.len(), wanted, "{text}");
        assert!(commands.iter().all(|command| command.ends_with(same)), "{commands:?}");
    }
}
