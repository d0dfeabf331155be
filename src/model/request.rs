//! The body of a create: only what the user set, and retune's labels.

use serde::Serialize;
use serde_json::Value;

use super::{
    Desired, HyperParameters, Labels, Place, PreTunedModel, PreferenceHyperParameters,
    PreferenceOptimizationSpec, SupervisedTuningSpec, Text, TuningSpec, identity, labels, spec,
};

/// A tuning job to create, complete but for what is stamped at sending: the
/// run id and the source revision.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// Where to create it.
    pub place: Place,
    /// What to ask for.
    pub spec: TuningSpec,
    /// The user's labels and retune's own.
    pub labels: Labels,
}

impl CreateRequest {
    /// The create of `desired` as its `attempt`-th run.
    pub fn new(desired: &Desired, attempt: u32) -> Self {
        let mut all = desired.spec.labels.clone();
        let mut stamp = |key: &str, value: String| all.insert(key, value);
        stamp(labels::MANAGED_BY, labels::RETUNE.to_owned());
        stamp(labels::OWNER, desired.key.owner.to_string());
        stamp(labels::NAME, desired.key.name.to_string());
        stamp(labels::RERUN, desired.key.rerun.to_string());
        stamp(labels::SPEC, identity::digest(&desired.spec));
        stamp(labels::ATTEMPT, attempt.to_string());
        Self { place: desired.key.place.clone(), spec: desired.spec.clone(), labels: all }
    }

    /// The body as the plan shows it and its digest covers it.
    pub fn body(&self) -> Value {
        render(&self.spec, &self.labels)
    }

    /// The body as it is sent: with the run id, and the revision when known.
    pub fn stamped(&self, run: u64, revision: Option<i64>) -> Value {
        let mut stamped = self.labels.clone();
        stamped.insert(labels::RUN, labels::run(run));
        if let Some(revision) = revision {
            stamped.insert(labels::REV, revision.to_string());
        }
        render(&self.spec, &stamped)
    }
}

/// The proto-JSON of a TuningJob (discovery `aiplatform.v1`, revision
/// 20261106). Absent fields are left out: a null would ask for the default.
fn render(spec: &TuningSpec, labels: &Labels) -> Value {
    let TuningSpec {
        base_model,
        pre_tuned_model,
        tuned_model_display_name,
        description,
        labels: _,
        supervised_tuning_spec,
        preference_optimization_spec,
        encryption_spec,
        service_account,
    } = spec;
    let body = Body {
        base_model: base_model.as_deref(),
        pre_tuned_model: pre_tuned_model.as_ref(),
        tuned_model_display_name: tuned_model_display_name.as_deref(),
        description: description.as_deref(),
        labels,
        supervised_tuning_spec: supervised_tuning_spec.as_ref(),
        preference_optimization_spec: preference_optimization_spec.as_ref(),
        encryption_spec: encryption_spec.as_ref(),
        service_account: service_account.as_deref(),
    };
    // Strings, numbers and maps with string keys always have a JSON form.
    serde_json::to_value(body).unwrap_or(Value::Null)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    base_model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_tuned_model: Option<&'a PreTunedModel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tuned_model_display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    labels: &'a Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    supervised_tuning_spec: Option<&'a SupervisedTuningSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preference_optimization_spec: Option<&'a PreferenceOptimizationSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_spec: Option<&'a spec::EncryptionSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<&'a str>,
}

impl TuningSpec {
    /// The training dataset, of whichever method.
    pub fn training_dataset_uri(&self) -> Option<&str> {
        let supervised = self.supervised_tuning_spec.as_ref().map(|s| &s.training_dataset_uri);
        let preference =
            self.preference_optimization_spec.as_ref().map(|s| &s.training_dataset_uri);
        supervised.or(preference).map(Text::as_str)
    }

    /// What it is evaluated on, when anything.
    pub fn validation_dataset_uri(&self) -> Option<&str> {
        let supervised = self.supervised_tuning_spec.as_ref().map(|s| &s.validation_dataset_uri);
        let preference =
            self.preference_optimization_spec.as_ref().map(|s| &s.validation_dataset_uri);
        supervised.or(preference)?.as_deref()
    }

    /// The number of epochs, of whichever method.
    pub fn epoch_count(&self) -> Option<i64> {
        let supervised = self.supervised().and_then(|h| h.epoch_count);
        supervised.or_else(|| self.preference().and_then(|h| h.epoch_count))
    }

    pub(crate) fn supervised(&self) -> Option<&HyperParameters> {
        self.supervised_tuning_spec.as_ref()?.hyper_parameters.as_ref()
    }

    pub(crate) fn preference(&self) -> Option<&PreferenceHyperParameters> {
        self.preference_optimization_spec.as_ref()?.hyper_parameters.as_ref()
    }
}
