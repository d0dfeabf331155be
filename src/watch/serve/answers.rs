//! What is answered.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::json;

use super::super::metrics::{CONTENT_TYPE, Metrics, Requests};
use super::super::published::{self, Manifested, Published, Shown};
use super::looks::Looks;
use super::page::List;
use crate::model::{Costs, JobName, Progress, Untrusted, emulated, inert_json};
use crate::plan::Plan;
use crate::plan::show::status;

/// How long the loop may be silent and still count as alive.
///
/// It is silent while it looks. The longest look there is: 100,000 jobs are
/// 1,000 pages of 100, at one second a page 17 minutes; the rest is for what
/// the look leads to. A restart that comes too early begins that look anew.
pub const SILENCE: Duration = Duration::from_secs(20 * 60);

/// Passes in a row that must fail before the daemon is not ready: one or two
/// are a restart of something between here and Vertex.
const FAILING: u32 = 3;

/// Longest reason told to a probe, whose answer is kept in events and logs.
const LONGEST_REASON: usize = 300;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What answers are made of.
pub(super) struct App {
    pub(super) published: Arc<Published>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) requests: Arc<dyn Fn() -> Requests + Send + Sync>,
    pub(super) elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    pub(super) now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    pub(super) emulator: bool,
    /// The flags that lead a command to the same service.
    pub(super) same_service: String,
    pub(super) document: Mutex<Document>,
    pub(super) list: Mutex<List>,
    pub(super) looks: Arc<Looks>,
}

/// Whether the loop goes round. It says nothing of Vertex: a restart would not
/// bring it back.
pub(super) async fn healthz(State(app): State<Arc<App>>) -> Response {
    let silent = (app.elapsed)().saturating_sub(app.published.read().beat);
    if silent < SILENCE {
        return "ok\n".into_response();
    }
    let text = format!("the loop has been silent for {} min\n", silent.as_secs() / 60);
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// Whether what it shows and does can be relied on: a pass was complete, passes
/// do not keep failing, and it is not about to stop.
///
/// Manifests that are not valid are said, and no reason: the daemon does with
/// them what it is there for, which is nothing, and a restarted one could do no
/// more. A daemon that never saw valid ones has no complete pass, so a rollout
/// that brings broken manifests stops there.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let state = app.published.read();
    let invalid = match state.manifests {
        Manifested::Invalid(errors) => Some(errors),
        Manifested::Unread | Manifested::Valid(_) => None,
    };
    let why = if state.stopping {
        Some("it is stopping".to_owned())
    } else if state.shown.is_none() {
        Some("no pass was complete yet".to_owned())
    } else if state.failed_in_a_row >= FAILING && invalid.is_none() {
        Some(format!("{} passes in a row failed", state.failed_in_a_row))
    } else {
        None
    };
    let mut text = match &why {
        None => "ready\n".to_owned(),
        Some(why) => format!("not ready: {why}\n"),
    };
    if let Some(errors) = invalid {
        let s = if errors == 1 { "" } else { "s" };
        let _ =
            writeln!(text, "the manifests have {errors} error{s}: nothing is created or cancelled");
    }
    if state.failed_in_a_row > 0
        && let Some(failure) = &state.last_failure
    {
        let failure = Untrusted::new(failure.as_str()).shown().to_string();
        let failure: String = failure.chars().take(LONGEST_REASON).collect();
        let _ = writeln!(text, "last failure: {failure}");
    }
    let status = if why.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, text).into_response()
}

/// What Prometheus scrapes.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let state = app.published.read();
    match app.metrics.scrape(&state, &(app.requests)(), (app.elapsed)()) {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, "see the log\n").into_response()
        }
    }
}

/// What `retune status --format json` prints, of the last complete pass;
/// `Age` says how many seconds ago that was.
pub(super) async fn status(State(app): State<Arc<App>>) -> Response {
    let state = app.published.read();
    let Some(shown) = state.shown else { return not_yet(&state) };
    let emulator = app.emulator;
    let age = (app.elapsed)().saturating_sub(state.last_good.unwrap_or_default()).as_secs();
    // Thousands of models take longer than a task may hold its thread.
    let made = tokio::task::spawn_blocking(move || {
        let mut document = app.document.lock().unwrap_or_else(PoisonError::into_inner);
        document.of(&shown, emulator, &app.same_service)
    });
    match made.await {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, JSON), (header::AGE, HeaderValue::from(age))];
            (headers, body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn not_yet(state: &published::State) -> Response {
    let error = json!({
        "code": "noPassYet",
        "message": "no pass was complete yet; /readyz says when one was",
        "failedPasses": state.failed_in_a_row,
    });
    let body = format!("{:#}\n", json!({ "error": error }));
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

/// For whoever looks around.
pub(super) async fn nothing() -> Response {
    let text = "nothing is here; there are:\n/\n/models/PROJECT/LOCATION/NAME\n/healthz\n\
                /readyz\n/metrics\n/api/v1/status\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// The status document, made once for each pass with something new and shared by
/// all who ask: of thousands of models it has megabytes.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// What it was made of; only compared.
    plan: Weak<Plan>,
    progress: Weak<std::collections::BTreeMap<JobName, Progress>>,
    costs: Weak<Costs>,
    body: Bytes,
}

impl Document {
    pub(super) fn of(&mut self, shown: &Shown, emulator: bool, same_service: &str) -> Bytes {
        let (plan, progress) = (Arc::downgrade(&shown.plan), Arc::downgrade(&shown.progress));
        let costs = Arc::downgrade(&shown.costs);
        let same =
            self.plan.ptr_eq(&plan) && self.progress.ptr_eq(&progress) && self.costs.ptr_eq(&costs);
        if !same {
            let Shown { plan: decided, progress: far, costs: spent, .. } = shown;
            let document = status::document(decided, far, spent, same_service);
            let document = emulated(document, emulator);
            let body = Bytes::from(inert_json(&format!("{document:#}\n")));
            *self = Self { plan, progress, costs, body };
        }
        self.body.clone()
    }
}
