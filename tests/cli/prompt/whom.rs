//! Which model answers.

use insta::assert_snapshot;

use super::{ask, questions, tuned};
use crate::model::model;
use crate::world::World;

#[test]
fn an_unknown_name() {
    let world = World::alone();
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("prompt fag hi"), @"
    --- stderr
    error: no manifest is named `fag`

    hint: did you mean `faq`?
    [exit 64]
    ");
}

#[test]
fn nobody_to_ask_yet() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: `faq` has no run yet, so there is nobody to ask

    hint: `retune apply` starts one
    [exit 6]
    ");
    world.does("apply --yes").later("2m");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: `faq` is still being tuned (tuningJobs/[JOB-1]: running); it has no endpoint yet

    hint: `retune apply --wait` waits for it
    [exit 6]
    ");
    let failing = World::new();
    failing.wants(model("faq").dataset("gs://retune-samples/faults/fail.jsonl"));
    failing.does("apply --yes").later("3h");
    assert_snapshot!(ask(&failing, &["hi"]), @"
    --- stderr
    error: no run of `faq` has an endpoint; the newest is tuningJobs/[JOB-1] (failed)

    hint: `retune describe faq` says why
    [exit 6]
    ");
    assert_eq!(questions(&world) + questions(&failing), 0);
}

#[test]
fn the_model_in_sync_is_asked_and_else_the_newest() {
    let world = tuned();
    world.wants(model("faq").epochs(4)).does("apply --yes");
    // The new run is under way: the older one's model still answers.
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens=3"]), @"
    This is the 
    --- stderr
    no model of `faq` is as its manifest says; asking that of tuningJobs/[JOB-1] (succeeded), the newest that has an endpoint
    faq (tuningJobs/[JOB-1]): 1 token in, 3 out; [TIME]
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    world.later("3h");
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens=3"]), @"
    This is the 
    --- stderr
    faq (tuningJobs/[JOB-2]): 1 token in, 3 out; [TIME]
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    // Back to the first spec, whose model is in sync again though it is older.
    world.wants(model("faq"));
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens=3"]), @"
    This is the 
    --- stderr
    faq (tuningJobs/[JOB-1]): 1 token in, 3 out; [TIME]
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    let newest = world.job(2);
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens=3", "--run", &newest]), @"
    This is the 
    --- stderr
    faq (tuningJobs/[JOB-2]): 1 token in, 3 out; [TIME]
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    let number = newest.split('/').next_back().unwrap();
    assert!(ask(&world, &["hi", "--run", number]).ends_with("[exit 0]"));
    let full = format!("projects/acme-ml/locations/us-central1/{newest}");
    assert!(ask(&world, &["hi", "--run", &full]).ends_with("[exit 0]"));
    for other in ["tuningJobs/1", "projects/other/locations/us-central1/tuningJobs/1", "x"] {
        let shown = ask(&world, &["hi", "--run", other]);
        assert!(shown.contains(&format!("`{other}` is no run of `faq`")), "{shown}");
        assert!(
            shown.contains("its runs are tuningJobs/") && shown.ends_with("[exit 64]"),
            "{shown}"
        );
    }
}

#[test]
fn a_checkpoint_answers_for_itself() {
    let world = World::new();
    let manifest = model("faq")
        .text()
        .replace("exportLastCheckpointOnly: true", "exportLastCheckpointOnly: false");
    world.write("manifests/faq.yaml", &manifest);
    world.does("apply --yes").later("3h");
    let shown = ask(&world, &["hi", "--checkpoint", "2"]);
    assert!(shown.contains(", checkpoint 2, ") && shown.ends_with("[exit 0]"), "{shown}");
    assert_snapshot!(ask(&world, &["hi", "--checkpoint", "9"]), @"
    --- stderr
    error: tuningJobs/[JOB-1] has no checkpoint `9`

    hint: its checkpoints are 1, 2, 3
    [exit 64]
    ");
    assert_snapshot!(ask(&tuned(), &["hi", "--checkpoint", "1"]), @"
    --- stderr
    error: tuningJobs/[JOB-1] has no checkpoint `1`

    hint: it kept its last checkpoint alone; leave --checkpoint out
    [exit 64]
    ");
}

#[test]
fn an_endpoint_that_is_gone() {
    let world = tuned();
    let json = world.stdout("describe faq --format json");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let endpoint = value["runs"][0]["endpoint"].as_str().unwrap();
    let shown = crate::server::get(world.url(), &format!("/v1/{endpoint}"));
    let deployed: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let id = &deployed["deployedModels"][0]["id"];
    let path = format!("/v1/{endpoint}:undeployModel");
    crate::server::post(world.url(), &path, &format!("{{\"deployedModelId\": {id}}}"));
    world.later("1h");
    assert_snapshot!(ask(&world, &["hi"]), @"
    --- stderr
    error: tuningJobs/[JOB-1] has no endpoint: it made projects/[NUMBER]/locations/us/models/[MODEL]@1

    hint: deploy the model in the console; `retune describe faq` shows the run
    [exit 6]
    ");
}
