//! The documents that a manifest file may hold, as they are written.
//!
//! These types are at once file format and schema source: field docs become the
//! schema's descriptions and the editor's hover text. Which values a field takes
//! is said once, in its schema, and the loader checks documents against that.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::model::{
    Bucket, EncryptionSpec, Labels, Lifecycle, Limits, Name, PreTunedModel,
    PreferenceOptimizationSpec, SupervisedTuningSpec, Text, labels,
};

/// What every document's `apiVersion` says.
pub const API_VERSION: &str = "retune.dev/v1";

/// The kinds of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// One tuned model that should exist.
    TunedModel,
    /// What all manifests of a directory share.
    Workspace,
}

impl Kind {
    /// Both kinds with their names.
    pub const ALL: [(Self, &str); 2] =
        [(Self::TunedModel, "TunedModel"), (Self::Workspace, "Workspace")];
}

/// One tuned model that should exist.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TunedModel {
    /// The version of this format.
    #[schemars(schema_with = "api_version_schema")]
    pub api_version: String,
    /// `TunedModel`: one tuned model that should exist. `Workspace`: what all manifests of a
    /// directory share.
    #[schemars(schema_with = "tuned_model_kind_schema")]
    pub kind: Kind,
    /// What the tuned model is called.
    pub metadata: TunedModelMetadata,
    /// How it is tuned. The field names are the Vertex AI API's own.
    pub spec: TunedModelSpec,
}

/// What the tuned model is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TunedModelMetadata {
    /// Names the tuned model in every command and on its jobs: a-z, 0-9 and `-`, starts with a
    /// letter, ends with a letter or digit, at most 63 characters. No other manifest has it.
    #[schemars(schema_with = "name_schema")]
    pub name: String,
    /// Copied to the job; Vertex copies them to the model and its endpoint. They win over the
    /// Workspace's.
    #[serde(default)]
    #[schemars(schema_with = "labels_schema")]
    pub labels: Labels,
}

/// How it is tuned. The field names are the Vertex AI API's own.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("allOf" = [
    {"oneOf": [{"required": ["baseModel"]}, {"required": ["preTunedModel"]}]},
    {"oneOf": [
        {"required": ["supervisedTuningSpec"]},
        {"required": ["preferenceOptimizationSpec"]},
    ]},
]))]
pub struct TunedModelSpec {
    /// The Google Cloud project of the job. Left out: the Workspace's, then `--project`, then
    /// `GOOGLE_CLOUD_PROJECT`.
    #[serde(default)]
    #[schemars(schema_with = "project_schema")]
    pub project: Option<Text>,
    /// The region of the job. Left out: the Workspace's, then `--location`, then
    /// `GOOGLE_CLOUD_LOCATION`.
    #[serde(default)]
    #[schemars(schema_with = "location_schema")]
    pub location: Option<Text>,
    /// The model to tune. Exclusive with `preTunedModel`.
    #[serde(default)]
    #[schemars(schema_with = "base_model_schema")]
    pub base_model: Option<Text>,
    /// An own tuned model to tune further. Exclusive with `baseModel`.
    #[serde(default)]
    pub pre_tuned_model: Option<PreTunedModel>,
    /// What the tuned model is called in the console, at most 128 characters. Changing it starts
    /// no run.
    #[serde(default)]
    #[schemars(schema_with = "display_name_schema")]
    pub tuned_model_display_name: Option<Text>,
    /// Free text on the job. Changing it starts no run.
    #[serde(default)]
    pub description: Option<Text>,
    /// Supervised fine-tuning: examples of prompts with the wanted answers. Exclusive with
    /// `preferenceOptimizationSpec`.
    #[serde(default)]
    pub supervised_tuning_spec: Option<SupervisedTuningSpec>,
    /// Preference tuning: pairs of answers, one preferred. Exclusive with `supervisedTuningSpec`.
    #[serde(default)]
    pub preference_optimization_spec: Option<PreferenceOptimizationSpec>,
    /// The customer-managed key that encrypts the tuned model.
    #[serde(default)]
    pub encryption_spec: Option<EncryptionSpec>,
    /// The service account that the job runs as. Changing it starts no run.
    #[serde(default)]
    #[schemars(schema_with = "service_account_schema")]
    pub service_account: Option<Text>,
    /// What the model is for: turns on the advice of Google's tuning guide. Never sent to Vertex.
    #[serde(default)]
    pub task: Option<Task>,
    /// How retune treats this tuned model. Never sent to Vertex.
    #[serde(default)]
    pub lifecycle: Lifecycle,
}

/// What the model is for: turns on the advice of Google's tuning guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Task {
    /// Sorting texts into classes: 500 examples or more, 2 to 4 epochs.
    Classification,
    /// Shortening texts: 1000 examples or more, 2 to 4 epochs.
    Summarization,
    /// Answers that stand in the text as they are: 500 examples or more, 2 to 4 epochs.
    ExtractiveQa,
    /// Conversation: 1000 examples or more, 2 to 4 epochs.
    Chat,
}

/// What all manifests of a directory share.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceDocument {
    /// The version of this format.
    #[schemars(schema_with = "api_version_schema")]
    pub api_version: String,
    /// `TunedModel`: one tuned model that should exist. `Workspace`: what all manifests of a
    /// directory share.
    #[schemars(schema_with = "workspace_kind_schema")]
    pub kind: Kind,
    /// Who owns the tuned models.
    pub metadata: WorkspaceMetadata,
    /// What all manifests share.
    pub spec: WorkspaceSpec,
}

/// Who owns the tuned models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceMetadata {
    /// The owner, written on every job: a-z, 0-9 and `-`, starts with a letter, ends with a letter
    /// or digit, at most 63 characters. Renaming it disowns every job made so far.
    #[schemars(schema_with = "name_schema")]
    pub name: String,
}

/// What all manifests share.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceSpec {
    /// The Google Cloud project of manifests that name none.
    #[serde(default)]
    #[schemars(schema_with = "project_schema")]
    pub project: Option<Text>,
    /// The region of manifests that name none.
    #[serde(default)]
    #[schemars(schema_with = "location_schema")]
    pub location: Option<Text>,
    /// Places with no manifest any more, whose jobs are still looked at.
    #[serde(default)]
    #[schemars(extend("maxItems" = 100))]
    pub also_list: Vec<PlaceDocument>,
    /// Labels of every job. A manifest's own win.
    #[serde(default)]
    #[schemars(schema_with = "labels_schema")]
    pub labels: Labels,
    /// How much one plan may change. Above a limit nothing is done at all.
    #[serde(default)]
    pub limits: LimitsDocument,
    /// US dollars for a million training tokens (tokens of the data times epochs), by base model.
    /// They win over the table that comes with retune, which is dated and knows few models.
    #[serde(default)]
    #[schemars(schema_with = "prices_schema")]
    pub prices: std::collections::BTreeMap<String, f64>,
    /// How a create is kept from being paid twice.
    #[serde(default)]
    pub claims: ClaimsDocument,
}

/// How a create is kept from being paid twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimsDocument {
    /// A Cloud Storage bucket in which every create is claimed before it is sent, so that of two
    /// runs of retune at the same time one starts the model's run, and the other waits for it. No
    /// settle window is waited for then. Takes storage.objects.get, list, create and delete.
    #[schemars(schema_with = "bucket_schema")]
    pub bucket: Option<String>,
    /// How long a create must have been due before it is sent, where there is no bucket: two
    /// complete listings, this far apart, must both lack the run. Vertex promises no bound for how
    /// soon a listing shows a job.
    #[serde(deserialize_with = "crate::model::maybe_duration")]
    #[schemars(schema_with = "settle_schema")]
    pub settle: Option<std::time::Duration>,
}

fn bucket_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": Bucket::PATTERN,
        "examples": ["gs://acme-ml-retune"],
    })
}

fn settle_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^([0-9]{1,6}[dhms])+$",
        "default": "20s",
        "examples": ["60s"],
    })
}

/// A project and a region.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceDocument {
    /// The Google Cloud project.
    #[schemars(schema_with = "project_schema")]
    pub project: Text,
    /// The region.
    #[schemars(schema_with = "location_schema")]
    pub location: Text,
}

/// How much one plan may change. Above a limit nothing is done at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitsDocument {
    /// Most runs that one plan may start.
    #[serde(deserialize_with = "count")]
    #[schemars(schema_with = "limit_schema::<10>")]
    pub max_creates: u32,
    /// Most runs that one plan may cancel.
    #[serde(deserialize_with = "count")]
    #[schemars(schema_with = "limit_schema::<5>")]
    pub max_cancels: u32,
    /// Most runs at a time in a project; no limit when left out.
    #[serde(deserialize_with = "maybe_count")]
    #[schemars(schema_with = "concurrency_schema")]
    pub max_concurrent: Option<u32>,
}

impl Default for LimitsDocument {
    fn default() -> Self {
        let Limits { max_creates, max_cancels, max_concurrent } = Limits::default();
        Self { max_creates, max_cancels, max_concurrent }
    }
}

impl From<LimitsDocument> for Limits {
    fn from(document: LimitsDocument) -> Self {
        let LimitsDocument { max_creates, max_cancels, max_concurrent } = document;
        Self { max_creates, max_cancels, max_concurrent }
    }
}

/// Most of anything that a limit may allow: more jobs than a listing should have.
const MAX_LIMIT: i64 = 10_000;

fn maybe_count<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    let wrong = || serde::de::Error::custom("expected a whole number from 0 to 10000");
    let n = crate::model::digits::maybe(d)?;
    n.map(|n| u32::try_from(n).map_err(|_| wrong())).transpose()
}

fn count<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    maybe_count(d)?.ok_or_else(|| serde::de::Error::custom("expected a whole number"))
}

fn limit_schema<const DEFAULT: u32>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "minimum": 0,
        "maximum": MAX_LIMIT,
        "pattern": "^(0|[1-9][0-9]{0,3}|10000)$",
        "default": DEFAULT,
    })
}

fn concurrency_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": MAX_LIMIT,
        "pattern": "^([1-9][0-9]{0,3}|10000)$",
        "examples": [4],
    })
}

fn api_version_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": [API_VERSION] })
}

fn tuned_model_kind_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["TunedModel"] })
}

fn workspace_kind_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["Workspace"] })
}

fn name_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": Name::PATTERN, "examples": ["support-faq"] })
}

/// What a project looks like: an id, an older `domain:id`, or a number.
pub(crate) const PROJECT_PATTERN: &str = "^[a-z0-9]([a-z0-9.:-]{0,98}[a-z0-9])?$";

/// What a region looks like.
pub(crate) const LOCATION_PATTERN: &str = "^[a-z][a-z0-9-]{0,61}[a-z0-9]$";

fn project_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": PROJECT_PATTERN, "examples": ["acme-ml"] })
}

fn location_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": LOCATION_PATTERN,
        "not": { "enum": ["global"] },
        "examples": ["us-central1", "europe-west4"],
    })
}

/// What a base model's short id looks like.
pub(crate) const BASE_MODEL_PATTERN: &str = "^[a-z0-9][a-z0-9._-]{0,127}$";

fn base_model_schema(_: &mut SchemaGenerator) -> Schema {
    let tunable: Vec<&str> = crate::model::catalog::tunable().map(|model| &*model.id).collect();
    json_schema!({ "type": "string", "pattern": BASE_MODEL_PATTERN, "examples": tunable })
}

fn display_name_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 128, "examples": ["Support FAQ"] })
}

/// What a service account looks like.
pub(crate) const SERVICE_ACCOUNT_PATTERN: &str = "^[^@/ ]+@[^@/ ]+$";

fn service_account_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": SERVICE_ACCOUNT_PATTERN,
        "examples": ["tuner@acme-ml.iam.gserviceaccount.com"],
    })
}

/// [`labels::is_key`] as a pattern.
pub(crate) const LABEL_KEY_PATTERN: &str = "^[a-z][a-z0-9_-]{0,62}$";
/// [`labels::is_value`] as a pattern.
pub(crate) const LABEL_VALUE_PATTERN: &str = "^[a-z0-9_-]{0,63}$";
/// [`labels::is_reserved`] as a pattern, as far as a label key can be.
pub(crate) const RESERVED_LABEL_PATTERN: &str = "^(managed-by$|retune-)";

fn prices_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 1000,
        "propertyNames": { "minLength": 1, "maxLength": 128 },
        "additionalProperties": { "type": "number", "exclusiveMinimum": 0, "maximum": 10000 },
        "examples": [{ "gemini-3.5-flash": 8.0 }],
    })
}

fn labels_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": labels::MAX_USER_LABELS,
        "propertyNames": {
            "pattern": LABEL_KEY_PATTERN,
            "not": { "pattern": RESERVED_LABEL_PATTERN },
        },
        "additionalProperties": { "type": "string", "pattern": LABEL_VALUE_PATTERN },
        "examples": [{ "team": "support" }],
    })
}
