//! A service in somebody else's hands: every text that it answers means harm.

use serde_json::{Value, json};

use crate::hostile::HOSTILE;
use crate::server::Server;
use crate::world::World;

const PLACE: &str = "projects/123456789012/locations/us-central1";

/// A directory with a manifest for each of the ways in which a job is shown.
pub(crate) fn world() -> World {
    let world = World::alone();
    for name in ["failed", "unknown", "dialect", "good", "active", "changed", "fresh"] {
        world.wants(crate::model::model(name));
    }
    world
}

/// What it lists and shows.
pub(crate) fn service() -> Server {
    let jobs = jobs();
    let list = json!({ "tuningJobs": jobs }).to_string();
    Server::new(move |line| {
        let path = line.split(' ').nth(1).unwrap_or_default();
        let job = jobs.iter().find(|job| {
            let name = job["name"].as_str().unwrap_or_default();
            path.ends_with(name.rsplit('/').next().unwrap_or_default())
        });
        let refusal = json!({"error": {
            "code": 400, "message": HOSTILE, "status": HOSTILE,
            "details": [{"fieldViolations": [{"field": HOSTILE, "description": HOSTILE}]}],
        }});
        let models = json!({"models": [{
            "name": HOSTILE, "versionId": HOSTILE, "displayName": HOSTILE,
            "labels": {"managed-by": "retune", "retune-owner": "acme-tuning",
                "retune-name": "fresh", "retune-rerun": "0", "retune-spec": spec()},
        }]});
        match job {
            _ if path.contains("/models?") => ("200 OK", "application/json", models.to_string()),
            _ if line.starts_with("POST ") => {
                ("400 Bad Request", "application/json", refusal.to_string())
            }
            Some(job) => ("200 OK", "application/json", job.to_string()),
            None => ("200 OK", "application/json", list.clone()),
        }
    })
}

/// The jobs, each by the name of the model that it is shown for.
fn jobs() -> Vec<Value> {
    let mut jobs = Vec::new();
    for (number, name, state) in [
        (1, "failed", "JOB_STATE_FAILED".to_owned()),
        (2, "unknown", format!("JOB_STATE_{HOSTILE}")),
        (3, "dialect", "JOB_STATE_RUNNING".to_owned()),
        (4, "good", "JOB_STATE_SUCCEEDED".to_owned()),
        (5, "active", "JOB_STATE_RUNNING".to_owned()),
        (6, "changed", "JOB_STATE_RUNNING".to_owned()),
        (7, "orphan", "JOB_STATE_RUNNING".to_owned()),
    ] {
        let mut job = job(number, &state);
        let digest = if name == "dialect" { format!("h9-{HOSTILE}") } else { spec() };
        job["labels"] = json!({
            "managed-by": "retune", "retune-owner": "acme-tuning", "retune-name": name,
            "retune-rerun": "0", "retune-attempt": "1", "retune-spec": digest,
            "team": HOSTILE, HOSTILE: HOSTILE,
        });
        // The digest is of no known spec; what was asked for is compared.
        let uri = format!("gs://acme-ml/{name}/train.jsonl");
        if name == "changed" {
            job["supervisedTuningSpec"]["hyperParameters"]["adapterSize"] = HOSTILE.into();
            job["baseModel"] = HOSTILE.into();
        } else {
            job["supervisedTuningSpec"]["trainingDatasetUri"] = uri.into();
        }
        jobs.push(job);
    }
    let mut foreign = job(8, "JOB_STATE_RUNNING");
    foreign["labels"] = json!({"managed-by": HOSTILE, "retune-owner": HOSTILE});
    foreign["baseModel"] = HOSTILE.into();
    jobs.push(foreign);
    jobs
}

fn spec() -> String {
    format!("h1-{}", "a".repeat(52))
}

fn job(number: u32, state: &str) -> Value {
    json!({
        "name": format!("{PLACE}/tuningJobs/{number}"),
        "state": state,
        "baseModel": "gemini-3.5-flash",
        "tunedModelDisplayName": HOSTILE,
        "description": HOSTILE,
        "serviceAccount": HOSTILE,
        "experiment": HOSTILE,
        "createTime": format!("2026-03-01T12:00:{number:02}Z"),
        "startTime": "2026-03-01T12:01:00Z",
        "error": {"code": 3, "message": HOSTILE},
        "tuningJobState": HOSTILE,
        "tunedModel": {
            "model": HOSTILE, "endpoint": HOSTILE,
            "checkpoints": [{"checkpointId": HOSTILE, "epoch": "1", "endpoint": HOSTILE}],
        },
        "supervisedTuningSpec": {
            "trainingDatasetUri": HOSTILE,
            "exportLastCheckpointOnly": true,
            "hyperParameters": {"epochCount": "3"},
        },
    })
}
