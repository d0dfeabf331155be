//! Text that is shown to nobody.

/// A secret. It has no `Debug`, `Display` or `Serialize`, so it reaches no
/// log, error, plan or metric by accident.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Marks `text` as secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
