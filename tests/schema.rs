//! The schema and the program say the same.
//!
//! Good documents are changed in thousands of small ways, and each result is
//! shown to the program and to an independent checker with the schema. Where one
//! accepts what the other rejects, the schema is not what it claims to be.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use retune::manifest::{self, Code, Setting, Settings, Severity, schema};
use serde_json::{Value, json};

#[test]
fn the_file_is_what_the_program_prints() {
    assert_eq!(
        schema::render(),
        include_str!("../schema/retune.schema.json"),
        "run: cargo run -- schema > schema/retune.schema.json"
    );
}

/// What a schema of one document cannot say, so that only the program reports it:
/// other documents, the tables of models, and the Workspace.
const BEYOND_SCHEMA: &[Code] = &[
    Code::DuplicateName,
    Code::DuplicateWorkspace,
    Code::MissingWorkspace,
    Code::NoManifests,
    Code::AdapterSize,
    Code::AdoptElsewhere,
];

/// What YAML can say and JSON, which a schema speaks of, cannot. These are
/// changes to a text and no changes to a value; `tests/manifests.rs` has them.
const BEYOND_JSON: &[Code] = &[
    Code::Syntax,
    Code::DuplicateKey,
    Code::MergeKey,
    Code::Tag,
    Code::ComplexKey,
    Code::RecursiveAlias,
    Code::AliasBudget,
    Code::TooDeep,
    Code::TooManyValues,
    Code::TooManyDocuments,
    Code::TooManyFindings,
    Code::ScalarTooLarge,
    Code::FileTooLarge,
    Code::NulByte,
    Code::NotUtf8,
    Code::NotFound,
    Code::NotAFile,
    Code::SymlinkLoop,
    Code::Unreadable,
];

fn good() -> Vec<Value> {
    let full = json!({
        "apiVersion": "retune.dev/v1",
        "kind": "TunedModel",
        "metadata": { "name": "support-faq", "labels": { "team": "support", "empty": "" } },
        "spec": {
            "project": "acme-ml",
            "location": "us-central1",
            "baseModel": "gemini-3.5-flash",
            "tunedModelDisplayName": "Support FAQ",
            "description": "Answers.",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
                "validationDatasetUri": "projects/acme-ml/locations/us-central1/datasets/12",
                "exportLastCheckpointOnly": true,
                "hyperParameters": {
                    "epochCount": 3,
                    "adapterSize": 4,
                    "learningRateMultiplier": 1.5,
                },
            },
            "encryptionSpec": {
                "kmsKeyName": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
            },
            "serviceAccount": "tuner@acme-ml.iam.gserviceaccount.com",
            "task": "extractiveQa",
            "lifecycle": {
                "rerun": "12",
                "desired": "stopped",
                "suspend": false,
                "onSupersede": "keep",
                "timeout": "1d12h",
                "retry": { "maxAttempts": 2 },
                "adopt": "projects/acme-ml/locations/us-central1/tuningJobs/123",
            },
        },
    });
    let preference = json!({
        "apiVersion": "retune.dev/v1",
        "kind": "TunedModel",
        "metadata": { "name": "tone" },
        "spec": {
            "preTunedModel": {
                "tunedModelName": "projects/acme-ml/locations/us-central1/models/77@2",
                "checkpointId": "3",
            },
            "preferenceOptimizationSpec": {
                "trainingDatasetUri": "gs://acme-ml/tone/train.jsonl",
                "hyperParameters": {
                    "epochCount": "3",
                    "adapterSize": "ADAPTER_SIZE_SIXTEEN",
                    "learningRateMultiplier": 1,
                    "beta": 0.1,
                },
            },
        },
    });
    let workspace = json!({
        "apiVersion": "retune.dev/v1",
        "kind": "Workspace",
        "metadata": { "name": "acme-tuning" },
        "spec": {
            "project": "acme-ml",
            "location": "us-central1",
            "alsoList": [{ "project": "acme-ml", "location": "europe-west4" }],
            "labels": { "env": "prod" },
            "limits": { "maxCreates": 10, "maxCancels": "5", "maxConcurrent": 4 },
            "prices": { "gemini-3.5-flash": 8, "gemini-2.5-pro": 25.5 },
        },
    });
    vec![full, preference, workspace]
}

/// Values that something or other takes, and its neighbours.
fn values() -> Vec<Value> {
    let sizes = (0..60).map(|i| (format!("k{i}"), json!("v"))).collect::<serde_json::Map<_, _>>();
    let numbers = [0.0, -1.0, 1.5, 3.0, 1e9, 1e-9, 4.0, 1e300].map(Value::from);
    let whole = [0_i64, 1, -1, 2, 3, 4, 10, 11, 32, 1000, 1001, 10_000, 10_001, 1_000_001];
    let texts = [
        "",
        "3",
        "0",
        "-1",
        "03",
        "1000",
        "1001",
        "1000000",
        "1000001",
        "3.0",
        "4",
        "32",
        "33",
        "text",
        "Text",
        "a_b",
        "a-",
        "-a",
        "a b",
        "Ä",
        "é",
        "global",
        "tuned",
        "stopped",
        "cancel",
        "chat",
        "true",
        "null",
        "~",
        "no",
        "24h",
        "24",
        "0s",
        "1h30",
        "1w",
        "ADAPTER_SIZE_FOUR",
        "ADAPTER_SIZE_THREE",
        "gs://b/x.jsonl",
        "gs://bb/x.jsonl",
        "gs://bb/x.csv",
        "gs://bb/",
        "s3://bb/x.jsonl",
        "projects/p/locations/l/datasets/1",
        "projects/p/locations/l/datasets/",
        "projects/p/locations/l/models/1",
        "projects/p/locations/l/models/1@a@b",
        "projects/p/locations/l/tuningJobs/1",
        "projects/p/locations/l/tuningJobs/1/2",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "a@b",
        "a@b@c",
        "retune.dev/v1",
        "retune.dev/v2",
        "TunedModel",
        "Workspace",
        "managed-by",
        "line\nbreak",
        "tab\t",
        "gs://bb/x\n.jsonl",
        "trailing\n",
        "a\u{2028}b",
    ]
    .map(Value::from);
    let long = [63, 64, 100, 101, 128, 129, 200].map(|n| Value::from("a".repeat(n)));
    let long_accents = [128, 129].map(|n| Value::from("é".repeat(n)));
    let mut all = vec![Value::Null, true.into(), false.into(), json!([]), json!(["x"]), json!({})];
    all.extend([json!({ "a": 1 }), json!([{}]), json!({ "team": "x", "Team": "x" })]);
    all.extend([json!({ "managed-by": "x" }), json!({ "retune-x": "x" }), Value::Object(sizes)]);
    all.extend(whole.map(Value::from));
    all.extend(numbers);
    all.extend(texts);
    all.extend(long);
    all.extend(long_accents);
    all
}

fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), all));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| pointers(v, &format!("{at}/{i}"), all));
        }
        _ => {}
    }
}

fn snake(key: &str) -> String {
    key.chars()
        .flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain(c.to_lowercase()))
        .collect()
}

/// All changed documents, each with what was changed.
fn mutations() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (i, document) in good().into_iter().enumerate() {
        all.push((format!("document {i} as it is"), document.clone()));
        let mut places = Vec::new();
        pointers(&document, "", &mut places);
        for place in places {
            for value in values() {
                let mut changed = document.clone();
                *changed.pointer_mut(&place).unwrap() = value.clone();
                all.push((format!("document {i}: {place} = {value}"), changed));
            }
            let mut extra = document.clone();
            if let Some(map) = extra.pointer_mut(&place).unwrap().as_object_mut() {
                map.insert("surplus".to_owned(), json!(1));
                all.push((format!("document {i}: {place} with another key"), extra));
            }
            let Some((parent, key)) = place.rsplit_once('/') else { continue };
            let names = ["Name".to_owned(), snake(key), format!("{key}x"), key.to_uppercase()];
            for new in std::iter::once(None).chain(names.into_iter().map(Some)) {
                let mut changed = document.clone();
                let Some(map) = changed.pointer_mut(parent).unwrap().as_object_mut() else { break };
                let old = map.remove(key).unwrap();
                if let Some(new) = &new {
                    map.insert(new.clone(), old);
                }
                all.push((format!("document {i}: {place} renamed to {new:?}"), changed));
            }
        }
        for (place, value) in [
            ("/spec/preTunedModel", json!({ "tunedModelName": "projects/p/locations/l/models/1" })),
            ("/spec/baseModel", json!("gemini-3.5-flash")),
            ("/spec/supervisedTuningSpec", json!({ "trainingDatasetUri": "gs://bb/x.jsonl" })),
            (
                "/spec/preferenceOptimizationSpec",
                json!({ "trainingDatasetUri": "gs://bb/x.jsonl" }),
            ),
            ("/metadata/labels", json!({ "team": "x" })),
            ("/spec/lifecycle", json!({ "onDataChange": "warn" })),
            ("/spec/budget", json!({ "perApply": 1 })),
        ] {
            let (parent, key) = place.rsplit_once('/').unwrap();
            let mut changed = document.clone();
            let map = changed.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            map.insert(key.to_owned(), value);
            all.push((format!("document {i}: {place} added"), changed));
        }
    }
    all
}

/// Each fifth document is also written in block form: the two forms differ
/// in the parser only.
const IN_BLOCK_FORM: usize = 5;

/// The files the program rejects for their shape.
fn rejected(directory: &Path) -> BTreeSet<String> {
    let here = |value: &str| Setting { environment: Some(value.to_owned()), flag: None };
    let settings =
        Settings { project: here("acme-ml"), location: here("us-central1"), ..Settings::default() };
    let loaded = manifest::load(&[directory.to_owned()], &settings);
    let shape = loaded.report().findings.iter().filter(|finding| {
        assert!(!BEYOND_JSON.contains(&finding.code), "{finding:?}");
        finding.severity() == Severity::Error && !BEYOND_SCHEMA.contains(&finding.code)
    });
    shape.map(|f| f.spot.file.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_schema_and_the_program_accept_and_reject_the_same() {
    let checker = jsonschema::validator_for(&schema::value()).unwrap();
    let mutations = mutations();
    let (flow, block) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (i, (_, document)) in mutations.iter().enumerate() {
        // JSON is YAML; and some in the form that people write.
        fs::write(flow.path().join(format!("{i:05}.yaml")), document.to_string()).unwrap();
        if i % IN_BLOCK_FORM == 0 {
            let text = serde_yaml::to_string(document).unwrap();
            fs::write(block.path().join(format!("{i:05}.yaml")), text).unwrap();
        }
    }
    let (flow, block) = (rejected(flow.path()), rejected(block.path()));
    let mut accepted = 0;
    let mut differences = Vec::new();
    for (i, (what, document)) in mutations.iter().enumerate() {
        let name = format!("{i:05}.yaml");
        let by_schema = checker.is_valid(document);
        accepted += usize::from(by_schema);
        let mut compare = |form: &str, by_program: bool| {
            if by_schema != by_program {
                differences
                    .push(format!("{what} ({form}): schema {by_schema}, program {by_program}"));
            }
        };
        compare("flow", !flow.contains(&name));
        if i % IN_BLOCK_FORM == 0 {
            compare("block", !block.contains(&name));
        }
    }
    let refused = mutations.len() - accepted;
    assert!(differences.is_empty(), "{}\n{}", differences.len(), differences.join("\n"));
    assert!(accepted >= 200 && refused >= 200, "{accepted} accepted, {refused} refused");
}

#[test]
fn every_key_has_a_description() {
    fn walk(schema: &Value, at: &str, bare: &mut Vec<String>, keys: &mut usize) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, property) in properties {
                *keys += 1;
                if property["description"].as_str().is_none_or(|text| text.len() < 10) {
                    bare.push(format!("{at}.{name}"));
                }
                walk(property, &format!("{at}.{name}"), bare, keys);
            }
        }
    }
    let (mut bare, mut keys) = (Vec::new(), 0);
    for branch in schema::value()["allOf"].as_array().unwrap() {
        walk(&branch["then"], "", &mut bare, &mut keys);
    }
    assert!(bare.is_empty(), "{bare:?}");
    assert!(keys > 50, "{keys}");
}

#[test]
fn the_examples_are_valid_and_without_a_warning() {
    let paths = [Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests")];
    let settings = Settings { require_workspace: true, ..Settings::default() };
    let loaded = manifest::load(&paths, &settings);
    assert!(loaded.report().findings.is_empty(), "{:#?}", loaded.report().findings);
    let names: Vec<String> =
        loaded.into_result().unwrap().desired.iter().map(|d| d.key.name.to_string()).collect();
    assert_eq!(names, ["summaries", "support-faq", "ticket-router"]);
}
