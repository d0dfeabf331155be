//! What happens, for programs: one object a line, each with an `event`.

use serde_json::{Value, json};

use super::report;
use super::show::whole_seconds;
use crate::apply::{Event, Outcome};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::model::Key;
use crate::plan::{Action, Plan, show};

/// The plan, first of all.
pub(super) fn plan(plan: &Plan, same_service: &str) -> Value {
    json!({"event": "plan", "plan": show::json(plan, same_service)})
}

/// The last line.
pub(super) fn end(exit: Exit) -> Value {
    json!({"event": "end", "exitCode": exit as u8})
}

fn about(event: &str, key: &Key, mut rest: Value) -> Value {
    let mut value = json!({
        "event": event,
        "name": key.name.as_str(),
        "project": key.place.project,
        "location": key.place.location,
        "rerun": key.rerun,
    });
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, &mut rest) {
        value.append(rest);
    }
    value
}

fn verb(action: &Action) -> &'static str {
    match action {
        Action::Create(_) => "create",
        Action::Cancel(_) => "cancel",
    }
}

/// An event, where it is one for programs.
pub(super) fn event(event: &Event<'_>, session: &Session) -> Option<Value> {
    Some(match event {
        Event::Begun(action) => about("begun", action.key(), json!({"action": verb(action)})),
        Event::Done(action, outcome) => {
            let job = match (action, outcome) {
                (_, Outcome::Created(job)) => Some(job.to_string()),
                (Action::Cancel(cancel), _) => Some(cancel.job.to_string()),
                (Action::Create(_), _) => None,
            };
            about(
                "done",
                action.key(),
                json!({
                    "action": verb(action),
                    "outcome": outcome.code(),
                    "failed": outcome.is_failure(),
                    "job": job,
                    "message": report::outcome(action, outcome, session).1,
                }),
            )
        }
        Event::Seen { key, job, state, progress, epochs, tuned_model, error } => about(
            "state",
            key,
            json!({
                "job": job.to_string(),
                "state": state.word(),
                "detail": progress.and_then(|p| p.detail.clone()),
                "completedEpochs": progress.and_then(|p| p.completed_epochs),
                "epochs": epochs,
                "completedSteps": progress.and_then(|p| p.completed_steps),
                "totalSteps": progress.and_then(|p| p.total_steps),
                "model": tuned_model.and_then(|m| m.model.clone()),
                "endpoint": tuned_model.and_then(|m| m.endpoint.clone()),
                "error": error.map(|text| text.raw()),
            }),
        ),
        Event::Stopped { key, run } => about(
            "stopped",
            key,
            json!({
                "job": run.name.to_string(),
                "state": run.state.word(),
                "startTime": run.start_time.map(|t| t.to_string()),
                "endTime": run.end_time.map(|t| t.to_string()),
                "message": report::stopped(run),
            }),
        ),
        Event::Settling { creates, wait } => {
            json!({"event": "settling", "creates": creates, "waitSeconds": whole_seconds(*wait).as_secs()})
        }
        Event::ClaimedElsewhere { key, holder, remaining, again_in } => about(
            "claimedElsewhere",
            key,
            json!({
                "holder": holder.raw(),
                "remainingSeconds": whole_seconds(*remaining).as_secs(),
                "againInSeconds": whole_seconds(*again_in).as_secs(),
            }),
        ),
        Event::LookFailed { why, again_in } => {
            let again_in = whole_seconds(*again_in).as_secs();
            json!({"event": "lookFailed", "message": why, "againInSeconds": again_in})
        }
    })
}
