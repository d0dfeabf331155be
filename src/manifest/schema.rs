//! The JSON Schema of manifests (draft-07), generated from the document types.
//!
//! It is what editors complete and check with, and it is what the loader checks
//! documents against (`super::shape`), so the two cannot say different things.
//! One `if`/`then` for each kind keeps an editor's messages and completions about
//! the kind that was written.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::document::{Kind, TunedModel, WorkspaceDocument};
use super::phrase;

/// The schema as it is printed and checked in: indented, with a final newline.
pub fn render() -> String {
    format!("{:#}\n", value())
}

/// The schema as a value.
pub fn value() -> Value {
    let mut generator = SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator();
    let kinds = Kind::ALL.map(|(kind, name)| {
        let schema = match kind {
            Kind::TunedModel => kind_schema::<TunedModel>(&mut generator),
            Kind::Workspace => kind_schema::<WorkspaceDocument>(&mut generator),
        };
        (name, schema)
    });
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let about: Vec<Value> = kinds.iter().map(|(_, s)| at(s, "/description")).collect();
    let first = kinds.first().map(|(_, schema)| schema.clone()).unwrap_or_default();
    let kind = json!({
        "description": at(&first, "/properties/kind/description"),
        "type": "string",
        "enum": names,
        "markdownEnumDescriptions": about,
    });
    let branches: Vec<Value> = kinds
        .into_iter()
        .map(|(name, schema)| {
            let of_kind =
                json!({ "properties": { "kind": { "const": name } }, "required": ["kind"] });
            json!({ "if": of_kind, "then": schema })
        })
        .collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "retune manifest",
        "description": "A manifest of retune: which tuned Gemini models should exist on Vertex AI.",
        "type": "object",
        "properties": {
            "apiVersion": at(&first, "/properties/apiVersion"),
            "kind": kind,
            "metadata": { "description": "The name, and labels.", "type": "object" },
            "spec": { "description": "What is declared; its keys depend on `kind`.", "type": "object" },
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
        "allOf": branches,
    })
}

fn at(schema: &Value, pointer: &str) -> Value {
    schema.pointer(pointer).cloned().unwrap_or_default()
}

fn kind_schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let mut schema = generator.root_schema_for::<T>().to_value();
    if let Some(map) = schema.as_object_mut() {
        map.remove("$schema");
        map.remove("title");
        map.remove("definitions");
    }
    tidy(&mut schema);
    schema
}

/// Brings what the derive writes into the few forms that this schema uses.
fn tidy(schema: &mut Value) {
    let Value::Object(map) = schema else {
        if let Value::Array(items) = schema {
            items.iter_mut().for_each(tidy);
        }
        return;
    };
    without_null(map);
    documented_enum(map);
    // Says what the range of the integer type is, which is never the range of the field.
    if map.get("format").is_some() {
        map.remove("format");
    }
    if let Some(Value::String(text)) = map.get_mut("description") {
        // Lines were broken for the source file, not for the reader.
        *text = text.split("\n\n").map(|p| p.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
    }
    if let Some(phrase) = map.get("pattern").and_then(Value::as_str).and_then(phrase::of) {
        let both = format!("expected {}", phrase.expected);
        map.insert("patternErrorMessage".to_owned(), both.into());
    }
    for (key, value) in map.iter_mut() {
        match key.as_str() {
            // Values, not schemas.
            "enum" | "const" | "default" | "examples" | "required" => {}
            "properties" => {
                if let Some(properties) = value.as_object_mut() {
                    properties.values_mut().for_each(tidy);
                }
            }
            _ => tidy(value),
        }
    }
}

/// A key may be left out; it is never null. Kubernetes reads a null as "not
/// set", but in a file that people write it is mostly a value forgotten.
fn without_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
    if let Some(Value::Array(options)) = map.get_mut("anyOf") {
        options.retain(|option| option.get("type") != Some(&"null".into()));
        if options.len() == 1
            && let Some(Value::Object(only)) = options.pop()
        {
            map.remove("anyOf");
            for (key, value) in only {
                // The field's own description stands, not its type's.
                map.entry(key).or_insert(value);
            }
        }
    }
}

/// `oneOf` of documented constants becomes an `enum`, which completes better.
fn documented_enum(map: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = map.get("oneOf") else { return };
    if variants.is_empty() || !variants.iter().all(|v| v.get("const").is_some_and(Value::is_string))
    {
        return;
    }
    let values: Vec<Value> = variants.iter().map(|v| at(v, "/const")).collect();
    let about: Vec<Value> = variants.iter().map(|v| at(v, "/description")).collect();
    map.remove("oneOf");
    map.insert("type".to_owned(), "string".into());
    map.insert("enum".to_owned(), values.into());
    map.insert("markdownEnumDescriptions".to_owned(), about.into());
}
