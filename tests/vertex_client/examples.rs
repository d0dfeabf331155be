//! The example responses, each read as its README says.

use retune::model::{AdapterSize, JobState, Observed, Phase};
use retune::vertex::{Keep, Vertex};

use crate::server::{Server, ok};
use crate::{client, place};

fn text(name: &str) -> String {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/examples/");
    std::fs::read(format!("{directory}{name}.json"))
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .expect(name)
}

async fn read(name: &str) -> Observed {
    let body = text(name);
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    let server = Server::start([ok(&body)]).await;
    let job = value["name"].as_str().unwrap().parse().unwrap();
    client(&server).get(&job).await.expect(name)
}

#[tokio::test]
async fn each_state_is_read() {
    for (name, state, phase) in [
        ("create_response", JobState::Pending, Phase::Active),
        ("queued", JobState::Queued, Phase::Active),
        ("pending", JobState::Pending, Phase::Active),
        ("running", JobState::Running, Phase::Active),
        ("succeeded", JobState::Succeeded, Phase::Good),
        ("succeeded_continuous", JobState::Succeeded, Phase::Good),
        ("succeeded_gemini3_multiregion", JobState::Succeeded, Phase::Good),
        ("cancelling", JobState::Cancelling, Phase::Ending),
        ("cancelled", JobState::Cancelled, Phase::Cancelled),
        ("expired", JobState::Expired, Phase::Bad),
        ("failed_dataset", JobState::Failed, Phase::Bad),
        ("failed_endpoint_model_exists", JobState::Failed, Phase::Bad),
    ] {
        let job = read(&format!("tuning_job.{name}")).await;
        assert_eq!((&job.state, job.phase()), (&state, phase), "{name}");
        assert_eq!(job.name.project(), "123456789012");
        assert!(job.create_time.is_some(), "{name}");
        assert_eq!(job.echo.labels.get("managed-by"), Some("retune"), "{name}");
        // Without an owner it is no stamp, whatever else it says.
        assert_eq!(job.stamp, None, "{name}");
    }
}

#[tokio::test]
async fn what_came_of_a_run_is_read() {
    let job = read("tuning_job.succeeded").await;
    let model = job.tuned_model.as_ref().unwrap();
    let prefix = "projects/123456789012/locations/us-central1";
    assert_eq!(model.model, Some(format!("{prefix}/models/1402067540926005248@1").into()));
    assert_eq!(model.endpoint, Some(format!("{prefix}/endpoints/6392262636238536704").into()));
    let steps: Vec<_> =
        model.checkpoints.iter().map(|c| (c.id.as_str(), c.epoch, c.step)).collect();
    assert_eq!(steps[..2], [("1", Some(1), Some(63)), ("2", Some(2), Some(126))]);
    assert_eq!(steps.len(), 4);
    assert!(job.experiment.as_ref().unwrap().ends_with("tuning-experiment-20261120011341085279"));
    assert_eq!(job.end_time.unwrap().to_string(), "2026-11-20T10:04:37.139132Z");
    assert_eq!(job.billable_tokens, Some(255_243));
    assert_eq!(read("tuning_job.pending").await.billable_tokens, None);

    let spec = job.echo.supervised_tuning_spec.as_ref().unwrap();
    let hyper = spec.hyper_parameters.as_ref().unwrap();
    assert_eq!((hyper.epoch_count, hyper.adapter_size), (Some(4), Some(AdapterSize::Four)));
    assert_eq!(hyper.learning_rate_multiplier, Some(1.0));
    assert_eq!(job.echo.base_model.as_deref(), Some("gemini-2.5-flash"));
    assert_eq!(job.echo.tuned_model_display_name.as_deref(), Some("support-triage-v7"));

    let multi = read("tuning_job.succeeded_gemini3_multiregion").await;
    assert_eq!(multi.name.location(), "us-central1");
    let model = multi.tuned_model.as_ref().unwrap();
    assert!(model.model.as_ref().unwrap().contains("/locations/us/"));
    assert!(model.endpoint.as_ref().unwrap().contains("/locations/us/"));

    let next = read("tuning_job.succeeded_continuous").await;
    let before = next.echo.pre_tuned_model.as_ref().unwrap();
    assert!(before.tuned_model_name.ends_with("@1"));
    assert_eq!((before.checkpoint_id.as_deref(), &next.echo.base_model), (Some("4"), &None));
    assert!(next.tuned_model.as_ref().unwrap().model.as_ref().unwrap().ends_with("@2"));
}

#[tokio::test]
async fn why_a_run_ended_is_read() {
    let orphan = read("tuning_job.failed_endpoint_model_exists").await;
    assert!(orphan.has_model() && orphan.tuned_model.as_ref().unwrap().endpoint.is_none());
    assert_eq!(orphan.error.as_ref().unwrap().code, 13);
    let failed = read("tuning_job.failed_dataset").await;
    assert!(!failed.has_model());
    assert_eq!(failed.error.as_ref().unwrap().code, 3);
    let cancelled = read("tuning_job.cancelled").await;
    assert_eq!(cancelled.error.as_ref().unwrap().code, 1);
    assert_eq!(cancelled.error.as_ref().unwrap().message.raw(), "CANCELED");
    assert!(read("tuning_job.create_response").await.experiment.is_none());
}

#[tokio::test]
async fn listings_are_read() {
    let (first, last) = (text("list_tuning_jobs.page1"), text("list_tuning_jobs.empty"));
    let server = Server::start([ok(&first), ok(&last)]).await;
    let listing = client(&server).list(&place(), &Keep::All).await.unwrap();
    let value: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(listing.jobs.len(), value["tuningJobs"].as_array().unwrap().len());
    assert!(server.lines()[1].contains("&pageToken=AMEw9yM0dGVzdA "));
}

#[tokio::test]
async fn the_beta_is_read_where_it_says_more_and_where_it_does_not() {
    for (name, detail) in [
        ("v1beta1.tuning_job.running", None),
        ("discovery_only/v1beta1.tuning_job.waiting_for_quota", Some("waiting for quota")),
    ] {
        let server = Server::start([ok(&text(name))]).await;
        let progress = client(&server).progress(&crate::job_name("4303478340632707011")).await;
        assert_eq!(progress.unwrap().detail.as_deref(), detail, "{name}");
        // The same job in v1's reading: the fields of the beta are just unknown.
        let job = read(name).await;
        assert_eq!(job.state, JobState::Running, "{name}");
    }
}
