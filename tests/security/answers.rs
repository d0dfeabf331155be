//! X15, X16: answers that are too large, too deep, wrong or forged.

use serde_json::{Value, json};

use crate::model::model;
use crate::server::Server;
use crate::world::World;

const PLACE: &str = "projects/123456789012/locations/us-central1";

fn listing(jobs: Value) -> Server {
    let list = json!({ "tuningJobs": jobs }).to_string();
    Server::new(move |line| match line.starts_with("GET ") {
        true => ("200 OK", "application/json", list.clone()),
        false => ("200 OK", "application/json", "{}".to_owned()),
    })
}

fn labels(name: &str) -> Value {
    json!({
        "managed-by": "retune", "retune-owner": "acme-tuning", "retune-name": name,
        "retune-rerun": "0", "retune-attempt": "1",
        "retune-spec": format!("h1-{}", "a".repeat(52)),
    })
}

fn job(id: &str, labels: &Value) -> Value {
    json!({
        "name": format!("{PLACE}/tuningJobs/{id}"), "state": "JOB_STATE_RUNNING",
        "labels": labels, "baseModel": "gemini-3.5-flash",
        "createTime": "2026-03-01T12:00:00Z",
        "supervisedTuningSpec": {
            "trainingDatasetUri": "gs://acme-ml/faq/train.jsonl",
            "exportLastCheckpointOnly": true, "hyperParameters": {"epochCount": "3"},
        },
    })
}

#[test]
fn a_poisoned_job_blocks_no_other() {
    let world = World::alone();
    world.wants(model("faq"));
    let good = job("1", &labels("faq"));
    let foreign = json!({"managed-by": "somebody"});
    // Foreign jobs with every field of another kind, one of them at a time.
    let odd = [json!(17), json!("x"), json!([]), json!({"a": [{}]}), json!(null), json!(true)];
    for field in ["state", "createTime", "error", "tunedModel", "supervisedTuningSpec", "baseModel"]
    {
        let mut jobs = vec![good.clone()];
        for (number, value) in odd.iter().enumerate() {
            let mut poisoned = job(&format!("{}", number + 2), &foreign);
            poisoned[field] = value.clone();
            jobs.push(poisoned);
        }
        let server = listing(json!(jobs));
        for line in ["plan", "jobs", "status", "apply --yes"] {
            let shown = world.run(&format!("{line} --endpoint {}", server.url()));
            assert!(shown.ends_with("[exit 0]"), "{field}: {line}: {shown}");
            assert!(shown.contains("[JOB") || shown.contains("tuningJobs/1"), "{line}: {shown}");
        }
        assert!(server.asked().iter().all(|request| request.starts_with("GET ")), "{field}");
    }
}

#[test]
fn an_answer_is_never_a_crash() {
    let world = World::alone();
    world.wants(model("faq"));
    let deep = format!("{{\"tuningJobs\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let wide = format!("{{\"x\":\"{}\"}}", "a".repeat(17 * 1024 * 1024));
    for body in [
        deep,
        wide,
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{\"tuningJobs\":{}}".to_owned(),
        "{\"tuningJobs\":[null,7,\"x\",[]]}".to_owned(),
        "{\"tuningJobs\":[{\"name\":\"../../x\"}]}".to_owned(),
        "{\"tuningJobs\":[],\"nextPageToken\":7}".to_owned(),
        "{\"tuningJobs\":[],\"tuningJobs\":[]}".to_owned(),
        "{\"a\":1e999999999}".to_owned(),
        "\u{feff}{}".to_owned(),
    ] {
        let shape: String = body.chars().take(40).collect();
        let server = Server::new(move |_| ("200 OK", "application/json", body.clone()));
        for line in ["plan", "jobs", "status --format json", "apply --yes"] {
            let shown = world.run(&format!("{line} --endpoint {}", server.url()));
            let code = shown.rsplit("[exit ").next().unwrap().trim_end_matches(']').to_owned();
            assert!(["0", "4", "6"].contains(&code.as_str()), "{shape}: {line}: {shown}");
            assert!(!shown.contains("panicked"), "{shape}: {line}: {shown}");
        }
    }
}

#[test]
fn labels_that_are_almost_ours_make_no_job_ours() {
    let world = World::alone();
    world.wants(model("faq").lifecycle("desired: stopped"));
    let ours = labels("faq");
    let mut jobs = Vec::new();
    for (label, value) in [
        ("managed-by", "Retune"),
        ("managed-by", "retune "),
        ("retune-owner", "acme-tuning-2"),
        ("retune-owner", "ACME-TUNING"),
        ("retune-name", "faq\u{200b}"),
        ("retune-name", "f\u{430}q"),
        ("retune-name", "faq2"),
    ] {
        let mut forged = ours.clone();
        forged[label] = value.into();
        jobs.push(job(&format!("{}", jobs.len() + 1), &forged));
    }
    for label in ["managed-by", "retune-owner", "retune-name"] {
        let mut forged = ours.clone();
        forged.as_object_mut().unwrap().remove(label);
        jobs.push(job(&format!("{}", jobs.len() + 1), &forged));
    }
    let server = listing(json!(jobs));
    let shown = world.run(&format!("apply --yes --endpoint {}", server.url()));
    assert!(shown.ends_with("[exit 0]"), "{shown}");
    let looks_at_one = |request: &String| request.contains("/tuningJobs/");
    assert!(!server.asked().iter().any(looks_at_one), "{shown}");
    // With the very labels it is: the run is looked at before it is stopped.
    let server = listing(json!([job("1", &ours)]));
    let shown = world.run(&format!("apply --yes --endpoint {}", server.url()));
    assert!(server.asked().iter().any(looks_at_one), "{shown}");
}
