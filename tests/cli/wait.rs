//! `retune apply --wait`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use insta::assert_snapshot;

use crate::model::model;
use crate::server::Server;
use crate::world::World;

#[test]
fn waits_until_the_model_is_there() {
    let world = World::ticking();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes --wait"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
      faq  running  tuningJobs/[JOB-1]
      faq  succeeded  tuningJobs/[JOB-1]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    Done. Every tuned model matches its manifest.
      faq  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
}

#[test]
fn waits_for_what_is_under_way() {
    let world = World::ticking();
    world.wants(model("faq")).does("apply --yes");
    assert_snapshot!(world.run("apply --wait"), @"
      … faq   in flight  tuningJobs/[JOB-1]: running, 1m 57s

    No changes. 1 in flight.
    Listed acme-ml/us-central1.
      faq  running  tuningJobs/[JOB-1]
      faq  succeeded  tuningJobs/[JOB-1]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    Done. Every tuned model matches its manifest.
      faq  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
}

#[test]
fn a_model_that_fails_is_an_error() {
    let world = World::ticking();
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail.jsonl"));
    assert_snapshot!(world.run("apply --yes --wait"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
      faq  running  tuningJobs/[JOB-1]
      faq  failed  tuningJobs/[JOB-1]: Dataset row 71 is invalid: `contents` is missing, empty or not a list.

    Not tuned: faq.
      faq  held: last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again
    [exit 6]
    ");
    assert_snapshot!(world.run("apply --yes --wait"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.

    Not tuned: faq.
    [exit 6]
    ");
    assert_snapshot!(world.run("apply --yes"), @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset row 71 is invalid: `contents` is missing, empty or not a list; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}

#[test]
fn starts_what_waited_for_a_slot() {
    let world = World::ticking();
    world.workspace(&["limits: {maxConcurrent: 1}"]);
    world.wants(model("faq")).wants(model("router"));
    assert_snapshot!(world.run("apply --yes --wait"), @"
      + faq      create     new manifest
      ! router   held       1 of 1 runs (limits.maxConcurrent); `retune watch`, or `retune apply --wait`, starts it when one ends

    Plan: 1 to create, 1 held.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created, 1 waiting for a free slot.
      faq  running  tuningJobs/[JOB-1]
      router  created  tuningJobs/[JOB-2]
      faq  succeeded  tuningJobs/[JOB-1]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      router  running  tuningJobs/[JOB-2]
      router  succeeded  tuningJobs/[JOB-2]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    Done. Every tuned model matches its manifest.
      faq     projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
      router  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
}

#[test]
fn what_waits_for_a_slot_is_asked_about_too() {
    let world = World::new();
    world.workspace(&["limits: {maxConcurrent: 1}"]);
    world.wants(model("faq")).does("apply --yes").wants(model("router"));
    assert_snapshot!(world.run("apply --wait"), @"
      ! router   held       1 of 1 runs (limits.maxConcurrent); `retune watch`, or `retune apply --wait`, starts it when one ends
      … faq      in flight  tuningJobs/[JOB-1]: pending, 0s

    No changes. 1 held, 1 in flight.
    Listed acme-ml/us-central1.
    --- stderr
    error: nothing was done: there is no terminal to ask at

    hint: look at the plan, then pass --yes or --expect-plan DIGEST --yes
    [exit 5]
    ");
    world.does("apply");
}

#[test]
fn times_out_and_says_how_to_look_again() {
    let world = World::new();
    world.wants(model("faq"));
    assert_snapshot!(world.run("apply --yes --wait=1s"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
      faq  pending  tuningJobs/[JOB-1]

    The wait timed out after 1s; runs go on: faq. Look again with `retune status`.
    [exit 7]
    ");
}

#[test]
fn jsonl_ends_with_the_result() {
    let world = World::ticking();
    world.wants(model("faq"));
    let lines = world.stdout("apply --yes --wait --format jsonl");
    let events: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut told = String::new();
    for event in &events {
        let line = match event["event"].as_str().unwrap() {
            "state" => format!("state {}\n", event["state"].as_str().unwrap()),
            "end" => format!("end {}\n", event["exitCode"]),
            other => format!("{other}\n"),
        };
        if !told.ends_with(&line) {
            told.push_str(&line);
        }
    }
    assert_snapshot!(told, @"
    plan
    begun
    done
    state running
    state succeeded
    result
    end 0
    ");
    assert_eq!(events[events.len() - 2]["plan"]["summary"]["inSync"], 1);
}

/// Sends Ctrl-C.
fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let world = World::alone();
    world.wants(model("faq"));
    let (arrived, arrives) = std::sync::mpsc::channel();
    let server = Server::new(move |line| {
        if line.starts_with("POST ") {
            arrived.send(()).unwrap();
            // The answer never comes.
            std::thread::park();
        }
        ("200 OK", "application/json", "{}".to_owned())
    });
    let mut command = world.command(&["apply", "--yes", "--endpoint", server.url()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    arrives.recv().unwrap();
    interrupt(&child);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("ends at once") {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "{told}");
    }
    interrupt(&child);
    stderr.read_to_string(&mut told).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = told.into_bytes();
    assert_snapshot!(world.shown(&output), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    --- stderr

    stopping: nothing more is submitted; what is on the wire is waited for (once more ends at once)

    ended without an answer to the create of faq: `retune status --endpoint http://127.0.0.1:[PORT]` shows what became of it
    [exit 130]
    ");
}

#[test]
fn an_interrupt_says_what_goes_on_and_how_to_look_again() {
    let world = World::new();
    world.wants(model("faq"));
    let mut command = world.command(&["apply", "--yes", "--wait"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    while !told.contains("pending") {
        assert!(stdout.read_line(&mut told).unwrap() > 0, "{told}");
    }
    interrupt(&child);
    stdout.read_to_string(&mut told).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stdout = told.into_bytes();
    assert_snapshot!(world.shown(&output), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-1]

    Applied: 1 created.
      faq  pending  tuningJobs/[JOB-1]

    Interrupted; runs go on: faq. Look again with `retune status`.
    --- stderr

    stopping: nothing more is submitted; what is on the wire is waited for (once more ends at once)
    [exit 130]
    ");
}

#[test]
fn what_became_of_a_stopped_run_is_told_with_what_it_costs() {
    let world = World::ticking();
    world.wants(model("faq")).does("apply --yes").later("10m");
    world.wants(model("faq").epochs(7));
    assert_snapshot!(world.run("apply --yes --wait"), @"
      + faq   create     epochCount 3 -> 7
      x faq   cancel     tuningJobs/[JOB-1]: superseded, once the new run is accepted

    Plan: 1 to create, 1 to cancel.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
      faq  created  tuningJobs/[JOB-2]
      faq  cancelled  tuningJobs/[JOB-1]: asked to stop

    Applied: 1 created, 1 cancelled.
      faq  cancelled  tuningJobs/[JOB-1]: ran for 17m 19s, and what it did until then is billed
      faq  running  tuningJobs/[JOB-2]
      faq  succeeded  tuningJobs/[JOB-2]  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]

    Done. Every tuned model matches its manifest.
      faq  projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]
    [exit 0]
    ");
}

#[test]
fn a_run_that_ends_well_although_it_was_stopped_is_named() {
    let world = World::ticking();
    world.wants(model("faq")).does("apply --yes").later("2m");
    world.fault("cancel:cancel-loses");
    world.wants(model("faq").epochs(7));
    assert_snapshot!(world.run("apply --yes --wait --format jsonl").lines()
        .filter(|line| line.contains("\"stopped\"")).collect::<String>(), @r#"{"event":"stopped","name":"faq","project":"acme-ml","location":"us-central1","rerun":0,"job":"projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]","state":"succeeded","startTime":"2026-03-01T12:06:32.219473Z","endTime":"2026-03-01T12:30:06.183985Z","message":"tuningJobs/[JOB-1], although it was asked to stop: ran for 23m 33s, and what it did until then is billed"}"#);
}
