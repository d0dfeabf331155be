//! Rules from text and from JSON.
//!
//! Text becomes JSON and JSON a rule, so both know the same names.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::rule::{Rule, RuleError};

/// Why a text is not a rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A part is missing altogether.
    #[error("`{0}` is not a rule such as `create:process-then-drop:1`")]
    Shape(String),
    /// How often it fires cannot be read.
    #[error("`{0}` does not say when; write `3`, `after-3`, `every-3` or `p0.3`")]
    When(String),
    /// A value without a name where the fault has no such parameter.
    #[error("`{fault}` takes no `{value}` without a name")]
    Value {
        /// The fault.
        fault: String,
        /// The value.
        value: String,
    },
    /// A parameter of a fault that has none.
    #[error("`{fault}` has no parameter `{name}`")]
    Parameter {
        /// The fault.
        fault: String,
        /// The parameter.
        name: String,
    },
    /// A name that does not exist, or a value of the wrong kind.
    #[error("`{rule}` is not a rule")]
    Unknown {
        /// The rule.
        rule: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A rule that makes no sense.
    #[error("`{rule}` is not a rule")]
    Senseless {
        /// The rule.
        rule: String,
        /// What is wrong.
        source: RuleError,
    },
    /// Text that should be JSON.
    #[error("the rules are not JSON")]
    NotJson(#[source] serde_json::Error),
}

impl FromStr for Rule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let shape = || ParseError::Shape(text.to_owned());
        let mut parts = text.split(':');
        let (target, fault) = (parts.next().ok_or_else(shape)?, parts.next().ok_or_else(shape)?);
        let (on, matching) = match target.split_once('@') {
            Some((on, matching)) => (on, Some(matching)),
            None => (target, None),
        };
        if on.is_empty() || fault.is_empty() || matching == Some("") {
            return Err(shape());
        }
        let mut rule = Map::new();
        rule.insert("on".to_owned(), Value::from(on));
        if let Some(matching) = matching {
            rule.insert("match".to_owned(), read_match(matching));
        }
        rule.insert("fault".to_owned(), read_fault(fault)?);
        for when in parts {
            let (name, value) = read_when(when).ok_or_else(|| ParseError::When(when.to_owned()))?;
            rule.insert(name.to_owned(), value);
        }
        Rule::from_json(Value::Object(rule), text)
    }
}

impl Rule {
    /// A JSON array of rules or one rule alone, each an object or a text.
    pub fn read_all(json: &[u8]) -> Result<Vec<Rule>, ParseError> {
        let rules = match serde_json::from_slice(json).map_err(ParseError::NotJson)? {
            Value::Array(rules) => rules,
            rule => vec![rule],
        };
        let read = |rule| match rule {
            Value::String(text) => text.parse(),
            rule => {
                let text = rule.to_string();
                Rule::from_json(rule, &text)
            }
        };
        rules.into_iter().map(read).collect()
    }

    fn from_json(json: Value, text: &str) -> Result<Self, ParseError> {
        let given = json.get("fault").and_then(Value::as_object).cloned().unwrap_or_default();
        let rule: Rule = serde_json::from_value(json)
            .map_err(|source| ParseError::Unknown { rule: text.to_owned(), source })?;
        // serde takes anything beside the tag of a variant without fields.
        let taken = serde_json::to_value(&rule.fault).unwrap_or_default();
        if let Some((name, _)) =
            given.iter().find(|(name, value)| !value.is_null() && taken.get(name).is_none())
        {
            return Err(ParseError::Parameter { fault: rule.fault.name(), name: name.clone() });
        }
        rule.check().map_err(|source| ParseError::Senseless { rule: text.to_owned(), source })?;
        Ok(rule)
    }
}

fn read_match(text: &str) -> Value {
    let (mut labels, mut found) = (Map::new(), Map::new());
    for part in text.split(',') {
        match part.split_once('=') {
            Some((label, value)) => labels.insert(label.to_owned(), Value::from(value)),
            None => found.insert("name".to_owned(), Value::from(part)),
        };
    }
    found.insert("labels".to_owned(), Value::Object(labels));
    Value::Object(found)
}

fn read_fault(text: &str) -> Result<Value, ParseError> {
    let mut parts = text.split(',');
    let first = parts.next().unwrap_or_default();
    let (kind, value) = match first.split_once('=') {
        Some((kind, value)) => (kind, Some(value)),
        None => (first, None),
    };
    let mut fault = Map::new();
    fault.insert("kind".to_owned(), Value::from(kind));
    if let Some(value) = value {
        let refuse = || ParseError::Value { fault: kind.to_owned(), value: value.to_owned() };
        let parameter = main_parameter(kind).ok_or_else(refuse)?;
        fault.insert(parameter.to_owned(), read_value(value));
    }
    for part in parts {
        let (name, value) =
            part.split_once('=').ok_or_else(|| ParseError::Shape(text.to_owned()))?;
        fault.insert(name.to_owned(), read_value(value));
    }
    Ok(Value::Object(fault))
}

/// What the value right after a fault's name is.
fn main_parameter(kind: &str) -> Option<&'static str> {
    match kind {
        "refuse" | "status" | "html" | "process-then-status" | "process-then-html" => Some("code"),
        "truncate" => Some("bytes"),
        "late" | "stale" => Some("seconds"),
        "delay" | "delay-answer" => Some("millis"),
        _ => None,
    }
}

/// A number if it is one; the rule's type says whether it should be.
fn read_value(text: &str) -> Value {
    serde_json::from_str::<serde_json::Number>(text)
        .map_or_else(|_| Value::from(text), Value::Number)
}

fn read_when(text: &str) -> Option<(&'static str, Value)> {
    let (name, number) = if let Some(number) = text.strip_prefix("after-") {
        ("after", number)
    } else if let Some(number) = text.strip_prefix("every-") {
        ("every", number)
    } else if let Some(number) = text.strip_prefix('p') {
        return number.parse::<f64>().ok().map(|number| ("probability", json!(number)));
    } else {
        ("times", text)
    };
    number.parse::<u64>().ok().map(|number| (name, Value::from(number)))
}

#[cfg(test)]
mod tests {
    use super::super::{Fault, Match, On};
    use super::*;

    #[test]
    fn text_and_json_mean_the_same() {
        for (text, json) in [
            (
                "create:process-then-drop:1",
                json!({"on": "create", "fault": {"kind": "process-then-drop"}, "times": 1}),
            ),
            (
                "create@retune-name=faq,support:late=90:1",
                json!({
                    "on": "create",
                    "match": {"labels": {"retune-name": "faq"}, "name": "support"},
                    "fault": {"kind": "late", "seconds": 90},
                    "times": 1,
                }),
            ),
            (
                "storage-put:status=503,retry-after=2:after-1:every-3:p0.5",
                json!({
                    "on": "storage-put",
                    "fault": {"kind": "status", "code": 503, "retry-after": 2},
                    "after": 1,
                    "every": 3,
                    "probability": 0.5,
                }),
            ),
            ("any:html", json!({"on": "any", "fault": {"kind": "html", "code": 502}})),
        ] {
            let rule: Rule = text.parse().unwrap();
            let from_json = Rule::read_all(json.to_string().as_bytes()).unwrap();
            let written = serde_json::to_vec(&rule).unwrap();
            assert_eq!(from_json, [rule], "{text}");
            assert_eq!(Rule::read_all(&written).unwrap(), from_json, "{text}");
        }
        let one: Rule = "list:stale=60".parse().unwrap();
        assert_eq!(one, Rule::new(On::List, Fault::Stale { seconds: 60.0 }));
        assert_eq!(one.matching, Match::default());
        assert_eq!(Rule::read_all(b"[\"list:stale=60\"]").unwrap(), [one]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, why) in [
            ("create", "`create` is not a rule such as"),
            ("create@:drop", "is not a rule such as"),
            ("creat:drop", "unknown variant `creat`"),
            ("create:explode", "unknown variant `explode`"),
            ("create:status", "missing field `code`"),
            ("create:status=often", "invalid type: string \"often\""),
            ("create:status=503,retry=2", "unknown field `retry`"),
            ("create:drop=3", "`drop` takes no `3` without a name"),
            ("create:drop,x=3", "`drop` has no parameter `x`"),
            ("create:drop:often", "`often` does not say when"),
            ("create:drop:p2", "2 is not a probability"),
            ("create:drop:every-0", "every 0th request"),
            ("create:refuse=503", "503 is not a status"),
            ("create:late=-1", "-1 is not a number of seconds"),
            ("create:stale=60", "`stale` does nothing to `create`"),
            ("list:cancel-loses", "`cancel-loses` does nothing to `list`"),
            ("connect:drop", "`drop` does nothing to `connect`"),
        ] {
            let error = text.parse::<Rule>().unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let said = format!("{error}: {}", source.unwrap_or_default());
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
