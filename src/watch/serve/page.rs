//! The page to look at, from what was published.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answers::App;
use crate::model::{JobName, Progress};
use crate::page::{self, Form, Notice, Overview, Page, Runs};
use crate::plan::Plan;
use crate::watch::published::{self, Manifested, Shown};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The list of every tuned model.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let state = app.published.read();
    // Thousands of models take longer than a task may hold its thread.
    let made = tokio::task::spawn_blocking(move || {
        let mut list = app.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.of(&state, &app)
    });
    match made.await {
        Ok((body, version)) => answer(&headers, StatusCode::OK, body, &version),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page, or the word that the asker has it already.
pub(super) fn answer(
    asked: &HeaderMap,
    status: StatusCode,
    body: Bytes,
    version: &str,
) -> Response {
    let tag = format!("\"{version}\"");
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, [(header::CONTENT_TYPE, HTML)], body).into_response()
    };
    let headers = [
        (header::ETAG, HeaderValue::from_str(&tag)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(page::policy(Form::Served))),
        (header::REFERRER_POLICY, Ok(HeaderValue::from_static("no-referrer"))),
        (header::X_FRAME_OPTIONS, Ok(HeaderValue::from_static("DENY"))),
        // No window that opened this one keeps a hold on it.
        (HeaderName::from_static("cross-origin-opener-policy"), Ok(SAME_ORIGIN)),
    ];
    let valid = headers.into_iter().filter_map(|(name, value)| Some((name, value.ok()?)));
    response.headers_mut().extend(valid);
    response
}

const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// The list as it was made last: once for each pass, and for each change of
/// what is said above it.
#[derive(Debug, Default)]
pub(super) struct List {
    /// What it was made of; only compared.
    plan: Weak<Plan>,
    progress: Weak<BTreeMap<JobName, Progress>>,
    runs: Weak<Runs>,
    notices: Vec<Notice>,
    body: Bytes,
    version: String,
}

impl List {
    fn of(&mut self, state: &published::State, app: &App) -> (Bytes, String) {
        let notices = notices(state);
        let Some(shown) = &state.shown else {
            let Page { html, version } = page::waiting(&notices);
            return (html.into(), version);
        };
        let plan = Arc::downgrade(&shown.plan);
        let (progress, runs) = (Arc::downgrade(&shown.progress), Arc::downgrade(&shown.runs));
        let same = self.plan.ptr_eq(&plan)
            && self.progress.ptr_eq(&progress)
            && self.runs.ptr_eq(&runs)
            && self.notices == notices;
        if !same {
            let Page { html, version } = render(shown, state, &notices, app);
            *self = Self { plan, progress, runs, notices, body: html.into(), version };
        }
        (self.body.clone(), self.version.clone())
    }
}

fn render(shown: &Shown, state: &published::State, notices: &[Notice], app: &App) -> Page {
    let age = (app.elapsed)().saturating_sub(state.last_good.unwrap_or_default());
    let now = (app.now)();
    let overview = Overview {
        owner: &shown.owner,
        plan: &shown.plan,
        progress: &shown.progress,
        runs: &shown.runs,
        costs: &shown.costs,
        at: now.checked_sub(age).unwrap_or(now),
        notices,
        emulator: app.emulator,
    };
    overview.page()
}

/// What a reader has to know before everything else.
pub(super) fn notices(state: &published::State) -> Vec<Notice> {
    let trouble = |text| Notice { is_trouble: true, text };
    let mut notices = Vec::new();
    if state.stopping {
        notices.push(trouble("The daemon is stopping.".to_owned()));
    }
    if let Manifested::Invalid(errors) = state.manifests {
        let s = if errors == 1 { "" } else { "s" };
        notices.push(trouble(format!(
            "The manifests have {errors} error{s}: nothing is created or cancelled, and this page \
             shows the last valid ones. `retune validate` says what is wrong."
        )));
    }
    if state.failed_in_a_row > 0 {
        let times = match state.failed_in_a_row {
            1 => "The last pass".to_owned(),
            n => format!("The last {n} passes"),
        };
        let why = state.last_failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        notices.push(trouble(format!("{times} failed, and what is shown is older{why}.")));
    } else if let Some(why) = &state.last_failure {
        notices.push(trouble(format!("Not everything could be looked at: {why}.")));
    }
    notices
}
