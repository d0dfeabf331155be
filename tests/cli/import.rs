//! `retune import`.

use insta::assert_snapshot;

use crate::model::model;
use crate::server::post;
use crate::world::World;

const JOBS: &str = "/v1/projects/acme-ml/locations/us-central1/tuningJobs";

/// A job that somebody asked for by other means.
fn made(world: &World, json: &str) {
    let answer = post(world.url(), JOBS, json);
    assert!(answer.contains("tuningJobs/"), "{answer}");
}

/// The manifests of runs that are there go away, and come back.
fn forgets(world: &World, name: &str) {
    world.wants_no_more(name);
}

#[test]
fn what_was_imported_is_in_sync() {
    let world = World::new();
    world.wants(model("faq").spec("tunedModelDisplayName: Our FAQ")).does("apply --yes");
    world.foreign_job();
    world.later("3h");
    made(
        &world,
        r#"{"baseModel": "gemini-2.5-flash", "description": "a: b # c\n--- d",
            "tunedModelDisplayName": "Prüfung 日本", "labels": {"team": "ml", "managed-by": "gcloud"},
            "preferenceOptimizationSpec": {"trainingDatasetUri": "gs://b/p.jsonl",
                "hyperParameters": {"beta": 0.2}}}"#,
    );
    forgets(&world, "faq");
    assert_snapshot!(world.run("import --all"), @"");
    assert_snapshot!(world.run("import --all --write manifests/found"), @"");
    assert_snapshot!(world.run("plan --full"), @"");
    assert_snapshot!(world.run("import --all"), @"");
    assert_snapshot!(world.run("validate"), @"");
}

#[test]
fn a_file_that_is_there_stays() {
    let world = World::new();
    world.foreign_job();
    world.write("found/theirs.yaml", "mine");
    assert_snapshot!(world.run("import --all --write found"), @"");
    assert_eq!(std::fs::read(world.path("found/theirs.yaml")).unwrap(), b"mine");
}

#[test]
fn what_no_manifest_has_is_said_and_never_halved() {
    let world = World::new();
    made(
        &world,
        r#"{"baseModel": "gemini-2.5-flash", "tunedModelDisplayName": "judged",
            "supervisedTuningSpec": {"trainingDatasetUri": "gs://b/p.jsonl",
                "evaluationConfig": {"metrics": [{"exactMatchSpec": {}}],
                    "outputConfig": {"gcsDestination": {"outputUriPrefix": "gs://b/out"}}}}}"#,
    );
    assert_snapshot!(world.run("import --all"), @"");
}

#[test]
fn jobs_are_named_as_they_are() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").epochs(2)).does("apply --yes").later("3h");
    assert_snapshot!(world.run("jobs"), @"");
    assert_snapshot!(world.run("import faq"), @"");
    assert_snapshot!(world.run(&format!("import {}", world.job(1))), @"");
    assert_snapshot!(world.run("import 42"), @"");
    assert_snapshot!(world.run("import projects/other/locations/us-central1/tuningJobs/42"), @"");
    assert_snapshot!(world.run("import"), @"");
    assert_snapshot!(world.run("import --all 42"), @"");
    // The older run of a name, with another spec.
    forgets(&world, "faq");
    let job = world.full_job(2);
    assert_snapshot!(world.run(&format!("import {job} --write manifests")), @"");
    assert_snapshot!(world.run("plan"), @"");
}

#[test]
fn a_place_needs_no_manifests() {
    let world = World::new();
    world.foreign_job();
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert_snapshot!(world.run("import --all --project acme-ml --location us-central1"), @"");
    assert_snapshot!(world.run("import --all"), @"");
}
