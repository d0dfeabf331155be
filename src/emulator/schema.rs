//! Strict proto JSON: what the parser in front of the service accepts.
//!
//! The table `schema.json` is cut from Google's discovery documents for
//! `aiplatform` v1 and v1beta1, revision 20261106: every message that a request
//! here can reach, with `-` for output-only fields and `+` for fields that only
//! v1beta1 knows. The rules of the parser are those of proto3 JSON: camelCase
//! or snake_case names, `null` for "not set", integers as strings or integral
//! numbers, enums by name or by *number*.
//!
//! A request comes out in the form of an answer: camelCase, 64-bit integers as
//! strings, enums by name, defaults and output-only fields left out.

mod enums;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::{Map, Number, Value};

use self::enums::ADAPTER_SIZES;
pub(crate) use self::enums::{JOB_STATES, enums_as_numbers};
use super::error::{Refusal, Violation};

/// Which API a request was made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V1Beta1,
}

impl Version {
    pub(crate) fn parse(segment: &str) -> Option<Self> {
        match segment {
            "v1" => Some(Self::V1),
            "v1beta1" => Some(Self::V1Beta1),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V1Beta1 => "v1beta1",
        }
    }

    /// The `@type` of one of this version's messages.
    pub(crate) fn type_url(self, message: &str) -> String {
        format!("type.googleapis.com/google.cloud.aiplatform.{}.{message}", self.name())
    }
}

static MESSAGES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    // The table is part of the program; a test reads it.
    serde_json::from_str(include_str!("schema.json")).unwrap_or_default()
});

/// Fields of which at most one may be set, and the name of their union.
const UNIONS: &[(&str, &str, &[&str])] = &[
    ("TuningJob", "source_model", &["baseModel", "preTunedModel"]),
    (
        "TuningJob",
        "tuning_spec",
        &[
            "supervisedTuningSpec",
            "preferenceOptimizationSpec",
            "distillationSpec",
            "partnerModelTuningSpec",
            "veoTuningSpec",
            "veoLoraTuningSpec",
            "reinforcementTuningSpec",
            "fullFineTuningSpec",
        ],
    ),
    (
        "Part",
        "data",
        &[
            "text",
            "inlineData",
            "fileData",
            "functionCall",
            "functionResponse",
            "executableCode",
            "codeExecutionResult",
        ],
    ),
];

/// Reads `body` as `message`. `root` is what the request calls the message
/// (`tuning_job`), empty when the body is the whole request.
pub(crate) fn read(
    version: Version,
    message: &str,
    root: &str,
    body: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let mut reader = Reader { version, violations: Vec::new() };
    let read = reader.message(message, root, body);
    if reader.violations.is_empty() {
        Ok(read.unwrap_or_default())
    } else {
        Err(Refusal::unparsable(reader.violations))
    }
}

struct Reader {
    version: Version,
    violations: Vec<Violation>,
}

impl Reader {
    fn refuse(&mut self, path: &str, description: String) {
        self.violations.push(Violation::new(path, description));
    }

    fn unknown(&mut self, path: &str, name: &str, why: &str) {
        let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
        self.refuse(
            path,
            format!("Invalid JSON payload received. Unknown name \"{name}\"{at}: {why}"),
        );
    }

    fn wrong(&mut self, path: &str, kind: &str, value: &Value) {
        self.refuse(path, format!("Invalid value at '{path}' ({kind}), {value}"));
    }

    fn message(&mut self, message: &str, path: &str, value: &Value) -> Option<Map<String, Value>> {
        let Some(fields) = MESSAGES.get(message).and_then(Value::as_object) else {
            // google.rpc.Status and the like only occur in output-only fields.
            return value.as_object().cloned();
        };
        let Value::Object(given) = value else {
            self.wrong(path, &self.version.type_url(message), value);
            return None;
        };
        let mut read = Map::new();
        for (name, value) in given {
            let Some((field, kind)) = fields
                .iter()
                .find(|(field, _)| *field == name || snake_case(field) == *name)
                .and_then(|(field, kind)| Some((field, kind.as_str()?)))
            else {
                self.unknown(path, name, "Cannot find field.");
                continue;
            };
            let kind = match (kind.strip_prefix('+'), self.version) {
                (Some(_), Version::V1) => {
                    self.unknown(path, name, "Cannot find field.");
                    continue;
                }
                (Some(kind), Version::V1Beta1) => kind,
                (None, _) => kind,
            };
            if kind == "-" || value.is_null() {
                continue;
            }
            let path = join(path, &snake_case(field));
            if read.contains_key(field) {
                self.unknown(
                    &path,
                    name,
                    "Proto field is not repeating, cannot add another value.",
                );
                continue;
            }
            if let Some(value) = self.value(kind, message, field, &path, value) {
                read.insert(field.clone(), value);
            }
        }
        self.unions(message, path, &read);
        Some(read)
    }

    fn unions(&mut self, message: &str, path: &str, read: &Map<String, Value>) {
        for (of, union, members) in UNIONS {
            let mut set =
                members.iter().filter(|member| *of == message && read.contains_key(**member));
            let _first = set.next();
            for second in set {
                let second = snake_case(second);
                self.refuse(
                    path,
                    format!(
                        "Invalid value at '{path}' (oneof), oneof field '{union}' is already set. \
                         Cannot set '{second}'"
                    ),
                );
            }
        }
    }

    /// One value in the form of an answer; `None` for a default or an error.
    fn value(
        &mut self,
        kind: &str,
        message: &str,
        field: &str,
        path: &str,
        value: &Value,
    ) -> Option<Value> {
        if let Some(kind) = kind.strip_prefix("[]") {
            let Value::Array(items) = value else {
                self.wrong(path, "repeated field, expects a list", value);
                return None;
            };
            let items: Vec<Value> = items
                .iter()
                .enumerate()
                .filter_map(|(at, item)| {
                    self.item(kind, message, field, &format!("{path}[{at}]"), item)
                })
                .collect();
            return (!items.is_empty()).then_some(Value::Array(items));
        }
        if let Some(kind) = kind.strip_prefix("map ") {
            let Value::Object(entries) = value else {
                self.wrong(path, "map field, expects an object", value);
                return None;
            };
            let entries: Map<String, Value> = entries
                .iter()
                .enumerate()
                .filter_map(|(at, (key, entry))| {
                    Some((
                        key.clone(),
                        self.item(kind, message, field, &format!("{path}[{at}].value"), entry)?,
                    ))
                })
                .collect();
            return (!entries.is_empty()).then_some(Value::Object(entries));
        }
        let kept = PRESENT.contains(&message);
        self.item(kind, message, field, path, value)
            .filter(|value| kept || !is_default(kind, value))
    }

    fn item(
        &mut self,
        kind: &str,
        message: &str,
        field: &str,
        path: &str,
        value: &Value,
    ) -> Option<Value> {
        let read = match kind {
            "any" => return Some(value.clone()),
            "string" | "bytes" => value.as_str().map(Value::from),
            "bool" => value.as_bool().map(Value::from),
            "int64" => integer(value).map(|number| Value::from(number.to_string())),
            "int32" => integer(value).and_then(|n| i32::try_from(n).ok()).map(Value::from),
            "double" => double(value),
            _ => {
                return match kind.strip_prefix("enum ") {
                    Some(names) => self.enumerated(names, message, field, path, value),
                    None => self.message(kind, path, value).map(Value::Object),
                };
            }
        };
        if read.is_none() {
            self.wrong(path, &format!("TYPE_{}", kind.to_ascii_uppercase()), value);
        }
        read
    }

    fn enumerated(
        &mut self,
        names: &str,
        message: &str,
        field: &str,
        path: &str,
        value: &Value,
    ) -> Option<Value> {
        if let Some(name) =
            value.as_str().and_then(|name| names.split(' ').find(|known| *known == name))
        {
            return Some(Value::from(name));
        }
        let Some(number) = integer(value) else {
            let name = format!("{message}.{}", upper_first(field));
            self.wrong(path, &self.version.type_url(&name), value);
            return None;
        };
        let known = if names.starts_with("ADAPTER_SIZE_") {
            ADAPTER_SIZES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
        } else {
            usize::try_from(number).ok().and_then(|number| names.split(' ').nth(number))
        };
        // proto3 enums are open: a number without a name is kept.
        Some(known.map_or(Value::from(number), Value::from))
    }
}

/// Messages whose fields are all `optional` in the proto: 0 is not "not set".
const PRESENT: [&str; 2] = ["GenerationConfig", "GenerationConfigThinkingConfig"];

/// Whether proto JSON leaves the value out. Messages have presence.
fn is_default(kind: &str, value: &Value) -> bool {
    match value {
        Value::String(text) if kind.starts_with("enum ") => text.ends_with("_UNSPECIFIED"),
        Value::String(text) if kind == "int64" => text == "0",
        Value::String(text) => text.is_empty() && kind != "any",
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            // Floats this large are whole, but no longer exact.
            const EXACT: f64 = 9_007_199_254_740_992.0;
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
        }),
        _ => None,
    }
}

/// A finite number, as a string or as it is; integral ones print without a
/// fraction, as the service does.
fn double(value: &Value) -> Option<Value> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

pub(crate) fn snake_case(camel: &str) -> String {
    let mut snake = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn upper_first(field: &str) -> String {
    let mut chars = field.chars();
    chars
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        .unwrap_or_default()
}
