//! `--prompts`: every line of a file.

use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{ask, questions, tuned};
use crate::server;
use crate::world::World;

/// Writes `p.jsonl` with these prompts.
pub(super) fn prompts(world: &World, prompts: &[&str]) {
    let line = |prompt: &&str| format!("{}\n", json!({"prompt": prompt}));
    world.write("p.jsonl", &prompts.iter().map(line).collect::<String>());
}

/// The results in `r.jsonl`.
pub(super) fn results(world: &World) -> Vec<Value> {
    let text = std::fs::read(world.path("r.jsonl")).unwrap();
    let text = String::from_utf8(text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lines of the results in the order of the file.
pub(super) fn lines(world: &World) -> Vec<u64> {
    results(world).iter().map(|result| result["line"].as_u64().unwrap()).collect()
}

const RUN: [&str; 4] = ["--prompts", "p.jsonl", "--output", "r.jsonl"];

/// Asks every line of `p.jsonl`, with the results in `r.jsonl`.
pub(super) fn run(world: &World, more: &[&str]) -> String {
    ask(world, &[&RUN[..], more].concat())
}

#[test]
fn each_line_becomes_a_result() {
    let world = tuned();
    let contents = json!([
        {"role": "user", "parts": [{"text": "Where is it?"}]},
        {"role": "model", "parts": [{"text": "On its way."}]},
    ]);
    let lines = [
        json!({"id": "a", "prompt": "one"}).to_string(),
        String::new(),
        json!({"contents": contents, "systemInstruction": {"parts": [{"text": "s"}]}}).to_string(),
        json!({"id": 4, "prompt": "emulator:blocked"}).to_string(),
        "{\"promt\": \"x\"}".to_owned(),
        json!({"prompt": "hot", "generationConfig": {"temperature": 9}}).to_string(),
    ];
    world.write("p.jsonl", &lines.join("\n"));
    assert_snapshot!(run(&world, &["--max-output-tokens", "3"]), @"
    --- stderr
    2 answered, 1 without a text, 2 failed (r.jsonl)
    error: line 4: the prompt was blocked: content that is prohibited (PROHIBITED_CONTENT): The emulator blocks what asks for it

    hint: `error` says why of each of the others in r.jsonl
    [exit 6]
    ");
    let shown = String::from_utf8(std::fs::read(world.path("r.jsonl")).unwrap()).unwrap();
    assert_snapshot!(world.redacted(&shown), @r#"
    {"line":1,"id":"a","request":"[REQUEST]","text":"This is the ","finishReason":"MAX_TOKENS","usage":{"promptTokens":1,"answerTokens":3,"thoughtTokens":null,"totalTokens":4},"modelVersion":"projects/[NUMBER]/locations/us/models/[MODEL]@1","latencyMs":[MS]}
    {"line":3,"request":"[REQUEST]","expected":"On its way.","text":"This is the ","finishReason":"MAX_TOKENS","usage":{"promptTokens":4,"answerTokens":3,"thoughtTokens":null,"totalTokens":7},"modelVersion":"projects/[NUMBER]/locations/us/models/[MODEL]@1","latencyMs":[MS]}
    {"line":4,"id":4,"request":"[REQUEST]","text":"","finishReason":null,"blockReason":"PROHIBITED_CONTENT","usage":{"promptTokens":4,"answerTokens":null,"thoughtTokens":null,"totalTokens":4},"modelVersion":"projects/[NUMBER]/locations/us/models/[MODEL]@1","latencyMs":[MS],"error":{"kind":"blocked","message":"the prompt was blocked: content that is prohibited (PROHIBITED_CONTENT): The emulator blocks what asks for it"}}
    {"line":5,"request":"[REQUEST]","error":{"kind":"input","message":"neither `prompt` nor `contents`"}}
    {"line":6,"request":"[REQUEST]","error":{"kind":"refused","message":"`127.0.0.1:[PORT]` refused the request (HTTP 400): generation_config.temperature: Unable to submit request because temperature must be from 0 to 2, found 9."}}
    "#);
}

#[test]
fn results_go_to_standard_output_without_a_file() {
    let world = tuned();
    prompts(&world, &["one", "two"]);
    let arguments = ["--prompts", "p.jsonl", "--concurrency", "1", "--max-output-tokens", "3"];
    assert_snapshot!(ask(&world, &arguments), @r#"
    {"line":1,"request":"[REQUEST]","text":"This is the ","finishReason":"MAX_TOKENS","usage":{"promptTokens":1,"answerTokens":3,"thoughtTokens":null,"totalTokens":4},"modelVersion":"projects/[NUMBER]/locations/us/models/[MODEL]@1","latencyMs":[MS]}
    {"line":2,"request":"[REQUEST]","text":"This is the ","finishReason":"MAX_TOKENS","usage":{"promptTokens":1,"answerTokens":3,"thoughtTokens":null,"totalTokens":4},"modelVersion":"projects/[NUMBER]/locations/us/models/[MODEL]@1","latencyMs":[MS]}
    --- stderr
    2 answered
    [exit 0]
    "#);
}

#[test]
fn they_are_asked_several_at_a_time_and_stand_in_order() {
    let world = tuned();
    let texts: Vec<String> = (1..=9).map(|n| format!("question {n}")).collect();
    prompts(&world, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    world.fault("other@generateContent:hold-answer");
    let mut child = world
        .command(&[&["prompt", "faq"][..], &RUN, &["--concurrency", "3"]].concat())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let held = |count: usize| loop {
        let shown = server::get(world.url(), "/emulator/held");
        let value: Value = serde_json::from_str(&shown).unwrap();
        let held = value["held"].as_array().unwrap().clone();
        assert!(held.len() <= 3, "{shown}");
        if held.len() == count {
            return held;
        }
        std::thread::yield_now();
    };
    // Three are on their way, and the last of them is answered first.
    let first = held(3);
    let number = &first[2]["number"];
    let one = format!("/emulator/held/{number}");
    server::request("DELETE", world.url(), &one, "text/plain", "");
    // A fourth follows once that answer is in the file.
    held(3);
    assert_eq!(results(&world).len(), 1);
    let fourth = held(3);
    assert_ne!(fourth, first);
    world.heal();
    server::request("DELETE", world.url(), "/emulator/held", "text/plain", "");
    assert!(child.wait().unwrap().success());
    assert_eq!(lines(&world), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (result, text) in results(&world).iter().zip(&texts) {
        assert!(result["text"].as_str().unwrap().ends_with(text.as_str()), "{result}");
    }
}

#[test]
fn what_no_line_would_survive_ends_it() {
    let world = tuned();
    prompts(&world, &["one", "two", "three"]);
    world.fault("other@generateContent:refuse=403:after-1");
    assert_snapshot!(run(&world, &["--concurrency", "1"]), @"
    --- stderr
    1 answered (r.jsonl)
    error: permission denied in `579703651575/us`: The caller does not have permission.

    hint: the same command goes on from there
    [exit 4]
    ");
    assert_eq!(lines(&world), [1]);
    world.heal();
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!(lines(&world), [1, 2, 3]);
}

#[test]
fn a_service_that_is_gone_is_not_asked_for_every_line() {
    let world = tuned();
    prompts(&world, &["x"; 40]);
    world.fault("other@generateContent:status=500");
    assert_snapshot!(run(&world, &["--concurrency", "1"]), @"
    --- stderr
    0 answered, 16 failed (r.jsonl)
    error: 16 lines in a row got no answer, so the rest was not tried; the last said: `127.0.0.1:[PORT]` is unavailable (HTTP 500): Internal error encountered.

    hint: the same command goes on from there
    [exit 4]
    ");
    assert_eq!(questions(&world), 16);
    world.heal();
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!(lines(&world), (1..=40).collect::<Vec<u64>>());
}

#[test]
fn an_interrupt_waits_for_what_is_on_its_way() {
    let world = tuned();
    prompts(&world, &["one", "two", "three", "four"]);
    world.fault("other@generateContent:hold-answer");
    let arguments = [&["prompt", "faq"][..], &RUN, &["--concurrency", "2"]].concat();
    let mut command = world.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server::get(world.url(), "/emulator/held").matches("number").count() < 2 {
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // The program says that it has heard; only then may the answers come.
    let mut child = child;
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("stopping") {
        assert_ne!(std::io::BufRead::read_line(&mut stderr, &mut said).unwrap(), 0, "{said}");
    }
    server::request("DELETE", world.url(), "/emulator/held", "text/plain", "");
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_snapshot!(said, @"

    stopping: nothing more is submitted; what is on the wire is waited for (once more ends at once)
    2 answered (r.jsonl)
    interrupted with 2 lines left; the same command goes on from there
    ");
    assert_eq!(results(&world).len(), 2);
    world.heal();
    let before = questions(&world);
    assert!(run(&world, &[]).ends_with("[exit 0]"));
    assert_eq!((questions(&world) - before, lines(&world)), (2, vec![1, 2, 3, 4]));
}

#[test]
fn an_interrupt_ends_the_wait_for_another_try() {
    let world = tuned();
    prompts(&world, &["one", "two"]);
    world.fault("other@generateContent:quota,retry-after=50");
    let arguments = [&["prompt", "faq"][..], &RUN, &["--concurrency", "1"]].concat();
    let mut command = world.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while questions(&world) == 0 {
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    assert_snapshot!(world.shown(&output), @"
    --- stderr

    stopping: nothing more is submitted; what is on the wire is waited for (once more ends at once)
    0 answered, 1 failed (r.jsonl)
    interrupted with 1 line left; the same command goes on from there
    [exit 130]
    ");
    assert_eq!(questions(&world), 1);
    assert_eq!(results(&world)[0]["error"]["kind"], "throttled");
}

#[test]
fn a_reader_that_went_away_pays_for_no_more() {
    let world = tuned();
    prompts(&world, &["x"; 200]);
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(theirs);
    let mut command = world.command(&["prompt", "faq", "--prompts", "p.jsonl"]);
    let stdout = std::process::Stdio::from(std::os::fd::OwnedFd::from(ours));
    let output = command.stdout(stdout).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(questions(&world) <= 8, "{} were asked", questions(&world));
}
