//! Exit codes 3 and 64: manifests that are none, and wrong usage.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn wrong_flags_and_commands() {
    let world = World::alone();
    assert_snapshot!(world.run("plan --detailed-exit"), @"
    --- stderr
    error: unexpected argument '--detailed-exit' found

      tip: a similar argument exists: '--detailed-exitcode'

    Usage: retune plan --detailed-exitcode [PATH]...

    For more information, try '--help'.
    [exit 64]
    ");
    assert_snapshot!(world.run("stauts"), @"
    --- stderr
    error: unrecognized subcommand 'stauts'

      tip: a similar subcommand exists: 'status'

    Usage: retune [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit 64]
    ");
    assert_snapshot!(world.run("apply --wait 1h"), @"
    --- stderr
    error: `1h` is a duration, and no manifest

    hint: write `--wait=1h`
    [exit 64]
    ");
    assert_snapshot!(world.run("apply --wait=soon"), @"
    --- stderr
    error: --wait: `soon` is not a duration: write numbers with d, h, m or s, such as `24h` or `1h30m`
    [exit 64]
    ");
    assert_snapshot!(world.run("plan --format yaml"), @"
    --- stderr
    error: invalid value 'yaml' for '--format <FORMAT>'
      [possible values: text, json, markdown]

    For more information, try '--help'.
    [exit 64]
    ");
}

#[test]
fn two_services() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --emulator --endpoint http://127.0.0.1:1"), @"
    --- stderr
    error: --emulator and --endpoint name two services; give one
    [exit 64]
    ");
}

#[test]
fn endpoints_that_are_none() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --endpoint http://vertex.example"), @"
    --- stderr
    error: the endpoint cannot be used
      caused by: plain http is for loopback only, and `vertex.example` is another machine: use https
    [exit 64]
    ");
    assert_snapshot!(world.run("plan --endpoint vertex.example"), @"
    --- stderr
    error: the endpoint cannot be used
      caused by: `vertex.example` is not an address: expected `https://HOST` or `http://127.0.0.1:PORT`
    [exit 64]
    ");
}

#[test]
fn a_project_or_location_that_disagrees() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --project other"), @"
    --- stderr
    error: `--project other` disagrees with `acme-ml` in manifests/workspace.yaml:5:12
    [exit 64]
    ");
    world.wants(model("faq").spec("location: europe-west4"));
    assert_snapshot!(world.run("plan --location us-central1"), @"
    --- stderr
    error: `--location us-central1` disagrees with `europe-west4` in manifests/faq.yaml:7:13
    [exit 64]
    ");
}

#[test]
fn prune_of_a_name_with_a_manifest() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes --prune faq"), @"
    --- stderr
    error: `faq` has a manifest; it is no orphan

    hint: set `lifecycle.desired: stopped` to stop its runs
    [exit 64]
    ");
    assert_snapshot!(world.run("apply --yes --prune Faq!"), @"
    --- stderr
    error: `Faq!` is not a name: use a-z, 0-9 and `-`, start with a letter, end with a letter or digit, at most 63 characters
    [exit 64]
    ");
}

#[test]
fn a_revision_that_is_none() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --revision v1.2"), @"
    --- stderr
    error: --revision `v1.2` is no revision

    hint: give the commit's time: `git log -1 --format=%ct`
    [exit 64]
    ");
}

#[test]
fn no_manifests() {
    let world = World::alone();
    assert_snapshot!(world.run("plan"), @"
    --- stderr
    error[no-manifests]: no document of kind `TunedModel` here
    --> manifests:1:1
     = help: name the directory of the manifests, or start with `retune init`

    error: there are no manifests; nothing was asked of Vertex
    [exit 3]
    ");
    assert_snapshot!(world.run("plan nowhere"), @"
    --- stderr
    error[not-found]: no such file or directory
    --> nowhere:1:1
     = help: check the path

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert_snapshot!(world.run("plan"), @"
    --- stderr
    error[no-manifests]: no document of kind `TunedModel` here
    --> .:1:1
     = help: name the directory of the manifests, or start with `retune init`

    error: there are no manifests; nothing was asked of Vertex
    [exit 3]
    ");
}

#[test]
fn manifests_with_errors_ask_nothing_of_vertex() {
    let world = World::alone();
    world.wants(model("faq").spec("tuned_model_display_name: FAQ"));
    assert_snapshot!(world.run("apply --yes"), @"
    --- stderr
    error[unknown-key]: unknown key `tuned_model_display_name` in `spec`
     --> manifests/faq.yaml:7:3
      |
    7 |   tuned_model_display_name: FAQ
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: keys are in camelCase here: write `tunedModelDisplayName`

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
}

#[test]
fn files_that_cannot_be_read() {
    let world = World::alone();
    world.wants(model("faq"));
    std::os::unix::fs::symlink("nowhere", world.path("manifests/gone.yaml")).unwrap();
    std::fs::write(world.path("manifests/latin.yaml"), b"# caf\xe9\n").unwrap();
    assert_snapshot!(world.run("plan"), @"
    --- stderr
    error[not-found]: a link to nothing
    --> manifests/gone.yaml:1:1
     = help: check the path

    error[not-utf8]: not UTF-8 from here on
    --> manifests/latin.yaml:1:6
     = help: save the file as UTF-8

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
}

#[test]
fn apply_needs_a_workspace_and_plan_does_not() {
    let world = World::new();
    std::fs::remove_file(world.path("manifests/workspace.yaml")).unwrap();
    world.wants(model("faq").spec("project: acme-ml").spec("location: us-central1"));
    assert_snapshot!(world.run("apply --yes"), @"
    --- stderr
    error[missing-workspace]: no Workspace says who owns these models
    --> manifests:1:1
     = help: run `retune init`, or add a document of kind `Workspace`

    error: the manifests are not valid; nothing was asked of Vertex
    [exit 3]
    ");
    assert_snapshot!(world.run("plan"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}
