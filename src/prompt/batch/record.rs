//! One line of results.

use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::model::inert_json;
use crate::prompt::{Answer, Verdict};

/// Which line a result is of.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// Its number in the file of prompts, from 1.
    pub number: u64,
    /// What the user calls it.
    pub id: Option<Value>,
    /// [`fingerprint`] of what was asked.
    pub request: String,
    /// What the model should answer.
    pub expected: Option<String>,
}

/// Why a line has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// One word of it: `input`, `refused`, `throttled`, `unreachable`, …
    pub kind: &'static str,
    /// In words.
    pub message: String,
}

/// A result that a file holds, as far as going on needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its line, when it was asked.
    pub number: u64,
    /// What was asked.
    pub request: String,
    /// Whether the model has answered, with a text or without.
    pub done: bool,
    /// Whether the answer is one to use.
    pub good: bool,
}

/// What the model has answered although there is no text to use.
const ANSWERED: [&str; 4] = ["stopped", "blocked", "empty", "unfinished"];

/// Names a request: whom it goes to, and everything that is sent.
pub fn fingerprint(model: &str, id: Option<&Value>, request: &Value) -> String {
    let mut hash = Sha256::new();
    for part in [model, &json!(id).to_string(), &request.to_string()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    // Half of it: no two requests of a file are alike by accident in 2^64.
    let whole = hash.finalize();
    HEXLOWER.encode(whole.get(..16).unwrap_or(&whole))
}

/// The result of a line that was answered.
pub fn answered(line: &Line, answer: &Answer, took: Duration) -> Value {
    let mut value = head(line);
    value.extend(answer.json());
    value.insert("latencyMs".to_owned(), json!(took.as_millis() as u64));
    let verdict = answer.verdict();
    if !verdict.is_answer() {
        value.insert("error".to_owned(), of_verdict(&verdict));
    }
    Value::Object(value)
}

fn of_verdict(verdict: &Verdict) -> Value {
    json!({"kind": verdict.word(), "message": verdict.words()})
}

/// The result of a line that could not be asked.
pub fn unanswered(line: &Line, why: &NoAnswer) -> Value {
    let NoAnswer { kind, message } = why;
    let mut value = head(line);
    value.insert("error".to_owned(), json!({"kind": kind, "message": message}));
    Value::Object(value)
}

fn head(line: &Line) -> Map<String, Value> {
    let Line { number, id, request, expected } = line;
    let mut value = Map::new();
    value.insert("line".to_owned(), Value::from(*number));
    if let Some(id) = id {
        value.insert("id".to_owned(), id.clone());
    }
    value.insert("request".to_owned(), Value::from(request.as_str()));
    if let Some(expected) = expected {
        value.insert("expected".to_owned(), Value::from(expected.as_str()));
    }
    value
}

/// The same result, whose line has moved.
pub fn moved(result: &str, number: u64) -> Option<String> {
    let mut value: Value = serde_json::from_str(result).ok()?;
    value.as_object_mut()?.insert("line".to_owned(), Value::from(number));
    Some(inert_json(&value.to_string()))
}

#[derive(Deserialize)]
struct Read {
    line: u64,
    request: String,
    #[serde(default)]
    error: Option<ReadError>,
}

#[derive(Deserialize)]
struct ReadError {
    kind: String,
}

impl Known {
    /// Reads a line of results; `None` when it is none.
    pub fn read(line: &str) -> Option<Self> {
        let Read { line: number, request, error } = serde_json::from_str(line).ok()?;
        let done = error.as_ref().is_none_or(|error| ANSWERED.contains(&error.kind.as_str()));
        Some(Self { number, request, done, good: error.is_none() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let (id, request) = (Some(json!("a")), "f00d".to_owned());
        Line { number: 3, id, request, expected: Some("yes".to_owned()) }
    }

    #[test]
    fn a_result_is_read_as_what_it_is() {
        let answer = |finish: &str| {
            Answer::whole(json!({"candidates":
                [{"content": {"parts": [{"text": "yes\u{9b}"}]}, "finishReason": finish}]}))
        };
        let took = Duration::from_millis(12);
        for (value, done, good) in [
            (answered(&line(), &answer("STOP"), took), true, true),
            (answered(&line(), &answer("MAX_TOKENS"), took), true, true),
            (answered(&line(), &answer("SAFETY"), took), true, false),
            (answered(&line(), &Answer::whole(json!({})), took), true, false),
            (
                unanswered(&line(), &NoAnswer { kind: "throttled", message: "x".into() }),
                false,
                false,
            ),
        ] {
            let known = Known::read(&value.to_string()).unwrap();
            assert_eq!(known, Known { number: 3, request: "f00d".into(), done, good }, "{value}");
            assert_eq!((&value["id"], &value["expected"]), (&json!("a"), &json!("yes")));
            let there = moved(&value.to_string(), 9).unwrap();
            assert_eq!(Known::read(&there).unwrap().number, 9);
            assert!(!there.contains('\u{9b}'));
        }
        for none in ["", "{", "{}", "[]", r#"{"line": "3", "request": "x"}"#, r#"{"line": 3}"#] {
            assert_eq!(Known::read(none), None, "{none}");
        }
    }

    #[test]
    fn whatever_is_asked_otherwise_is_another_request() {
        let asked = fingerprint("m", Some(&json!(1)), &json!({"a": 1}));
        assert_eq!(asked.len(), 32);
        assert_eq!(asked, fingerprint("m", Some(&json!(1)), &json!({"a": 1})));
        for other in [
            fingerprint("n", Some(&json!(1)), &json!({"a": 1})),
            fingerprint("m", Some(&json!("1")), &json!({"a": 1})),
            fingerprint("m", None, &json!({"a": 1})),
            fingerprint("m", Some(&json!(1)), &json!({"a": 2})),
        ] {
            assert_ne!(asked, other);
        }
    }
}
