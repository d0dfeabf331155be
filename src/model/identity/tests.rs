use super::table::FIELDS;
use super::*;
use crate::model::{AdapterSize, HyperParameters, SupervisedTuningSpec};

fn faq() -> TuningSpec {
    TuningSpec {
        base_model: Some("gemini-2.5-flash".into()),
        supervised_tuning_spec: Some(SupervisedTuningSpec {
            training_dataset_uri: "gs://acme/train.jsonl".into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn with(hyper: HyperParameters) -> TuningSpec {
    let mut spec = faq();
    spec.supervised_tuning_spec.as_mut().unwrap().hyper_parameters = Some(hyper);
    spec
}

/// What Vertex makes of `faq()`: the same with the values it chose.
fn echo() -> TuningSpec {
    with(HyperParameters {
        epoch_count: Some(40),
        adapter_size: Some(AdapterSize::Four),
        learning_rate_multiplier: Some(1.0),
    })
}

#[test]
fn the_table_is_append_only() {
    let rows: Vec<String> = FIELDS.iter().map(|f| format!("{f:?}")).collect();
    assert_eq!(
        rows,
        [
            "1:baseModel",
            "2:preTunedModel.tunedModelName",
            "3:preTunedModel.checkpointId",
            "4:supervisedTuningSpec.trainingDatasetUri",
            "5:supervisedTuningSpec.validationDatasetUri",
            "6:supervisedTuningSpec.exportLastCheckpointOnly",
            "7:supervisedTuningSpec.hyperParameters.epochCount",
            "8:supervisedTuningSpec.hyperParameters.adapterSize",
            "9:supervisedTuningSpec.hyperParameters.learningRateMultiplier",
            "10:preferenceOptimizationSpec.trainingDatasetUri",
            "11:preferenceOptimizationSpec.validationDatasetUri",
            "12:preferenceOptimizationSpec.exportLastCheckpointOnly",
            "13:preferenceOptimizationSpec.hyperParameters.epochCount",
            "14:preferenceOptimizationSpec.hyperParameters.adapterSize",
            "15:preferenceOptimizationSpec.hyperParameters.learningRateMultiplier",
            "16:preferenceOptimizationSpec.hyperParameters.beta",
            "17:encryptionSpec.kmsKeyName",
        ]
    );
}

#[test]
fn what_does_not_train_does_not_count() {
    let mut dressed = faq();
    dressed.tuned_model_display_name = Some("FAQ".into());
    dressed.description = Some("for the desk".into());
    dressed.labels.insert("team", "support");
    dressed.service_account = Some("tuner@acme.iam.gserviceaccount.com".into());
    assert_eq!(digest(&dressed), digest(&faq()));
}

#[test]
fn an_empty_group_is_no_field() {
    assert_eq!(digest(&with(HyperParameters::default())), digest(&faq()));
}

#[test]
fn every_field_counts() {
    let three = with(HyperParameters { epoch_count: Some(3), ..Default::default() });
    let four = with(HyperParameters { epoch_count: Some(4), ..Default::default() });
    assert_ne!(digest(&three), digest(&four));
    assert_ne!(digest(&three), digest(&faq()));
}

#[test]
fn what_the_server_fills_in_is_no_difference() {
    assert!(equivalent(&faq(), &echo()));
    assert_eq!(differences(&faq(), &echo()), []);
}

#[test]
fn a_default_spelled_out_is_no_difference() {
    let mut spelled = faq();
    spelled.supervised_tuning_spec.as_mut().unwrap().export_last_checkpoint_only = Some(false);
    assert_ne!(digest(&spelled), digest(&faq()));
    assert!(equivalent(&spelled, &echo()));
    assert_eq!(removed_fields(&spelled, &echo(), &digest(&faq())), None);
}

#[test]
fn a_removed_field_is_found_by_adding_it_back() {
    let before = with(HyperParameters { epoch_count: Some(40), ..Default::default() });
    let removed = removed_fields(&faq(), &echo(), &digest(&before)).unwrap();
    assert_eq!(removed.iter().map(Field::name).collect::<Vec<_>>(), ["epochCount"]);
}

#[test]
fn an_unknown_dialect_is_never_compared() {
    let digests = Digests::of(&faq());
    assert!(is_known(digests.newest()) && digests.agree_with(&digest(&faq())));
    for label in ["h2-abc", "h1-", "h1-short", "", "H1-AAAA"] {
        assert!(!is_known(label) && !digests.agree_with(label), "{label}");
    }
}

#[test]
fn a_project_number_stands_for_its_id_and_for_no_other_number() {
    let tuned_further = |project: &str| TuningSpec {
        pre_tuned_model: Some(crate::model::PreTunedModel {
            tuned_model_name: format!("projects/{project}/locations/l/models/1@2").into(),
            checkpoint_id: None,
        }),
        ..Default::default()
    };
    assert!(equivalent(&tuned_further("acme"), &tuned_further("42")));
    assert!(!equivalent(&tuned_further("43"), &tuned_further("42")));
    assert!(!equivalent(&tuned_further("acme"), &tuned_further("beta")));
}

/// Every spec that sets some of the optional fields, and those alone.
fn specs() -> impl Iterator<Item = TuningSpec> {
    (0..1 << 7).map(|mask: u32| {
        let set = |bit: u32| mask & (1 << bit) != 0;
        let mut spec = with(HyperParameters {
            epoch_count: set(0).then_some(3),
            adapter_size: set(1).then_some(AdapterSize::Four),
            learning_rate_multiplier: set(2).then_some(0.5),
        });
        let supervised = spec.supervised_tuning_spec.as_mut().unwrap();
        supervised.validation_dataset_uri = set(3).then(|| "gs://acme/v.jsonl".into());
        supervised.export_last_checkpoint_only = set(4).then_some(true);
        if set(5) {
            spec.base_model = None;
        }
        let key = || crate::model::EncryptionSpec { kms_key_name: "key".into() };
        spec.encryption_spec = set(6).then(key);
        spec
    })
}

/// A version is its table, and a later one has more rows: whatever an older
/// version could say, it says with the same digest.
#[test]
fn an_optional_field_that_is_added_moves_no_digest() {
    let mut compared = 0;
    for spec in specs() {
        let now = h1::digest(&table::set_fields(&spec));
        let last = table::set_fields(&spec).last().unwrap().0.tag;
        for rows in 0..=FIELDS.len() {
            let older = &FIELDS[..rows];
            let then = h1::digest(&table::set_among(older, &spec));
            let could_say_it = older.last().is_some_and(|field| field.tag >= last);
            assert_eq!(then == now, could_say_it, "{rows} rows: {spec:?}");
            compared += usize::from(could_say_it);
        }
    }
    assert!(compared > 500, "{compared}");
}

/// The other half: fields that the user did not set are encoded by nothing,
/// so that no two specs of these share a digest.
#[test]
fn different_specs_have_different_digests() {
    let digests: std::collections::BTreeSet<String> = specs().map(|spec| digest(&spec)).collect();
    assert_eq!(digests.len(), 1 << 7);
}
