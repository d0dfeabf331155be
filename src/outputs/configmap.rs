//! A Kubernetes ConfigMap, whose keys are variables: a container takes them all
//! by `envFrom`.

use serde_json::{Value, json};

use super::Output;
use super::fields::{FieldError, Prefix, variables};

/// Longest name of a ConfigMap (RFC 1123 subdomain).
const MAX_NAME: usize = 253;

/// Longest name of a namespace (RFC 1123 label).
const MAX_NAMESPACE: usize = 63;

/// Most bytes of a ConfigMap's data, by Kubernetes' own rule.
const MAX_DATA: usize = 1024 * 1024;

/// What a ConfigMap is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMap {
    name: String,
    namespace: Option<String>,
}

/// Why there is no ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigMapError {
    /// A name that Kubernetes refuses.
    #[error(
        "`{0}` is no name for a ConfigMap: use a-z, 0-9, `-` and `.`, a letter or digit at both ends"
    )]
    Name(String),
    /// A namespace that Kubernetes refuses.
    #[error("`{0}` is no namespace: use a-z, 0-9 and `-`, a letter or digit at both ends")]
    Namespace(String),
    /// More than one holds.
    #[error("a ConfigMap holds 1 MiB, and these are {0} bytes")]
    TooLarge(usize),
    /// Values that cannot be variables.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl ConfigMap {
    /// A ConfigMap of that name, in the namespace of whoever applies it unless one
    /// is named.
    ///
    /// # Errors
    /// Names that Kubernetes refuses.
    pub fn new(name: &str, namespace: Option<&str>) -> Result<Self, ConfigMapError> {
        let label = |text: &str| {
            let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !text.is_empty()
                && text.len() <= MAX_NAMESPACE
                && text.bytes().all(good)
                && !text.starts_with('-')
                && !text.ends_with('-')
        };
        if name.len() > MAX_NAME || !name.split('.').all(label) {
            return Err(ConfigMapError::Name(name.to_owned()));
        }
        if let Some(namespace) = namespace.filter(|namespace| !label(namespace)) {
            return Err(ConfigMapError::Namespace(namespace.to_owned()));
        }
        Ok(Self { name: name.to_owned(), namespace: namespace.map(str::to_owned) })
    }

    /// The ConfigMap with these outputs.
    ///
    /// # Errors
    /// [`ConfigMapError::TooLarge`] and [`ConfigMapError::Field`].
    pub fn with(&self, outputs: &[Output], prefix: &Prefix) -> Result<Value, ConfigMapError> {
        let data = variables(outputs, prefix)?;
        let bytes = data.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MAX_DATA {
            return Err(ConfigMapError::TooLarge(bytes));
        }
        let mut metadata = json!({"name": self.name});
        if let (Some(namespace), Value::Object(metadata)) = (&self.namespace, &mut metadata) {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        if let Value::Object(metadata) = &mut metadata {
            let labels = json!({"app.kubernetes.io/managed-by": "retune"});
            metadata.insert("labels".to_owned(), labels);
        }
        Ok(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}))
    }
}
