//! The metrics of tuning jobs: Vertex ML Metadata and TensorBoard, read-only.
//!
//! A job names its `experiment`, a metadata context. The context names the
//! TensorBoard behind it; there the experiment has one run, the run has time
//! series, and the series have the points. Clients walk all of that to draw
//! one loss curve, so all of it is here.
//!
//! Projects in paths may be ids or numbers; answers have numbers, like the
//! service's.

mod answers;
mod drawn;
mod filter;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;

use self::answers::{invalid, listed, method_missing, not_found, ok, resources};
use self::filter::Filter;
use super::storage::params::Params;

/// What the curves of one tuning job are drawn from.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// `tuning-experiment-…`: the last segment of the job's `experiment`.
    pub(crate) experiment_id: String,
    /// `tuning-experiment-run-…`
    pub(crate) run_id: String,
    /// The project, as it stands in names.
    pub(crate) project_number: u64,
    /// Where the job runs.
    pub(crate) location: String,
    /// When the job began to run.
    pub(crate) started: Timestamp,
    /// When the first step begins, and when the last one ends: the points'
    /// wall times lie between.
    pub(crate) first_step: Timestamp,
    /// See [`Run::first_step`].
    pub(crate) last_step: Timestamp,
    /// Steps of the whole training.
    pub(crate) steps_total: u64,
    /// Steps so far: only these have points.
    pub(crate) steps_done: u64,
    /// Passes over the dataset; each ends with an evaluation.
    pub(crate) epochs: u64,
    /// Whether there is a validation set to evaluate.
    pub(crate) validation: bool,
    /// Preference tuning has other series than supervised tuning.
    pub(crate) preference: bool,
    /// The same seed draws the same curves.
    pub(crate) seed: u64,
    /// What is out of the ordinary about them.
    pub(crate) curves: Curves,
}

/// What is out of the ordinary about a run's curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curves {
    /// Nothing.
    Usual,
    /// Evaluation loss turns early, and clearly.
    Overfit,
    /// Loss is infinite at one step, and no number from then on.
    Diverged,
    /// A hundred thousand steps.
    Long,
    /// There are none.
    None,
    /// There are none here.
    InCloudStorage,
}

/// Where the runs come from: the tuning jobs.
pub(crate) trait Runs: Send + Sync {
    /// The runs of all jobs that have begun training.
    fn runs(&self) -> Vec<Run>;

    /// The run of one experiment.
    fn run(&self, experiment_id: &str) -> Option<Run>;
}

type Source = State<Arc<dyn Runs>>;

/// The routes of the metrics walk, in both versions of the API.
pub(crate) fn router(runs: Arc<dyn Runs>) -> Router {
    let mut router = Router::new();
    for version in ["v1", "v1beta1"] {
        let place = format!("/{version}/projects/{{project}}/locations/{{location}}");
        let contexts = format!("{place}/metadataStores/default/contexts");
        let boards = format!("{place}/tensorboards");
        let experiments = format!("{boards}/{{board}}/experiments");
        let runs = format!("{experiments}/{{experiment}}/runs");
        let series = format!("{runs}/{{run}}/timeSeries");
        router = router
            .route(&contexts, get(list_contexts))
            .route(&format!("{contexts}/{{context}}"), get(get_context))
            .route(&boards, get(list_boards))
            .route(&format!("{boards}/{{board}}"), get(get_board))
            .route(&experiments, get(list_experiments))
            .route(&format!("{experiments}/{{experiment}}"), get(get_experiment))
            .route(&runs, get(list_runs))
            .route(&format!("{runs}/{{run}}"), get(get_run))
            .route(&series, get(list_series))
            .route(&format!("{series}/{{series}}"), get(get_series).post(export_series));
    }
    router.with_state(runs)
}

impl Run {
    /// With the steps that its curves have.
    pub(crate) fn lengthened(mut self) -> Self {
        const LONG: u64 = 100_000;
        if self.curves == Curves::Long {
            let factor = LONG / self.steps_total.clamp(1, LONG);
            let all = self.steps_done == self.steps_total;
            self.steps_done = if all { LONG } else { self.steps_done * factor };
            self.steps_total = LONG;
        }
        self
    }

    fn place(&self) -> String {
        format!("projects/{}/locations/{}", self.project_number, self.location)
    }

    /// A project has one TensorBoard in a location for all its jobs.
    fn board_id(&self) -> String {
        drawn::board_id(self.project_number, &self.location)
    }
}

/// The segments of a path, by their order in it: project, location, board,
/// experiment, run, series.
type Segments = Path<Vec<String>>;

fn segment(segments: &[String], index: usize) -> &str {
    segments.get(index).map(String::as_str).unwrap_or_default()
}

fn runs_in(runs: &dyn Runs, segments: &[String]) -> Vec<Run> {
    let location = segment(segments, 1);
    let mut found = runs.runs();
    found.retain(|run| run.location == location);
    found
}

fn runs_of_board(runs: &dyn Runs, segments: &[String]) -> Vec<Run> {
    let mut found = runs_in(runs, segments);
    found.retain(|run| run.board_id() == segment(segments, 2));
    found
}

/// The run of the experiment in the path, if it is on the path's board.
fn run_of_experiment(runs: &dyn Runs, segments: &[String]) -> Option<Run> {
    let run = runs.run(segment(segments, 3))?;
    let same = run.location == segment(segments, 1) && run.board_id() == segment(segments, 2);
    same.then_some(run)
}

fn run_of_path(runs: &dyn Runs, segments: &[String]) -> Option<Run> {
    run_of_experiment(runs, segments).filter(|run| run.run_id == segment(segments, 4))
}

async fn list_contexts(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    let filter = match Filter::parse(params.get("filter").unwrap_or_default()) {
        Ok(filter) => filter,
        Err(text) => return invalid(&text),
    };
    let contexts = runs_in(&*runs, &path);
    let contexts = contexts
        .iter()
        .flat_map(|run| [resources::experiment_context(run), resources::run_context(run)]);
    listed("contexts", contexts.filter(|context| filter.matches(context)).collect(), &params)
}

async fn get_context(State(runs): Source, Path(path): Segments) -> Response {
    let id = segment(&path, 2);
    for run in runs_in(&*runs, &path) {
        for context in [resources::experiment_context(&run), resources::run_context(&run)] {
            if resources::last_segment(&context) == id {
                return ok(context);
            }
        }
    }
    not_found("The Context", id)
}

async fn list_boards(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    let mut boards: Vec<_> = Vec::new();
    for run in runs_in(&*runs, &path) {
        let board = resources::board(&run, &*runs);
        if !boards.contains(&board) {
            boards.push(board);
        }
    }
    listed("tensorboards", boards, &params)
}

/// A board, or with `:batchRead` the points of several of its series.
async fn get_board(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    let (id, method) = split_method(segment(&path, 2));
    let at_board: Vec<_> = [segment(&path, 0), segment(&path, 1), id].map(str::to_owned).into();
    let of_board = runs_of_board(&*runs, &at_board);
    let Some(first) = of_board.first() else { return not_found("The Tensorboard", id) };
    match method {
        None => ok(resources::board(first, &*runs)),
        Some("batchRead") => {
            let wanted: Vec<_> = params.all("timeSeries").collect();
            if wanted.is_empty() {
                return invalid("time_series is required.");
            }
            let mut data = Vec::new();
            for name in wanted {
                match resources::series_data(&of_board, name) {
                    Some(values) => data.push(values),
                    None => return not_found("The TensorboardTimeSeries", name),
                }
            }
            ok(serde_json::json!({"timeSeriesData": data}))
        }
        Some(_) => method_missing(),
    }
}

async fn list_experiments(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    let experiments = runs_of_board(&*runs, &path);
    let experiments = experiments.iter().map(resources::experiment).collect();
    listed("tensorboardExperiments", experiments, &params)
}

async fn get_experiment(State(runs): Source, Path(path): Segments) -> Response {
    match run_of_experiment(&*runs, &path) {
        Some(run) => ok(resources::experiment(&run)),
        None => not_found("The TensorboardExperiment", segment(&path, 3)),
    }
}

async fn list_runs(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    match run_of_experiment(&*runs, &path) {
        Some(run) => listed("tensorboardRuns", vec![resources::run(&run)], &params),
        None => not_found("The TensorboardExperiment", segment(&path, 3)),
    }
}

async fn get_run(State(runs): Source, Path(path): Segments) -> Response {
    match run_of_path(&*runs, &path) {
        Some(run) => ok(resources::run(&run)),
        None => not_found("The TensorboardRun", segment(&path, 4)),
    }
}

async fn list_series(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    match run_of_path(&*runs, &path) {
        Some(run) => listed("tensorboardTimeSeries", resources::all_series(&run), &params),
        None => not_found("The TensorboardRun", segment(&path, 4)),
    }
}

/// A series, or with `:read` its points.
async fn get_series(State(runs): Source, Path(path): Segments, params: Params) -> Response {
    let (id, method) = split_method(segment(&path, 5));
    let run = run_of_path(&*runs, &path);
    let found = run.and_then(|run| drawn::series(&run, id).map(|series| (run, series)));
    let Some((run, series)) = found else { return not_found("The TensorboardTimeSeries", id) };
    match method {
        None => ok(resources::series(&run, &series)),
        Some("read") => {
            let limit = match params.get("maxDataPoints").map(str::parse::<i64>) {
                None | Some(Ok(0)) => Some(drawn::SAMPLED_POINTS),
                Some(Ok(limit)) => usize::try_from(limit).ok(),
                Some(Err(_)) => return invalid("max_data_points is not a number."),
            };
            let values = resources::values(&run, &series, limit);
            ok(serde_json::json!({"timeSeriesData": values}))
        }
        Some(_) => method_missing(),
    }
}

/// `:exportTensorboardTimeSeries`: every point, in pages.
async fn export_series(State(runs): Source, Path(path): Segments, body: Bytes) -> Response {
    let (id, method) = split_method(segment(&path, 5));
    if method != Some("exportTensorboardTimeSeries") {
        return method_missing();
    }
    let Some(params) = Params::from_json(&body) else {
        return invalid("Invalid JSON payload received.");
    };
    // What is not understood is refused: it would bring too many points.
    if params.get("filter").or(params.get("orderBy")).is_some_and(|text| !text.is_empty()) {
        return invalid("This emulator exports series without filter and order_by.");
    }
    let run = run_of_path(&*runs, &path);
    let found = run.and_then(|run| drawn::series(&run, id).map(|series| (run, series)));
    let Some((run, series)) = found else { return not_found("The TensorboardTimeSeries", id) };
    listed("timeSeriesDataPoints", resources::points(&run, &series, None), &params)
}

/// `id:method` in its parts.
fn split_method(segment: &str) -> (&str, Option<&str>) {
    match segment.split_once(':') {
        Some((id, method)) => (id, Some(method)),
        None => (segment, None),
    }
}

#[cfg(test)]
mod tests;
