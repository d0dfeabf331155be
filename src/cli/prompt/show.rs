//! What is said of an answer, and of a question that got none.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Asking;
use super::whom::Whom;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::google::TransportError;
use crate::model::{ResourceName, emulated};
use crate::prompt::{Answer, Plain, Thinking, Verdict};
use crate::vertex::ReadError;

/// An answer, and how long it took.
pub(super) struct Answered {
    pub(super) answer: Answer,
    /// Until its first text, where that was seen.
    pub(super) first: Option<Duration>,
    pub(super) took: Duration,
}

impl Answered {
    /// The text for people, with a line break at its end.
    pub(super) fn text(&self) -> String {
        let mut text = Plain::whole(&self.answer.text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    /// `41 tokens in, 3 out; 0.45 s`
    pub(super) fn figures(&self) -> String {
        let mut text = self.answer.usage.words().unwrap_or_else(|| "tokens not counted".to_owned());
        text.push_str("; ");
        if let Some(first) = self.first {
            text.push_str(&format!("first after {}, ", seconds(first)));
        }
        text.push_str(&seconds(self.took));
        text.push_str(if self.first.is_some() { " in all" } else { "" });
        text
    }

    /// For programs: the text exactly as it came.
    pub(super) fn json(&self, model: &ResourceName) -> Value {
        let mut value = Map::new();
        value.insert("model".to_owned(), Value::from(model.to_string()));
        value.insert("verdict".to_owned(), Value::from(self.answer.verdict().word()));
        value.extend(self.answer.json());
        value.insert("latencyMs".to_owned(), json!(self.took.as_millis() as u64));
        value.insert("response".to_owned(), self.answer.response());
        Value::Object(value)
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// What a program needs to know of whom was asked.
pub(super) fn document(asking: &Asking<'_>, whom: &Whom) -> Map<String, Value> {
    let Whom { name, job, endpoint: _, checkpoint, model, base_model } = whom;
    let value = json!({
        "formatVersion": 1,
        "name": name,
        "job": job.to_string(),
        "checkpoint": checkpoint,
        "tunedModel": model,
        "baseModel": base_model,
    });
    let value = emulated(value, asking.session.emulator);
    value.as_object().cloned().unwrap_or_default()
}

/// What is wrong with an answer, as the end of the command; a remark is said.
pub(super) fn judged(asking: &Asking<'_>, verdict: &Verdict) -> Result<Exit, Failure> {
    let hint = verdict.hint();
    match verdict.words() {
        None => Ok(Exit::Done),
        Some(words) if verdict.is_answer() => {
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            asking.output.say(&format!("{words}{hint}\n"));
            Ok(Exit::Done)
        }
        Some(words) => Err(Failure::new(Exit::Failed, words).hint_if(hint)),
    }
}

/// A question without an answer, with the exit code and the next thing to do.
pub(super) fn unasked(asking: &Asking<'_>, whom: &Whom, error: ReadError) -> Failure {
    let session = asking.session;
    let describe = session.command(&format!("describe {}", whom.name));
    let (exit, hint) = match &error {
        ReadError::NoSuchResource { name, .. } if *name == whom.endpoint => (
            Exit::Failed,
            Some(format!(
                "the endpoint is gone, or nothing is deployed to it any more; {describe} shows \
                 the runs, --run JOB asks another one"
            )),
        ),
        ReadError::NoSuchResource { .. } => (
            Exit::Failed,
            Some("that model may not be served where the endpoint is; --compare-base=MODEL names another".to_owned()),
        ),
        ReadError::Refused { status: 400, .. } if asking.args.thinking == Thinking::Lowest => (
            Exit::Failed,
            Some("if it is about thinking, --thinking model leaves that to the model".to_owned()),
        ),
        ReadError::Refused { .. } | ReadError::Throttled { .. } => {
            (Exit::Failed, session.hint(&error))
        }
        error if may_be_billed(error) => (Exit::Failed, Some(MAY_BE_BILLED.to_owned())),
        _ => (Exit::Unreachable, session.hint(&error)),
    };
    Failure::new(exit, error).hint_if(hint)
}

/// What is to be known before a question is asked again.
const MAY_BE_BILLED: &str = "it may have been answered and billed; asking again is billed again";

/// Whether the question may have been answered although no answer came.
fn may_be_billed(error: &ReadError) -> bool {
    match error {
        ReadError::Unreachable { source, .. } => !matches!(source, TransportError::NotSent(_)),
        // With 503 the service says that it did not begin.
        ReadError::Unavailable { status, .. } => *status != 503,
        ReadError::Garbled { .. } => true,
        _ => false,
    }
}
