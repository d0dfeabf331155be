//! One question, and what is shown of its answer.

use std::io::Write;
use std::process::Stdio;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::service::Service;
use super::{ask, tuned};
use crate::world::World;

#[test]
fn the_tuned_model_answers() {
    let world = tuned();
    assert_snapshot!(ask(&world, &["Where is my parcel?"]), @r#"
    This is the retune emulator speaking for the tuned model "gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2" (projects/[NUMBER]/locations/us/models/[MODEL]@1, tuned from gemini-3.5-flash). No model has read your prompt of 5 tokens, which ends: Where is my parcel?
    --- stderr
    faq (tuningJobs/[JOB-1]): 5 tokens in, 71 out; [TIME]
    [exit 0]
    "#);
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens", "3"]), @"
    This is the 
    --- stderr
    faq (tuningJobs/[JOB-1]): 1 token in, 3 out; [TIME]
    the answer was cut off at the most tokens it may use; raise --max-output-tokens
    [exit 0]
    ");
    // Nothing but the answer is on stdout.
    assert_eq!(ask(&world, &["hi", "-q", "--max-output-tokens", "3"]), "This is the \n[exit 0]");
}

#[test]
fn the_prompt_is_read_from_standard_input() {
    let world = tuned();
    let piped = |bytes: &[u8]| {
        let mut command = world.command(&["prompt", "faq", "-", "-q"]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        world.shown(&child.wait_with_output().unwrap())
    };
    let shown = piped("Wo ist mein Päckchen?\n".as_bytes());
    assert!(shown.contains("which ends: Wo ist mein Päckchen?\n"), "{shown}");
    assert_snapshot!(piped(b"  \n"), @"
    --- stderr
    error: the prompt is empty
    [exit 64]
    ");
    assert_snapshot!(piped(b"caf\xe9"), @"
    --- stderr
    error: the prompt on standard input is not UTF-8 at byte 3

    hint: other files than text go along from Cloud Storage: --file gs://…
    [exit 64]
    ");
}

#[test]
fn every_setting_is_sent_and_nothing_else() {
    let answer =
        r#"{"candidates": [{"content": {"parts": [{"text": "ok"}]}, "finishReason": "STOP"}]}"#;
    let (world, service) = Service::json("200 OK", answer);
    let settings = [
        "What is it?",
        "--file=gs://acme-ml/a.png",
        "--file=gs://acme-ml/scan=application/pdf",
        "--system=Be brief.",
        "--temperature=0.5",
        "--top-p=0.9",
        "--top-k=20",
        "--max-output-tokens=64",
        "--seed=-7",
        "--thinking=128",
    ];
    assert!(service.ask(&world, &settings).ends_with("[exit 0]"));
    assert!(service.ask(&world, &["hi"]).ends_with("[exit 0]"));
    assert!(service.ask(&world, &["hi", "--thinking", "model"]).ends_with("[exit 0]"));
    let turn = |parts: Value| json!([{"role": "user", "parts": parts}]);
    let file = |kind: &str, uri: &str| json!({"fileData": {"mimeType": kind, "fileUri": uri}});
    let expected = [
        json!({
            "contents": turn(json!([
                file("image/png", "gs://acme-ml/a.png"),
                file("application/pdf", "gs://acme-ml/scan"),
                {"text": "What is it?"},
            ])),
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "generationConfig": {
                "temperature": 0.5, "topP": 0.9, "topK": 20.0, "maxOutputTokens": 64, "seed": -7,
                "thinkingConfig": {"thinkingBudget": 128},
            },
        }),
        json!({
            "contents": turn(json!([{"text": "hi"}])),
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "MINIMAL"}},
        }),
        json!({"contents": turn(json!([{"text": "hi"}]))}),
    ];
    assert_eq!(service.bodies(), expected);
    let endpoint = "/v1/projects/123456789012/locations/us-central1/endpoints/888888";
    assert_eq!(service.lines()[0], format!("POST {endpoint}:generateContent HTTP/1.1"));
}

#[test]
fn what_is_no_answer_says_why() {
    let world = tuned();
    for (prompt, more) in [
        ("emulator:blocked", None),
        ("emulator:safety", None),
        ("emulator:recitation", None),
        ("emulator:empty", None),
        ("emulator:call", None),
        ("thinks it all away", Some("--max-output-tokens=7")),
    ] {
        let mut arguments = vec![prompt];
        arguments.extend(more.map(|limit| [limit, "--thinking=model"]).into_iter().flatten());
        let shown = ask(&world, &arguments);
        assert!(shown.ends_with("[exit 6]"), "{prompt}: {shown}");
    }
    assert_snapshot!(ask(&world, &["emulator:blocked"]), @"
    --- stderr
    faq (tuningJobs/[JOB-1]): 4 tokens in, 0 out; [TIME]
    error: the prompt was blocked: content that is prohibited (PROHIBITED_CONTENT): The emulator blocks what asks for it

    hint: say it in other words; --format json has the ratings that led to this
    [exit 6]
    ");
    assert_snapshot!(ask(&world, &["emulator:safety"]), @"
    This is the retune emula
    --- stderr
    faq (tuningJobs/[JOB-1]): 4 tokens in, 6 out; [TIME]
    error: the answer was stopped: a safety filter (SAFETY)

    hint: say it in other words; --format json has the ratings that led to this
    [exit 6]
    ");
    assert_snapshot!(ask(&world, &["hi", "--max-output-tokens=7", "--thinking=model"]), @"
    --- stderr
    faq (tuningJobs/[JOB-1]): 1 token in, 0 out, 7 of thought; [TIME]
    error: the answer is empty: thinking took 7 tokens and left none of the most that it may use (MAX_TOKENS)

    hint: raise --max-output-tokens, or let it think less with --thinking lowest
    [exit 6]
    ");
}

#[test]
fn a_models_text_is_inert_for_people_and_exact_for_programs() {
    let world = tuned();
    let arguments = ["prompt", "faq", "emulator:hostile", "-q"];
    let shown = world.command(&arguments).output().unwrap();
    assert_eq!(
        String::from_utf8(shown.stdout).unwrap(),
        "plain ]0;pwned[2J31m then\n\\u{3a}:error::pwned\n\\u{23}#[group]pwned\ttab reordered \
         hidden ❤\u{fe0f} end\n"
    );
    let streamed = world.command(&[&arguments[..], &["--stream"]].concat()).output().unwrap();
    assert!(String::from_utf8(streamed.stdout).unwrap().contains("\n\\u{3a}:error::pwned\n"));
    let json = world.command(&[&arguments[..], &["--format", "json"]].concat()).output().unwrap();
    let text = String::from_utf8(json.stdout).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    let value: Value = serde_json::from_str(&text).unwrap();
    let exact = value["tuned"]["text"].as_str().unwrap();
    assert!(exact.contains("\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m then\r\n::error"), "{exact:?}");
}

#[test]
fn json_is_one_document() {
    let world = tuned();
    assert_snapshot!(ask(&world, &["hi", "--format", "json", "-q", "--max-output-tokens=3"]), @r#"
    {
      "formatVersion": 1,
      "name": "faq",
      "job": "projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]",
      "checkpoint": null,
      "tunedModel": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
      "baseModel": "gemini-3.5-flash",
      "tuned": {
        "model": "projects/[NUMBER]/locations/us/endpoints/[ENDPOINT]",
        "verdict": "cut",
        "text": "This is the ",
        "finishReason": "MAX_TOKENS",
        "usage": {
          "promptTokens": 1,
          "answerTokens": 3,
          "thoughtTokens": null,
          "totalTokens": 4
        },
        "modelVersion": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
        "latencyMs": [MS],
        "response": {
          "candidates": [
            {
              "content": {
                "role": "model",
                "parts": [
                  {
                    "text": "This is the "
                  }
                ]
              },
              "finishReason": "MAX_TOKENS",
              "avgLogprobs": -0.125
            }
          ],
          "usageMetadata": {
            "promptTokenCount": 1,
            "totalTokenCount": 4,
            "trafficType": "ON_DEMAND",
            "promptTokensDetails": [
              {
                "modality": "TEXT",
                "tokenCount": 1
              }
            ],
            "candidatesTokenCount": 3,
            "candidatesTokensDetails": [
              {
                "modality": "TEXT",
                "tokenCount": 3
              }
            ]
          },
          "modelVersion": "projects/[NUMBER]/locations/us/models/[MODEL]@1",
          "createTime": "2026-03-01T15:00:00Z",
          "responseId": "[ID]"
        }
      }
    }
    [exit 0]
    "#);
}

#[test]
fn tuned_and_base_side_by_side() {
    let world = tuned();
    assert_snapshot!(ask(&world, &["hi", "--compare-base"]), @r#"
    --- tuned: faq
    This is the retune emulator speaking for the tuned model "gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2" (projects/[NUMBER]/locations/us/models/[MODEL]@1, tuned from gemini-3.5-flash). No model has read your prompt of 1 tokens, which ends: hi

    --- base: gemini-3.5-flash
    This is the retune emulator speaking for the base model gemini-3.5-flash. No model has read your prompt of 1 tokens, which ends: hi
    --- stderr
    faq: 1 token in, 67 out; [TIME]
    gemini-3.5-flash: 1 token in, 33 out; [TIME]
    [exit 0]
    "#);
    let json = world.stdout("prompt faq hi --compare-base --format json");
    let value: Value = serde_json::from_str(&json).unwrap();
    let said = |side: &str| value[side]["text"].as_str().unwrap().to_owned();
    assert!(said("tuned").contains("tuned model") && said("base").contains("base model"), "{json}");
    // Another one of Google's, which there is not.
    assert_snapshot!(ask(&world, &["hi", "--compare-base=gemini-9"]), @r#"
    --- tuned: faq
    This is the retune emulator speaking for the tuned model "gemini-3.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2" (projects/[NUMBER]/locations/us/models/[MODEL]@1, tuned from gemini-3.5-flash). No model has read your prompt of 1 tokens, which ends: hi

    --- base: gemini-9
    (no answer: `127.0.0.1:[PORT]` has no `projects/[NUMBER]/locations/us/publishers/google/models/gemini-9`: Publisher Model `publishers/google/models/gemini-9` was not found.)
    --- stderr
    faq: 1 token in, 67 out; [TIME]
    error: `127.0.0.1:[PORT]` has no `projects/[NUMBER]/locations/us/publishers/google/models/gemini-9`: Publisher Model `publishers/google/models/gemini-9` was not found.

    hint: that model may not be served where the endpoint is; --compare-base=MODEL names another
    [exit 6]
    "#);
}

#[test]
fn what_the_base_of_a_base_is() {
    let world = tuned();
    let outputs = world.stdout("describe faq --format json");
    let value: Value = serde_json::from_str(&outputs).unwrap();
    let tuned_model = value["runs"][0]["model"].as_str().unwrap().to_owned();
    world.write(
        "manifests/more.yaml",
        &format!(
            "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {{name: more}}\nspec:\n  \
             preTunedModel: {{tunedModelName: {tuned_model}}}\n  supervisedTuningSpec:\n    \
             trainingDatasetUri: gs://acme-ml/more/train.jsonl\n    exportLastCheckpointOnly: true\n    \
             hyperParameters: {{epochCount: 1}}\n"
        ),
    );
    world.does("apply --yes").later("3h");
    let json = world.stdout("prompt more hi --compare-base --format json");
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["baseModel"], "gemini-3.5-flash", "{json}");
    assert!(value["base"]["text"].as_str().unwrap().contains("base model gemini-3.5-flash"));
}

#[test]
fn wrong_usage() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    for (arguments, why) in [
        (&[][..], "nothing is asked\n\nhint: add what to ask"),
        (&[""], "the prompt is empty"),
        (&["hi", "--temperature", "2.1"], "expected a number from 0 to 2"),
        (&["hi", "--temperature", "NaN"], "expected a number from 0 to 2"),
        (&["hi", "--top-p", "-0.1"], "--top-p"),
        (&["hi", "--max-output-tokens", "0"], "0 is not in 1.."),
        (&["hi", "--seed", "1.5"], "invalid digit"),
        (&["hi", "--thinking", "off"], "expected `lowest`"),
        (&["hi", "--file", "a.png"], "not in Cloud Storage"),
        (&["hi", "--file", "gs://b/a.xyz"], "does not show in its ending"),
        (&["hi", "--stream", "--format", "json"], "leave one of them out"),
        (&["hi", "--stream", "--compare-base"], "cannot be used with"),
        (&["hi", "--prompts", "p.jsonl"], "cannot be used with"),
        (&["hi", "--output", "r.jsonl"], "cannot be used with"),
        (&["hi", "--concurrency", "2"], "cannot be used with"),
        (
            &["--prompts", "none.jsonl", "--output", "r.jsonl"],
            "error: could not read none.jsonl\n  caused by: No such file or directory (os error \
             2)\n\nhint: name a file with prompts, one a line: {",
        ),
        (&["--prompts", "."], "could not read"),
        (&["--prompts", "/dev/null"], "has no prompts"),
        (&["--prompts", "manifests/faq.yaml", "--output", "/dev/null"], "is no file"),
        (
            &["--prompts", "manifests/faq.yaml", "--output", "no/r.jsonl"],
            "hint: make the directory `no` first",
        ),
        (&["--prompts", "manifests/faq.yaml", "--concurrency", "0"], "0 is not in 1..=64"),
    ] {
        let shown = ask(&world, arguments);
        assert!(shown.contains(why) && shown.ends_with("[exit 64]"), "{arguments:?}: {shown}");
    }
    assert!(!world.path("r.jsonl").exists(), "an empty file of results is left");
}
