//! The kinds of finding: their public texts, and how bad each is.

use std::fmt;

use serde::{Serialize, Serializer};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is planned while there is one.
    Error,
    /// Likely a mistake; the plan goes on.
    Warning,
    /// What Google's guide recommends.
    Advice,
}

impl Severity {
    /// The word in front of a finding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $severity:ident;)+) => {
        /// What kind of problem a finding is. The texts are public: scripts and
        /// code-scanning services match on them, so none is renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How bad findings of this kind are.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What the code stands for, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    Syntax = "syntax", Error;
    /// A value is of another type than its key takes.
    WrongType = "wrong-type", Error;
    /// A key has no value.
    NullValue = "null-value", Error;
    /// No such key is known here.
    UnknownKey = "unknown-key", Error;
    /// A required key is not there.
    MissingKey = "missing-key", Error;
    /// A key is set twice in one mapping.
    DuplicateKey = "duplicate-key", Error;
    /// Two keys that exclude each other are both set.
    ExclusiveKeys = "exclusive-keys", Error;
    /// A number is outside the range that its key takes.
    OutOfRange = "out-of-range", Error;
    /// A text is longer than its key takes.
    TooLong = "too-long", Error;
    /// A value is none of those that its key takes.
    InvalidValue = "invalid-value", Error;
    /// A name breaks the grammar of names.
    InvalidName = "invalid-name", Error;
    /// A dataset URI is of neither form that Vertex accepts.
    DatasetUri = "dataset-uri", Error;
    /// Vertex does not tune Gemini models in `global`.
    LocationGlobal = "location-global", Error;
    /// A label's key or value breaks the rules for labels.
    InvalidLabel = "invalid-label", Error;
    /// A label's key belongs to retune or to Google.
    ReservedLabel = "reserved-label", Error;
    /// There are more labels than Vertex takes beside retune's own.
    TooManyLabels = "too-many-labels", Error;
    /// Two manifests have the same name.
    DuplicateName = "duplicate-name", Error;
    /// There are two Workspaces.
    DuplicateWorkspace = "duplicate-workspace", Error;
    /// There is no Workspace, and the command needs one.
    MissingWorkspace = "missing-workspace", Error;
    /// No tuned model is declared anywhere in the given paths.
    NoManifests = "no-manifests", Error;
    /// The base model takes no adapter of this size.
    AdapterSize = "adapter-size", Error;
    /// The job to adopt is in another place than the manifest.
    AdoptElsewhere = "adopt-elsewhere", Error;
    /// The base model is in no list that retune knows.
    UnknownModel = "unknown-model", Warning;
    /// The base model can no longer be tuned, or is reported so.
    RetiredModel = "retired-model", Warning;
    /// The base model is not listed for tuning in this location.
    ModelLocation = "model-location", Warning;
    /// The base model is not listed for preference tuning.
    PreferenceModel = "preference-model", Warning;
    /// The base model takes no customer-managed key.
    ModelEncryption = "model-encryption", Warning;
    /// Google's tuning guide recommends another number of epochs for the task.
    TaskEpochs = "task-epochs", Advice;
    /// A merge key (`<<`) is not taken.
    MergeKey = "merge-key", Error;
    /// A YAML tag is not taken.
    Tag = "tag", Error;
    /// A key that is no plain text is not taken.
    ComplexKey = "complex-key", Error;
    /// An alias stands inside the very value it repeats.
    RecursiveAlias = "recursive-alias", Error;
    /// Aliases repeat more than retune is willing to copy.
    AliasBudget = "alias-budget", Error;
    /// The nesting is deeper than retune reads.
    TooDeep = "too-deep", Error;
    /// The file has more values than retune reads.
    TooManyValues = "too-many-values", Error;
    /// The file has more documents than retune reads.
    TooManyDocuments = "too-many-documents", Error;
    /// The file has more findings than are shown.
    TooManyFindings = "too-many-findings", Error;
    /// A text is larger than retune reads.
    ScalarTooLarge = "scalar-too-large", Error;
    /// The file is larger than retune reads.
    FileTooLarge = "file-too-large", Error;
    /// The file holds a NUL byte.
    NulByte = "nul-byte", Error;
    /// The file is not UTF-8.
    NotUtf8 = "not-utf8", Error;
    /// There is nothing at this path.
    NotFound = "not-found", Error;
    /// The path is neither a regular file nor a directory.
    NotAFile = "not-a-file", Error;
    /// A symbolic link leads back to where it came from.
    SymlinkLoop = "symlink-loop", Error;
    /// The system refused to read this.
    Unreadable = "unreadable", Error;
}

impl Code {
    /// Whether nothing of a file was read beyond a finding of this kind.
    pub(crate) const fn ends_reading(self) -> bool {
        matches!(
            self,
            Self::RecursiveAlias
                | Self::AliasBudget
                | Self::TooDeep
                | Self::TooManyValues
                | Self::TooManyDocuments
                | Self::ScalarTooLarge
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_kebab_case() {
        let mut texts: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(
            texts
                .iter()
                .all(|t| t.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'8'))
        );
    }
}
