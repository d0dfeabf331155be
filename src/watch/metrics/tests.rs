use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{JobState, Key, Place, Text};
use crate::plan::{Held, HoldReason, InFlight, Plan};
use crate::watch::published::{Manifested, Shown, State};

fn key(name: &str) -> Key {
    let place = Place::new("acme-ml", "us-central1");
    Key { place, owner: "acme".parse().unwrap(), name: name.parse().unwrap(), rerun: 0 }
}

/// One held model and two in flight.
fn plan() -> Plan {
    let run = |name, id: u32| InFlight {
        key: key(name),
        job: format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap(),
        state: JobState::Running,
        age: None,
    };
    Plan {
        held: vec![Held { key: key("triage"), reason: HoldReason::Suspended }],
        in_flight: vec![run("faq", 1), run("router", 2)],
        ..Plan::default()
    }
}

fn state(tokens: BTreeMap<Text, u64>) -> State {
    State {
        shown: Some(Shown {
            owner: "acme".parse().unwrap(),
            plan: Arc::new(plan()),
            progress: Arc::default(),
            runs: Arc::default(),
            billable_tokens: tokens,
            costs: Arc::default(),
        }),
        last_good: Some(Duration::from_secs(100)),
        manifests: Manifested::Valid(3),
        ..State::default()
    }
}

fn samples(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

fn tokens(text: &str) -> Vec<&str> {
    samples(text).into_iter().filter(|line| line.starts_with("retune_billable_tokens")).collect()
}

#[test]
fn what_happened_is_counted() {
    let metrics = Metrics::new();
    metrics.passed(PassResult::Good, Duration::from_millis(40));
    metrics.passed(PassResult::Failed, Duration::from_secs(400));
    metrics.acted("create", "created");
    metrics.acted("cancel", "withheld");
    metrics.delivered(true);
    let requests = [("tuningJobs.list", 200, 12), ("tuningJobs.list", 0, 2)];
    let text = metrics.scrape(&State::default(), &requests, Duration::ZERO).unwrap();
    for sample in [
        "retune_passes_total{result=\"good\"} 1",
        "retune_passes_total{result=\"partial\"} 0",
        "retune_passes_total{result=\"failed\"} 1",
        "retune_pass_duration_seconds_bucket{le=\"0.025\"} 0",
        "retune_pass_duration_seconds_bucket{le=\"0.05\"} 1",
        "retune_pass_duration_seconds_bucket{le=\"300\"} 1",
        "retune_pass_duration_seconds_bucket{le=\"+Inf\"} 2",
        "retune_actions_total{kind=\"create\",outcome=\"created\"} 1",
        "retune_actions_total{kind=\"create\",outcome=\"outcomeUnknown\"} 0",
        "retune_actions_total{kind=\"cancel\",outcome=\"withheld\"} 1",
        "retune_webhook_deliveries_total{result=\"delivered\"} 1",
        "retune_webhook_deliveries_total{result=\"failed\"} 0",
        "retune_api_requests_total{code=\"200\",method=\"tuningJobs.list\"} 12",
        "retune_api_requests_total{code=\"none\",method=\"tuningJobs.list\"} 2",
    ] {
        assert!(samples(&text).contains(&sample), "{sample} is not in\n{text}");
    }
}

#[test]
fn what_nobody_has_seen_is_not_claimed() {
    let text = Metrics::new().scrape(&State::default(), &[], Duration::from_secs(9)).unwrap();
    for name in ["retune_models", "retune_held", "retune_last_good", "retune_manifests_valid"] {
        assert!(!text.contains(name), "{text}");
    }
    assert!(text.contains(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"} 1")), "{text}");
}

#[test]
fn the_last_complete_pass_is_shown() {
    let now = Duration::from_millis(130_500);
    let text = Metrics::new().scrape(&state(BTreeMap::new()), &[], now).unwrap();
    let of = |name: &str| -> Vec<&str> {
        samples(&text).into_iter().filter(|line| line.starts_with(name)).collect()
    };
    assert_eq!(
        of("retune_models"),
        [
            "retune_models{state=\"cancel\"} 0",
            "retune_models{state=\"create\"} 0",
            "retune_models{state=\"held\"} 1",
            "retune_models{state=\"in_flight\"} 2",
            "retune_models{state=\"in_sync\"} 0",
            "retune_models{state=\"orphaned\"} 0",
            "retune_models{state=\"orphaned_ended\"} 0",
        ]
    );
    assert_eq!(of("retune_held"), ["retune_held{reason=\"suspended\"} 1"]);
    assert_eq!(of("retune_last_good"), ["retune_last_good_pass_age_seconds 30.5"]);
    assert_eq!(of("retune_manifests"), ["retune_manifests_valid 1"]);
    let invalid = State { manifests: Manifested::Invalid(2), ..State::default() };
    let text = Metrics::new().scrape(&invalid, &[], now).unwrap();
    assert!(samples(&text).contains(&"retune_manifests_valid 0"), "{text}");
}

#[test]
fn a_base_model_that_means_harm_stays_inside_its_quotes() {
    let hostile = "x\"} 1\nretune_forged 7\r\n\u{1b}[2J\\\u{202e}";
    let text = Metrics::new()
        .scrape(&state(BTreeMap::from([(hostile.into(), 5)])), &[], Duration::ZERO)
        .unwrap();
    assert_eq!(
        tokens(&text),
        [r#"retune_billable_tokens{base_model="x\"} 1 retune_forged 7  \\u{1b}[2J\\\\u{202e}"} 5"#]
    );
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn base_models_are_few_and_short_and_none_is_lost() {
    let many = (0..1_000_u64).map(|n| (format!("model-{n}-{}", "x".repeat(500)).into(), n));
    let text = Metrics::new().scrape(&state(many.collect()), &[], Duration::ZERO).unwrap();
    let shown = tokens(&text);
    assert_eq!(shown.len(), scrape::BASE_MODELS + 1);
    assert!(shown.iter().all(|line| line.len() < 200), "{shown:?}");
    assert!(shown.iter().any(|line| line.contains("\"model-999-x")), "{shown:?}");
    let value = |line: &&str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(shown.iter().map(value).sum::<u64>(), 999 * 1_000 / 2);
    let largest = BTreeMap::from([("a".into(), u64::MAX), ("b".into(), u64::MAX)]);
    Metrics::new().scrape(&state(largest), &[], Duration::ZERO).unwrap();
}
