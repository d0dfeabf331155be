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
            "preferenceOptimizationSpec": {"trainingDatasetUri": "gs://bucket/p.jsonl",
                "hyperParameters": {"beta": 0.2}}}"#,
    );
    world.wants_no_more("faq");
    assert_snapshot!(world.run("import --all"), @r#"
    # tuningJobs/[JOB-2] in acme-ml/us-central1: succeeded, created 2026-03-01 12:00 UTC.
    # Not made by retune, which never changes it.
    apiVersion: retune.dev/v1
    kind: TunedModel
    metadata:
      name: theirs
    spec:
      baseModel: gemini-3.5-flash
      tunedModelDisplayName: theirs
      supervisedTuningSpec:
        trainingDatasetUri: gs://theirs/train.jsonl
        # As the job ran: Vertex does not say which of these it chose itself.
        hyperParameters:
          epochCount: 11
          adapterSize: 4
          learningRateMultiplier: 1.0
      lifecycle:
        adopt: projects/acme-ml/locations/us-central1/tuningJobs/[JOB-2]
    ---
    # tuningJobs/[JOB-1] in acme-ml/us-central1: succeeded, created 2026-03-01 12:00 UTC.
    # Made by retune, for acme-tuning/faq.
    apiVersion: retune.dev/v1
    kind: TunedModel
    metadata:
      name: faq
    spec:
      baseModel: gemini-3.5-flash
      tunedModelDisplayName: Our FAQ
      supervisedTuningSpec:
        trainingDatasetUri: gs://acme-ml/faq/train.jsonl
        exportLastCheckpointOnly: true
        hyperParameters:
          epochCount: 3
          # adapterSize: 4  # left to Vertex, which chose this
          # learningRateMultiplier: 1.0  # left to Vertex, which chose this
    ---
    # tuningJobs/[JOB-3] in acme-ml/us-central1: pending, created 2026-03-01 15:00 UTC.
    # Not made by retune, which never changes it.
    apiVersion: retune.dev/v1
    kind: TunedModel
    metadata:
      name: pruefung
      labels:
        # managed-by: gcloud  # no manifest takes this
        team: ml
    spec:
      baseModel: gemini-2.5-flash
      tunedModelDisplayName: Prüfung 日本
      description: "a: b # c\n--- d"
      preferenceOptimizationSpec:
        trainingDatasetUri: gs://bucket/p.jsonl
        # As the job ran: Vertex does not say which of these it chose itself.
        hyperParameters:
          epochCount: 7
          adapterSize: 4
          learningRateMultiplier: 1.0
          beta: 0.2
      lifecycle:
        adopt: projects/acme-ml/locations/us-central1/tuningJobs/[JOB-3]
    --- stderr

    3 manifests. With them `retune plan` starts and stops nothing more.
    [exit 0]
    "#);
    assert_snapshot!(world.run("import --all --write manifests/found"), @"
    manifests/found/theirs.yaml
    manifests/found/faq.yaml
    manifests/found/pruefung.yaml
    --- stderr

    3 manifests. With them `retune plan` starts and stops nothing more.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --full"), @"
      … pruefung   in flight  tuningJobs/[JOB-3]: pending, 0s
      = faq        in sync    tuningJobs/[JOB-1]: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      = theirs     in sync    tuningJobs/[JOB-2]: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    No changes. 1 in flight, 2 in sync.
    Listed acme-ml/us-central1. Left alone: 2 foreign.
    --- stderr
    warning[retired-model]: `gemini-2.5-flash` is reported to be retired
      --> manifests/found/pruefung.yaml:11:14
       |
    11 |   baseModel: gemini-2.5-flash
       |              ^^^^^^^^^^^^^^^^
       |
       = help: tune `gemini-3.5-flash` instead; Google's retirement date was reported as 2026-10-20, second hand; the tuning page of 2026-09-25 still listed it

    [exit 0]
    ");
    assert_snapshot!(world.run("import --all"), @"
    --- stderr
    warning[retired-model]: `gemini-2.5-flash` is reported to be retired
      --> manifests/found/pruefung.yaml:11:14
       |
    11 |   baseModel: gemini-2.5-flash
       |              ^^^^^^^^^^^^^^^^
       |
       = help: tune `gemini-3.5-flash` instead; Google's retirement date was reported as 2026-10-20, second hand; the tuning page of 2026-09-25 still listed it


    Nothing to import.
    Passed over: 3 jobs with a manifest already.
    [exit 0]
    ");
    assert_snapshot!(world.run("validate"), @"
    warning[retired-model]: `gemini-2.5-flash` is reported to be retired
      --> manifests/found/pruefung.yaml:11:14
       |
    11 |   baseModel: gemini-2.5-flash
       |              ^^^^^^^^^^^^^^^^
       |
       = help: tune `gemini-3.5-flash` instead; Google's retirement date was reported as 2026-10-20, second hand; the tuning page of 2026-09-25 still listed it

    --- stderr
    1 warning in 4 files with 4 documents
    [exit 0]
    ");
}

#[test]
fn a_file_that_is_there_stays() {
    let world = World::new();
    world.foreign_job();
    world.write("found/theirs.yaml", "mine");
    assert_snapshot!(world.run("import --all --write found"), @"
    --- stderr
    error: `found/theirs.yaml` exists already; nothing was written

    hint: name another directory
    [exit 5]
    ");
    assert_eq!(std::fs::read(world.path("found/theirs.yaml")).unwrap(), b"mine");
}

#[test]
fn what_no_manifest_has_is_said_and_never_halved() {
    let world = World::new();
    made(
        &world,
        r#"{"baseModel": "gemini-2.5-flash", "tunedModelDisplayName": "judged",
            "supervisedTuningSpec": {"trainingDatasetUri": "gs://bucket/p.jsonl",
                "evaluationConfig": {"metrics": [{"exactMatchSpec": {}}],
                    "outputConfig": {"gcsDestination": {"outputUriPrefix": "gs://bucket/out"}}}}}"#,
    );
    assert_snapshot!(world.run("import --all"), @"
    # tuningJobs/[JOB-1] in acme-ml/us-central1: pending, created 2026-03-01 12:00 UTC.
    # Not made by retune, which never changes it.
    # It was also asked for `supervisedTuningSpec.evaluationConfig`, which no manifest has.
    apiVersion: retune.dev/v1
    kind: TunedModel
    metadata:
      name: judged
    spec:
      baseModel: gemini-2.5-flash
      tunedModelDisplayName: judged
      supervisedTuningSpec:
        trainingDatasetUri: gs://bucket/p.jsonl
        # As the job ran: Vertex does not say which of these it chose itself.
        hyperParameters:
          epochCount: 7
          adapterSize: 4
          learningRateMultiplier: 1.0
      lifecycle:
        adopt: projects/acme-ml/locations/us-central1/tuningJobs/[JOB-1]
    --- stderr
    judged (tuningJobs/[JOB-1]): asked for `supervisedTuningSpec.evaluationConfig`, which no manifest has

    1 manifest. With it `retune plan` starts and stops nothing more.
    [exit 0]
    ");
}

#[test]
fn jobs_are_named_as_they_are() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("faq").epochs(2)).does("apply --yes").later("3h");
    assert_snapshot!(world.run("jobs"), @"
    JOB                             LOCATION     STATE      CREATED (UTC)     OWNER            BASE
    tuningJobs/[JOB-2]  us-central1  succeeded  2026-03-01 15:00  acme-tuning/faq  gemini-3.5-flash
    tuningJobs/[JOB-1]  us-central1  succeeded  2026-03-01 12:00  acme-tuning/faq  gemini-3.5-flash

    2 jobs.
    [exit 0]
    ");
    assert_snapshot!(world.run("import faq"), @"
    --- stderr
    error: `faq` is no job: give its full name or its id

    hint: runs of that name are tuningJobs/[JOB-2] (succeeded), tuningJobs/[JOB-1] (succeeded)
    [exit 64]
    ");
    assert_snapshot!(world.run(&format!("import {}", world.job(1))), @"
    --- stderr
    error: tuningJobs/[JOB-1] is a run of `faq` already, by manifests/faq.yaml

    hint: `retune describe faq` shows it
    [exit 64]
    ");
    assert_snapshot!(world.run("import 42"), @"
    --- stderr
    error: there is no job `42` in acme-ml/us-central1

    hint: `retune jobs` lists what there is
    [exit 64]
    ");
    assert_snapshot!(world.run("import projects/other/locations/us-central1/tuningJobs/42"), @"
    --- stderr
    error: there is no job `projects/other/locations/us-central1/tuningJobs/42` in acme-ml/us-central1

    hint: list that place too: add it to `alsoList` of the Workspace, or run this where there are no manifests, with --project other --location us-central1
    [exit 64]
    ");
    assert_snapshot!(world.run("import"), @"
    --- stderr
    error: no job is named

    hint: name jobs, or pass --all for every one that no manifest speaks of
    [exit 64]
    ");
    assert_snapshot!(world.run("import --all 42"), @"
    --- stderr
    error: the argument '--all' cannot be used with '[JOB]...'

    Usage: retune import --all [JOB]...

    For more information, try '--help'.
    [exit 64]
    ");
    // The older run of a name, with another spec.
    world.wants_no_more("faq");
    let job = world.full_job(2);
    world.write("taken", "");
    assert_snapshot!(world.run(&format!("import {job} --write taken")), @"
    --- stderr
    error: could not make the directory `taken`
      caused by: File exists (os error 17)

    hint: that is a file; name a directory
    [exit 1]
    ");
    assert_snapshot!(world.run(&format!("import {job} --write manifests")), @"
    manifests/faq.yaml
    --- stderr

    1 manifest. With it `retune plan` starts and stops nothing more.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan"), @"
    No changes. Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn a_place_needs_no_manifests() {
    let world = World::new();
    world.foreign_job();
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert_snapshot!(world.run("import --all --project acme-ml --location us-central1"), @"
    # tuningJobs/[JOB-1] in acme-ml/us-central1: pending, created 2026-03-01 12:00 UTC.
    # Not made by retune, which never changes it.
    apiVersion: retune.dev/v1
    kind: TunedModel
    metadata:
      name: theirs
    spec:
      project: acme-ml
      location: us-central1
      baseModel: gemini-3.5-flash
      tunedModelDisplayName: theirs
      supervisedTuningSpec:
        trainingDatasetUri: gs://theirs/train.jsonl
        # As the job ran: Vertex does not say which of these it chose itself.
        hyperParameters:
          epochCount: 11
          adapterSize: 4
          learningRateMultiplier: 1.0
      lifecycle:
        adopt: projects/acme-ml/locations/us-central1/tuningJobs/[JOB-1]
    --- stderr

    1 manifest. With it `retune plan --project acme-ml --location us-central1` starts and stops nothing more.
    [exit 0]
    ");
    assert_snapshot!(world.run("import --all"), @"
    --- stderr
    error: there are no manifests here that name the places to look at

    hint: name a place with --project and --location, or run `retune init`
    [exit 3]
    ");
}
