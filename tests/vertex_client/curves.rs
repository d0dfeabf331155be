//! The walk from an experiment to its points: how many requests, and what each
//! answer on the way means.

use retune::curves::Missing;
use retune::model::ResourceName;
use retune::vertex::{Reach, ReadError};

use crate::server::{Server, Step, ok, reply};
use crate::{client, told};

const BOARD: &str = "projects/1/locations/us-central1/tensorboards/8";

fn experiment() -> ResourceName {
    let store = "projects/1/locations/us-central1/metadataStores/default";
    format!("{store}/contexts/tuning-experiment-20").parse().unwrap()
}

fn context() -> Step {
    ok(&format!(r#"{{"metadata":{{"backing_tensorboard_resource":"{BOARD}"}}}}"#))
}

fn run_name(id: &str) -> String {
    format!("{BOARD}/experiments/tuning-experiment-20/runs/{id}")
}

fn runs(runs: &[(&str, &str)]) -> Step {
    let run = |(id, created): &(&str, &str)| {
        format!(r#"{{"name":"{}","createTime":"{created}"}}"#, run_name(id))
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    ok(&format!(r#"{{"tensorboardRuns":[{}]}}"#, runs.join(",")))
}

fn one_run() -> Step {
    runs(&[("r", "2026-11-20T09:00:00Z")])
}

fn heads(names: &[(&str, &str)], next: &str) -> Step {
    let head = |(id, name): &(&str, &str)| {
        let run = run_name("r");
        format!(
            r#"{{"name":"{run}/timeSeries/{id}","displayName":"{name}","valueType":"SCALAR",
                "metadata":{{"maxStep":"5000"}}}}"#
        )
    };
    let heads: Vec<String> = names.iter().map(head).collect();
    let heads = heads.join(",");
    ok(&format!(r#"{{"tensorboardTimeSeries":[{heads}],"nextPageToken":"{next}"}}"#))
}

fn data(id: &str, points: usize) -> String {
    let point = |step: usize| format!(r#"{{"step":"{step}","scalar":{{"value":0.5}}}}"#);
    let points: Vec<String> = (1..=points).map(point).collect();
    format!(r#"{{"tensorboardTimeSeriesId":"{id}","values":[{}]}}"#, points.join(","))
}

fn batch(data: &[String]) -> Step {
    ok(&format!(r#"{{"timeSeriesData":[{}]}}"#, data.join(",")))
}

#[tokio::test]
async fn four_requests_read_all_series_of_a_run() {
    // The points come in another order than they were asked for.
    let server = Server::start([
        context(),
        runs(&[
            ("r", "2026-11-20T09:00:00Z"),
            ("x-evaluation-y", "2026-11-20T12:00:00Z"),
            ("older", "2026-11-20T08:00:00Z"),
        ]),
        heads(&[("1", "/train_total_loss"), ("2", "/eval_total_loss")], ""),
        batch(&[data("2", 1), data("1", 3)]),
    ])
    .await;
    let curves = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap().unwrap();
    let series: Vec<(&str, usize, bool)> =
        curves.series.iter().map(|s| (s.name.raw(), s.points.len(), s.sampled)).collect();
    assert_eq!(series, [("/train_total_loss", 3, false), ("/eval_total_loss", 1, false)]);
    let lines = server.lines();
    assert_eq!(lines.len(), 4);
    let experiments = format!("{BOARD}/experiments/tuning-experiment-20/runs");
    assert!(lines[0].starts_with(&format!("GET /v1/{} ", experiment())), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("GET /v1/{experiments}?pageSize=1000 ")));
    assert!(lines[2].starts_with(&format!("GET /v1/{experiments}/r/timeSeries?pageSize=1000 ")));
    assert!(lines[3].starts_with(&format!("GET /v1/{BOARD}:batchRead?timeSeries=")));
    assert_eq!(lines[3].matches("timeSeries=").count(), 2);
}

#[tokio::test]
async fn every_page_is_read_and_twenty_series_at_a_time() {
    let ids: Vec<String> = (0..25).map(|id| id.to_string()).collect();
    let names: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "x")).collect();
    let (first, second) = names.split_at(20);
    let all = |names: &[(&str, &str)]| {
        batch(&names.iter().map(|(id, _)| data(id, 1)).collect::<Vec<_>>())
    };
    let server = Server::start([
        context(),
        one_run(),
        heads(first, "more"),
        heads(second, ""),
        all(first),
        all(second),
    ])
    .await;
    let curves = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap().unwrap();
    assert_eq!(curves.series.len(), 25);
    assert!(server.lines()[3].contains("pageToken=more"));
}

#[tokio::test]
async fn a_thousand_points_are_a_choice_unless_all_are_asked_for() {
    let script = || {
        [context(), one_run(), heads(&[("1", "/train_total_loss")], ""), batch(&[data("1", 1000)])]
    };
    let server = Server::start(script()).await;
    let curves = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap().unwrap();
    assert!(curves.series[0].sampled);
    let one = ok(&format!(r#"{{"timeSeriesData":{}}}"#, data("1", 5000)));
    let server = Server::start(script().into_iter().chain([one])).await;
    let curves = client(&server).curves(&experiment(), Reach::All).await.unwrap().unwrap();
    assert!(!curves.series[0].sampled && curves.series[0].points.len() == 5000);
    let read = format!("{}/timeSeries/1:read?maxDataPoints=-1", run_name("r"));
    assert!(server.lines()[4].contains(&read), "{}", server.lines()[4]);
}

#[tokio::test]
async fn what_is_not_there_is_no_error() {
    let absent =
        || reply(404, &[], r#"{"error":{"code":404,"status":"NOT_FOUND","message":"no"}}"#);
    let cases: Vec<(Vec<Step>, Missing)> = vec![
        (vec![absent()], Missing::ExperimentAbsent),
        (vec![ok("{}")], Missing::NoTensorboard),
        (vec![context(), absent()], Missing::NoTensorboardRun),
        (vec![context(), ok("{}")], Missing::NoTensorboardRun),
        (vec![context(), runs(&[("a-evaluation-b", "")])], Missing::NoTensorboardRun),
        (vec![context(), one_run(), ok("{}")], Missing::NoSeries),
        (vec![context(), one_run(), heads(&[("1", "x")], ""), ok("{}")], Missing::NoSeries),
    ];
    for (script, missing) in cases {
        let server = Server::start(script).await;
        let found = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap();
        assert_eq!(found, Err(missing));
    }
}

/// What cannot be known is not taken for "none".
#[tokio::test]
async fn anything_else_is_an_error() {
    let page = || reply(404, &[("content-type", "text/html")], "<html>not here</html>");
    let server = Server::start([page()]).await;
    let error = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap_err();
    assert!(
        told(&error).contains("not the API's (text/html); is the address right?"),
        "{}",
        told(&error)
    );
    let html = || reply(200, &[("content-type", "text/html")], "<html>hello</html>");
    for before in [vec![], vec![context()], vec![context(), one_run()]] {
        let script = before.into_iter().chain([html()]);
        let server = Server::start(script).await;
        let error = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap_err();
        assert!(matches!(error, ReadError::Garbled { .. }), "{error}");
    }
    let endless = [context(), one_run(), heads(&[("1", "x")], "a"), heads(&[("1", "x")], "a")];
    let server = Server::start(endless).await;
    let error = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap_err();
    assert!(matches!(error, ReadError::Endless { .. }), "{error}");
    let server = Server::start([context(), reply(403, &[], "{}")]).await;
    let error = client(&server).curves(&experiment(), Reach::Sampled).await.unwrap_err();
    assert!(matches!(error, ReadError::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn a_job_may_have_its_metrics_elsewhere() {
    let server = Server::start([ok(r#"{"gcsMetricsUri":"gs://b/metrics"}"#), ok("{}")]).await;
    let job = crate::job_name("7");
    let uri = client(&server).metrics_uri(&job).await.unwrap().unwrap();
    assert_eq!(uri.raw(), "gs://b/metrics");
    assert_eq!(client(&server).metrics_uri(&job).await.unwrap(), None);
}
