//! `retune init`.

use insta::assert_snapshot;

use crate::world::World;

#[test]
fn writes_what_plan_takes() {
    let world = World::alone();
    std::fs::remove_dir_all(world.path("manifests")).unwrap();
    assert_snapshot!(world.run("init"), @"
    manifests/workspace.yaml
    manifests/summaries.yaml
    manifests/retune.schema.json
    --- stderr

    Try it without the cloud: `retune apply --emulator`
    [exit 0]
    ");
    assert_snapshot!(world.run("validate"), @"
    --- stderr
    no findings in 2 files with 2 documents
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --emulator"), @"
      + summaries   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed my-project/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("init"), @"
    --- stderr
    error: `manifests/workspace.yaml` exists already; nothing was written

    hint: name another directory: `retune init DIR`
    [exit 5]
    ");
    assert_snapshot!(world.run("init elsewhere"), @"
    elsewhere/workspace.yaml
    elsewhere/summaries.yaml
    elsewhere/retune.schema.json
    --- stderr

    Try it without the cloud: `retune apply --emulator elsewhere`
    [exit 0]
    ");
}

#[test]
fn says_why_it_cannot_write() {
    let world = World::alone();
    world.write("file", "");
    assert_snapshot!(world.run("init file"), @"
    --- stderr
    error: `file` exists already; nothing was written

    hint: name another directory: `retune init DIR`
    [exit 5]
    ");
}
