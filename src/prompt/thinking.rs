//! How much a model may think before it answers.

use std::str::FromStr;

use serde_json::{Value, json};

/// How much a model may think.
///
/// Tuned models answer best with as little of it as they take: the examples
/// they learned from have no thoughts (Google's tuning guide: turn thinking
/// off, or set it to the least). So that is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Thinking {
    /// The least that the model takes.
    #[default]
    Lowest,
    /// As the model does when nothing is said.
    Model,
    /// A level, for Gemini 3 and later.
    Level(Level),
    /// A number of tokens, for Gemini 2.5; -1 leaves it to the model.
    Budget(i32),
}

/// Proto `ThinkingLevel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Close to none.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// As much as the model can.
    High,
}

/// A text that says nothing about thinking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `lowest`, `model`, a level (`minimal`, `low`, `medium`, `high`) or a number of tokens"
)]
pub struct ThinkingError;

impl FromStr for Thinking {
    type Err = ThinkingError;

    fn from_str(text: &str) -> Result<Self, ThinkingError> {
        Ok(match text {
            "lowest" => Self::Lowest,
            "model" => Self::Model,
            "minimal" => Self::Level(Level::Minimal),
            "low" => Self::Level(Level::Low),
            "medium" => Self::Level(Level::Medium),
            "high" => Self::Level(Level::High),
            number => match number.parse() {
                Ok(tokens) if tokens >= -1 => Self::Budget(tokens),
                _ => return Err(ThinkingError),
            },
        })
    }
}

impl Thinking {
    /// `thinkingConfig` for a model; nothing when nothing is said, or when the
    /// model is not known and [`Thinking::Lowest`] is asked for.
    pub fn config(self, base_model: Option<&str>) -> Option<Value> {
        match self {
            Self::Model => None,
            Self::Lowest => lowest(base_model?)?.config(None),
            Self::Level(level) => Some(json!({"thinkingLevel": level.name()})),
            Self::Budget(tokens) => Some(json!({"thinkingBudget": tokens})),
        }
    }
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Minimal => "MINIMAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

/// The least thinking of a model (Google's page on thinking: levels for Gemini
/// 3 and later, where `LOW` is taken by all and `MINIMAL` by those listed;
/// tokens for Gemini 2.5, of which Pro thinks at least 128).
fn lowest(model: &str) -> Option<Thinking> {
    const MINIMAL: [&str; 3] =
        ["gemini-3.1-flash-lite", "gemini-3.5-flash-lite", "gemini-3.5-flash"];
    let is = |name: &str| {
        let rest = model.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if is("gemini-2.5-pro") {
        Some(Thinking::Budget(128))
    } else if is("gemini-2.5-flash") {
        Some(Thinking::Budget(0))
    } else if MINIMAL.iter().any(|name| is(name)) {
        Some(Thinking::Level(Level::Minimal))
    } else if model.starts_with("gemini-3") {
        Some(Thinking::Level(Level::Low))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_depends_on_the_model() {
        for (model, config) in [
            ("gemini-2.5-flash", json!({"thinkingBudget": 0})),
            ("gemini-2.5-flash-lite", json!({"thinkingBudget": 0})),
            ("gemini-2.5-pro", json!({"thinkingBudget": 128})),
            ("gemini-3.5-flash", json!({"thinkingLevel": "MINIMAL"})),
            ("gemini-3.1-flash-lite", json!({"thinkingLevel": "MINIMAL"})),
            ("gemini-3.1-pro", json!({"thinkingLevel": "LOW"})),
            ("gemini-3.7-flash", json!({"thinkingLevel": "LOW"})),
        ] {
            assert_eq!(Thinking::Lowest.config(Some(model)), Some(config), "{model}");
        }
        for model in [Some("gemini-2.0-flash"), Some("llama"), None] {
            assert_eq!(Thinking::Lowest.config(model), None, "{model:?}");
        }
        assert_eq!(Thinking::Model.config(Some("gemini-2.5-pro")), None);
    }

    #[test]
    fn what_is_asked_for_is_sent_whatever_the_model() {
        for (text, config) in [
            ("high", json!({"thinkingLevel": "HIGH"})),
            ("0", json!({"thinkingBudget": 0})),
            ("-1", json!({"thinkingBudget": -1})),
        ] {
            let thinking: Thinking = text.parse().unwrap();
            assert_eq!(thinking.config(None), Some(config), "{text}");
        }
        for text in ["", "off", "-2", "1.5", "HIGH"] {
            assert!(text.parse::<Thinking>().is_err(), "{text}");
        }
    }
}
