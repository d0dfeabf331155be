//! The fields of a job as lines of a manifest.

use std::collections::BTreeSet;

use super::naming::is_generated;
use super::yaml::{Node, Scalar};
use crate::model::{
    AdapterSize, EncryptionSpec, HyperParameters, PreTunedModel, PreferenceHyperParameters,
    PreferenceOptimizationSpec, SupervisedTuningSpec, Text, TuningSpec,
};

/// Why a comment is one.
const LEFT_TO_VERTEX: &str = "left to Vertex, which chose this";
pub(super) const NOT_TAKEN: &str = "no manifest takes this";

/// Which fields are set, and which only shown.
pub(super) struct Fields<'a> {
    pub(super) asked: Option<&'a TuningSpec>,
    pub(super) refused: &'a BTreeSet<&'static str>,
}

impl Fields<'_> {
    /// A field: what was asked for, else what the job echoes.
    fn field(
        &self,
        key: &'static str,
        asked: Option<Scalar>,
        echo: Option<Scalar>,
    ) -> Option<Node> {
        let node = match (asked, echo) {
            (Some(value), _) | (None, Some(value)) if self.refused.contains(key) => {
                Node::Unset(key.to_owned(), value, NOT_TAKEN)
            }
            (Some(value), _) => Node::Set(key.to_owned(), value),
            (None, Some(value)) if self.asked.is_some() => {
                Node::Unset(key.to_owned(), value, LEFT_TO_VERTEX)
            }
            (None, Some(value)) => Node::Set(key.to_owned(), value),
            (None, None) => return None,
        };
        Some(node)
    }

    /// A field that the service does not fill in.
    fn own(&self, key: &'static str, value: Option<Scalar>) -> Option<Node> {
        self.field(key, value, None)
    }

    /// The fields of `spec`, in the order in which people write them.
    pub(super) fn spec(&self, echo: &TuningSpec) -> Vec<Node> {
        let TuningSpec {
            base_model,
            pre_tuned_model: _,
            tuned_model_display_name,
            description,
            // They are metadata.
            labels: _,
            supervised_tuning_spec: _,
            preference_optimization_spec: _,
            encryption_spec: _,
            service_account,
        } = echo;
        let spec = self.asked.unwrap_or(echo);
        let text = |text: &Option<Text>| text.as_deref().map(Scalar::text);
        let mut nodes: Vec<Node> = Vec::new();
        nodes.extend(self.own("baseModel", text(base_model)));
        if let (Some(asked), Some(echo)) = (&spec.pre_tuned_model, &echo.pre_tuned_model) {
            nodes.push(Node::Map("preTunedModel", self.pre_tuned(asked, echo)));
        }
        let display_name = text(tuned_model_display_name);
        match tuned_model_display_name {
            Some(name) if is_generated(name, base_model.as_deref()) => {
                nodes.extend(display_name.map(|name| {
                    Node::Unset("tunedModelDisplayName".to_owned(), name, "given by Vertex")
                }));
            }
            _ => nodes.extend(self.own("tunedModelDisplayName", display_name)),
        }
        nodes.extend(self.own("description", text(description)));
        if let (Some(asked), Some(echo)) =
            (&spec.supervised_tuning_spec, &echo.supervised_tuning_spec)
        {
            nodes.push(Node::Map(
                "supervisedTuningSpec",
                self.method(&without_beta(asked), &without_beta(echo)),
            ));
        }
        if let (Some(asked), Some(echo)) =
            (&spec.preference_optimization_spec, &echo.preference_optimization_spec)
        {
            nodes.push(Node::Map("preferenceOptimizationSpec", self.method(asked, echo)));
        }
        if let Some(EncryptionSpec { kms_key_name }) = &spec.encryption_spec {
            let key = self.own("kmsKeyName", Some(Scalar::text(kms_key_name)));
            nodes.push(Node::Map("encryptionSpec", key.into_iter().collect()));
        }
        nodes.extend(self.own("serviceAccount", text(service_account)));
        nodes
    }

    fn pre_tuned(&self, asked: &PreTunedModel, echo: &PreTunedModel) -> Vec<Node> {
        let PreTunedModel { tuned_model_name, checkpoint_id } = asked;
        let text = |text: &Option<Text>| text.as_deref().map(Scalar::text);
        let name = self.own("tunedModelName", Some(Scalar::text(tuned_model_name)));
        let checkpoint = self.field("checkpointId", text(checkpoint_id), text(&echo.checkpoint_id));
        name.into_iter().chain(checkpoint).collect()
    }

    /// Both methods have these fields, beta that of preferences alone.
    fn method(
        &self,
        asked: &PreferenceOptimizationSpec,
        echo: &PreferenceOptimizationSpec,
    ) -> Vec<Node> {
        let PreferenceOptimizationSpec {
            training_dataset_uri: training,
            validation_dataset_uri: validation,
            export_last_checkpoint_only: last_only,
            hyper_parameters,
        } = asked;
        let PreferenceHyperParameters { epoch_count, adapter_size, learning_rate_multiplier, beta } =
            hyper_parameters.clone().unwrap_or_default();
        let echo = echo.hyper_parameters.clone().unwrap_or_default();
        let mut nodes: Vec<Node> = Vec::new();
        nodes.extend(self.own("trainingDatasetUri", Some(Scalar::text(training))));
        nodes.extend(self.own("validationDatasetUri", validation.as_deref().map(Scalar::text)));
        nodes.extend(self.own("exportLastCheckpointOnly", last_only.map(Scalar::of)));
        let size = |size: Option<AdapterSize>| size.map(|size| Scalar::of(size.size()));
        let number = |number: Option<f64>| number.map(Scalar::of);
        let hyper = [
            self.field("epochCount", epoch_count.map(Scalar::of), echo.epoch_count.map(Scalar::of)),
            self.field("adapterSize", size(adapter_size), size(echo.adapter_size)),
            self.field(
                "learningRateMultiplier",
                number(learning_rate_multiplier),
                number(echo.learning_rate_multiplier),
            ),
            self.field("beta", number(beta), number(echo.beta)),
        ];
        let hyper: Vec<Node> = hyper.into_iter().flatten().collect();
        if self.asked.is_none() && !hyper.is_empty() {
            let why = "As the job ran: Vertex does not say which of these it chose itself.";
            nodes.push(Node::Remark(why.to_owned()));
        }
        nodes.push(Node::Map("hyperParameters", hyper));
        nodes
    }
}

/// Supervised tuning in the form of the method that has one field more.
fn without_beta(spec: &SupervisedTuningSpec) -> PreferenceOptimizationSpec {
    let SupervisedTuningSpec {
        training_dataset_uri,
        validation_dataset_uri,
        export_last_checkpoint_only,
        hyper_parameters,
    } = spec.clone();
    PreferenceOptimizationSpec {
        training_dataset_uri,
        validation_dataset_uri,
        export_last_checkpoint_only,
        hyper_parameters: hyper_parameters.map(
            |HyperParameters { epoch_count, adapter_size, learning_rate_multiplier }| {
                PreferenceHyperParameters {
                    epoch_count,
                    adapter_size,
                    learning_rate_multiplier,
                    beta: None,
                }
            },
        ),
    }
}
