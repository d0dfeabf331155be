//! What is counted, for Prometheus.
//!
//! Counters live here and grow as the loop tells; what is a state rather than
//! a count (models, holds, ages) is read from what the loop published at the
//! moment of the scrape, in `scrape`.
//!
//! # Invariants
//!
//! 1. The number of series is bounded: a label value is a constant of this
//!    program, an HTTP status, or one of at most 50 base models.
//! 2. Text that came from the API is inert in a label value.

mod scrape;

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};

pub use scrape::{CONTENT_TYPE, Requests};

/// From a pass that finds nothing new among a few manifests (5 ms) to one over
/// 100,000 jobs, 1,000 pages, on a slow day (5 min); the step is 2 to 2.5 as
/// far as people tell seconds apart, and a round time from there.
const PASS_SECONDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Series that are there from the start: a counter that appears with its first
/// event shows no increase for it, and these are what somebody alerts on.
const ACTIONS: [(&str, &str); 9] = [
    ("create", "created"),
    ("create", "refused"),
    ("create", "throttled"),
    ("create", "outcomeUnknown"),
    ("create", "unclaimed"),
    ("cancel", "cancelRequested"),
    ("cancel", "refused"),
    ("cancel", "throttled"),
    ("cancel", "outcomeUnknown"),
];

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
    const ALL: [Self; 3] = [Self::Good, Self::Partial, Self::Failed];

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
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: IntCounterVec,
    pass_duration: Histogram,
    actions: IntCounterVec,
    deliveries: IntCounterVec,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing counted yet.
    #[expect(clippy::expect_used, reason = "names, labels and buckets are constants")]
    pub fn new() -> Self {
        Self::registered().expect("the metrics are well formed and each has its own name")
    }

    fn registered() -> prometheus::Result<Self> {
        let counter =
            |name, help, labels: &[&str]| IntCounterVec::new(Opts::new(name, help), labels);
        let metrics = Self {
            registry: Registry::new(),
            passes: counter(
                "retune_passes_total",
                "Passes (look, decide, act) by how they ended.",
                &["result"],
            )?,
            pass_duration: Histogram::with_opts(
                HistogramOpts::new("retune_pass_duration_seconds", "How long passes took.")
                    .buckets(PASS_SECONDS.to_vec()),
            )?,
            actions: counter(
                "retune_actions_total",
                "Creates and cancels by what became of them.",
                &["kind", "outcome"],
            )?,
            deliveries: counter(
                "retune_webhook_deliveries_total",
                "Deliveries to the webhook, each try counted.",
                &["result"],
            )?,
        };
        metrics.registry.register(Box::new(metrics.passes.clone()))?;
        metrics.registry.register(Box::new(metrics.pass_duration.clone()))?;
        metrics.registry.register(Box::new(metrics.actions.clone()))?;
        metrics.registry.register(Box::new(metrics.deliveries.clone()))?;
        for result in PassResult::ALL {
            metrics.passes.get_metric_with_label_values(&[result.word()])?;
        }
        for (kind, outcome) in ACTIONS {
            metrics.actions.get_metric_with_label_values(&[kind, outcome])?;
        }
        for ok in [true, false] {
            metrics.deliveries.get_metric_with_label_values(&[delivery(ok)])?;
        }
        Ok(metrics)
    }

    /// A pass ended.
    pub fn passed(&self, result: PassResult, took: Duration) {
        increase(&self.passes, &[result.word()]);
        self.pass_duration.observe(took.as_secs_f64());
    }

    /// An action came to an outcome: `create` or `cancel`, and the outcome's
    /// code as in JSON.
    pub fn acted(&self, kind: &'static str, outcome: &'static str) {
        increase(&self.actions, &[kind, outcome]);
    }

    /// A try to deliver news to the webhook ended.
    pub fn delivered(&self, ok: bool) {
        increase(&self.deliveries, &[delivery(ok)]);
    }
}

const fn delivery(ok: bool) -> &'static str {
    if ok { "delivered" } else { "failed" }
}

fn increase(counter: &IntCounterVec, labels: &[&str]) {
    // Fails for another number of labels than the counter has, which each
    // caller above names in full.
    if let Ok(counter) = counter.get_metric_with_label_values(labels) {
        counter.inc();
    }
}

#[cfg(test)]
mod tests;
