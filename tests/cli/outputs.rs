//! `retune outputs`.

use std::collections::BTreeMap;
use std::process::Command;

use insta::assert_snapshot;

use crate::model::model;
use crate::server::Server;
use crate::world::World;

/// One model that can be called, one that trains anew, one that never ran.
fn three() -> World {
    let world = World::new();
    world.wants(model("router").epochs(2)).does("apply --yes").later("3h");
    world.wants(model("faq")).does("apply --yes").later("3h");
    world.wants(model("router")).does("apply --yes").later("15m");
    world.wants(model("summaries"));
    world
}

#[test]
fn for_people() {
    assert_snapshot!(three().run("outputs"), @"
    faq  ready
      endpoint    projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      host        127.0.0.1:[PORT]
      model       projects/[NUMBER]/locations/us/models/[MODEL]@1
      experiment  projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]

    router  not ready: running, 14m 42s
      experiment  projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
      previous    tuningJobs/[JOB-1], of another spec or rerun
        endpoint    projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
        host        127.0.0.1:[PORT]
        model       projects/[NUMBER]/locations/us/models/[MODEL]@1
        experiment  projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]

    summaries  not ready: to create: `retune apply` starts a run
    [exit 0]
    ");
}

#[test]
fn for_programs() {
    let world = three();
    assert_snapshot!(world.run("outputs faq --format json"), @r#"
    {
      "formatVersion": 1,
      "models": {
        "faq": {
          "ready": true,
          "status": "tuned",
          "message": null,
          "project": "acme-ml",
          "location": "us-central1",
          "rerun": 0,
          "spec": "[SPEC]",
          "endpoint": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]",
          "servingHost": "127.0.0.1:[PORT]",
          "servingLocation": "us",
          "url": "http://127.0.0.1:[PORT]/v1/projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]",
          "model": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "checkpoints": [],
          "experiment": "projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]",
          "baseModel": "gemini-3.5-flash",
          "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]",
          "state": "succeeded",
          "previous": null
        }
      }
    }
    [exit 0]
    "#);
    assert_snapshot!(world.run("outputs router --format yaml"), @"
    formatVersion: 1
    models:
      router:
        ready: false
        status: running
        message: running, 14m 42s
        project: acme-ml
        location: us-central1
        rerun: 0
        spec: [SPEC]
        endpoint: null
        servingHost: null
        servingLocation: null
        url: null
        model: null
        checkpoints: []
        experiment: projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
        baseModel: gemini-3.5-flash
        job: projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-3]
        state: running
        previous:
          endpoint: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
          servingHost: 127.0.0.1:[PORT]
          servingLocation: us
          url: http://127.0.0.1:[PORT]/v1/projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
          model: projects/[NUMBER]/locations/us/models/[MODEL]@1
          checkpoints: []
          experiment: projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
          baseModel: gemini-3.5-flash
          job: projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]
          state: succeeded
          spec: [SPEC]
    --- stderr
    router: not ready: running, 14m 42s
    [exit 0]
    ");
    let step = world.stdout("outputs faq --format github");
    let (lines, json) = step.split_once("json<<").unwrap();
    assert_snapshot!(world.redacted(lines), @"
    faq_ready=true
    faq_spec=[SPEC]
    faq_endpoint=projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    faq_host=127.0.0.1:[PORT]
    faq_location=us
    faq_url=http://127.0.0.1:[PORT]/v1/projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    faq_model=projects/[NUMBER]/locations/us/models/[MODEL]@1
    faq_experiment=projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
    faq_base_model=gemini-3.5-flash
    faq_job=projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]
    faq_state=succeeded
    faq_previous_endpoint=
    faq_previous_host=
    faq_previous_location=
    faq_previous_url=
    faq_previous_model=
    faq_previous_experiment=
    faq_previous_base_model=
    faq_previous_job=
    faq_previous_state=
    ");
    assert!(json.contains(&world.stdout("outputs faq --format json")));
    assert_snapshot!(world.run("outputs faq --format configmap --namespace prod --prefix="), @"
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: retune-outputs
      namespace: prod
      labels:
        app.kubernetes.io/managed-by: retune
    data:
      FAQ_BASE_MODEL: gemini-3.5-flash
      FAQ_ENDPOINT: projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      FAQ_EXPERIMENT: projects/[NUMBER]/locations/us-central1/metadataStores/default/contexts/tuning-experiment-[EXPERIMENT]
      FAQ_HOST: 127.0.0.1:[PORT]
      FAQ_JOB: projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]
      FAQ_LOCATION: us
      FAQ_MODEL: projects/[NUMBER]/locations/us/models/[MODEL]@1
      FAQ_PREVIOUS_BASE_MODEL: ''
      FAQ_PREVIOUS_ENDPOINT: ''
      FAQ_PREVIOUS_EXPERIMENT: ''
      FAQ_PREVIOUS_HOST: ''
      FAQ_PREVIOUS_JOB: ''
      FAQ_PREVIOUS_LOCATION: ''
      FAQ_PREVIOUS_MODEL: ''
      FAQ_PREVIOUS_STATE: ''
      FAQ_PREVIOUS_URL: ''
      FAQ_READY: 'true'
      FAQ_SPEC: [SPEC]
      FAQ_STATE: succeeded
      FAQ_URL: http://127.0.0.1:[PORT]/v1/projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
}

/// The variables that a program sees, by name.
fn seen(program: &mut Command) -> BTreeMap<String, String> {
    let output = program.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let ours = pairs.filter(|(name, _)| name.starts_with("RETUNE_"));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn a_shell_and_docker_read_the_same_variables() {
    let world = World::new();
    // Every epoch leaves a checkpoint with an endpoint of its own.
    let every = model("faq")
        .text()
        .replace("exportLastCheckpointOnly: true", "exportLastCheckpointOnly: false");
    world.write("manifests/faq.yaml", &every);
    world.does("apply --yes").later("3h");
    let text = world.stdout("outputs --format env");
    world.write("outputs.env", &text);
    let script = "set -aeu; . ./outputs.env; exec /usr/bin/env";
    let mut shell = Command::new("/bin/sh");
    world.clean(&mut shell);
    let by_shell = seen(shell.args(["-c", script]));
    // Docker takes a line as it stands, up to the first `=`.
    let by_docker: BTreeMap<String, String> = text
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(by_shell, by_docker);
    assert_eq!(by_shell["RETUNE_FAQ_READY"], "true");
    assert_eq!(by_shell["RETUNE_FAQ_CHECKPOINT_3_EPOCH"], "3");
    assert!(by_shell["RETUNE_FAQ_ENDPOINT"].contains("/locations/us/endpoints/"));
    assert_eq!(by_shell["RETUNE_FAQ_PREVIOUS_ENDPOINT"], "");
}

#[test]
fn nothing_is_written_before_all_are_ready() {
    let world = three();
    world.does("outputs faq --require-ready --format env --write ready.env");
    assert_snapshot!(world.run("outputs --require-ready --format env --write all.env"), @"
    --- stderr
    router: not ready: running, 14m 42s
    summaries: not ready: to create: `retune apply` starts a run
    error: 2 of 3 models cannot be called; nothing was written

    hint: `retune apply --wait` stays until runs end; name models to ask for them alone
    [exit 6]
    ");
    assert!(world.path("ready.env").exists() && !world.path("all.env").exists());
    assert_snapshot!(world.run("outputs router --require-ready"), @"
    --- stderr
    router: not ready: running, 14m 42s
    error: 1 of 1 model cannot be called; nothing was written

    hint: `retune apply --wait` stays until runs end; name models to ask for them alone
    [exit 6]
    ");
}

#[test]
fn a_file_is_written_when_it_differs() {
    use std::os::unix::fs::MetadataExt;

    let world = three();
    assert_snapshot!(world.run("outputs faq --format json --write outputs.json"), @"
    --- stderr
    wrote outputs.json
    [exit 0]
    ");
    let path = world.path("outputs.json");
    let inode = std::fs::metadata(&path).unwrap().ino();
    assert_snapshot!(world.run("outputs faq --format json --write outputs.json"), @"
    --- stderr
    outputs.json holds this already
    [exit 0]
    ");
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(
        String::from_utf8(std::fs::read(&path).unwrap()).unwrap(),
        world.stdout("outputs faq --format json")
    );
    assert_snapshot!(world.run("outputs faq --write no/such/file"), @"
    --- stderr
    error: could not write `no/such/file`
      caused by: No such file or directory (os error 2)

    hint: make the directory `no/such` first
    [exit 1]
    ");
}

#[test]
fn wrong_usage_is_said() {
    let world = three();
    assert_snapshot!(world.run("outputs fqa"), @"
    --- stderr
    error: no manifest is named `fqa`

    hint: the names are `faq`, `router`, `summaries`
    [exit 64]
    ");
    assert_snapshot!(world.run("outputs 1234567890123456789"), @"
    --- stderr
    error: no manifest is named `[JOB-4]`

    hint: the names are `faq`, `router`, `summaries`
    [exit 64]
    ");
    assert_snapshot!(world.run("outputs --name x"), @"
    --- stderr
    error: --name and --namespace are of --format configmap
    [exit 64]
    ");
    assert_snapshot!(world.run("outputs --prefix x_"), @"
    --- stderr
    error: --prefix is of --format env and --format configmap
    [exit 64]
    ");
    assert_snapshot!(world.run("outputs --format configmap --name A"), @"
    --- stderr
    error: `A` is no name for a ConfigMap: use a-z, 0-9, `-` and `.`, a letter or digit at both ends
    [exit 64]
    ");
    assert_snapshot!(world.run("outputs --format github --write x"), @r#"
    --- stderr
    error: a step's outputs are appended, and --write would replace them

    hint: `retune outputs --format github >> "$GITHUB_OUTPUT"`
    [exit 64]
    "#);
    world.wants(model("faq-previous"));
    assert_snapshot!(world.run("outputs --format env"), @"
    --- stderr
    faq-previous: not ready: to create: `retune apply` starts a run
    router: not ready: running, 14m 42s
    summaries: not ready: to create: `retune apply` starts a run
    error: `faq` and `faq-previous` both make the variable RETUNE_FAQ_PREVIOUS_ENDPOINT

    hint: rename one of the two, or name the models to write
    [exit 5]
    ");
}

/// A service whose one job says that of its endpoint.
fn hostile(endpoint: &str) -> Server {
    let job = serde_json::json!({"tuningJobs": [{
        "name": "projects/42/locations/us-central1/tuningJobs/7",
        "state": "JOB_STATE_SUCCEEDED",
        "baseModel": "gemini-3.5-flash",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
            "exportLastCheckpointOnly": true,
            "hyperParameters": {"epochCount": "3"},
        },
        "tunedModel": {"model": "projects/42/locations/us/models/7@1", "endpoint": endpoint},
    }]});
    Server::new(move |_| ("200 OK", "application/json", job.to_string()))
}

#[test]
fn what_the_service_says_runs_nowhere() {
    let world = World::new();
    let adopt = "adopt: projects/acme-ml/locations/us-central1/tuningJobs/7";
    world.wants(model("faq").lifecycle(adopt));
    let server = hostile("projects/42/locations/us/endpoints/1\nLD_PRELOAD=/x\u{1b}[2J$(id)");
    let asked = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let mut command = world.command(&arguments);
        world.shown(&command.env("GOOGLE_VERTEX_BASE_URL", server.url()).output().unwrap())
    };
    assert_snapshot!(asked("outputs --format env"), @r#"
    RETUNE_FAQ_BASE_MODEL=gemini-3.5-flash
    RETUNE_FAQ_ENDPOINT=
    RETUNE_FAQ_EXPERIMENT=
    RETUNE_FAQ_HOST=
    RETUNE_FAQ_JOB=projects/42/locations/us-central1/tuningJobs/7
    RETUNE_FAQ_LOCATION=
    RETUNE_FAQ_MODEL=projects/42/locations/us/models/7@1
    RETUNE_FAQ_PREVIOUS_BASE_MODEL=
    RETUNE_FAQ_PREVIOUS_ENDPOINT=
    RETUNE_FAQ_PREVIOUS_EXPERIMENT=
    RETUNE_FAQ_PREVIOUS_HOST=
    RETUNE_FAQ_PREVIOUS_JOB=
    RETUNE_FAQ_PREVIOUS_LOCATION=
    RETUNE_FAQ_PREVIOUS_MODEL=
    RETUNE_FAQ_PREVIOUS_STATE=
    RETUNE_FAQ_PREVIOUS_URL=
    RETUNE_FAQ_READY=false
    RETUNE_FAQ_SPEC=[SPEC]
    RETUNE_FAQ_STATE=succeeded
    RETUNE_FAQ_URL=
    --- stderr
    faq: endpoint is `projects/42/locations/us/endpoints/1 LD_PRELOAD=/x\u{1b}[2J$(id)`, which is no name; it is left out
    faq: not ready: no endpoint that could be handed on
    [exit 0]
    "#);
    assert_snapshot!(asked("outputs --require-ready --format json"), @r#"
    --- stderr
    faq: endpoint is `projects/42/locations/us/endpoints/1 LD_PRELOAD=/x\u{1b}[2J$(id)`, which is no name; it is left out
    faq: not ready: no endpoint that could be handed on
    error: 1 of 1 model cannot be called; nothing was written

    hint: `retune describe faq` says more; name models to ask for them alone
    [exit 6]
    "#);
    // A listing, and nothing for each model.
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = three();
    let mut head = world.command(&["outputs", "--format", "json"]);
    let mut child = head.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
