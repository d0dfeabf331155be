//! The table against Google's documents, and the reader against odd input.

use super::*;

#[test]
fn every_message_of_the_table_is_there() {
    assert!(MESSAGES.contains_key("TuningJob"), "schema.json does not parse");
    for (message, fields) in MESSAGES.iter() {
        for (field, kind) in fields.as_object().unwrap() {
            let mut kind = kind.as_str().unwrap().trim_start_matches('+');
            while let Some(inner) = kind.strip_prefix("[]").or_else(|| kind.strip_prefix("map ")) {
                kind = inner;
            }
            let scalar =
                ["-", "any", "string", "bytes", "bool", "int32", "int64", "double"].contains(&kind);
            let known = scalar || kind.starts_with("enum ") || MESSAGES.contains_key(kind);
            assert!(known, "{message}.{field}: {kind}");
        }
    }
}

/// How the table writes a field of the discovery document.
fn kind_of(field: &Value, prefix: &str) -> String {
    let text = |name: &str| field.get(name).and_then(Value::as_str);
    if field.get("readOnly").is_some() {
        return "-".to_owned();
    }
    if let Some(of) = text("$ref") {
        return of.trim_start_matches(prefix).to_owned();
    }
    if let Some(names) = field.get("enum").and_then(Value::as_array) {
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        return format!("enum {}", names.join(" "));
    }
    match (text("type"), text("format")) {
        (Some("array"), _) => format!("[]{}", kind_of(&field["items"], prefix)),
        (Some("object"), _) => match field.get("additionalProperties") {
            Some(of) if of["type"] != "any" => format!("map {}", kind_of(of, prefix)),
            _ => "any".to_owned(),
        },
        (Some("string"), Some("int64")) => "int64".to_owned(),
        (Some("string"), Some("byte")) => "bytes".to_owned(),
        (Some("integer"), _) => "int32".to_owned(),
        (Some("number"), _) => "double".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some(other), _) => other.to_owned(),
        (None, _) => panic!("no type in {field}"),
    }
}

#[test]
fn the_table_is_what_the_discovery_documents_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tuning_discovery.json");
    let discovery: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let fields_of = |version: &str, prefix: &str, message: &str| {
        discovery[version]["schemas"].get(format!("{prefix}{message}")).map(|schema| {
            let fields =
                schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
            fields
                .iter()
                .map(|(name, field)| (name.clone(), Value::from(kind_of(field, prefix))))
                .collect::<Map<_, _>>()
        })
    };
    let mut compared = 0;
    for (message, fields) in MESSAGES.iter().filter(|(message, _)| *message != "Model") {
        let v1 = fields_of("v1", "GoogleCloudAiplatformV1", message);
        let v1beta1 = fields_of("v1beta1", "GoogleCloudAiplatformV1beta1", message);
        // The copy here is cut to what jobs, metrics and prompts reach; a
        // message in one version only may be missing from the other's.
        let (Some(v1), Some(v1beta1)) = (v1, v1beta1) else { continue };
        let mut expected = Map::new();
        for (name, kind) in &v1beta1 {
            let mark = if v1.contains_key(name) { "" } else { "+" };
            expected.insert(name.clone(), Value::from(format!("{mark}{}", kind.as_str().unwrap())));
        }
        assert_eq!(fields, &Value::Object(expected), "{message}");
        compared += 1;
    }
    assert!(compared > 50, "only {compared} messages compared");
}

#[test]
fn integers_are_read_like_protobuf_reads_them() {
    let read = |value: Value| integer(&value);
    for (value, expected) in [
        (Value::from(4), Some(4)),
        (Value::from("4"), Some(4)),
        (Value::from(4.0), Some(4)),
        (Value::from(4.5), None),
        (Value::from("four"), None),
        (Value::from(true), None),
        (Value::from(u64::MAX), None),
        (Value::from(-1e300), None),
    ] {
        assert_eq!(read(value.clone()), expected, "{value}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}", number in proptest::num::f64::ANY) {
        let _ = crate::emulator::filter::Filter::parse(&text, &["state"]);
        let job = serde_json::json!({text.as_str(): number, "baseModel": text, "labels": {text.as_str(): text},
            "supervisedTuningSpec": {"hyperParameters": {"epochCount": number, "adapterSize": text}}});
        let _ = read(Version::V1, "TuningJob", "tuning_job", &job);
        let _ = crate::emulator::datasets::Facts::read(text.as_bytes(), number > 0.0);
    }
}
