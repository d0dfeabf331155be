//! What a tuning job is asked to do: the fields a user may set, in the API's
//! own names. Field names and ranges follow Google's discovery document
//! `aiplatform.v1`, revision 20261106.
//!
//! Every field is optional in the type, because a field the user leaves out is
//! left out of the request and never compared with what the server fills in.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Labels, Text};

/// Everything of a tuning job that a client may set, less the labels that
/// retune stamps itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TuningSpec {
    /// The base model's short id; exclusive with `pre_tuned_model`.
    pub base_model: Option<Text>,
    /// An own model to tune further; exclusive with `base_model`.
    pub pre_tuned_model: Option<PreTunedModel>,
    /// What the tuned model is called in the console, at most 128 characters.
    pub tuned_model_display_name: Option<Text>,
    /// Free text on the job.
    pub description: Option<Text>,
    /// The user's labels, Workspace and manifest merged.
    pub labels: Labels,
    /// Supervised tuning; exclusive with `preference_optimization_spec`.
    pub supervised_tuning_spec: Option<SupervisedTuningSpec>,
    /// Preference tuning; exclusive with `supervised_tuning_spec`.
    pub preference_optimization_spec: Option<PreferenceOptimizationSpec>,
    /// The customer-managed key.
    pub encryption_spec: Option<EncryptionSpec>,
    /// Who the job runs as.
    pub service_account: Option<Text>,
}

/// An own tuned model to start from (continuous tuning).
///
/// Only models tuned on or after 2025-07-11 qualify (Google's page on
/// continuous tuning).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreTunedModel {
    /// `projects/P/locations/L/models/ID`, with `@VERSION` or `@ALIAS` to name one version.
    #[schemars(regex(pattern = r"^projects/[^/]+/locations/[^/]+/models/[^/@]+(@[^/@]+)?$"))]
    pub tuned_model_name: Text,
    /// A checkpoint of that model; its default checkpoint when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_id: Option<Text>,
}

/// Supervised fine-tuning: examples of prompts with the wanted answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SupervisedTuningSpec {
    /// Training examples: `gs://BUCKET/OBJECT.jsonl`, or a Vertex dataset
    /// `projects/P/locations/L/datasets/ID`.
    #[schemars(extend("pattern" = DATASET_PATTERN, "examples" = ["gs://acme-ml/faq/train.jsonl"]))]
    pub training_dataset_uri: Text,
    /// Validation examples, in the same forms; at most 5,000 of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = DATASET_PATTERN, "examples" = ["gs://acme-ml/faq/validation.jsonl"]))]
    pub validation_dataset_uri: Option<Text>,
    /// Keep the last checkpoint only. Without it Vertex deploys every epoch's
    /// checkpoint to an endpoint of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_last_checkpoint_only: Option<bool>,
    /// How to train. What is left out, Vertex chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hyper_parameters: Option<HyperParameters>,
}

/// How to train. What is left out, Vertex chooses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HyperParameters {
    /// How often the whole training set is gone through. Left out, Vertex
    /// chooses from the size of the dataset, which can be expensive: 40 epochs
    /// were seen for 166 examples.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "digits::maybe")]
    #[schemars(schema_with = "epoch_count_schema")]
    pub epoch_count: Option<i64>,
    /// The adapter's size: larger learns more and needs more examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter_size: Option<AdapterSize>,
    /// Multiplies the learning rate that Vertex recommends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "learning_rate_multiplier_schema")]
    pub learning_rate_multiplier: Option<f64>,
}

/// Preference tuning: pairs of answers, one preferred.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreferenceOptimizationSpec {
    /// Training pairs: `gs://BUCKET/OBJECT.jsonl`, or a Vertex dataset
    /// `projects/P/locations/L/datasets/ID`.
    #[schemars(extend("pattern" = DATASET_PATTERN, "examples" = ["gs://acme-ml/tone/train.jsonl"]))]
    pub training_dataset_uri: Text,
    /// Validation pairs, in the same forms; at most 5,000 of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pattern" = DATASET_PATTERN, "examples" = ["gs://acme-ml/tone/validation.jsonl"]))]
    pub validation_dataset_uri: Option<Text>,
    /// Keep the last checkpoint only. Without it Vertex deploys every epoch's
    /// checkpoint to an endpoint of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_last_checkpoint_only: Option<bool>,
    /// How to train. What is left out, Vertex chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hyper_parameters: Option<PreferenceHyperParameters>,
}

/// How to train from preferences. What is left out, Vertex chooses.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreferenceHyperParameters {
    /// How often the whole training set is gone through.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "digits::maybe")]
    #[schemars(schema_with = "epoch_count_schema")]
    pub epoch_count: Option<i64>,
    /// The adapter's size: larger learns more and needs more examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter_size: Option<AdapterSize>,
    /// Multiplies the learning rate that Vertex recommends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "learning_rate_multiplier_schema")]
    pub learning_rate_multiplier: Option<f64>,
    /// How far the tuned model may move from its base: small is far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "beta_schema")]
    pub beta: Option<f64>,
}

/// The customer-managed key that encrypts the tuned model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EncryptionSpec {
    /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in the job's region.
    /// Gemini 3 takes none.
    #[schemars(regex(
        pattern = r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"
    ))]
    pub kms_key_name: Text,
}

/// The two forms in which Vertex takes a dataset.
pub const DATASET_PATTERN: &str = r"^(gs://[a-z0-9][a-z0-9._-]*[a-z0-9]/.+\.jsonl|projects/[^/]+/locations/[^/]+/datasets/[^/]+)$";

/// An adapter's size. On the wire it is always the name: the API reads an
/// integer as the enum's *number*, and there 4 means SIXTEEN (proto
/// `AdapterSize`: ONE=1, FOUR=2, EIGHT=3, SIXTEEN=4, THIRTY_TWO=5, TWO=6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdapterSize {
    /// Size 1.
    One,
    /// Size 2.
    Two,
    /// Size 4.
    Four,
    /// Size 8.
    Eight,
    /// Size 16.
    Sixteen,
    /// Size 32; no Gemini model takes it at the time of writing.
    ThirtyTwo,
}

impl AdapterSize {
    /// All sizes, smallest first.
    pub const ALL: [Self; 6] =
        [Self::One, Self::Two, Self::Four, Self::Eight, Self::Sixteen, Self::ThirtyTwo];

    /// The size as a number.
    pub const fn size(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
            Self::Sixteen => 16,
            Self::ThirtyTwo => 32,
        }
    }

    /// The API's name, the only form that goes on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "ADAPTER_SIZE_ONE",
            Self::Two => "ADAPTER_SIZE_TWO",
            Self::Four => "ADAPTER_SIZE_FOUR",
            Self::Eight => "ADAPTER_SIZE_EIGHT",
            Self::Sixteen => "ADAPTER_SIZE_SIXTEEN",
            Self::ThirtyTwo => "ADAPTER_SIZE_THIRTY_TWO",
        }
    }

    /// The size of that many.
    pub fn from_size(size: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|a| i64::from(a.size()) == size)
    }

    /// The size of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }
}

impl fmt::Display for AdapterSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.size())
    }
}

impl Serialize for AdapterSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for AdapterSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = AdapterSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an adapter size: 1, 2, 4, 8, 16, 32 or its API name")
            }

            fn visit_i64<E: serde::de::Error>(self, size: i64) -> Result<AdapterSize, E> {
                AdapterSize::from_size(size)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Signed(size), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, size: u64) -> Result<AdapterSize, E> {
                self.visit_i64(i64::try_from(size).unwrap_or(i64::MAX))
            }

            fn visit_f64<E: serde::de::Error>(self, size: f64) -> Result<AdapterSize, E> {
                digits::whole(size)
                    .and_then(AdapterSize::from_size)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(size), &self))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AdapterSize, E> {
                AdapterSize::from_name(text)
                    .or_else(|| digits::parse(text).and_then(AdapterSize::from_size))
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for AdapterSize {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AdapterSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let sizes = Self::ALL.iter().map(|a| a.size().into());
        let digits = Self::ALL.iter().map(|a| a.size().to_string().into());
        let names = Self::ALL.iter().map(|a| a.name().into());
        let all: Vec<serde_json::Value> = sizes.chain(digits).chain(names).collect();
        json_schema!({
            "description": "A size, or the API's name for it. It goes out as the name, always.",
            "enum": all,
        })
    }
}

fn epoch_count_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["integer", "string"],
        "minimum": 1,
        "maximum": 1000,
        "pattern": "^([1-9][0-9]{0,2}|1000)$",
        "examples": [3],
    })
}

fn learning_rate_multiplier_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1000,
        "examples": [1.0],
    })
}

fn beta_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "minimum": 0, "maximum": 1000, "examples": [0.1] })
}

/// Integers that may be written as digit strings, because the API answers so.
pub(crate) mod digits {
    use super::{Deserialize, Deserializer};

    /// An integer of decimal digits without sign or leading zero.
    pub(crate) fn parse(text: &str) -> Option<i64> {
        let canonical = text == "0" || !text.starts_with('0');
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if canonical && digits { text.parse().ok() } else { None }
    }

    /// A whole number written with a fraction of zero: JSON Schema takes `3.0`
    /// as an integer, and so does Vertex.
    pub(crate) fn whole(number: f64) -> Option<i64> {
        // Up to here every whole number is exact.
        let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        exact.then_some(number as i64)
    }

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a whole number")]
    enum Either {
        Integer(i64),
        Number(f64),
        Text(String),
    }

    pub(crate) fn maybe<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
        match Option::<Either>::deserialize(d)? {
            None => Ok(None),
            Some(Either::Integer(n)) => Ok(Some(n)),
            Some(Either::Number(n)) => whole(n)
                .map(Some)
                .ok_or_else(|| serde::de::Error::custom("expected a whole number")),
            Some(Either::Text(text)) => parse(&text)
                .map(Some)
                .ok_or_else(|| serde::de::Error::custom("expected a whole number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_in_each_form_and_written_as_its_name() {
        for text in ["4", "4.0", "\"4\"", "\"ADAPTER_SIZE_FOUR\""] {
            let size: AdapterSize = serde_json::from_str(text).unwrap();
            assert_eq!(size, AdapterSize::Four, "{text}");
        }
        assert_eq!(serde_json::to_string(&AdapterSize::Four).unwrap(), "\"ADAPTER_SIZE_FOUR\"");
        for text in ["3", "0", "-4", "\"FOUR\"", "4.5", "\"04\"", "\"4.0\""] {
            assert!(serde_json::from_str::<AdapterSize>(text).is_err(), "{text}");
        }
    }
}
