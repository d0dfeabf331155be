//! A plan for programs.

use serde_json::{Value, json as object};

use super::words;
use crate::model::{JobName, Key};
use crate::plan::{
    Action, Change, ClaimedBy, Held, HoldReason, InFlight, InSync, Known, Newer, Plan, Remark,
};

/// Raised when a reader of an older version would misread the document.
const FORMAT_VERSION: u32 = 1;

/// The plan as one JSON document; see the README for its fields. `same_service`
/// are the flags that lead a command in a message to the same service.
pub fn json(plan: &Plan, same_service: &str) -> Value {
    let list = |values: Vec<Value>| Value::Array(values);
    object!({
        "formatVersion": FORMAT_VERSION,
        "digest": plan.digest(),
        "summary": plan.summary(),
        "places": list(plan.places.iter().map(|p| {
            object!({"project": p.project, "location": p.location})
        }).collect()),
        "actions": list(plan.actions.iter().map(action).collect()),
        "held": list(plan.held.iter().map(|h| held(h, same_service)).collect()),
        "inFlight": list(plan.in_flight.iter().map(in_flight).collect()),
        "inSync": list(plan.in_sync.iter().map(in_sync).collect()),
        "orphaned": list(plan.orphaned.iter().map(|orphan| {
            with_key(&orphan.key, object!({
                "job": job(&orphan.job), "state": orphan.state.word(),
            }))
        }).collect()),
        "foreign": plan.foreign,
        "diagnostics": list(plan.diagnostics.iter().map(|diagnostic| {
            let fields = match &diagnostic.remark {
                Remark::FieldRemoved { fields } | Remark::AppliesNextRun { fields } => object!({
                    "fields": fields,
                }),
                Remark::FoundByModel { model } => object!({"model": model}),
                Remark::OtherRunActive { jobs } => object!({
                    "jobs": jobs.iter().map(job).collect::<Vec<_>>(),
                }),
            };
            let mut value = with_key(&diagnostic.key, object!({
                "code": diagnostic.remark.code(),
                "message": words::remark(&diagnostic.remark),
            }));
            merge(&mut value, fields);
            value
        }).collect()),
    })
}

fn job(job: &JobName) -> Value {
    Value::String(job.to_string())
}

/// `name`, `project`, `location`, `rerun`, then the rest.
fn with_key(key: &Key, rest: Value) -> Value {
    let mut value = object!({
        "name": key.name.as_str(),
        "project": key.place.project,
        "location": key.place.location,
        "rerun": key.rerun,
    });
    merge(&mut value, rest);
    value
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn action(action: &Action) -> Value {
    match action {
        Action::Create(create) => {
            let mut value = object!({"action": "create"});
            merge(
                &mut value,
                with_key(
                    &create.key,
                    object!({
                        "reason": create.reason.code(),
                        "diff": create.changes.iter().map(change).collect::<Vec<_>>(),
                        "request": create.request.body(),
                    }),
                ),
            );
            value
        }
        Action::Cancel(cancel) => {
            let mut value = object!({"action": "cancel"});
            merge(
                &mut value,
                with_key(
                    &cancel.key,
                    object!({
                        "reason": cancel.reason.code(),
                        "job": job(&cancel.job),
                    }),
                ),
            );
            if let Some(survivor) = cancel.reason.survivor() {
                merge(&mut value, object!({"survivor": job(survivor)}));
            }
            if cancel.after.is_some() {
                merge(&mut value, object!({"after": "create"}));
            }
            value
        }
    }
}

fn change(change: &Change) -> Value {
    object!({"field": change.path, "old": change.old, "new": change.new})
}

fn held(held: &Held, same_service: &str) -> Value {
    let mut value = with_key(
        &held.key,
        object!({
            "reason": held.reason.code(),
            "message": words::held(held, same_service),
        }),
    );
    if let Some(name) = held.reason.job() {
        merge(&mut value, object!({"job": job(name)}));
    }
    let facts = match &held.reason {
        HoldReason::LastRunFailed { error, has_model, retry_in, .. } => object!({
            "error": error.as_ref().map(|e| object!({"code": e.code, "message": e.message})),
            "hasModel": has_model,
            "retryInSeconds": retry_in.map(|wait| wait.as_secs()),
        }),
        HoldReason::CreateLimit { wanted, recent, limit } => {
            object!({"wanted": wanted, "recent": recent, "limit": limit})
        }
        HoldReason::CancelLimit { wanted, limit } => {
            object!({"wanted": wanted, "limit": limit})
        }
        HoldReason::ConcurrencyLimit { running, limit, deferred } => object!({
            "running": running, "limit": limit, "deferred": deferred.reason.code(),
        }),
        HoldReason::StaleRevision { newer, .. } => match newer {
            Newer::Rerun { theirs, ours } => object!({"theirRerun": theirs, "ourRerun": ours}),
            Newer::Revision { theirs, ours } => {
                object!({"theirRevision": theirs, "ourRevision": ours})
            }
        },
        HoldReason::SameSpecElsewhere { owner, name, .. } => {
            object!({"otherOwner": owner.as_str(), "otherName": name.as_str()})
        }
        HoldReason::Settling { why: _, remaining, deferred } => object!({
            "remainingSeconds": remaining.as_secs(), "deferred": deferred.reason.code(),
        }),
        HoldReason::ClaimedElsewhere {
            claim: ClaimedBy::Pending { holder, run, remaining },
            ..
        } => {
            object!({
                "holder": holder.raw(), "run": run, "remainingSeconds": remaining.as_secs(),
            })
        }
        HoldReason::ImplausibleListing { listed, known } => {
            let before = match known {
                Known::Before(before) => Some(*before),
                Known::Claimed(_) => None,
            };
            object!({"listed": listed, "before": before})
        }
        HoldReason::AmbiguousCreate { age, run, wait } => object!({
            "ageSeconds": age.as_secs(), "run": run, "settledInSeconds": wait.as_secs(),
        }),
        HoldReason::LastRunCancelled { .. }
        | HoldReason::Cancelling { .. }
        | HoldReason::Suspended
        | HoldReason::ListIncomplete { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Done { .. }, .. }
        | HoldReason::UnknownDialect { .. }
        | HoldReason::UnknownState { .. } => object!({}),
    };
    merge(&mut value, facts);
    value
}

fn in_flight(run: &InFlight) -> Value {
    with_key(
        &run.key,
        object!({
            "job": job(&run.job),
            "state": run.state.word(),
            "ageSeconds": run.age.map(|age| age.as_secs()),
        }),
    )
}

fn in_sync(model: &InSync) -> Value {
    let tuned = model.tuned_model.as_ref();
    with_key(
        &model.key,
        object!({
            "job": model.job.as_ref().map(job),
            "model": tuned.and_then(|m| m.model.clone()),
            "endpoint": tuned.and_then(|m| m.endpoint.clone()),
        }),
    )
}
