//! One line of a file of prompts.

use serde_json::{Map, Number, Value};

use crate::prompt::turn;

/// What a line asks. It is either of retune's own form, `{"prompt": "…"}`, or a
/// line of a tuning dataset, `{"contents": […]}`, whose last turn, when it is
/// the model's, is the answer to expect and is not sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What the user calls it: a text or a number.
    pub id: Option<Value>,
    /// The turns to send.
    pub contents: Value,
    /// Other fields of the request that the line brings itself.
    pub own: Map<String, Value>,
    /// What the model should answer, by the dataset.
    pub expected: Option<String>,
}

/// A line that asks nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Not JSON.
    #[error("not JSON (column {0})")]
    NotJson(usize),
    /// Not even text.
    #[error("not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// JSON of another kind.
    #[error("not a JSON object")]
    NotAnObject,
    /// Nothing to send.
    #[error("neither `prompt` nor `contents`")]
    Nothing,
    /// A prompt without a word.
    #[error("`prompt` is blank")]
    Blank,
    /// Two things to send.
    #[error("both `prompt` and `contents`")]
    Both,
    /// A field of a wrong kind.
    #[error("`{0}` is not {1}")]
    Kind(&'static str, &'static str),
    /// Only an answer.
    #[error("`contents` has no turn but the model's answer")]
    OnlyAnAnswer,
}

/// What goes to the service as it stands, by both names that its parser takes.
const OWN: [(&str, &str); 5] = [
    ("systemInstruction", "system_instruction"),
    ("generationConfig", "generation_config"),
    ("safetySettings", "safety_settings"),
    ("toolConfig", "tool_config"),
    ("tools", "tools"),
];

impl Item {
    /// Reads a line. Fields that are not known are the user's own notes.
    ///
    /// # Errors
    /// What cannot be sent.
    pub fn read(line: &str) -> Result<Self, ItemError> {
        let value = serde_json::from_str(line).map_err(|e| ItemError::NotJson(e.column()))?;
        let Value::Object(mut fields) = value else { return Err(ItemError::NotAnObject) };
        let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_null());
        let id = take("id");
        if id.as_ref().is_some_and(|id| !id.is_string() && !id.is_number()) {
            return Err(ItemError::Kind("id", "a text or a number"));
        }
        if id.as_ref().and_then(Value::as_number).is_some_and(changes) {
            return Err(ItemError::Kind(
                "id",
                "a number that is kept as it is; write it as a text",
            ));
        }
        let expected = match take("expected") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return Err(ItemError::Kind("expected", "a text")),
        };
        let (contents, answer) = match (take("prompt"), take("contents")) {
            (None, None) => return Err(ItemError::Nothing),
            (Some(_), Some(_)) => return Err(ItemError::Both),
            (Some(Value::String(prompt)), None) if prompt.trim().is_empty() => {
                return Err(ItemError::Blank);
            }
            (Some(Value::String(prompt)), None) => (turn(&prompt, &[]), None),
            (Some(_), None) => return Err(ItemError::Kind("prompt", "a text")),
            (None, Some(Value::Array(turns))) => turns_and_answer(turns)?,
            (None, Some(_)) => return Err(ItemError::Kind("contents", "a list of turns")),
        };
        let mut own = Map::new();
        for (name, other) in OWN {
            if let Some(value) = take(name).or_else(|| take(other)) {
                if name == "generationConfig" && !value.is_object() {
                    return Err(ItemError::Kind("generationConfig", "an object"));
                }
                own.insert(name.to_owned(), value);
            }
        }
        Ok(Self { id, contents, own, expected: expected.or(answer) })
    }
}

/// Whether the number may have been another one in the file: an integer that is
/// too long for one is read as the nearest float.
fn changes(number: &Number) -> bool {
    number.is_f64() && number.as_f64().is_none_or(|number| number.abs() >= EXACT)
}

/// 2^53: up to here floats hold every integer.
const EXACT: f64 = (1_u64 << 53) as f64;

fn turns_and_answer(mut turns: Vec<Value>) -> Result<(Value, Option<String>), ItemError> {
    let answers = |turn: &Value| turn.get("role").and_then(Value::as_str) == Some("model");
    let answer = turns.pop_if(|turn| answers(turn));
    if turns.is_empty() {
        return Err(if answer.is_some() { ItemError::OnlyAnAnswer } else { ItemError::Nothing });
    }
    let text = answer.map(|answer| {
        let parts = answer.get("parts").and_then(Value::as_array);
        let texts = parts.into_iter().flatten().filter_map(|part| part.get("text")?.as_str());
        texts.collect::<String>()
    });
    Ok((Value::Array(turns), text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_prompt_is_a_turn() {
        let item = Item::read(r#"{"id": 7, "prompt": "hi", "expected": "ho", "note": []}"#);
        let item = item.unwrap();
        assert_eq!((item.id, item.expected.as_deref()), (Some(json!(7)), Some("ho")));
        assert_eq!(item.contents, json!([{"role": "user", "parts": [{"text": "hi"}]}]));
        assert!(item.own.is_empty());
    }

    #[test]
    fn a_line_of_a_dataset_has_its_answer_left_out() {
        let user = json!({"role": "user", "parts": [{"text": "q"}]});
        let model = json!({"role": "model", "parts": [{"text": "a"}, {"text": "b"}]});
        let line = json!({"contents": [user, model, user, model],
            "system_instruction": {"parts": [{"text": "s"}]}, "generationConfig": {"seed": 1}});
        let item = Item::read(&line.to_string()).unwrap();
        assert_eq!(item.contents, json!([user, model, user]));
        assert_eq!(item.expected.as_deref(), Some("ab"));
        let own = json!({"systemInstruction": {"parts": [{"text": "s"}]},
            "generationConfig": {"seed": 1}});
        assert_eq!(Value::Object(item.own), own);
    }

    #[test]
    fn a_line_that_asks_nothing_says_why() {
        for (line, why) in [
            ("{", "not JSON (column 1)"),
            ("[]", "not a JSON object"),
            ("{}", "neither `prompt` nor `contents`"),
            (r#"{"prompt": null}"#, "neither `prompt` nor `contents`"),
            (r#"{"prompt": "x", "contents": []}"#, "both `prompt` and `contents`"),
            (r#"{"prompt": 7}"#, "`prompt` is not a text"),
            (r#"{"contents": "x"}"#, "`contents` is not a list of turns"),
            (r#"{"contents": []}"#, "neither `prompt` nor `contents`"),
            (
                r#"{"contents": [{"role": "model"}]}"#,
                "`contents` has no turn but the model's answer",
            ),
            (r#"{"prompt": "x", "id": {}}"#, "`id` is not a text or a number"),
            (
                r#"{"prompt": "x", "id": 123456789012345678901234567890}"#,
                "`id` is not a number that is kept as it is; write it as a text",
            ),
            (r#"{"prompt": " \t"}"#, "`prompt` is blank"),
            (r#"{"prompt": "x", "generationConfig": 1}"#, "`generationConfig` is not an object"),
        ] {
            assert_eq!(Item::read(line).unwrap_err().to_string(), why, "{line}");
        }
    }
}
