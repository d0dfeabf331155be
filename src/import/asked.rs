//! What a job was asked for, told from what the service filled in.

use crate::model::identity::{digest, removed_fields};
use crate::model::{HyperParameters, Place, PreferenceHyperParameters, Text, TuningSpec};

/// The fields that were set when retune made this job: those with which the
/// digest on it comes out. `None`: there is no such choice of echoed fields.
pub(super) fn asked(echo: &TuningSpec, label: &str, place: &Place) -> Option<TuningSpec> {
    // What the service leaves out, and how it writes a project, vary.
    let ways = (0u8..8).map(|way| as_written(echo, place, way));
    ways.into_iter().find_map(|echo| {
        let mut spec = bare(&echo);
        if digest(&spec) != label {
            for field in removed_fields(&spec, &echo, label)? {
                put(&mut spec, &echo, field.path);
            }
        }
        (digest(&spec) == label).then_some(spec)
    })
}

/// The echo as the user may have written it: a default that the service leaves
/// out, and the project's id where the service writes its number.
fn as_written(echo: &TuningSpec, place: &Place, way: u8) -> TuningSpec {
    let mut spec = echo.clone();
    let (by_id, false_set, zero_set) = (way & 1 != 0, way & 2 != 0, way & 4 != 0);
    if by_id {
        let name = |name: &mut Text| {
            let rest = name.strip_prefix("projects/").and_then(|rest| rest.split_once('/'));
            if let Some((_, rest)) = rest {
                *name = format!("projects/{}/{rest}", place.project).into();
            }
        };
        spec.pre_tuned_model.iter_mut().for_each(|model| name(&mut model.tuned_model_name));
        spec.encryption_spec.iter_mut().for_each(|key| name(&mut key.kms_key_name));
        if let Some(method) = &mut spec.supervised_tuning_spec {
            name(&mut method.training_dataset_uri);
            method.validation_dataset_uri.iter_mut().for_each(name);
        }
        if let Some(method) = &mut spec.preference_optimization_spec {
            name(&mut method.training_dataset_uri);
            method.validation_dataset_uri.iter_mut().for_each(name);
        }
    }
    if let Some(method) = &mut spec.supervised_tuning_spec
        && false_set
    {
        method.export_last_checkpoint_only.get_or_insert(false);
    }
    if let Some(method) = &mut spec.preference_optimization_spec {
        if false_set {
            method.export_last_checkpoint_only.get_or_insert(false);
        }
        if zero_set {
            let hyper = method.hyper_parameters.get_or_insert_default();
            hyper.beta.get_or_insert(0.0);
        }
    }
    spec
}

/// Less everything that the service fills in.
fn bare(echo: &TuningSpec) -> TuningSpec {
    let mut spec = echo.clone();
    spec.pre_tuned_model.iter_mut().for_each(|model| model.checkpoint_id = None);
    spec.supervised_tuning_spec.iter_mut().for_each(|method| method.hyper_parameters = None);
    spec.preference_optimization_spec.iter_mut().for_each(|method| method.hyper_parameters = None);
    spec
}

/// Sets a field of the table as the echo has it.
fn put(spec: &mut TuningSpec, echo: &TuningSpec, path: &str) {
    let supervised = echo.supervised().cloned().unwrap_or_default();
    let preference = echo.preference().cloned().unwrap_or_default();
    if let (Some(model), Some(echoed)) = (&mut spec.pre_tuned_model, &echo.pre_tuned_model)
        && path == "preTunedModel.checkpointId"
    {
        model.checkpoint_id.clone_from(&echoed.checkpoint_id);
    }
    let (method, field) = path.rsplit_once('.').unwrap_or_default();
    if let Some(to) = &mut spec.supervised_tuning_spec
        && method == "supervisedTuningSpec.hyperParameters"
    {
        let HyperParameters { epoch_count, adapter_size, learning_rate_multiplier } = supervised;
        let to = to.hyper_parameters.get_or_insert_default();
        match field {
            "epochCount" => to.epoch_count = epoch_count,
            "adapterSize" => to.adapter_size = adapter_size,
            "learningRateMultiplier" => to.learning_rate_multiplier = learning_rate_multiplier,
            _ => {}
        }
    }
    if let Some(to) = &mut spec.preference_optimization_spec
        && method == "preferenceOptimizationSpec.hyperParameters"
    {
        let PreferenceHyperParameters { epoch_count, adapter_size, learning_rate_multiplier, beta } =
            preference;
        let to = to.hyper_parameters.get_or_insert_default();
        match field {
            "epochCount" => to.epoch_count = epoch_count,
            "adapterSize" => to.adapter_size = adapter_size,
            "learningRateMultiplier" => to.learning_rate_multiplier = learning_rate_multiplier,
            "beta" => to.beta = beta,
            _ => {}
        }
    }
}
