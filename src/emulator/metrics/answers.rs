//! Answers in the service's form: pages, errors and the resources themselves.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::super::storage::params::Params;

/// Entries on a page when the client does not say.
const USUAL_PAGE: usize = 100;

/// Most entries on a page.
const LARGEST_PAGE: usize = 1000;

/// A resource.
pub(super) fn ok(resource: Value) -> Response {
    axum::Json(resource).into_response()
}

/// One page of a listing. An empty one is `{}`, as proto3 JSON has it.
pub(super) fn listed(key: &str, items: Vec<Value>, params: &Params) -> Response {
    let size = match params.get("pageSize").map(str::parse::<usize>) {
        None | Some(Ok(0)) => USUAL_PAGE,
        Some(Ok(size)) => size.min(LARGEST_PAGE),
        Some(Err(_)) => return invalid("page_size is not a number."),
    };
    let token = params.get("pageToken").filter(|token| !token.is_empty());
    let start = match token.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(start)) if start < items.len() => start,
        Some(_) => return invalid("page_token is not valid."),
    };
    let more = items.len() > start.saturating_add(size);
    let page: Vec<_> = items.into_iter().skip(start).take(size).collect();
    let mut answer = Map::new();
    if !page.is_empty() {
        answer.insert(key.to_owned(), Value::Array(page));
    }
    if more {
        answer.insert("nextPageToken".to_owned(), json!((start + size).to_string()));
    }
    ok(Value::Object(answer))
}

/// 404 for something that is not there.
pub(super) fn not_found(what: &str, name: &str) -> Response {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("{what} {name} is not found."))
}

/// 404 for a custom method nobody has heard of.
pub(super) fn method_missing() -> Response {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", "Method not found.")
}

/// 400.
pub(super) fn invalid(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
}

fn error(status: StatusCode, name: &str, message: &str) -> Response {
    let error = json!({"code": status.as_u16(), "message": message, "status": name});
    (status, axum::Json(json!({"error": error}))).into_response()
}

/// The resources of the walk.
pub(super) mod resources {
    use serde_json::{Value, json};

    use super::super::drawn::{self, Series};
    use super::super::{Run, Runs};

    /// The context a job's `experiment` names.
    pub(in super::super) fn experiment_context(run: &Run) -> Value {
        let place = run.place();
        json!({
            "name": format!("{place}/metadataStores/default/contexts/{}", run.experiment_id),
            "displayName": run.experiment_id,
            "etag": run.started.as_millisecond().to_string(),
            "createTime": started(run),
            "updateTime": started(run),
            "schemaTitle": "system.Experiment",
            "schemaVersion": "0.0.1",
            "metadata": {
                "backing_tensorboard_resource": board_name(run),
                "experiment_deleted": false,
            },
        })
    }

    /// The context of the run, whose id starts with the experiment's.
    pub(in super::super) fn run_context(run: &Run) -> Value {
        let contexts = format!("{}/metadataStores/default/contexts", run.place());
        json!({
            "name": format!("{contexts}/{}-{}", run.experiment_id, run.run_id),
            "displayName": run.run_id,
            "etag": run.started.as_millisecond().to_string(),
            "createTime": started(run),
            "updateTime": started(run),
            "schemaTitle": "system.ExperimentRun",
            "schemaVersion": "0.0.1",
            "parentContexts": [format!("{contexts}/{}", run.experiment_id)],
        })
    }

    /// The TensorBoard with this run, and others.
    pub(in super::super) fn board(run: &Run, runs: &dyn Runs) -> Value {
        let mut sharing = runs.runs();
        sharing.retain(|other| other.place() == run.place());
        let oldest = sharing.iter().min_by_key(|run| run.started).unwrap_or(run);
        let newest = sharing.iter().max_by_key(|run| run.started).unwrap_or(run);
        json!({
            "name": board_name(run),
            "displayName": "Default Tensorboard",
            "blobStoragePathPrefix": format!("cloud-ai-platform-{}", run.board_id()),
            "runCount": sharing.len(),
            "createTime": started(oldest),
            "updateTime": updated(newest),
            "etag": run.board_id(),
            "isDefault": true,
        })
    }

    /// The experiment on the TensorBoard.
    pub(in super::super) fn experiment(run: &Run) -> Value {
        json!({
            "name": experiment_name(run),
            "displayName": run.experiment_id,
            "createTime": started(run),
            "updateTime": updated(run),
            "etag": run.started.as_millisecond().to_string(),
        })
    }

    /// The run on the TensorBoard.
    pub(in super::super) fn run(run: &Run) -> Value {
        json!({
            "name": run_name(run),
            "displayName": run.run_id,
            "createTime": started(run),
            "updateTime": updated(run),
            "etag": run.started.as_millisecond().to_string(),
        })
    }

    /// Every series that has a point.
    pub(in super::super) fn all_series(run: &Run) -> Vec<Value> {
        drawn::all(run).iter().map(|found| series(run, found)).collect()
    }

    /// One series, without its points.
    pub(in super::super) fn series(run: &Run, series: &Series) -> Value {
        let last = series.steps(run).last().copied().unwrap_or_default();
        json!({
            "name": format!("{}/timeSeries/{}", run_name(run), series.id),
            "displayName": series.name,
            "valueType": "SCALAR",
            "createTime": time(run, 0),
            "updateTime": time(run, last),
            "etag": last.to_string(),
            "pluginName": "scalars",
            "metadata": {"maxStep": last.to_string(), "maxWallTime": time(run, last)},
        })
    }

    /// The points of a series by its full name, if it is of one of `runs`.
    pub(in super::super) fn series_data(runs: &[Run], name: &str) -> Option<Value> {
        let (run_path, id) = name.rsplit_once("/timeSeries/")?;
        let (_, path) = run_path.split_once("/experiments/")?;
        let (experiment, run_id) = path.split_once("/runs/")?;
        let same = |run: &&Run| run.experiment_id == experiment && run.run_id == run_id;
        let run = runs.iter().find(same)?;
        let series = drawn::series(run, id)?;
        Some(values(run, &series, Some(drawn::SAMPLED_POINTS)))
    }

    /// The points of a series, at most `limit` of them.
    pub(in super::super) fn values(run: &Run, series: &Series, limit: Option<usize>) -> Value {
        let values = points(run, series, limit);
        json!({"tensorboardTimeSeriesId": series.id, "valueType": "SCALAR", "values": values})
    }

    /// The points alone.
    pub(in super::super) fn points(run: &Run, series: &Series, limit: Option<usize>) -> Vec<Value> {
        let point = |step: u64| {
            json!({
                "step": step.to_string(),
                "wallTime": time(run, step),
                "scalar": {"value": double(series.value(run, step))},
            })
        };
        drawn::sample(series.steps(run), limit).into_iter().map(point).collect()
    }

    /// A double as proto3 JSON has it: JSON has no NaN and no infinity.
    fn double(value: f64) -> Value {
        match value {
            value if value.is_nan() => json!("NaN"),
            value if value == f64::INFINITY => json!("Infinity"),
            value if value == f64::NEG_INFINITY => json!("-Infinity"),
            value => json!(value),
        }
    }

    /// The last segment of a resource's name.
    pub(in super::super) fn last_segment(resource: &Value) -> &str {
        let name = resource.get("name").and_then(Value::as_str).unwrap_or_default();
        name.rsplit_once('/').map_or(name, |(_, last)| last)
    }

    fn board_name(run: &Run) -> String {
        format!("{}/tensorboards/{}", run.place(), run.board_id())
    }

    fn experiment_name(run: &Run) -> String {
        format!("{}/experiments/{}", board_name(run), run.experiment_id)
    }

    fn run_name(run: &Run) -> String {
        format!("{}/runs/{}", experiment_name(run), run.run_id)
    }

    fn started(run: &Run) -> String {
        format!("{:.3}", run.started)
    }

    /// When the last point was written.
    fn updated(run: &Run) -> String {
        if run.steps_done == 0 { started(run) } else { time(run, run.steps_done) }
    }

    fn time(run: &Run, step: u64) -> String {
        format!("{:.3}", drawn::wall_time(run, step))
    }
}
