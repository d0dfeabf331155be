//! A tuning job (proto `TuningJob`).

use std::hash::BuildHasher;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{self, Double, Entries, Int, Maybe};
use super::stats::{billable_tokens, data_stats};
use super::{WireError, object};
use crate::model::{
    AdapterSize, Checkpoint, EncryptionSpec, Facts, HyperParameters, JobError, JobName, JobState,
    Labels, Observed, Place, PreTunedModel, PreferenceHyperParameters, PreferenceOptimizationSpec,
    Stamp, SupervisedTuningSpec, Text, Texts, TunedModel, TuningSpec, Untrusted, labels,
};
use crate::vertex::known::Fingerprint;

/// A job with its fields still unread: of the many jobs of a listing most are
/// looked at for their labels only. What is not named here is skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job<'a> {
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) labels: Option<&'a RawValue>,
    #[serde(borrow)]
    state: Option<&'a RawValue>,
    #[serde(borrow)]
    create_time: Option<&'a RawValue>,
    #[serde(borrow)]
    start_time: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time: Option<&'a RawValue>,
    #[serde(borrow)]
    base_model: Option<&'a RawValue>,
    #[serde(borrow)]
    pre_tuned_model: Option<&'a RawValue>,
    #[serde(borrow)]
    tuned_model_display_name: Option<&'a RawValue>,
    #[serde(borrow)]
    description: Option<&'a RawValue>,
    #[serde(borrow)]
    supervised_tuning_spec: Option<&'a RawValue>,
    #[serde(borrow)]
    preference_optimization_spec: Option<&'a RawValue>,
    #[serde(borrow)]
    encryption_spec: Option<&'a RawValue>,
    #[serde(borrow)]
    service_account: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    tuned_model: Option<&'a RawValue>,
    #[serde(borrow)]
    experiment: Option<&'a RawValue>,
    /// With an echo of training rows, which stays unread.
    #[serde(borrow)]
    tuning_data_stats: Option<&'a RawValue>,
}

/// Reads a whole answer as one job of `place`.
pub(crate) fn job(body: &[u8], place: &Place) -> Result<Observed, WireError> {
    object::<Job<'_>>(body)?.observed(place, &mut Texts::default())
}

/// As [`job`], with the statistics of its data.
pub(crate) fn whole_job(body: &[u8], place: &Place) -> Result<Observed, WireError> {
    object::<Job<'_>>(body)?.whole(place, &mut Texts::default())
}

impl Job<'_> {
    /// Stands for all of it, in whatever order its labels come.
    pub(super) fn fingerprint(&self, hashing: &impl BuildHasher) -> Fingerprint {
        // Whoever reads one more field has to name it here.
        let Self {
            name,
            labels,
            state,
            create_time,
            start_time,
            end_time,
            base_model,
            pre_tuned_model,
            tuned_model_display_name,
            description,
            supervised_tuning_spec,
            preference_optimization_spec,
            encryption_spec,
            service_account,
            error,
            tuned_model,
            experiment,
            tuning_data_stats,
        } = self;
        let Entries(mut labels) = lenient::parse(*labels).unwrap_or_default();
        // Those of one key stay in their order: the last of them counts.
        labels.sort_by(|(a, _), (b, _)| a.cmp(b));
        let labels: Vec<_> = labels.iter().map(|(key, value)| (key, value.get())).collect();
        let fields = [
            name,
            state,
            create_time,
            start_time,
            end_time,
            base_model,
            pre_tuned_model,
            tuned_model_display_name,
            description,
            supervised_tuning_spec,
            preference_optimization_spec,
            encryption_spec,
            service_account,
            error,
            tuned_model,
            experiment,
            tuning_data_stats,
        ];
        Fingerprint(hashing.hash_one((fields.map(|field| field.map(RawValue::get)), labels)))
    }

    /// As [`Job::observed`], with the statistics of its data.
    pub(super) fn whole(self, place: &Place, texts: &mut Texts) -> Result<Observed, WireError> {
        let data = data_stats(self.tuning_data_stats).map(Box::new);
        let mut job = self.observed(place, texts)?;
        job.data = data;
        Ok(job)
    }

    /// The job as the rest of the program knows it. What many jobs have in
    /// common is taken from `texts`.
    pub(super) fn observed(self, place: &Place, texts: &mut Texts) -> Result<Observed, WireError> {
        let Self {
            name,
            labels,
            state,
            create_time,
            start_time,
            end_time,
            base_model,
            pre_tuned_model,
            tuned_model_display_name,
            description,
            supervised_tuning_spec,
            preference_optimization_spec,
            encryption_spec,
            service_account,
            error,
            tuned_model,
            experiment,
            tuning_data_stats,
        } = self;
        let name: JobName =
            lenient::text(name).ok_or(WireError::Name)?.parse().map_err(|_| WireError::Name)?;
        let labels = lenient::entries(labels).into_iter();
        let labels: Labels = labels
            .map(|(key, value)| {
                let is_own = labels::NAMES_A_RUN.contains(&&*key);
                let value = if is_own { Text::from(value) } else { texts.take(&value) };
                (texts.take(&key), value)
            })
            .collect();
        let own = |raw| lenient::text(raw).map(Text::from);
        let mut shared = |raw| lenient::text(raw).map(|text| texts.take(&text));
        Ok(Facts {
            name,
            place: place.clone(),
            stamp: Stamp::read(&labels),
            state: job_state(state),
            create_time: lenient::time(create_time),
            start_time: lenient::time(start_time),
            end_time: lenient::time(end_time),
            pre_tuned_base: shared(lenient::at(pre_tuned_model, &["baseModel"]))
                .filter(|model| !model.is_empty()),
            error: lenient::message(error).map(Status::job_error),
            tuned_model: lenient::message(tuned_model).map(Model::tuned_model),
            experiment: own(experiment),
            billable_tokens: billable_tokens(tuning_data_stats),
            data: None,
            echo: TuningSpec {
                base_model: shared(base_model),
                pre_tuned_model: lenient::message(pre_tuned_model).map(PreTuned::pre_tuned_model),
                tuned_model_display_name: own(tuned_model_display_name),
                description: shared(description),
                labels,
                supervised_tuning_spec: lenient::message(supervised_tuning_spec)
                    .map(Method::supervised),
                preference_optimization_spec: lenient::message(preference_optimization_spec)
                    .map(Method::preference),
                encryption_spec: lenient::message(encryption_spec)
                    .and_then(|Encryption { kms_key_name }| kms_key_name)
                    .map(|kms_key_name| EncryptionSpec { kms_key_name }),
                service_account: shared(service_account),
            },
        }
        .into())
    }
}

/// Any state: what is no string, such as the number that proto JSON writes for
/// a value newer than the server's own types, is unknown and not absent.
fn job_state(raw: Option<&RawValue>) -> JobState {
    match (raw, lenient::text(raw)) {
        (None, _) => JobState::Absent,
        (Some(_), Some(name)) => JobState::from_wire(&name),
        (Some(raw), None) => JobState::Unknown(Untrusted::new(raw.get())),
    }
}

/// Proto `google.rpc.Status`.
#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient::field")]
    code: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    message: Option<String>,
}

impl Status {
    fn job_error(self) -> JobError {
        let Self { code, message } = self;
        JobError {
            code: code.map_or(0, |code| code.0),
            message: Untrusted::new(message.unwrap_or_default()),
        }
    }
}

/// Proto `TunedModel`.
#[derive(Deserialize)]
struct Model {
    #[serde(default, deserialize_with = "lenient::field")]
    model: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    endpoint: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    checkpoints: Option<Vec<Maybe<WireCheckpoint>>>,
}

impl Model {
    fn tuned_model(self) -> TunedModel {
        let Self { model, endpoint, checkpoints } = self;
        let checkpoints = checkpoints.unwrap_or_default().into_iter();
        TunedModel {
            model: present(model),
            endpoint: present(endpoint),
            checkpoints: checkpoints.filter_map(|c| c.0?.checkpoint()).collect(),
        }
    }
}

/// Proto `TunedModelCheckpoint`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCheckpoint {
    #[serde(default, deserialize_with = "lenient::field")]
    checkpoint_id: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    epoch: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    step: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    endpoint: Option<Text>,
}

impl WireCheckpoint {
    fn checkpoint(self) -> Option<Checkpoint> {
        let Self { checkpoint_id, epoch, step, endpoint } = self;
        Some(Checkpoint {
            id: checkpoint_id?,
            epoch: epoch.map(|n| n.0),
            step: step.map(|n| n.0),
            endpoint: present(endpoint),
        })
    }
}

/// Proto JSON may write the default, an empty string, and means absent.
fn present(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !text.is_empty())
}

/// Proto `PreTunedModel`. Its `baseModel` is the server's own remark.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreTuned {
    #[serde(default, deserialize_with = "lenient::field")]
    tuned_model_name: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    checkpoint_id: Option<Text>,
}

impl PreTuned {
    fn pre_tuned_model(self) -> PreTunedModel {
        let Self { tuned_model_name, checkpoint_id } = self;
        PreTunedModel {
            tuned_model_name: tuned_model_name.unwrap_or_default(),
            checkpoint_id: present(checkpoint_id),
        }
    }
}

/// Proto `EncryptionSpec`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encryption {
    #[serde(default, deserialize_with = "lenient::field")]
    kms_key_name: Option<Text>,
}

/// Protos `SupervisedTuningSpec` and `PreferenceOptimizationSpec`, which have
/// the same fields.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    #[serde(default, deserialize_with = "lenient::field")]
    training_dataset_uri: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    validation_dataset_uri: Option<Text>,
    #[serde(default, deserialize_with = "lenient::field")]
    export_last_checkpoint_only: Option<bool>,
    #[serde(default, deserialize_with = "lenient::field")]
    hyper_parameters: Option<Hyper>,
}

/// Protos `SupervisedHyperParameters` and `PreferenceOptimizationHyperParameters`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hyper {
    #[serde(default, deserialize_with = "lenient::field")]
    epoch_count: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    adapter_size: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    learning_rate_multiplier: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    beta: Option<Double>,
}

impl Method {
    fn supervised(self) -> SupervisedTuningSpec {
        let PreferenceOptimizationSpec {
            training_dataset_uri,
            validation_dataset_uri,
            export_last_checkpoint_only,
            hyper_parameters,
        } = self.preference();
        SupervisedTuningSpec {
            training_dataset_uri,
            validation_dataset_uri,
            export_last_checkpoint_only,
            hyper_parameters: hyper_parameters.map(
                |PreferenceHyperParameters {
                     epoch_count,
                     adapter_size,
                     learning_rate_multiplier,
                     beta: _,
                 }| {
                    HyperParameters { epoch_count, adapter_size, learning_rate_multiplier }
                },
            ),
        }
    }

    fn preference(self) -> PreferenceOptimizationSpec {
        let Self {
            training_dataset_uri,
            validation_dataset_uri,
            export_last_checkpoint_only,
            hyper_parameters,
        } = self;
        PreferenceOptimizationSpec {
            training_dataset_uri: training_dataset_uri.unwrap_or_default(),
            validation_dataset_uri: present(validation_dataset_uri),
            export_last_checkpoint_only,
            hyper_parameters: hyper_parameters.map(
                |Hyper { epoch_count, adapter_size, learning_rate_multiplier, beta }| {
                    PreferenceHyperParameters {
                        epoch_count: epoch_count.map(|n| n.0),
                        adapter_size: adapter_size.as_deref().and_then(AdapterSize::from_name),
                        learning_rate_multiplier: learning_rate_multiplier.map(|x| x.0),
                        beta: beta.map(|x| x.0),
                    }
                },
            ),
        }
    }
}
