//! The JSON Schema in a form that documents can be checked against quickly.
//!
//! Only the keywords that [`super::schema`] writes are known here. Any other is
//! an error of [`compile`], which a test turns into a failure, so no rule can
//! stand in the schema that the program does not follow.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

use super::phrase::{self, Phrase};
use super::schema;

/// What a value may be. No bit set means anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const BOOL: Self = Self(1);
    pub(crate) const INTEGER: Self = Self(2);
    /// Any number, whole ones too.
    pub(crate) const NUMBER: Self = Self(4);
    pub(crate) const STRING: Self = Self(8);
    pub(crate) const ARRAY: Self = Self(16);
    pub(crate) const OBJECT: Self = Self(32);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn is_any(self) -> bool {
        self.0 == 0
    }

    /// In words: "a whole number".
    pub(crate) fn words(self) -> &'static str {
        match self {
            t if t.has(Self::INTEGER) => "a whole number",
            t if t.has(Self::NUMBER) => "a number",
            t if t.has(Self::BOOL) => "`true` or `false`",
            t if t.has(Self::ARRAY) => "a list",
            t if t.has(Self::OBJECT) => "a mapping of keys and values",
            _ => "text",
        }
    }
}

/// A pattern that a text must match.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) phrase: Option<&'static Phrase>,
}

/// One schema.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) types: Types,
    /// A text that could stand there, to suggest.
    pub(crate) example: Option<String>,
    /// The only values taken; none listed when empty.
    pub(crate) values: Vec<Value>,
    /// Texts that are not taken.
    pub(crate) refused: Vec<String>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) refused_pattern: Option<Regex>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) above: Option<f64>,
    pub(crate) min_length: usize,
    pub(crate) max_length: Option<usize>,
    pub(crate) max_entries: Option<usize>,
    pub(crate) max_items: Option<usize>,
    pub(crate) properties: Vec<(String, Shape)>,
    pub(crate) required: Vec<String>,
    /// Groups of keys of which exactly one is set.
    pub(crate) one_of: Vec<Vec<String>>,
    /// What other keys hold; unknown keys are refused when `closed`.
    pub(crate) others: Option<Box<Shape>>,
    pub(crate) closed: bool,
    pub(crate) keys: Option<Box<Shape>>,
    pub(crate) items: Option<Box<Shape>>,
    /// The whole shape of a document by the text of its `kind`.
    pub(crate) kinds: Vec<(String, Shape)>,
}

impl Shape {
    /// The shape of that property.
    pub(crate) fn property(&self, key: &str) -> Option<&Self> {
        self.properties.iter().find(|(name, _)| name == key).map(|(_, shape)| shape)
    }
}

/// The shape of a manifest document, compiled on first use.
pub(crate) fn manifest() -> &'static Shape {
    static SHAPE: OnceLock<Shape> = OnceLock::new();
    // Falling back to a shape that takes no document: were the schema broken,
    // nothing would be planned. A test compiles it.
    SHAPE.get_or_init(|| {
        compile(&schema::value())
            .unwrap_or_else(|_| Shape { types: Types::BOOL, ..Shape::default() })
    })
}

/// Why a schema is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema's `{0}` is not understood")]
pub(crate) struct CompileError(String);

pub(crate) fn compile(schema: &Value) -> Result<Shape, CompileError> {
    let mut shape = Shape::default();
    let Some(map) = schema.as_object() else {
        return Err(CompileError(schema.to_string()));
    };
    for (keyword, value) in map {
        let broken = || CompileError(format!("{keyword}: {value}"));
        let number = || value.as_f64().map(Some).ok_or_else(broken);
        let count =
            || value.as_u64().and_then(|n| usize::try_from(n).ok()).map(Some).ok_or_else(broken);
        match keyword.as_str() {
            "$schema"
            | "title"
            | "description"
            | "default"
            | "markdownEnumDescriptions"
            | "patternErrorMessage" => {}
            "examples" => {
                let first = value.as_array().and_then(|all| all.first());
                shape.example = first.and_then(Value::as_str).map(str::to_owned);
            }
            "type" => shape.types = types(value).ok_or_else(broken)?,
            "enum" => shape.values = value.as_array().ok_or_else(broken)?.clone(),
            "not" => not(value, &mut shape).ok_or_else(broken)?,
            "pattern" => {
                let text = value.as_str().ok_or_else(broken)?;
                let regex = Regex::new(text).map_err(|_| broken())?;
                shape.pattern = Some(Pattern { regex, phrase: phrase::of(text) });
            }
            "minimum" => shape.minimum = number()?,
            "maximum" => shape.maximum = number()?,
            "exclusiveMinimum" => shape.above = number()?,
            "minLength" => shape.min_length = count()?.unwrap_or(0),
            "maxLength" => shape.max_length = count()?,
            "maxProperties" => shape.max_entries = count()?,
            "maxItems" => shape.max_items = count()?,
            "properties" => {
                for (name, schema) in value.as_object().ok_or_else(broken)? {
                    shape.properties.push((name.clone(), compile(schema)?));
                }
            }
            "required" => shape.required = strings(value).ok_or_else(broken)?,
            "additionalProperties" if value == &Value::Bool(false) => shape.closed = true,
            "additionalProperties" => shape.others = Some(Box::new(compile(value)?)),
            "propertyNames" => shape.keys = Some(Box::new(compile(value)?)),
            "items" => shape.items = Some(Box::new(compile(value)?)),
            "allOf" => {
                for part in value.as_array().ok_or_else(broken)? {
                    all_of(part, &mut shape)?;
                }
            }
            _ => return Err(broken()),
        }
    }
    Ok(shape)
}

/// `{"enum": […]}` or `{"pattern": …}`.
fn not(value: &Value, shape: &mut Shape) -> Option<()> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    match map.iter().next()? {
        (keyword, values) if keyword == "enum" => shape.refused = strings(values)?,
        (keyword, Value::String(text)) if keyword == "pattern" => {
            shape.refused_pattern = Some(Regex::new(text).ok()?);
        }
        _ => return None,
    }
    Some(())
}

/// `{"if": {kind is …}, "then": …}` or `{"oneOf": [{"required": [key]}, …]}`.
fn all_of(part: &Value, shape: &mut Shape) -> Result<(), CompileError> {
    let broken = || CompileError(format!("allOf: {part}"));
    if let Some(then) = part.get("then") {
        let kind = part.pointer("/if/properties/kind/const").and_then(Value::as_str);
        shape.kinds.push((kind.ok_or_else(broken)?.to_owned(), compile(then)?));
        return Ok(());
    }
    let options = part.get("oneOf").and_then(Value::as_array).ok_or_else(broken)?;
    let keys = options.iter().map(|option| strings(option.get("required")?)?.pop());
    shape.one_of.push(keys.collect::<Option<_>>().ok_or_else(broken)?);
    Ok(())
}

fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|v| v.as_str().map(str::to_owned)).collect()
}

fn types(value: &Value) -> Option<Types> {
    let one = |name: &str| match name {
        "boolean" => Some(Types::BOOL),
        "integer" => Some(Types::INTEGER),
        "number" => Some(Types::NUMBER),
        "string" => Some(Types::STRING),
        "array" => Some(Types::ARRAY),
        "object" => Some(Types::OBJECT),
        _ => None,
    };
    match value {
        Value::String(name) => one(name),
        Value::Array(names) => names
            .iter()
            .try_fold(Types::default(), |all, name| Some(Types(all.0 | one(name.as_str()?)?.0))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_rule_of_the_schema_is_understood() {
        let shape = compile(&schema::value()).unwrap();
        let kinds: Vec<&str> = shape.kinds.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["TunedModel", "Workspace"]);
        assert_eq!(compile(&json!({ "minItems": 1 })).unwrap_err().0, "minItems: 1");
    }

    #[test]
    fn every_pattern_that_is_not_a_number_s_has_words() {
        fn walk(shape: &Shape, patterns: &mut usize) {
            if let Some(pattern) = &shape.pattern {
                *patterns += 1;
                let numeric = shape.types.has(Types::INTEGER);
                assert_eq!(pattern.phrase.is_some(), !numeric, "{}", pattern.regex);
            }
            let parts = shape.properties.iter().chain(&shape.kinds).map(|(_, shape)| shape);
            let boxed = [&shape.others, &shape.keys, &shape.items];
            parts.chain(boxed.into_iter().flatten().map(|b| &**b)).for_each(|s| walk(s, patterns));
        }
        let mut patterns = 0;
        walk(manifest(), &mut patterns);
        assert!(patterns > 20, "{patterns}");
    }
}
