//! The digest of a spec: the same for the same training run however it was
//! written, another one for another run, and the same each time.

use std::fmt::Write;

use retune::fuzzing;
use retune::manifest::Settings;
use retune::model::{
    AdapterSize, EncryptionSpec, HyperParameters, Labels, Place, PreTunedModel,
    PreferenceHyperParameters, PreferenceOptimizationSpec, SupervisedTuningSpec, TuningSpec,
    identity,
};
use serde_json::{Value, json};

use super::bytes::Bytes;

/// Checks two specs against each other, and one of them in each notation.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let a = spec(&mut bytes);
    let b = if bytes.coin() { changed(&a, &mut bytes) } else { spec(&mut bytes) };
    let (hash_a, hash_b) = (identity::digest(&a), identity::digest(&b));
    assert_eq!(hash_a == hash_b, relevant(&a) == relevant(&b), "{a:?}\n{b:?}");
    assert_eq!(identity::digest(&a.clone()), hash_a, "another digest the second time");
    let digests = identity::Digests::of(&a);
    assert!(digests.agree_with(&hash_a) && identity::is_known(&hash_a));
    assert_eq!(digests.agree_with(&hash_b), hash_a == hash_b);

    assert!(identity::equivalent(&a, &a) && identity::differences(&a, &a).is_empty());
    assert!(hash_a != hash_b || identity::equivalent(&a, &b), "{a:?}\n{b:?}");
    nearest(&a);
    removed(&a, &mut bytes);
    notations(&mut bytes);
}

/// What a training run depends on: all but the words and labels on it.
fn relevant(spec: &TuningSpec) -> TuningSpec {
    let mut spec = spec.clone();
    spec.tuned_model_display_name = None;
    spec.description = None;
    spec.service_account = None;
    spec.labels = Labels::default();
    if let Some(method) = &mut spec.supervised_tuning_spec {
        method.hyper_parameters =
            method.hyper_parameters.take().filter(|h| *h != Default::default());
    }
    if let Some(method) = &mut spec.preference_optimization_spec {
        method.hyper_parameters =
            method.hyper_parameters.take().filter(|h| *h != Default::default());
    }
    // Minus zero equals zero.
    spec
}

/// The number beside a number is another one.
fn nearest(spec: &TuningSpec) {
    let mut near = spec.clone();
    let method = near.supervised_tuning_spec.as_mut();
    let hyper = method.and_then(|method| method.hyper_parameters.as_mut());
    if let Some(rate) = hyper.and_then(|hyper| hyper.learning_rate_multiplier.as_mut()) {
        *rate = f64::from_bits(rate.to_bits() ^ 1);
        assert_ne!(identity::digest(&near), identity::digest(spec), "{spec:?}");
    }
}

/// A field that is no longer set is found by adding it back.
fn removed(spec: &TuningSpec, bytes: &mut Bytes<'_>) {
    let mut fewer = spec.clone();
    for _ in 0..=bytes.below(4) {
        clear(&mut fewer, bytes.below(7));
    }
    let paths = |spec| identity::fields(spec, None).into_iter().map(|(path, ..)| path);
    let left: Vec<_> = paths(&fewer).collect();
    let gone: Vec<_> = paths(spec).filter(|path| !left.contains(path)).collect();
    let found = identity::removed_fields(&fewer, spec, &identity::digest(spec));
    let found: Vec<_> = found.unwrap_or_default().iter().map(|field| field.path).collect();
    assert_eq!(found, gone, "{spec:?}");
}

fn clear(spec: &mut TuningSpec, which: usize) {
    let TuningSpec { pre_tuned_model, supervised_tuning_spec, .. } = spec;
    let method = supervised_tuning_spec.as_mut();
    match (which, pre_tuned_model, method) {
        (0, Some(model), _) => model.checkpoint_id = None,
        (1, _, Some(method)) => method.validation_dataset_uri = None,
        (2, _, Some(method)) => method.export_last_checkpoint_only = None,
        (3, _, Some(method)) => method.hyper_parameters = None,
        (n, _, Some(SupervisedTuningSpec { hyper_parameters: Some(hyper), .. })) => match n {
            4 => hyper.epoch_count = None,
            5 => hyper.adapter_size = None,
            _ => hyper.learning_rate_multiplier = None,
        },
        _ => {}
    }
}

/// The spec with one thing changed, or nothing that counts.
fn changed(spec: &TuningSpec, bytes: &mut Bytes<'_>) -> TuningSpec {
    let mut spec = spec.clone();
    match bytes.below(9) {
        0 => spec.base_model = bytes.coin().then(|| bytes.text().into()),
        1 => spec.description = Some(bytes.text().into()),
        2 => spec.service_account = Some(bytes.text().into()),
        3 => spec.labels.insert(bytes.text(), bytes.text()),
        4 => spec.encryption_spec = key(bytes),
        5 => spec.pre_tuned_model = source(bytes),
        6 => spec.supervised_tuning_spec = supervised(bytes),
        7 => spec.preference_optimization_spec = preference(bytes),
        _ => clear(&mut spec, bytes.below(7)),
    }
    spec
}

/// Any spec, also what no manifest could say.
fn spec(bytes: &mut Bytes<'_>) -> TuningSpec {
    TuningSpec {
        base_model: bytes.coin().then(|| bytes.text().into()),
        pre_tuned_model: source(bytes),
        supervised_tuning_spec: supervised(bytes),
        preference_optimization_spec: preference(bytes),
        encryption_spec: key(bytes),
        ..TuningSpec::default()
    }
}

fn source(bytes: &mut Bytes<'_>) -> Option<PreTunedModel> {
    bytes.coin().then(|| PreTunedModel {
        tuned_model_name: bytes.text().into(),
        checkpoint_id: bytes.coin().then(|| bytes.text().into()),
    })
}

fn key(bytes: &mut Bytes<'_>) -> Option<EncryptionSpec> {
    bytes.coin().then(|| EncryptionSpec { kms_key_name: bytes.text().into() })
}

fn size(bytes: &mut Bytes<'_>) -> AdapterSize {
    AdapterSize::ALL[bytes.below(6)]
}

/// A number that is none counts as one that is left out, since it equals nothing.
fn number(bytes: &mut Bytes<'_>) -> f64 {
    let n = f64::from_bits(bytes.long());
    if n.is_nan() { 0.5 } else { n }
}

fn supervised(bytes: &mut Bytes<'_>) -> Option<SupervisedTuningSpec> {
    bytes.coin().then(|| SupervisedTuningSpec {
        training_dataset_uri: bytes.text().into(),
        validation_dataset_uri: bytes.coin().then(|| bytes.text().into()),
        export_last_checkpoint_only: bytes.coin().then(|| bytes.coin()),
        hyper_parameters: bytes.coin().then(|| HyperParameters {
            epoch_count: bytes.coin().then(|| bytes.long() as i64),
            adapter_size: bytes.coin().then(|| size(bytes)),
            learning_rate_multiplier: bytes.coin().then(|| number(bytes)),
        }),
    })
}

fn preference(bytes: &mut Bytes<'_>) -> Option<PreferenceOptimizationSpec> {
    bytes.coin().then(|| PreferenceOptimizationSpec {
        training_dataset_uri: bytes.text().into(),
        validation_dataset_uri: bytes.coin().then(|| bytes.text().into()),
        export_last_checkpoint_only: bytes.coin().then(|| bytes.coin()),
        hyper_parameters: bytes.coin().then(|| PreferenceHyperParameters {
            epoch_count: bytes.coin().then(|| bytes.long() as i64),
            adapter_size: bytes.coin().then(|| size(bytes)),
            learning_rate_multiplier: bytes.coin().then(|| number(bytes)),
            beta: bytes.coin().then(|| number(bytes)),
        }),
    })
}

/// One spec that a manifest can say: as two manifests and two answers of the
/// API that differ in order, notation, and null or absent alone.
fn notations(bytes: &mut Bytes<'_>) {
    let epochs = bytes.coin().then(|| 1 + (bytes.long() % 1000) as i64);
    let size = bytes.coin().then(|| size(bytes));
    // Any number in the range: half of them need all 17 digits.
    let rate = bytes.coin().then(|| match bytes.coin() {
        true => 1.0 + bytes.below(9) as f64,
        false => f64::from_bits(bytes.long() % (1000_f64.to_bits() - 1) + 1),
    });
    let last_only = bytes.coin().then(|| bytes.coin());
    let object: String = bytes.text().replace('\n', "n");
    let wanted = TuningSpec {
        base_model: Some("some-model".into()),
        supervised_tuning_spec: Some(SupervisedTuningSpec {
            training_dataset_uri: format!("gs://acme/x{object}.jsonl").into(),
            validation_dataset_uri: None,
            export_last_checkpoint_only: last_only,
            hyper_parameters: Some(HyperParameters {
                epoch_count: epochs,
                adapter_size: size,
                learning_rate_multiplier: rate,
            }),
        }),
        ..TuningSpec::default()
    };
    let digest = identity::digest(&wanted);
    for _ in 0..2 {
        let text = manifest(&wanted, bytes);
        let loaded = fuzzing::manifest(text.as_bytes(), &Settings::default());
        let manifests = loaded.into_result();
        let manifests = manifests.unwrap_or_else(|why| panic!("{text}\n{why:?}"));
        assert_eq!(identity::digest(&manifests.desired[0].spec), digest, "{text}");
        let answer = answer(&wanted, bytes).to_string();
        let job = fuzzing::job(answer.as_bytes(), &Place::new("acme", "us-central1"));
        let job = job.unwrap_or_else(|why| panic!("{answer}\n{why}"));
        assert_eq!(identity::digest(&job.echo), digest, "{answer}");
    }
}

/// Puts `second` before or behind `first`.
fn either_order(first: String, second: String, bytes: &mut Bytes<'_>) -> String {
    if bytes.coin() { first + &second } else { second + &first }
}

fn manifest(spec: &TuningSpec, bytes: &mut Bytes<'_>) -> String {
    let method = spec.supervised_tuning_spec.as_ref().expect("supervised");
    let hyper = method.hyper_parameters.as_ref().expect("hyperParameters");
    let mut tuned = String::new();
    if let Some(size) = hyper.adapter_size {
        let size =
            [size.to_string(), size.name().to_owned(), format!("'{size}'"), format!("{size}.0")];
        tuned = format!("      adapterSize: {}\n", size[bytes.below(4)]);
    }
    if let Some(n) = hyper.epoch_count {
        let n = [
            format!("{n}"),
            format!("\"{n}\""),
            format!("{n}.0"),
            format!("+{n}"),
            format!("0x{n:x}"),
        ];
        tuned = either_order(tuned, format!("      epochCount: {}\n", n[bytes.below(5)]), bytes);
    }
    if let Some(x) = hyper.learning_rate_multiplier {
        let x = [format!("{x}"), format!("{x:e}"), format!("{x:?}"), format!("+{x}")];
        let line = format!("      learningRateMultiplier: {}\n", x[bytes.below(4)]);
        tuned = either_order(tuned, line, bytes);
    }
    // An empty group is no field, and neither is one that is left out.
    let tuned = match tuned.as_str() {
        "" if bytes.coin() => String::new(),
        "" => "    hyperParameters: {}\n".to_owned(),
        lines => format!("    hyperParameters:\n{lines}"),
    };
    let mut uri = String::new();
    for c in method.training_dataset_uri.chars() {
        match c {
            ' '..='~' if c != '"' && c != '\\' => uri.push(c),
            c => write!(uri, "\\U{:08x}", u32::from(c)).expect("written"),
        }
    }
    let mut body = either_order(format!("    trainingDatasetUri: \"{uri}\"\n"), tuned, bytes);
    if let Some(flag) = method.export_last_checkpoint_only {
        body = either_order(format!("    exportLastCheckpointOnly: {flag}\n"), body, bytes);
    }
    let mut rest = "  baseModel: some-model\n".to_owned();
    if bytes.coin() {
        rest = either_order(rest, "  description: x\n  lifecycle: {rerun: 3}\n".to_owned(), bytes);
    }
    let place = "  project: acme\n  location: us-central1\n".to_owned();
    let body = either_order(format!("  supervisedTuningSpec:\n{body}"), rest, bytes);
    let head = "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {name: x}\n".to_owned();
    either_order(head, format!("spec:\n{}", either_order(place, body, bytes)), bytes)
}

fn answer(spec: &TuningSpec, bytes: &mut Bytes<'_>) -> Value {
    let method = spec.supervised_tuning_spec.as_ref().expect("supervised");
    let hyper = method.hyper_parameters.as_ref().expect("hyperParameters");
    let absent = |object: &mut Value, key: &str, value: Value, null: bool| {
        if !value.is_null() || null {
            object[key] = value;
        }
    };
    let mut tuned = json!({});
    let epochs = hyper.epoch_count.map_or(Value::Null, |n| match bytes.below(3) {
        0 => json!(n),
        1 => json!(n.to_string()),
        _ => json!(n as f64),
    });
    let rate = hyper.learning_rate_multiplier.map_or(Value::Null, |x| match bytes.below(3) {
        0 if x.fract() == 0.0 => json!(x as i64),
        1 => json!(x.to_string()),
        _ => json!(x),
    });
    let size = hyper.adapter_size.map_or(Value::Null, |size| json!(size.name()));
    let mut fields =
        [("epochCount", epochs), ("learningRateMultiplier", rate), ("adapterSize", size)];
    fields.rotate_left(bytes.below(3));
    for (key, value) in fields {
        absent(&mut tuned, key, value, bytes.coin());
    }
    let mut echo = json!({ "trainingDatasetUri": method.training_dataset_uri });
    absent(&mut echo, "hyperParameters", tuned, true);
    absent(&mut echo, "validationDatasetUri", Value::Null, bytes.coin());
    let flag = method.export_last_checkpoint_only.map_or(Value::Null, Value::Bool);
    absent(&mut echo, "exportLastCheckpointOnly", flag, bytes.coin());
    let mut job = json!({
        "name": "projects/1/locations/us-central1/tuningJobs/1",
        "baseModel": "some-model",
        "supervisedTuningSpec": echo,
    });
    for key in ["preTunedModel", "preferenceOptimizationSpec", "encryptionSpec", "labels"] {
        absent(&mut job, key, Value::Null, bytes.coin());
    }
    job
}
