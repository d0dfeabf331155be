//! `GenerateContentResponse`, whole or in pieces.

use serde_json::{Map, Value, json};

use super::verdict::Verdict;
use crate::model::Untrusted;

/// What a model answered. Pieces of a stream add up to the same as the whole.
///
/// What comes is read leniently: a field of another type reads as absent, and
/// [`Answer::response`] has everything as it came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// What it said, without its thoughts.
    pub text: String,
    /// Kinds of parts that are no text, such as `functionCall`.
    pub other: Vec<String>,
    /// Why it stopped; absent while it goes on.
    pub finish: Option<String>,
    /// The service's words about that.
    pub finish_message: Option<Untrusted>,
    /// Why the prompt was not answered at all.
    pub blocked: Option<Blocked>,
    /// What was counted.
    pub usage: Usage,
    /// Which model answered, as the service says it.
    pub model_version: Option<String>,
    /// Every piece as it came; one for an answer as a whole.
    pieces: Vec<Value>,
}

/// Why a prompt was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blocked {
    /// The reason's name.
    pub reason: String,
    /// The service's words.
    pub message: Option<Untrusted>,
}

/// Tokens that were counted; what the service does not say is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Of the prompt.
    pub prompt: Option<u64>,
    /// Of the answer's text.
    pub answer: Option<u64>,
    /// Of its thoughts, which are billed as output.
    pub thoughts: Option<u64>,
    /// All of them.
    pub total: Option<u64>,
}

impl Answer {
    /// Reads an answer as a whole.
    pub fn whole(response: Value) -> Self {
        let mut answer = Self::default();
        answer.add(response);
        answer
    }

    /// Takes the next piece, and says what text it brought.
    pub fn add(&mut self, piece: Value) -> String {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let words =
            |value: Option<&Value>| text(value).filter(|text| !text.is_empty()).map(Untrusted::new);
        let candidate = piece.pointer("/candidates/0");
        let mut brought = String::new();
        let parts = candidate.and_then(|c| c.pointer("/content/parts")).and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            match (part.get("text").and_then(Value::as_str), part.get("thought")) {
                (Some(_), Some(Value::Bool(true))) => {}
                (Some(text), _) => brought.push_str(text),
                (None, _) => self.other.extend(kind(part)),
            }
        }
        self.text.push_str(&brought);
        if let Some(candidate) = candidate {
            let finish = text(candidate.get("finishReason"));
            let finish = finish.filter(|reason| reason != "FINISH_REASON_UNSPECIFIED");
            self.finish = finish.or(self.finish.take());
            let message = words(candidate.get("finishMessage"));
            self.finish_message = message.or(self.finish_message.take());
        }
        let feedback = piece.get("promptFeedback");
        let reason = feedback.and_then(|f| text(f.get("blockReason")));
        if let Some(reason) = reason.filter(|r| r != "BLOCKED_REASON_UNSPECIFIED") {
            let message = feedback.and_then(|f| words(f.get("blockReasonMessage")));
            self.blocked = Some(Blocked { reason, message });
        }
        self.usage.add(piece.get("usageMetadata"));
        self.model_version = text(piece.get("modelVersion")).or(self.model_version.take());
        self.pieces.push(piece);
        brought
    }

    /// What is to be thought of it.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self)
    }

    /// What came: the answer, or the pieces of it.
    pub fn response(&self) -> Value {
        match self.pieces.as_slice() {
            [whole] => whole.clone(),
            pieces => Value::Array(pieces.to_vec()),
        }
    }

    /// What it comes to, for programs.
    pub fn json(&self) -> Map<String, Value> {
        let mut value = Map::new();
        value.insert("text".to_owned(), Value::from(self.text.as_str()));
        value.insert("finishReason".to_owned(), json!(self.finish));
        if let Some(blocked) = &self.blocked {
            value.insert("blockReason".to_owned(), Value::from(blocked.reason.as_str()));
        }
        if !self.other.is_empty() {
            value.insert("otherParts".to_owned(), json!(self.other));
        }
        let Usage { prompt, answer, thoughts, total } = self.usage;
        let usage = json!({
            "promptTokens": prompt, "answerTokens": answer, "thoughtTokens": thoughts,
            "totalTokens": total,
        });
        value.insert("usage".to_owned(), usage);
        value.insert("modelVersion".to_owned(), json!(self.model_version));
        value
    }
}

impl Usage {
    /// A stream counts as it goes; what comes later is more.
    fn add(&mut self, metadata: Option<&Value>) {
        let count = |field: &str| {
            let count = metadata?.get(field)?;
            count.as_u64().or_else(|| count.as_str()?.parse().ok())
        };
        let Self { prompt, answer, thoughts, total } = self;
        for (known, field) in [
            (prompt, "promptTokenCount"),
            (answer, "candidatesTokenCount"),
            (thoughts, "thoughtsTokenCount"),
            (total, "totalTokenCount"),
        ] {
            *known = count(field).or(*known);
        }
    }

    /// `41 tokens in, 3 out, 12 of thought`; nothing when nothing was counted.
    pub fn words(&self) -> Option<String> {
        let Self { prompt, answer, thoughts, total: _ } = *self;
        prompt.or(answer).or(thoughts)?;
        let mut words = format!("{} in", super::verdict::tokens(prompt.unwrap_or(0)));
        words.push_str(&format!(", {} out", answer.unwrap_or(0)));
        if let Some(thoughts) = thoughts.filter(|thoughts| *thoughts > 0) {
            words.push_str(&format!(", {thoughts} of thought"));
        }
        Some(words)
    }
}

/// What a part holds that is no text.
fn kind(part: &Value) -> Option<String> {
    let mut fields = part.as_object()?.keys();
    fields.find(|field| !["thought", "thoughtSignature"].contains(&field.as_str())).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_add_up_to_the_whole() {
        let mut answer = Answer::default();
        let first = json!({"candidates": [{"content": {"parts": [{"text": "web"}]}}],
            "usageMetadata": {"promptTokenCount": 41}});
        let last = json!({"candidates": [{"content": {"parts": [{"text": "-front"}]},
            "finishReason": "STOP"}], "modelVersion": "m@1",
            "usageMetadata": {"promptTokenCount": 41, "candidatesTokenCount": "3",
                "totalTokenCount": 44}});
        assert_eq!(answer.add(first), "web");
        assert_eq!(answer.finish, None);
        assert_eq!(answer.add(last), "-front");
        assert_eq!(answer.finish.as_deref(), Some("STOP"));
        assert_eq!((answer.text.as_str(), answer.verdict()), ("web-front", Verdict::Complete));
        assert_eq!(answer.usage.words().unwrap(), "41 tokens in, 3 out");
        assert_eq!(answer.response().as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn thoughts_and_other_parts_are_no_text() {
        let parts = json!([
            {"text": "hm", "thought": true}, {"text": "yes", "thoughtSignature": "x"},
            {"functionCall": {"name": "f"}, "thoughtSignature": "x"},
        ]);
        let response = json!({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "thoughtsTokenCount": 9}});
        let answer = Answer::whole(response);
        assert_eq!(
            (answer.text.as_str(), answer.other.as_slice()),
            ("yes", &["functionCall".into()][..])
        );
        assert_eq!(answer.usage.words().unwrap(), "1 token in, 0 out, 9 of thought");
    }

    #[test]
    fn anything_is_read_as_something() {
        for response in [
            json!({}),
            json!([]),
            json!("x"),
            json!({"candidates": {}, "usageMetadata": 7, "promptFeedback": []}),
            json!({"candidates": [{"content": {"parts": "x"}, "finishReason": 7}]}),
            json!({"candidates": [{"content": {"parts": [7, {"text": 7}, {}]}}]}),
        ] {
            let answer = Answer::whole(response.clone());
            assert_eq!((answer.text.as_str(), answer.finish.as_deref()), ("", None), "{response}");
            assert_eq!(answer.response(), response);
        }
    }
}
