//! On a terminal, mostly of 80 columns, by way of `script`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

/// Runs the program on a terminal that answers with `input`. `None` where the
/// machine has no `script`.
fn terminal(world: &World, arguments: &str, input: &str) -> Option<String> {
    on_terminal("dumb", (24, 80), world, arguments, input)
}

/// Runs the program on a terminal of this kind, which answers nothing.
pub(crate) fn terminal_of(term: &str, world: &World, arguments: &str) -> Option<String> {
    on_terminal(term, (24, 80), world, arguments, "")
}

/// Runs the program on a terminal of so many rows and columns, without hiding
/// how long the names are.
pub(crate) fn terminal_sized(
    rows: u16,
    columns: u16,
    world: &World,
    arguments: &str,
) -> Option<String> {
    let output = terminal_output("dumb", (rows, columns), world, arguments, "")?;
    Some(String::from_utf8(output.stdout).unwrap())
}

fn on_terminal(
    term: &str,
    size: (u16, u16),
    world: &World,
    arguments: &str,
    input: &str,
) -> Option<String> {
    let shown = world.shown(&terminal_output(term, size, world, arguments, input)?);
    // What was typed before the echo was off.
    Some(shown.strip_prefix(input).unwrap_or(&shown).to_owned())
}

fn terminal_output(
    term: &str,
    (rows, columns): (u16, u16),
    world: &World,
    arguments: &str,
    input: &str,
) -> Option<Output> {
    if !Path::new("/usr/bin/script").exists() {
        return None;
    }
    let program = env!("CARGO_BIN_EXE_retune");
    let line = format!("stty rows {rows} cols {columns} -echo; {program} {arguments}");
    let mut command = Command::new("/usr/bin/script");
    world.clean(&mut command);
    command.args(["-qec", &line, "/dev/null"]).env("NO_COLOR", "1").env("TERM", term);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stdout.retain(|byte| *byte != b'\r');
    Some(output)
}

#[test]
fn no_is_no() {
    let world = World::new();
    world.wants(model("faq"));
    let Some(shown) = terminal(&world, "apply --accept-duplicates", "no\n") else { return };
    assert_snapshot!(shown, @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    Carry this out? Type `yes` to go on: error: not confirmed; nothing was done
    [exit 5]
    ");
}

#[test]
fn yes_is_yes() {
    let world = World::new();
    world.wants(model("faq"));
    let Some(shown) = terminal(&world, "apply --accept-duplicates", "yes\n") else { return };
    assert_snapshot!(shown, @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    Carry this out? Type `yes` to go on:   faq  created    tuningJobs/[JOB-1]

    Applied: 1 created.
    [exit 0]
    ");
}

#[test]
fn rows_are_wrapped_at_80_columns() {
    let world = World::new();
    world.wants(model("faq").dataset("gs://retune-samples/faults/fail.jsonl"));
    world.does("apply --yes").later("3h");
    let Some(shown) = terminal(&world, "plan", "") else { return };
    assert_snapshot!(shown, @"
      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset
                         row 71 is invalid: `contents` is missing, empty or not a
                         list; raise lifecycle.rerun to try again

    No changes. 1 held.
    Listed acme-ml/us-central1.
    [exit 0]
    ");
    assert_snapshot!(terminal(&world, "status", "").unwrap(), @"
    NAME  STATUS  RUN
    faq   held    tuningJobs/[JOB-1]  last run failed
                                                  (tuningJobs/[JOB-1]):
                                                  Dataset row 71 is invalid:
                                                  `contents` is missing, empty or
                                                  not a list; raise lifecycle.rerun
                                                  to try again

    1 model: 1 held.
    [exit 0]
    ");
    assert_snapshot!(terminal(&world, "describe faq", "").unwrap(), @"
    faq
      place     acme-ml/us-central1
      owner     acme-tuning
      rerun     0
      manifest  manifests/faq.yaml:1
      spec      [SPEC]
      cost      unknown

      ! faq   held       last run failed (tuningJobs/[JOB-1]): Dataset
                         row 71 is invalid: `contents` is missing, empty or not a
                         list; raise lifecycle.rerun to try again

    Spec
      baseModel: gemini-3.5-flash
      supervisedTuningSpec
        trainingDatasetUri: gs://retune-samples/faults/fail.jsonl
        exportLastCheckpointOnly: true
        hyperParameters
          epochCount: 3
          adapterSize: left to Vertex (newest run: 4)
          learningRateMultiplier: left to Vertex (newest run: 1)

    RUN                             STATE   CREATED (UTC)     WAITED  RAN
    tuningJobs/[JOB-1]  failed  2026-03-01 12:00  32s     1m 35s
      rerun 0, attempt 1
      said: Dataset row 71 is invalid: `contents` is missing, empty or not a list
        (INVALID_ARGUMENT)
      that is: Vertex found the request or the dataset wrong
      next: mend what it names, then raise lifecycle.rerun in manifests/faq.yaml:1
    [exit 0]
    ");
}
