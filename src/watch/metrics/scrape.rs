//! One scrape: the counters as they are, and gauges made of what the loop
//! published.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{Gauge, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::Metrics;
use crate::model::{Text, Untrusted};
use crate::plan::Plan;
use crate::plan::show::Summary;
use crate::watch::published::{Manifested, State};

/// API requests so far: the method such as `tuningJobs.list`, the HTTP status
/// or 0 when there was no answer, and how many.
pub type Requests = Vec<(&'static str, u16, u64)>;

/// Prometheus' text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How many base models have a series of their own, those with the most tokens
/// first. Vertex tunes about ten; the names come from the API, and what it
/// says must not make a scrape grow without end.
pub(super) const BASE_MODELS: usize = 50;

/// Longest base model shown. `publishers/google/models/…` has about 60; a
/// tuned model's resource name, which may stand in its place, about 90.
const LONGEST_NAME: usize = 128;

/// The series of what has none of its own.
const OTHER: &str = "other";

impl Metrics {
    /// Everything in Prometheus' text format, at the time `now`
    /// ([`Clock::elapsed`](crate::clock::Clock::elapsed)).
    pub fn scrape(
        &self,
        state: &State,
        requests: &[(&'static str, u16, u64)],
        now: Duration,
    ) -> prometheus::Result<String> {
        let mut families = self.registry.gather();
        families.extend(gauges(state, requests, now)?.gather());
        TextEncoder::new().encode_to_string(&families)
    }
}

/// What is true now. A state that nobody has seen yet has no series: a zero
/// would be a claim.
fn gauges(
    state: &State,
    requests: &[(&'static str, u16, u64)],
    now: Duration,
) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    build_info(&registry)?;
    api_requests(&registry, requests)?;
    if let Some(at) = state.last_good {
        let age = Gauge::new(
            "retune_last_good_pass_age_seconds",
            "Seconds since the last pass in which nothing failed; absent before the first.",
        )?;
        age.set(now.saturating_sub(at).as_secs_f64());
        registry.register(Box::new(age))?;
    }
    let valid = match state.manifests {
        Manifested::Unread => None,
        Manifested::Valid(_) => Some(1),
        Manifested::Invalid(_) => Some(0),
    };
    if let Some(valid) = valid {
        let gauge = IntGauge::new(
            "retune_manifests_valid",
            "1 when the manifests are valid, 0 when they are not and everything is held.",
        )?;
        gauge.set(valid);
        registry.register(Box::new(gauge))?;
    }
    if let Some(shown) = &state.shown {
        models(&registry, &shown.plan)?;
        billable_tokens(&registry, &shown.billable_tokens)?;
    }
    Ok(registry)
}

fn build_info(registry: &Registry) -> prometheus::Result<()> {
    let labels = ["version", "os", "arch"];
    let info = IntGaugeVec::new(Opts::new("retune_build_info", "1, for its labels."), &labels)?;
    let values = [env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH];
    info.get_metric_with_label_values(&values)?.set(1);
    registry.register(Box::new(info))
}

fn api_requests(
    registry: &Registry,
    requests: &[(&'static str, u16, u64)],
) -> prometheus::Result<()> {
    let counter = IntCounterVec::new(
        Opts::new(
            "retune_api_requests_total",
            "Requests to Google by API method and HTTP status; `none` when there was no answer.",
        ),
        &["method", "code"],
    )?;
    for (method, code, count) in requests {
        let code = if *code == 0 { "none".to_owned() } else { code.to_string() };
        counter.get_metric_with_label_values(&[*method, code.as_str()])?.inc_by(*count);
    }
    registry.register(Box::new(counter))
}

fn models(registry: &Registry, plan: &Plan) -> prometheus::Result<()> {
    let models = IntGaugeVec::new(
        Opts::new(
            "retune_models",
            "What the last complete pass found: creates and cancels that were due, tuned models \
             held, in flight and in sync, and runs without a manifest.",
        ),
        &["state"],
    )?;
    let Summary { create, cancel, held, in_flight, in_sync, orphaned, orphaned_ended } =
        plan.summary();
    for (state, count) in [
        ("create", create),
        ("cancel", cancel),
        ("held", held),
        ("in_flight", in_flight),
        ("in_sync", in_sync),
        ("orphaned", orphaned),
        ("orphaned_ended", orphaned_ended),
    ] {
        models.get_metric_with_label_values(&[state])?.set(number(count));
    }
    registry.register(Box::new(models))?;

    let holds = IntGaugeVec::new(
        Opts::new(
            "retune_held",
            "Changes that a rule holds back, by rule; a rule that holds none \
                                  is absent.",
        ),
        &["reason"],
    )?;
    for held in &plan.held {
        holds.get_metric_with_label_values(&[held.reason.code()])?.inc();
    }
    registry.register(Box::new(holds))
}

fn billable_tokens(registry: &Registry, tokens: &BTreeMap<Text, u64>) -> prometheus::Result<()> {
    let gauge = IntGaugeVec::new(
        Opts::new(
            "retune_billable_tokens",
            "Billable training tokens of the owner's runs that Vertex lists, where it says so.",
        ),
        &["base_model"],
    )?;
    for (name, tokens) in by_label(tokens) {
        gauge.get_metric_with_label_values(&[name.as_str()])?.set(number(tokens));
    }
    registry.register(Box::new(gauge))
}

/// Tokens by label value: inert, short and few.
fn by_label(tokens: &BTreeMap<Text, u64>) -> BTreeMap<String, u64> {
    let mut by_size: Vec<(&Text, u64)> = tokens.iter().map(|(name, n)| (name, *n)).collect();
    // A stable sort: among equals, by name.
    by_size.sort_by_key(|(_, tokens)| std::cmp::Reverse(*tokens));
    let mut labels: BTreeMap<String, u64> = BTreeMap::new();
    for (index, (name, tokens)) in by_size.into_iter().enumerate() {
        let label = if index < BASE_MODELS { label(name) } else { OTHER.to_owned() };
        // Two long names may be one label.
        let sum = labels.entry(label).or_default();
        *sum = sum.saturating_add(tokens);
    }
    labels
}

fn label(name: &str) -> String {
    Untrusted::new(name).shown().to_string().chars().take(LONGEST_NAME).collect()
}

/// As the library counts.
fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
