//! What a person should know although it changes nothing now.

use crate::model::{JobName, Key, Text};

/// A remark about one tuned model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The tuned model.
    pub key: Key,
    /// What there is to know.
    pub remark: Remark,
}

/// What there is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The manifest no longer sets a field that the run was asked for. The
    /// echo cannot tell whether the server would choose the same.
    FieldRemoved {
        /// The fields' paths.
        fields: Vec<String>,
    },
    /// Fields that never start a run differ; they apply to the next one.
    AppliesNextRun {
        /// The fields' paths.
        fields: Vec<String>,
    },
    /// No run of the name is listed, and a model that carries its labels exists.
    FoundByModel {
        /// The model's name.
        model: Text,
    },
    /// Other runs of the name are active and left alone.
    OtherRunActive {
        /// These.
        jobs: Vec<JobName>,
    },
}

impl Remark {
    /// The stable code, as in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::FieldRemoved { .. } => "fieldRemoved",
            Self::AppliesNextRun { .. } => "appliesNextRun",
            Self::FoundByModel { .. } => "foundByModel",
            Self::OtherRunActive { .. } => "otherRunActive",
        }
    }
}
