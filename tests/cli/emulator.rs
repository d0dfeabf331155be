//! `--emulator`, and `retune emulator` as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

#[test]
fn every_line_that_could_be_the_real_service_says_emulator() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --emulator"), @"
      + faq   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("plan --emulator --format markdown"), @"
    ### retune plan (emulator): 1 to create

    | | model | action | why |
    |---|---|---|---|
    | + | faq | create | new manifest |

    Digest: `sha256:[DIGEST]`
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --emulator"), @"
      + faq   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: there is no terminal to ask at

    hint: look at the plan, then pass --yes or --expect-plan DIGEST --yes
    [exit 5]
    ");
    let told = world.run("apply --emulator --yes --wait");
    // Which states are seen on the way is a matter of time.
    let seen =
        |line: &&str| line.starts_with("  faq  pending") || line.starts_with("  faq  running");
    assert!(told.lines().filter(seen).all(|line| line.ends_with("(emulator)")), "{told}");
    let rest: Vec<&str> = told.lines().filter(|line| !seen(line)).collect();
    assert_snapshot!(rest.join("\n"), @"
      + faq   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1] (emulator)

    Applied (emulator): 1 created.
      faq  succeeded  tuningJobs/[JOB-1]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT] (emulator)

    Done (emulator). Every tuned model matches its manifest.
      faq  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --emulator --yes"), @"
    No changes (emulator). Every tuned model matches its manifest.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(world.run("status --emulator"), @"
    NAME  STATUS  RUN
    faq   tuned   tuningJobs/[JOB-1]  endpoints/[ENDPOINT]

    1 model (emulator): 1 in sync.
    [exit 0]
    ");
    assert_snapshot!(world.run("cancel faq --emulator --yes"), @"
    tuningJobs/[JOB-1]: succeeded; nothing to cancel (emulator)
    [exit 0]
    ");
    assert!(world.run("describe faq --emulator").starts_with("faq (emulator)\n"));
    assert!(world.run("jobs --emulator").contains("1 job (emulator)."));
    for asked in ["outputs", "metrics faq", "status", "prompt faq hi"] {
        let shown = world.run(&format!("{asked} --emulator --format json"));
        let document = shown.split("\n--- stderr").next().unwrap();
        assert!(document.contains("\n  \"emulator\": true"), "{asked}: {shown}");
    }
    assert_snapshot!(world.run("outputs --emulator --format env").split("--- stderr").nth(1).unwrap(), @"

    these lead to the emulator, which ends with this command
    [exit 0]
    ");
}

#[test]
fn a_second_process_uses_the_emulator_of_the_first() {
    let world = World::alone();
    world.wants(model("faq"));
    let first = world.emulator_here();
    assert_snapshot!(world.run("apply --emulator --yes"), @"
      + faq   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1] (emulator)

    Applied (emulator): 1 created.
    --- stderr
    emulator: using the one that another retune runs in this directory
    [exit 0]
    ");
    assert_snapshot!(world.run("status --emulator"), @"
    NAME  STATUS   RUN
    faq   pending  tuningJobs/[JOB-1]  0s

    1 model (emulator): 1 in flight.
    --- stderr
    emulator: using the one that another retune runs in this directory
    [exit 0]
    ");
    assert!(world.run("outputs --emulator").contains("which ends with the retune that runs it\n"));
    world.block_on(first.stop());
    assert_snapshot!(world.run("status --emulator --quiet"), @"
    NAME  STATUS  RUN
    faq   tuned   tuningJobs/[JOB-1]  endpoints/[ENDPOINT]

    1 model (emulator): 1 in sync.
    [exit 0]
    ");
}

#[test]
fn what_to_type_next_leads_to_the_emulator_again() {
    let world = World::alone();
    world.wants(model("faq"));
    let _first = world.emulator_here();
    assert_snapshot!(world.run("status --emulator --quiet"), @"
    NAME  STATUS     RUN
    faq   to create  -    `retune apply --emulator` starts a run

    1 model (emulator): 1 to create.
    [exit 0]
    ");
    assert_snapshot!(world.run("apply --emulator --yes --wait=1s --quiet"), @"
      + faq   create     new manifest

    Plan (emulator): 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1] (emulator)

    Applied (emulator): 1 created.
      faq  pending  tuningJobs/[JOB-1] (emulator)

    The wait timed out after 1s (emulator); runs go on: faq. Look again with `retune status --emulator`.
    [exit 7]
    ");
    assert_snapshot!(world.run("cancel 77 --emulator --quiet"), @"
    --- stderr
    error: there is no job `77`

    hint: `retune jobs --emulator` lists what there is
    [exit 64]
    ");
    assert_snapshot!(world.run("apply --emulator --expect-plan sha256:0 --quiet"), @"
      … faq   in flight  tuningJobs/[JOB-1]: pending, 0s

    No changes (emulator). 1 in flight.
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: the plan is another one by now (sha256:[DIGEST] instead of sha256:0)

    hint: look at it with `retune plan --emulator`, then apply that one
    [exit 5]
    ");
}

#[test]
fn whoever_ends_early_leaves_no_address_of_an_emulator_that_ended() {
    let world = World::alone();
    world.wants(model("faq"));
    for command in ["plan --only no", "status no", "describe no", "outputs no", "apply --only no"] {
        let shown = world.run(&format!("{command} --emulator"));
        assert!(shown.contains("no manifest is named `no`"), "{shown}");
        assert!(!world.path(".retune/emulator/address").exists(), "{command}");
    }
    assert!(world.path(".retune/emulator").exists());
}

#[test]
fn a_directory_that_cannot_be_written() {
    let world = World::alone();
    world.wants(model("faq"));
    world.write(".retune", "a file where the directory should be");
    assert_snapshot!(world.run("plan --emulator"), @"
    --- stderr
    error: could not write in .retune/emulator: Not a directory (os error 20)

    hint: run retune in a directory that you may write to
    [exit 1]
    ");
}

#[test]
fn a_world_that_cannot_be_read_is_left_alone() {
    let world = World::alone();
    world.wants(model("faq"));
    world.write(".retune/emulator/world.json", "{");
    assert_snapshot!(world.run("plan --emulator"), @"
    --- stderr
    error: .retune/emulator/world.json cannot be read as an emulator world; move it away to start afresh
      caused by: EOF while parsing an object at line 1 column 1
    [exit 1]
    ");
    assert_eq!(std::fs::read(world.path(".retune/emulator/world.json")).unwrap(), b"{");
}

#[test]
fn as_a_process_it_prints_its_address_and_ends_when_told() {
    let world = World::alone();
    world.wants(model("faq"));
    let arguments = ["emulator", "--listen", "127.0.0.1:0", "--speed", "1e6", "--assume-datasets"];
    let mut command = world.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let url = url.trim();
    let shown = world.run(&format!("apply --yes --wait --endpoint {url}"));
    assert!(shown.contains("Done. Every tuned model matches its manifest."), "{shown}");
    assert!(shown.ends_with("[exit 0]"), "{shown}");
    let kill = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_snapshot!(world.shown(&child.wait_with_output().unwrap()), @"
    --- stderr
    The emulator is running; Ctrl-C stops it. In another terminal:
      export STORAGE_EMULATOR_HOST=http://127.0.0.1:[PORT]
      retune plan --endpoint http://127.0.0.1:[PORT]
    [exit 0]
    ");
}

#[test]
fn settings_that_make_no_sense() {
    let world = World::new();
    assert_snapshot!(world.run("emulator --listen 0.0.0.0:0"), @"
    --- stderr
    error: 0.0.0.0:0 is not a loopback address; the emulator listens on 127.0.0.1 or [::1] only
    [exit 64]
    ");
    assert_snapshot!(world.run("emulator --speed 0"), @"
    --- stderr
    error: 0 is not a speed; it is a positive number, and 1 is as slow as the real service
    [exit 64]
    ");
    let taken = world.url().replace("http://", "");
    assert_snapshot!(world.run(&format!("emulator --listen {taken}")), @"
    --- stderr
    error: cannot listen on 127.0.0.1:[PORT]
      caused by: Address already in use (os error 98)

    hint: take a free port: `retune emulator --listen 127.0.0.1:[PORT]`
    [exit 1]
    ");
}
