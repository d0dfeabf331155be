//! The walk over a real socket.

use super::*;

/// A finished run of four epochs with validation.
pub(super) fn run() -> Run {
    Run {
        experiment_id: "tuning-experiment-20261120011341085279".to_owned(),
        run_id: "tuning-experiment-run-20261120011341085279".to_owned(),
        project_number: 123_456_789_012,
        location: "us-central1".to_owned(),
        started: "2026-11-20T09:13:07.734Z".parse().unwrap(),
        first_step: "2026-11-20T09:20:00Z".parse().unwrap(),
        last_step: "2026-11-20T09:36:40Z".parse().unwrap(),
        steps_total: 100,
        steps_done: 100,
        epochs: 4,
        validation: true,
        preference: false,
        seed: 1,
        curves: Curves::Usual,
    }
}

struct One;

impl Runs for One {
    fn runs(&self) -> Vec<Run> {
        vec![run()]
    }

    fn run(&self, experiment_id: &str) -> Option<Run> {
        Some(run()).filter(|run| run.experiment_id == experiment_id)
    }
}

async fn get_json(base: &str, path: &str) -> (u16, serde_json::Value) {
    let response = crate::emulator::storage::tests::client()
        .get(format!("{base}/v1/{path}"))
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn walk_from_experiment_to_points() {
    let base = crate::emulator::storage::tests::serve(router(Arc::new(One))).await;
    let place = "projects/acme/locations/us-central1";
    let contexts = format!("{place}/metadataStores/default/contexts");
    let id = run().experiment_id;

    let (_, context) = get_json(&base, &format!("{contexts}/{id}")).await;
    let board = context["metadata"]["backing_tensorboard_resource"].as_str().unwrap().to_owned();
    let filter =
        format!("schema_title=\"system.ExperimentRun\" AND parent_contexts:\"{contexts}/{id}\"");
    let filter = filter.replace(' ', "%20").replace('"', "%22");
    let (_, listed) = get_json(&base, &format!("{contexts}?filter={filter}")).await;
    assert_eq!(listed["contexts"].as_array().unwrap().len(), 1);

    let runs = format!("{board}/experiments/{id}/runs");
    let (_, listed) = get_json(&base, &runs).await;
    let run = listed["tensorboardRuns"][0]["name"].as_str().unwrap();
    let (_, first) = get_json(&base, &format!("{run}/timeSeries?pageSize=4")).await;
    assert_eq!(first["nextPageToken"], "4");
    let (_, second) = get_json(&base, &format!("{run}/timeSeries?pageSize=4&pageToken=4")).await;
    assert_eq!(second["tensorboardTimeSeries"].as_array().unwrap().len(), 2);

    let (loss, eval) = (&first["tensorboardTimeSeries"][0], &first["tensorboardTimeSeries"][3]);
    let (loss, eval) = (loss["name"].as_str().unwrap(), eval["name"].as_str().unwrap());
    let (_, data) =
        get_json(&base, &format!("{board}:batchRead?timeSeries={loss}&timeSeries={eval}")).await;
    assert_eq!(data["timeSeriesData"][0]["values"].as_array().unwrap().len(), 100);
    assert_eq!(data["timeSeriesData"][1]["values"][0]["step"], "25");
    assert_eq!(data["timeSeriesData"][1]["values"][0]["wallTime"], "2026-11-20T09:24:10.000Z");
    let (_, data) = get_json(&base, &format!("{loss}:read?maxDataPoints=10")).await;
    assert_eq!(data["timeSeriesData"]["values"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn what_is_not_there() {
    let base = crate::emulator::storage::tests::serve(router(Arc::new(One))).await;
    for (path, status) in [
        ("projects/acme/locations/us-central1/metadataStores/default/contexts/none", 404),
        (
            "projects/acme/locations/us-central1/metadataStores/default/contexts?filter=color%3Dred",
            400,
        ),
        ("projects/acme/locations/us-central1/tensorboards/7", 404),
        ("projects/acme/locations/us-central1/tensorboards/7:batchRead", 404),
    ] {
        let (found, error) = get_json(&base, path).await;
        assert_eq!(
            (found, error["error"]["code"].as_u64()),
            (status, Some(u64::from(status))),
            "{path}"
        );
    }
    let elsewhere = "projects/acme/locations/europe-west4/tensorboards";
    assert_eq!(get_json(&base, elsewhere).await, (200, serde_json::json!({})));
}
