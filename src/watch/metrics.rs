//! What is counted, for Prometheus.

use std::time::Duration;

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassResult {
    /// Every place was seen.
    Good,
    /// Some places could not be seen; they are held.
    Partial,
    /// No place could be seen, or the manifests are not valid.
    Failed,
}

impl PassResult {
    /// The label value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// The counters and histograms of the daemon.
#[derive(Debug, Default)]
pub struct Metrics {}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A pass ended.
    pub fn passed(&self, result: PassResult, took: Duration) {
        let _ = (result, took);
    }

    /// An action came to an outcome: `create` or `cancel`, and the outcome's
    /// code as in JSON.
    pub fn acted(&self, kind: &'static str, outcome: &'static str) {
        let _ = (kind, outcome);
    }
}
