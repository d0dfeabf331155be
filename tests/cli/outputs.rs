//! `retune outputs`.

use std::collections::BTreeMap;
use std::process::Command;

use insta::assert_snapshot;

use crate::model::model;
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
    assert_snapshot!(three().run("outputs"), @"");
}

#[test]
fn for_programs() {
    let world = three();
    assert_snapshot!(world.run("outputs faq --format json"), @"");
    assert_snapshot!(world.run("outputs router --format yaml"), @"");
    assert_snapshot!(world.run("outputs faq --format github"), @"");
    assert_snapshot!(world.run("outputs faq --format configmap --namespace prod --prefix "), @"");
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
    let every = model("faq").text().replace("exportLastCheckpointOnly: true", "exportLastCheckpointOnly: false");
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
    world.does("outputs faq --require-ready --format env --write out/../ready.env");
    assert_snapshot!(world.run("outputs --require-ready --format env --write all.env"), @"");
    assert!(!world.path("all.env").exists());
    assert_snapshot!(world.run("outputs router --require-ready"), @"");
}

#[test]
fn a_file_is_written_when_it_differs() {
    use std::os::unix::fs::MetadataExt;

    let world = three();
    assert_snapshot!(world.run("outputs faq --format json --write outputs.json"), @"");
    let path = world.path("outputs.json");
    let inode = std::fs::metadata(&path).unwrap().ino();
    assert_snapshot!(world.run("outputs faq --format json --write outputs.json"), @"");
    assert_eq!(std::fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(
        String::from_utf8(std::fs::read(&path).unwrap()).unwrap(),
        world.stdout("outputs faq --format json")
    );
    assert_snapshot!(world.run("outputs faq --write no/such/file"), @"");
}

#[test]
fn wrong_usage_is_said() {
    let world = three();
    assert_snapshot!(world.run("outputs fqa"), @"");
    assert_snapshot!(world.run("outputs 1234567890123456789"), @"");
    assert_snapshot!(world.run("outputs --name x"), @"");
    assert_snapshot!(world.run("outputs --prefix x_"), @"");
    assert_snapshot!(world.run("outputs --format configmap --name A"), @"");
    assert_snapshot!(world.run("outputs --format github --write x"), @"");
    world.wants(model("faq-previous"));
    assert_snapshot!(world.run("outputs --format env"), @"");
}
