//! The frozen table of fields that make a training run the one it is.
//!
//! Append only. A row's tag and kind never change and a tag is never used
//! twice; `tests::the_table_is_append_only` pins them. What is not here
//! (display name, description, labels, service account) never starts a run.

use crate::model::TuningSpec;

/// One value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, byte for byte. Enums are text by their API name.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// A truth value.
    Flag(bool),
}

impl Value {
    /// What proto-JSON leaves out: the default of the kind.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Integer(n) => *n == 0,
            Self::Number(n) => *n == 0.0,
            Self::Flag(flag) => !flag,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => match crate::model::AdapterSize::from_name(text) {
                Some(size) => write!(f, "{size}"),
                None => f.write_str(text),
            },
            Self::Integer(n) => write!(f, "{n}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its number in the encoding; for ever.
    pub tag: u16,
    /// Its path below `spec`, in the API's names.
    pub path: &'static str,
    pub(super) get: fn(&TuningSpec) -> Option<Value>,
}

impl Field {
    /// The last part of the path, as people call the field.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.tag, self.path)
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Every field that changes what comes out of a run, by ascending tag.
pub(super) const FIELDS: &[Field] = &[
    Field { tag: 1, path: "baseModel", get: |s| s.base_model.as_deref().map(text) },
    Field {
        tag: 2,
        path: "preTunedModel.tunedModelName",
        get: |s| Some(text(&s.pre_tuned_model.as_ref()?.tuned_model_name)),
    },
    Field {
        tag: 3,
        path: "preTunedModel.checkpointId",
        get: |s| s.pre_tuned_model.as_ref()?.checkpoint_id.as_deref().map(text),
    },
    Field {
        tag: 4,
        path: "supervisedTuningSpec.trainingDatasetUri",
        get: |s| Some(text(&s.supervised_tuning_spec.as_ref()?.training_dataset_uri)),
    },
    Field {
        tag: 5,
        path: "supervisedTuningSpec.validationDatasetUri",
        get: |s| s.supervised_tuning_spec.as_ref()?.validation_dataset_uri.as_deref().map(text),
    },
    Field {
        tag: 6,
        path: "supervisedTuningSpec.exportLastCheckpointOnly",
        get: |s| s.supervised_tuning_spec.as_ref()?.export_last_checkpoint_only.map(Value::Flag),
    },
    Field {
        tag: 7,
        path: "supervisedTuningSpec.hyperParameters.epochCount",
        get: |s| s.supervised()?.epoch_count.map(Value::Integer),
    },
    Field {
        tag: 8,
        path: "supervisedTuningSpec.hyperParameters.adapterSize",
        get: |s| s.supervised()?.adapter_size.map(|a| text(a.name())),
    },
    Field {
        tag: 9,
        path: "supervisedTuningSpec.hyperParameters.learningRateMultiplier",
        get: |s| s.supervised()?.learning_rate_multiplier.map(Value::Number),
    },
    Field {
        tag: 10,
        path: "preferenceOptimizationSpec.trainingDatasetUri",
        get: |s| Some(text(&s.preference_optimization_spec.as_ref()?.training_dataset_uri)),
    },
    Field {
        tag: 11,
        path: "preferenceOptimizationSpec.validationDatasetUri",
        get: |s| {
            s.preference_optimization_spec.as_ref()?.validation_dataset_uri.as_deref().map(text)
        },
    },
    Field {
        tag: 12,
        path: "preferenceOptimizationSpec.exportLastCheckpointOnly",
        get: |s| {
            s.preference_optimization_spec.as_ref()?.export_last_checkpoint_only.map(Value::Flag)
        },
    },
    Field {
        tag: 13,
        path: "preferenceOptimizationSpec.hyperParameters.epochCount",
        get: |s| s.preference()?.epoch_count.map(Value::Integer),
    },
    Field {
        tag: 14,
        path: "preferenceOptimizationSpec.hyperParameters.adapterSize",
        get: |s| s.preference()?.adapter_size.map(|a| text(a.name())),
    },
    Field {
        tag: 15,
        path: "preferenceOptimizationSpec.hyperParameters.learningRateMultiplier",
        get: |s| s.preference()?.learning_rate_multiplier.map(Value::Number),
    },
    Field {
        tag: 16,
        path: "preferenceOptimizationSpec.hyperParameters.beta",
        get: |s| s.preference()?.beta.map(Value::Number),
    },
    Field {
        tag: 17,
        path: "encryptionSpec.kmsKeyName",
        get: |s| s.encryption_spec.as_ref().map(|e| text(&e.kms_key_name)),
    },
];

/// The fields that `spec` sets, by ascending tag.
pub(super) fn set_fields(spec: &TuningSpec) -> Vec<(Field, Value)> {
    set_among(FIELDS, spec)
}

/// The fields of a table that `spec` sets.
pub(super) fn set_among(table: &[Field], spec: &TuningSpec) -> Vec<(Field, Value)> {
    table.iter().filter_map(|field| Some((*field, (field.get)(spec)?))).collect()
}
