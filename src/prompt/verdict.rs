//! What is to be thought of an answer.

use super::answer::Answer;
use crate::model::Untrusted;

/// What is to be thought of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The model said what it had to say.
    Complete,
    /// Cut off at the most tokens it may use.
    Cut,
    /// Some text, and then something stopped it.
    Stopped(String),
    /// The prompt was not answered at all.
    Blocked(String),
    /// No text.
    Empty(String),
    /// Some text or none, and not how it ends: the rest was lost.
    Unfinished,
}

impl Verdict {
    pub(super) fn of(answer: &Answer) -> Self {
        let Answer { text, other, finish, finish_message, blocked, usage, .. } = answer;
        let said = |message: &Option<Untrusted>| {
            let message = message.as_ref().map(|m| format!(": {}", m.phrase()));
            message.unwrap_or_default()
        };
        if let Some(blocked) = blocked {
            return Self::Blocked(format!("{}{}", reason(&blocked.reason), said(&blocked.message)));
        }
        match (finish.as_deref(), text.is_empty()) {
            (Some("STOP"), false) => Self::Complete,
            (Some("MAX_TOKENS"), false) => Self::Cut,
            (Some(stop), false) => {
                Self::Stopped(format!("{}{}", reason(stop), said(finish_message)))
            }
            (None, _) if !answer.is_nothing() => Self::Unfinished,
            (None, _) => Self::Empty("it holds no candidate".to_owned()),
            (Some("MAX_TOKENS"), true) => Self::Empty(match usage.thoughts {
                Some(thoughts) if thoughts > 0 => format!(
                    "thinking took {} and left none of the most that it may use (MAX_TOKENS)",
                    tokens(thoughts)
                ),
                _ => {
                    "the most tokens that it may use leave room for no text (MAX_TOKENS)".to_owned()
                }
            }),
            (Some(_), true) if !other.is_empty() => {
                let kinds: Vec<String> = other
                    .iter()
                    .map(|kind| Untrusted::new(kind.as_str()).shown().to_string())
                    .collect();
                Self::Empty(format!("it holds no text but {}", kinds.join(", ")))
            }
            (Some("STOP"), true) => Self::Empty("the model stopped at once (STOP)".to_owned()),
            (Some(stop), true) => Self::Empty(format!("{}{}", reason(stop), said(finish_message))),
        }
    }

    /// Whether there is an answer to use.
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Complete | Self::Cut)
    }

    /// What a person should know, if anything.
    pub fn words(&self) -> Option<String> {
        Some(match self {
            Self::Complete => return None,
            Self::Cut => "the answer was cut off at the most tokens it may use".to_owned(),
            Self::Stopped(why) => format!("the answer was stopped: {why}"),
            Self::Blocked(why) => format!("the prompt was blocked: {why}"),
            Self::Empty(why) => format!("the answer is empty: {why}"),
            Self::Unfinished => "the answer ends in the middle".to_owned(),
        })
    }

    /// The one word of it, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cut => "cut",
            Self::Stopped(_) => "stopped",
            Self::Blocked(_) => "blocked",
            Self::Empty(_) => "empty",
            Self::Unfinished => "unfinished",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Cut => Some("raise --max-output-tokens"),
            Self::Empty(why) if why.starts_with("thinking") => {
                Some("raise --max-output-tokens, or let it think less with --thinking lowest")
            }
            Self::Empty(why) if why.contains("MAX_TOKENS") => Some("raise --max-output-tokens"),
            Self::Blocked(_) | Self::Stopped(_) => {
                Some("say it in other words; --format json has the ratings that led to this")
            }
            Self::Empty(_) => Some("--format json has the answer as it came"),
            Self::Complete | Self::Unfinished => None,
        }
    }
}

impl Answer {
    /// Whether nothing came that could have gone on.
    fn is_nothing(&self) -> bool {
        self.text.is_empty() && self.other.is_empty()
    }
}

/// `1 token`, `2 tokens`.
pub(super) fn tokens(count: u64) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// A reason's name (protos `FinishReason` and `BlockedReason`), in words.
fn reason(name: &str) -> String {
    let words = match name {
        "SAFETY" => "a safety filter",
        "RECITATION" => "too close to a text that the model was trained on",
        "LANGUAGE" => "a language that is not supported",
        "BLOCKLIST" => "a word on a blocklist",
        "PROHIBITED_CONTENT" => "content that is prohibited",
        "SPII" => "sensitive personal information",
        "MALFORMED_FUNCTION_CALL" => "a call of a function that cannot be read",
        "UNEXPECTED_TOOL_CALL" => "a call of a tool that there is not",
        "MODEL_ARMOR" => "Model Armor",
        "IMAGE_SAFETY" => "a safety filter for images",
        "JAILBREAK" => "an attempt to get around the model's rules",
        "OTHER" => "for no reason that the service gives",
        other => return Untrusted::new(other).shown().to_string(),
    };
    format!("{words} ({name})")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn verdict(response: Value) -> Verdict {
        Answer::whole(response).verdict()
    }

    fn candidate(text: &str, finish: &str, thoughts: u64) -> Verdict {
        verdict(json!({
            "candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": finish}],
            "usageMetadata": {"thoughtsTokenCount": thoughts},
        }))
    }

    #[test]
    fn an_answer_is_one_with_text_that_ended_by_itself_or_at_a_limit() {
        assert_eq!(candidate("x", "STOP", 0), Verdict::Complete);
        assert_eq!(candidate("x", "MAX_TOKENS", 0), Verdict::Cut);
        assert!(
            candidate("x", "STOP", 0).is_answer() && candidate("x", "MAX_TOKENS", 0).is_answer()
        );
        for (text, finish) in [("x", "SAFETY"), ("", "STOP"), ("", "MAX_TOKENS"), ("x", "NEW")] {
            assert!(!candidate(text, finish, 0).is_answer(), "{text} {finish}");
        }
        assert!(!verdict(json!({"promptFeedback": {"blockReason": "SAFETY"}})).is_answer());
    }

    #[test]
    fn each_is_said_in_words() {
        let words = |verdict: Verdict| verdict.words().unwrap_or_default();
        for (verdict, said) in [
            (
                candidate("", "MAX_TOKENS", 48),
                "the answer is empty: thinking took 48 tokens and left none of the most that it may use (MAX_TOKENS)",
            ),
            (candidate("x", "SAFETY", 0), "the answer was stopped: a safety filter (SAFETY)"),
            (candidate("x", "A\u{1b}[2J", 0), "the answer was stopped: A\\u{1b}[2J"),
            (candidate("", "STOP", 0), "the answer is empty: the model stopped at once (STOP)"),
            (verdict(json!({})), "the answer is empty: it holds no candidate"),
            (
                verdict(json!({"promptFeedback":
                    {"blockReason": "SAFETY", "blockReasonMessage": "Bad\u{1b}."}})),
                "the prompt was blocked: a safety filter (SAFETY): Bad\\u{1b}",
            ),
            (
                verdict(json!({"candidates": [{"content": {"parts": [{"functionCall": {}}]},
                    "finishReason": "STOP"}]})),
                "the answer is empty: it holds no text but functionCall",
            ),
            (
                verdict(json!({"candidates": [{"content": {"parts": [{"text": "x"}]}}]})),
                "the answer ends in the middle",
            ),
        ] {
            assert_eq!(words(verdict), said);
        }
    }
}
