//! The page to look at, from what was published.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::answers::App;
use super::looks::Known;
use crate::detail::Detail;
use crate::model::{Costs, Desired, JobName, Observed, Place, Pretty, Prices, Progress, Untrusted};
use crate::page::{self, Charts, Form, Notice, Overview, Page, Runs, View};
use crate::plan::Plan;
use crate::watch::published::{self, Manifested, Shown};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// The list of every tuned model.
pub(super) async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let state = app.published.read();
    let at = looked(&app, &state);
    // Thousands of models take longer than a task may hold its thread.
    let made = tokio::task::spawn_blocking(move || {
        let mut list = app.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.of(&state, &app)
    });
    match made.await {
        Ok((body, version)) => answer(&headers, StatusCode::OK, body, &version, Some(at)),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page, or the word that the asker has it already, and when what it shows
/// was looked at.
fn answer(
    asked: &HeaderMap,
    status: StatusCode,
    body: Bytes,
    version: &str,
    at: Option<Timestamp>,
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
    let at = at.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(at) = at.and_then(|at| HeaderValue::from_str(&at).ok()) {
        response.headers_mut().insert(header::LAST_MODIFIED, at);
    }
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
    costs: Weak<Costs>,
    notices: Vec<Notice>,
    /// When it was true: ages are counted from then.
    looked: Option<Duration>,
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
        let costs = Arc::downgrade(&shown.costs);
        let same = self.plan.ptr_eq(&plan)
            && self.progress.ptr_eq(&progress)
            && self.runs.ptr_eq(&runs)
            && self.costs.ptr_eq(&costs)
            && self.notices == notices
            && self.looked == state.last_good;
        if !same {
            let Page { html, version } = overview(shown, &notices, app, looked(app, state)).page();
            let (looked, body) = (state.last_good, html.into());
            *self = Self { plan, progress, runs, costs, notices, looked, body, version };
        }
        (self.body.clone(), self.version.clone())
    }
}

/// The own view of one model, with what is read of it now.
pub(super) async fn view(
    State(app): State<Arc<App>>,
    Path((project, location, name)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let state = app.published.read();
    let place = Place::new(project, location);
    let (Some(shown), Some(files)) = (&state.shown, &state.current) else {
        let Page { html, version } = page::waiting(&notices(&state));
        return answer(&headers, StatusCode::OK, html.into(), &version, None);
    };
    let is_it = |desired: &&Desired| {
        desired.key.place == place && desired.key.name.as_str() == name.as_str()
    };
    let Some(desired) = files.desired.iter().find(is_it).cloned() else {
        return no_model(&headers);
    };
    let listed = shown.runs.get(&place, &desired.key.name);
    let jobs = listed.iter().map(|run| (run.job.clone(), run.state.clone())).collect();
    let known = app.looks.of(&place, &desired.key.name, jobs, (app.elapsed)()).await;
    let prices = files.workspace.as_ref().map(|workspace| workspace.prices.clone());
    match own(&app, &state, shown, &desired, &prices.unwrap_or_default(), known) {
        Some(Page { html, version }) => {
            let at = Some(looked(&app, &state));
            answer(&headers, StatusCode::OK, html.into(), &version, at)
        }
        None => no_model(&headers),
    }
}

fn no_model(headers: &HeaderMap) -> Response {
    let Page { html, version } = page::missing();
    answer(headers, StatusCode::NOT_FOUND, html.into(), &version, None)
}

/// The page of one model; `None` when the last pass did not see it.
fn own(
    app: &App,
    state: &published::State,
    shown: &Shown,
    desired: &Desired,
    prices: &Prices,
    known: Known,
) -> Option<Page> {
    let (mut notices, mut none) = (notices(state), "Not looked at yet.");
    let seen = match known {
        Known::Fresh(seen) => Some(seen),
        Known::Later { before, wait } => {
            let wait = Pretty(wait.max(Duration::from_secs(1)));
            notices.push(Notice {
                is_trouble: false,
                text: format!(
                    "Many models were looked at in the last minute. This one is looked at in \
                     {wait}; until then this is what is known of it."
                ),
            });
            before
        }
        Known::Reading { before } => {
            none = "Still being read.";
            notices.push(Notice {
                is_trouble: false,
                text: "Vertex is slow to answer. This model is still being read; until then this \
                       is what is known of it."
                    .to_owned(),
            });
            before
        }
    };
    notices.extend(seen.iter().flat_map(|seen| seen.trouble.clone()));
    let runs: Vec<&Observed> = seen.iter().flat_map(|seen| &seen.runs).collect();
    let at = looked(app, state);
    let detail = Detail::new(desired, &runs, prices, Some(at), |job| shown.progress.get(job));
    let none = Charts::Unread(none.to_owned());
    let view = View {
        detail: &detail,
        listed: shown.runs.get(&desired.key.place, &desired.key.name),
        plan: &shown.plan,
        prices,
        curves: seen.as_ref().map_or(&none, |seen| &seen.charts),
        at,
        notices: &notices,
        emulator: app.emulator,
    };
    overview(shown, &[], app, at).view(&view)
}

fn overview<'a>(
    shown: &'a Shown,
    notices: &'a [Notice],
    app: &'a App,
    at: Timestamp,
) -> Overview<'a> {
    Overview {
        owner: &shown.owner,
        plan: &shown.plan,
        progress: &shown.progress,
        runs: &shown.runs,
        costs: &shown.costs,
        at,
        notices,
        emulator: app.emulator,
        same_service: &app.same_service,
    }
}

/// When the last complete pass was.
fn looked(app: &App, state: &published::State) -> Timestamp {
    let age = (app.elapsed)().saturating_sub(state.last_good.unwrap_or_default());
    let now = (app.now)();
    now.checked_sub(age).unwrap_or(now)
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
    let why = state.last_failure.as_deref().map(Untrusted::new);
    let why = why.as_ref().map(Untrusted::phrase);
    if state.failed_in_a_row > 0 {
        let times = match state.failed_in_a_row {
            1 => "The last pass".to_owned(),
            n => format!("The last {n} passes"),
        };
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        notices.push(trouble(format!("{times} failed, and what is shown is older{why}.")));
    } else if let Some(why) = why {
        notices.push(trouble(format!("Not everything could be looked at: {why}.")));
    }
    notices
}
