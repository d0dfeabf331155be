//! What the service refuses at once, beyond JSON that does not fit: the
//! "Synchronous create errors". Texts are the service's own where one was seen
//! (GoogleCloudPlatform/generative-ai issue 2081, googleapis/python-genai
//! issue 908), plausible ones elsewhere.

use serde_json::{Map, Value};

use super::catalog::{self, BaseModel};
use super::chance;
use super::datasets::{Datasets, Facts};
use super::error::{Refusal, Violation};
use super::lifecycle::Fate;
use super::names::{self, Place};
use super::world::World;

/// A create request that the service would take.
pub(crate) struct Accepted {
    pub(crate) base: &'static BaseModel,
    /// The parent's display name in continuous tuning.
    pub(crate) parent_name: Option<String>,
    pub(crate) preference: bool,
    pub(crate) dataset: Facts,
    pub(crate) fate: Fate,
}

const SUPERVISED: &str = "supervisedTuningSpec";
const PREFERENCE: &str = "preferenceOptimizationSpec";

pub(crate) fn check(
    world: &World,
    datasets: &Datasets,
    place: &Place,
    job: &Map<String, Value>,
) -> Result<Accepted, Refusal> {
    if matches!(place.location.as_str(), "global" | "us" | "eu") {
        return Err(Refusal::precondition(format!(
            "Tuning Gemini models is not supported in location `{}`. Use a regional endpoint.",
            place.location
        )));
    }
    only_open_models(job)?;
    let mut violations = Vec::new();
    let has = |field: &str| job.contains_key(field);
    if !has("baseModel") && !has("preTunedModel") {
        violations.push(Violation::new("tuning_job.source_model", "Required field is not set."));
    }
    if !has(SUPERVISED) && !has(PREFERENCE) {
        violations.push(Violation::new("tuning_job.tuning_spec", "Required field is not set."));
    }
    check_display_name(job, &mut violations);
    check_labels(job, &mut violations);
    let preference = has(PREFERENCE);
    let (spec_field, spec_path) = if preference {
        (PREFERENCE, "tuning_job.preference_optimization_spec")
    } else {
        (SUPERVISED, "tuning_job.supervised_tuning_spec")
    };
    let spec = job.get(spec_field).and_then(Value::as_object);
    if let Some(spec) = spec {
        check_dataset_uris(datasets, spec, spec_path, &mut violations);
        check_hyper_parameters(spec, spec_path, &mut violations);
    }
    if !violations.is_empty() {
        return Err(Refusal::found_errors(violations));
    }

    let parent = find_parent(world, place, job)?;
    let base_id = match &parent {
        Some(parent) => parent.base_model.as_str(),
        None => job.get("baseModel").and_then(Value::as_str).unwrap_or_default(),
    };
    let base = known_base(base_id)?;
    check_base(base, place, job, preference)?;
    if let Some(parent) = &parent
        && parent.kms_key != kms_key(job)
    {
        return Err(Refusal::invalid(
            "Continuous tuning must use the same KMS key as the pre-tuned model.",
        ));
    }
    let hyper_parameters = spec.and_then(|spec| spec.get("hyperParameters"));
    let size = hyper_parameters.and_then(|parameters| parameters.get("adapterSize"));
    if size.is_some_and(|size| !size.as_str().is_some_and(|size| base.takes_adapter(size))) {
        return Err(Refusal::invalid("The adapter size is not supported for this base model."));
    }

    let uri = spec
        .and_then(|spec| spec.get("trainingDatasetUri"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let dataset = match datasets.bytes(uri) {
        Some(bytes) if !bytes.is_empty() => Facts::read(&bytes, preference),
        _ => Facts::invent(uri, world.seed),
    };
    let fate = fate(uri, &dataset, world.seed);
    Ok(Accepted {
        base,
        parent_name: parent.map(|parent| parent.display_name),
        preference,
        dataset,
        fate,
    })
}

/// See the table in the documentation of [`super`].
fn fate(uri: &str, dataset: &Facts, seed: u64) -> Fate {
    match uri.strip_prefix("gs://retune-samples/faults/") {
        Some("fail.jsonl") if dataset.defect.is_none() => {
            let row = 1 + chance::bits(seed, uri, 0) % dataset.examples.max(1);
            Fate::BadDataset(format!(
                "Dataset row {row} is invalid: `contents` is missing, empty or not a list."
            ))
        }
        Some("internal.jsonl") => Fate::Internal,
        Some("fail-with-model.jsonl") => Fate::NoEndpoint,
        Some("expire.jsonl") => Fate::Expire,
        _ => dataset.defect.clone().map_or(Fate::Succeed, Fate::BadDataset),
    }
}

/// Fields of v1beta1 that no Gemini model takes.
fn only_open_models(job: &Map<String, Value>) -> Result<(), Refusal> {
    const SPECS: &[&str] = &[
        "distillationSpec",
        "partnerModelTuningSpec",
        "veoTuningSpec",
        "veoLoraTuningSpec",
        "reinforcementTuningSpec",
        "fullFineTuningSpec",
        "customBaseModel",
        "outputUri",
    ];
    const IN_SPEC: &[&str] = &["tuningMode"];
    const IN_PARAMETERS: &[&str] = &["learningRate", "batchSize"];
    let spec = job.get(SUPERVISED);
    let parameters = spec.and_then(|spec| spec.get("hyperParameters"));
    let found = SPECS
        .iter()
        .find(|field| job.contains_key(**field))
        .or_else(|| {
            IN_SPEC.iter().find(|field| spec.is_some_and(|spec| spec.get(**field).is_some()))
        })
        .or_else(|| {
            IN_PARAMETERS.iter().find(|field| {
                parameters.is_some_and(|parameters| parameters.get(**field).is_some())
            })
        });
    match found {
        Some(field) => Err(Refusal::invalid(format!(
            "The {} field is not supported for this base model.",
            super::schema::snake_case(field)
        ))),
        None => Ok(()),
    }
}

fn check_display_name(job: &Map<String, Value>, violations: &mut Vec<Violation>) {
    const LONGEST: usize = 128;
    let name = job.get("tunedModelDisplayName").and_then(Value::as_str).unwrap_or_default();
    if name.chars().count() > LONGEST {
        violations.push(Violation::new(
            "tuning_job.tuned_model_display_name",
            format!("tuned_model_display_name must be at most {LONGEST} characters."),
        ));
    }
}

/// The proto says "no longer than 64 characters"; Google's labels as such end
/// at 63, and tuning labels are copied to resources that follow that rule.
pub(crate) fn check_labels(job: &Map<String, Value>, violations: &mut Vec<Violation>) {
    const MOST: usize = 64;
    const LONGEST: usize = 63;
    let Some(labels) = job.get("labels").and_then(Value::as_object) else { return };
    let mut refuse = |why: String| violations.push(Violation::new("tuning_job.labels", why));
    if labels.len() > MOST {
        refuse(format!("At most {MOST} labels are allowed, found {}.", labels.len()));
    }
    let allowed = |text: &str| {
        text.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase() || "_-".contains(c))
    };
    for (key, value) in labels {
        let value = value.as_str().unwrap_or_default();
        let starts_well = key.starts_with(|c: char| c.is_alphabetic());
        if !starts_well || !allowed(key) || key.chars().count() > LONGEST {
            refuse(format!(
                "Label key `{key}` is invalid: it starts with a lowercase letter, has lowercase letters, digits, \
                 `_` and `-` only, and at most {LONGEST} characters."
            ));
        }
        if !allowed(value) || value.chars().count() > LONGEST {
            refuse(format!(
                "Label value `{value}` of key `{key}` is invalid: it has lowercase letters, digits, `_` and `-` \
                 only, and at most {LONGEST} characters."
            ));
        }
    }
}

fn check_dataset_uris(
    datasets: &Datasets,
    spec: &Map<String, Value>,
    path: &str,
    violations: &mut Vec<Violation>,
) {
    for (field, name, required) in [
        ("trainingDatasetUri", "training_dataset_uri", true),
        ("validationDatasetUri", "validation_dataset_uri", false),
    ] {
        let description = match spec.get(field).and_then(Value::as_str) {
            None if required => "Required field is not set.".to_owned(),
            Some(uri) if !datasets.has(uri) => {
                format!("{name} should be a GCS object of type JSONL.")
            }
            Some(_) | None => continue,
        };
        violations.push(Violation::new(format!("{path}.{name}"), description));
    }
}

fn check_hyper_parameters(spec: &Map<String, Value>, path: &str, violations: &mut Vec<Violation>) {
    let Some(parameters) = spec.get("hyperParameters").and_then(Value::as_object) else { return };
    let epochs = parameters
        .get("epochCount")
        .and_then(Value::as_str)
        .and_then(|count| count.parse::<i64>().ok());
    // No range is published. Tens occur; a thousand keeps step counts sane.
    if epochs.is_some_and(|epochs| !(1..=1000).contains(&epochs)) {
        violations.push(Violation::new(
            format!("{path}.hyper_parameters.epoch_count"),
            "epoch_count is out of range.",
        ));
    }
    for (field, name) in [("learningRateMultiplier", "learning_rate_multiplier"), ("beta", "beta")]
    {
        if parameters.get(field).and_then(Value::as_f64).is_some_and(|value| value <= 0.0) {
            violations.push(Violation::new(
                format!("{path}.hyper_parameters.{name}"),
                format!("{name} must be positive."),
            ));
        }
    }
}

fn known_base(id: &str) -> Result<&'static BaseModel, Refusal> {
    match catalog::find(id) {
        Some(base) => Ok(base),
        None if catalog::is_retired(id) => Err(Refusal::not_found(format!(
            "Publisher model `publishers/google/models/{id}` was not found or is no longer available."
        ))),
        None => Err(Refusal::invalid(format!("Base model {id} is not supported."))),
    }
}

fn kms_key(job: &Map<String, Value>) -> Option<String> {
    Some(job.get("encryptionSpec")?.get("kmsKeyName")?.as_str()?.to_owned())
}

fn check_base(
    base: &BaseModel,
    place: &Place,
    job: &Map<String, Value>,
    preference: bool,
) -> Result<(), Refusal> {
    if base.multi_region && !catalog::GEMINI_3_REGIONS.contains(&place.location.as_str()) {
        return Err(Refusal::precondition(format!(
            "Base model {} is not supported in location `{}`.",
            base.id, place.location
        )));
    }
    if preference && !base.preference {
        return Err(Refusal::invalid(format!(
            "Preference tuning is not supported for base model {}.",
            base.id
        )));
    }
    let Some(key) = kms_key(job) else { return Ok(()) };
    if base.multi_region {
        return Err(Refusal::invalid(format!("CMEK is not supported for base model {}.", base.id)));
    }
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        ["projects", _, "locations", location, "keyRings", _, "cryptoKeys", _]
            if *location == place.location =>
        {
            Ok(())
        }
        ["projects", _, "locations", _, "keyRings", _, "cryptoKeys", _] => {
            Err(Refusal::invalid("The KMS key must be in the same region as the tuning job."))
        }
        _ => Err(Refusal::found_errors(vec![Violation::new(
            "tuning_job.encryption_spec.kms_key_name",
            "kms_key_name is not the resource name of a key.",
        )])),
    }
}

struct Parent {
    base_model: String,
    display_name: String,
    kms_key: Option<String>,
}

/// The model that continuous tuning starts from.
fn find_parent(
    world: &World,
    place: &Place,
    job: &Map<String, Value>,
) -> Result<Option<Parent>, Refusal> {
    let Some(source) = job.get("preTunedModel") else { return Ok(None) };
    let name = source.get("tunedModelName").and_then(Value::as_str).unwrap_or_default();
    let violation = |name: &str, why: &str| {
        Refusal::found_errors(vec![Violation::new(
            format!("tuning_job.pre_tuned_model.{name}"),
            why,
        )])
    };
    if name.is_empty() {
        return Err(violation("tuned_model_name", "Required field is not set."));
    }
    let (name, version) = match name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (name, None),
    };
    let (model_place, id) = names::parse(name, "models").ok_or_else(|| {
        violation("tuned_model_name", "tuned_model_name is not the resource name of a model.")
    })?;
    let missing = || Refusal::not_found(format!("The Model `{name}` does not exist."));
    let model = world.model(&model_place, &id).ok_or_else(missing)?;
    let version = model.version(version).ok_or_else(missing)?;
    let serves =
        catalog::find(&version.base_model).map(|base| base.serving_location(&place.location));
    if model_place.project != place.project
        || serves.is_some_and(|serves| serves != model_place.location)
    {
        return Err(Refusal::invalid(format!(
            "The Model `{name}` cannot be tuned in {}.",
            place.location
        )));
    }
    if let Some(checkpoint) = source.get("checkpointId").and_then(Value::as_str)
        && !version.checkpoints.iter().any(|known| known.id == checkpoint)
    {
        return Err(violation("checkpoint_id", "The checkpoint does not exist."));
    }
    Ok(Some(Parent {
        base_model: version.base_model.clone(),
        display_name: model.display_name.clone(),
        kms_key: model.kms_key.clone(),
    }))
}
