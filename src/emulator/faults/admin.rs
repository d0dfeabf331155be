//! The emulator's own routes, for tests. No rule is about them, and they are
//! not in the log.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::rule::Rule;
use crate::emulator::error::Refusal;
use crate::emulator::server::App;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/emulator/faults", get(list_rules).post(add_rules).delete(end_rules))
        .route("/emulator/held", get(list_held).delete(release_all))
        .route("/emulator/held/{number}", delete(release))
        .route("/emulator/log", get(show_log).delete(clear_log))
        .route("/emulator/jobs", get(list_jobs))
        .with_state(app)
}

type Shared = State<Arc<App>>;

async fn list_rules(State(app): Shared) -> Json<Value> {
    Json(json!({"rules": app.faults().rules()}))
}

/// Adds all of them or, if one is wrong, none.
async fn add_rules(State(app): Shared, body: Bytes) -> Response {
    let rules = match Rule::read_all(&body) {
        Ok(rules) => rules,
        Err(error) => {
            let source = std::error::Error::source(&error);
            let why = source.map(|source| format!(": {source}")).unwrap_or_default();
            return Refusal::invalid(format!("{error}{why}")).into_response();
        }
    };
    for rule in rules {
        // Checked when it was read.
        let _ = app.faults().add(rule);
    }
    list_rules(State(app)).await.into_response()
}

async fn end_rules(State(app): Shared) -> Json<Value> {
    app.faults().clear();
    list_rules(State(app)).await
}

async fn list_held(State(app): Shared) -> Json<Value> {
    Json(json!({"held": app.faults().held()}))
}

async fn release(State(app): Shared, Path(number): Path<u64>) -> Json<Value> {
    app.faults().release(number);
    list_held(State(app)).await
}

async fn release_all(State(app): Shared) -> Json<Value> {
    app.faults().release_all();
    list_held(State(app)).await
}

async fn show_log(State(app): Shared) -> Json<Value> {
    Json(json!({"entries": app.log()}))
}

async fn clear_log(State(app): Shared) -> Json<Value> {
    app.faults().clear_log();
    show_log(State(app)).await
}

async fn list_jobs(State(app): Shared) -> Json<Value> {
    Json(json!({"tuningJobs": app.jobs()}))
}
