//! What is told over HTTP.

use serde_json::Value;

use crate::model::model;
use crate::wait::until;
use crate::world::World;

#[test]
fn it_is_ready_after_the_first_complete_pass() {
    let world = World::new();
    world.wants(model("faq").lifecycle("suspend: true"));
    world.emulator.fault("list-jobs:hold:1");
    let daemon = world.watch("");
    world.emulator.holds(1);
    let not_yet = (503, "not ready: no pass was complete yet\n".to_owned());
    assert_eq!(daemon.get("/readyz"), not_yet);
    assert_eq!(daemon.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(daemon.get("/api/v1/status").0, 503);
    world.emulator.release();
    until("readiness", || daemon.get("/readyz") == (200, "ready\n".to_owned()));
    assert_eq!(daemon.get("/api/v1/status").0, 200);
}

#[test]
fn metrics_of_a_model_that_was_tuned() {
    let world = World::fast();
    world.wants(model("faq"));
    let mut daemon = world.watch("--interval 1s");
    daemon.hears_of("tuned", "faq");
    daemon.looks();
    let (status, metrics) = daemon.get("/metrics");
    assert_eq!(status, 200);
    let value = |series: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("no {series} in {metrics}")).trim().to_owned()
    };
    assert_eq!(value("retune_actions_total{kind=\"create\",outcome=\"created\"}"), "1");
    assert_eq!(value("retune_actions_total{kind=\"cancel\",outcome=\"cancelRequested\"}"), "0");
    assert_eq!(value("retune_passes_total{result=\"failed\"}"), "0");
    assert_eq!(value("retune_models{state=\"in_sync\"}"), "1");
    assert_eq!(value("retune_manifests_valid"), "1");
    let creates = "retune_api_requests_total{code=\"200\",method=\"tuningJobs.create\"}";
    assert_eq!(value(creates), "1");
    let age: f64 = value("retune_last_good_pass_age_seconds").parse().unwrap();
    assert!(age >= 0.0, "{age}");
}

/// Everything but ages, which are another second later.
fn without_ages(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|key, _| !key.to_lowercase().contains("age"));
            for field in fields.values_mut() {
                *field = without_ages(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_ages(item.take());
            }
        }
        _ => {}
    }
    value
}

#[test]
fn the_status_is_the_one_that_the_command_shows() {
    let world = World::new();
    world.wants(model("faq")).wants(model("old")).applied();
    world.wants(model("old").lifecycle("suspend: true"));
    world.emulator.foreign_job();
    let daemon = world.watch("--observe");
    daemon.looks();
    let output = world.run("status --format json");
    assert!(output.status.success(), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let served: Value = serde_json::from_str(&daemon.get("/api/v1/status").1).unwrap();
    assert_eq!(without_ages(served), without_ages(shown));
}
