//! Stand-in until metrics are here: only says what a run is.

use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;

/// One tuning run as the metrics services see it.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "read once metrics are here")]
pub(crate) struct Run {
    pub(crate) experiment_id: String,
    pub(crate) run_id: String,
    pub(crate) project_number: u64,
    pub(crate) location: String,
    pub(crate) started: Timestamp,
    pub(crate) steps_total: u64,
    pub(crate) steps_done: u64,
    pub(crate) epochs: u64,
    pub(crate) validation: bool,
    pub(crate) preference: bool,
    pub(crate) seed: u64,
}

#[expect(dead_code, reason = "called once metrics are here")]
pub(crate) trait Runs: Send + Sync {
    fn runs(&self) -> Vec<Run>;
    fn run(&self, experiment_id: &str) -> Option<Run>;
}

pub(crate) fn router(_runs: Arc<dyn Runs>) -> Router {
    Router::new()
}
