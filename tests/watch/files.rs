//! What happens to files: each way of editors, git and Kubernetes to change
//! them is seen once, as what it is. The daemon only looks here, so what it
//! would do is told at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::daemon::Daemon;
use crate::model::model;
use crate::world::World;

/// A model that was trained for three epochs, and a daemon that has seen so.
fn watched() -> (World, Daemon) {
    let world = World::new();
    world.wants(model("faq")).applied();
    let daemon = observing(&world);
    (world, daemon)
}

fn observing(world: &World) -> Daemon {
    let daemon = world.watch("--observe");
    daemon.looks();
    daemon
}

/// The file with another number of epochs.
fn edited() -> String {
    model("faq").epochs(4).text()
}

/// Waits until the edit is seen, and only that: nothing was missing or broken
/// on the way.
#[track_caller]
fn sees_the_edit(daemon: &mut Daemon) {
    let drift = daemon.hears_of("drift", "faq");
    assert_eq!(drift.message(), "to create: epochCount 3 -> 4");
    assert_eq!(drift.value("reason"), "specChanged");
}

#[track_caller]
fn sees_nothing_but_the_edit(daemon: &mut Daemon) {
    sees_the_edit(daemon);
    assert_eq!(daemon.count("manifestsChanged"), 1);
    assert_eq!(daemon.count("manifestsInvalid"), 0);
    assert_eq!(daemon.count("orphaned"), 0);
}

#[test]
fn an_editor_that_writes_beside_and_renames() {
    let (world, mut daemon) = watched();
    world.write("manifests/.faq.yaml.tmp", &edited());
    fs::rename(world.path("manifests/.faq.yaml.tmp"), world.path("manifests/faq.yaml")).unwrap();
    sees_nothing_but_the_edit(&mut daemon);
}

#[test]
fn an_editor_that_writes_in_place() {
    let (world, mut daemon) = watched();
    world.write("manifests/faq.yaml", &edited());
    sees_nothing_but_the_edit(&mut daemon);
}

#[test]
fn vim_with_its_probe_its_swap_file_and_its_backup() {
    let (world, mut daemon) = watched();
    let file = world.path("manifests/faq.yaml");
    let backup = world.path("manifests/faq.yaml~");
    world.write("manifests/.faq.yaml.swp", "b0VIM 9.1");
    world.write("manifests/4913", "");
    fs::remove_file(world.path("manifests/4913")).unwrap();
    fs::rename(&file, &backup).unwrap();
    world.write("manifests/faq.yaml", &edited());
    fs::remove_file(backup).unwrap();
    fs::remove_file(world.path("manifests/.faq.yaml.swp")).unwrap();
    sees_nothing_but_the_edit(&mut daemon);
}

#[test]
fn what_editors_leave_behind_is_no_manifest() {
    let (world, mut daemon) = watched();
    for name in [".faq.yaml.swp", "faq.yaml~", "#faq.yaml#", "faq.yaml.bak", ".hidden.yaml"] {
        world.write(&format!("manifests/{name}"), &edited());
    }
    symlink("nobody@nowhere.4711", world.path("manifests/.#faq.yaml")).unwrap();
    world.marks(&mut daemon, "marker");
    daemon.looks();
    let told: Vec<&str> =
        daemon.said().iter().filter(|l| l.is("manifestsChanged")).map(|l| l.message()).collect();
    assert_eq!(told, ["1 changed: marker"]);
    assert_eq!(daemon.count("manifestsInvalid") + daemon.count("drift"), 0);
}

#[test]
fn a_checkout_of_500_files_is_one_change() {
    let world = World::new();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let mut command = Command::new("git");
        command.args(identity).args(arguments).current_dir(world.path("."));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", world.path("."));
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    };
    let models = |epochs: u32| {
        for number in 0..500 {
            world.wants(model(&format!("model-{number:03}")).epochs(epochs));
        }
    };
    git(&["init", "--quiet", "--initial-branch", "one"]);
    models(3);
    git(&["add", "manifests", "workspace.yaml"]);
    git(&["commit", "--quiet", "--message", "one"]);
    git(&["checkout", "--quiet", "-b", "two"]);
    models(4);
    git(&["commit", "--quiet", "--all", "--message", "two"]);
    git(&["checkout", "--quiet", "one"]);
    let mut daemon = observing(&world);
    git(&["checkout", "--quiet", "two"]);
    let change = daemon.hears("manifestsChanged");
    let names = "model-000, model-001, model-002, model-003, model-004";
    assert_eq!(change.message(), format!("500 changed: {names} and 495 more"));
    world.marks(&mut daemon, "marker");
    assert_eq!(daemon.count("manifestsChanged"), 2);
    assert_eq!(daemon.count("manifestsInvalid"), 0);
}

#[test]
fn kubernetes_swaps_a_configmap() {
    let world = World::new();
    let volume = |version: &str, text: &str| {
        world.write(&format!("manifests/..{version}/faq.yaml"), text);
        symlink(format!("..{version}"), world.path("manifests/..data_tmp")).unwrap();
        fs::rename(world.path("manifests/..data_tmp"), world.path("manifests/..data")).unwrap();
    };
    volume("2026_01", &model("faq").text());
    symlink("..data/faq.yaml", world.path("manifests/faq.yaml")).unwrap();
    world.applied();
    let mut daemon = observing(&world);
    volume("2026_02", &edited());
    fs::remove_dir_all(world.path("manifests/..2026_01")).unwrap();
    sees_nothing_but_the_edit(&mut daemon);
    // The new directory is watched as the old one was.
    volume("2026_03", &model("faq").text());
    fs::remove_dir_all(world.path("manifests/..2026_02")).unwrap();
    daemon.hears_where("the way back", |line| line.message() == "1 changed: faq");
}

#[test]
fn a_directory_that_is_renamed_and_comes_back() {
    let (world, mut daemon) = watched();
    fs::rename(world.path("manifests"), world.path("away")).unwrap();
    let invalid = daemon.hears("manifestsInvalid");
    assert!(invalid.message().contains("manifests"), "{}", invalid.text);
    // Nobody watches it there.
    world.write("away/faq.yaml", &edited());
    fs::rename(world.path("away"), world.path("manifests")).unwrap();
    daemon.hears("manifestsValid");
    sees_the_edit(&mut daemon);
    world.marks(&mut daemon, "marker");
    assert_eq!(daemon.count("orphaned"), 0);
    assert_eq!(daemon.count("manifestsInvalid"), 1);
}

#[test]
fn a_directory_that_is_removed_and_made_again() {
    let (world, mut daemon) = watched();
    fs::remove_dir_all(world.path("manifests")).unwrap();
    daemon.hears("manifestsInvalid");
    world.write("manifests/deeper/faq.yaml", &edited());
    daemon.hears("manifestsValid");
    sees_the_edit(&mut daemon);
    world.write("manifests/deeper/still/marker.yaml", &model("marker").text());
    daemon.hears_where("change deep down", |line| line.message() == "1 changed: marker");
    assert_eq!(daemon.count("orphaned"), 0);
}

#[test]
fn a_directory_that_is_a_symbolic_link() {
    let world = World::new();
    world.write("one/faq.yaml", &model("faq").text());
    symlink("one", world.path("manifests")).unwrap();
    world.applied();
    let mut daemon = observing(&world);
    world.write("one/faq.yaml", &edited());
    sees_nothing_but_the_edit(&mut daemon);
    // It points elsewhere from now on, and elsewhere is watched.
    world.write("two/faq.yaml", &model("faq").epochs(5).text());
    symlink("two", world.path("next")).unwrap();
    fs::rename(world.path("next"), world.path("manifests")).unwrap();
    daemon.hears_where("the other place", |line| line.message() == "1 changed: faq");
    world.marks(&mut daemon, "marker");
    assert!(world.path("two/marker.yaml").exists());
}

#[test]
fn a_file_that_cannot_be_read_any_more_is_not_gone() {
    let (world, mut daemon) = watched();
    let file = world.path("manifests/faq.yaml");
    fs::remove_file(&file).unwrap();
    // As no right to read it would be, also for root.
    symlink("faq.yaml", &file).unwrap();
    let invalid = daemon.hears("manifestsInvalid");
    assert!(invalid.message().contains("manifests/faq.yaml"), "{}", invalid.text);
    daemon.looks();
    assert_eq!(daemon.count("orphaned"), 0);
    fs::remove_file(&file).unwrap();
    fs::write(&file, edited()).unwrap();
    daemon.hears("manifestsValid");
    sees_the_edit(&mut daemon);
}
