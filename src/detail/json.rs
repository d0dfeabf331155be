//! A tuned model and its runs for programs: what the API said, by its own
//! names, and what retune makes of it.

use serde_json::{Value, json};

use super::{Detail, Run, Standing};
use crate::model::{Cost, DataStats, Distribution, Observed, TunedModel, Usd};
use crate::plan::show::status;

/// One tuned model with everything known.
pub fn json(detail: &Detail<'_>) -> Value {
    let key = detail.key;
    let fields = detail.fields.iter().map(|field| {
        json!({
            "path": field.path,
            "manifest": field.set,
            "newestRun": field.echoed,
            "standing": standing(field.standing),
        })
    });
    json!({
        "name": key.name.as_str(),
        "project": key.place.project,
        "location": key.place.location,
        "owner": key.owner.as_str(),
        "rerun": key.rerun,
        "file": detail.source.file.display().to_string(),
        "line": detail.source.line,
        "spec": detail.spec,
        "fields": fields.collect::<Vec<_>>(),
        "cost": status::spent(detail.spent()),
        "runs": detail.runs.iter().map(run).collect::<Vec<_>>(),
    })
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Asked => "asked",
        Standing::Same => "same",
        Standing::Differs => "differs",
        Standing::Left => "leftToVertex",
    }
}

/// What one run costs.
fn cost(cost: &Cost) -> Value {
    json!({"kind": cost.code(), "usd": cost.usd().map(Usd::cents)})
}

fn run(run: &Run<'_>) -> Value {
    let mut value = job(run.job);
    let seconds = |duration: Option<std::time::Duration>| duration.map(|d| d.as_secs());
    let stamp = run.job.stamp.as_ref();
    let more = json!({
        "adopted": run.adopted,
        "changes": run.changes,
        "revision": stamp.and_then(|stamp| stamp.rev),
        "waitedSeconds": seconds(run.waited),
        "ranSeconds": seconds(run.ran),
        "progress": run.progress.map(|progress| json!({
            "detail": progress.detail,
            "completedEpochs": progress.completed_epochs,
            "completedSteps": progress.completed_steps,
            "totalSteps": progress.total_steps,
        })),
        "epochs": run.job.epochs(),
        "billableTokens": run.job.billable_tokens,
        "trainingTokens": run.training_tokens,
        "cost": cost(&run.cost),
        "failure": run.failure.as_ref().map(|failure| json!({
            "code": failure.code, "cause": failure.cause, "next": failure.next,
        })),
        "data": run.job.data.as_deref().map(data),
    });
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// A job as the API said, by its own names.
pub fn job(job: &Observed) -> Value {
    let made = job.tuned_model.as_ref();
    let stamp = job.stamp.as_ref();
    json!({
        "job": job.name.to_string(),
        "project": job.place.project,
        "location": job.place.location,
        "state": job.state.word(),
        "owner": stamp.map(|s| s.owner.as_str()),
        "name": stamp.map(|s| s.name.as_str()),
        "rerun": stamp.and_then(|s| s.rerun),
        "attempt": stamp.map(|s| s.attempt),
        "spec": stamp.and_then(|s| s.spec.clone()),
        "createTime": job.create_time.map(|t| t.to_string()),
        "startTime": job.start_time.map(|t| t.to_string()),
        "endTime": job.end_time.map(|t| t.to_string()),
        "baseModel": job.echo.base_model,
        "tunedModelDisplayName": job.echo.tuned_model_display_name,
        "trainingDatasetUri": job.echo.training_dataset_uri(),
        "model": made.and_then(|m| m.model.clone()),
        "endpoint": made.and_then(|m| m.endpoint.clone()),
        "checkpoints": made.map(checkpoints),
        "experiment": job.experiment,
        "error": job.error.as_ref().map(|e| json!({"code": e.code, "message": e.message})),
        "labels": job.echo.labels,
    })
}

fn checkpoints(made: &TunedModel) -> Vec<Value> {
    let checkpoint = made.checkpoints.iter().map(
        |c| json!({"checkpointId": c.id, "epoch": c.epoch, "step": c.step, "endpoint": c.endpoint}),
    );
    checkpoint.collect()
}

fn data(data: &DataStats) -> Value {
    let dropped = data.dropped_rows.iter().map(|d| json!({"row": d.row, "reason": d.reason}));
    let spreads = data.distributions.iter().map(|d| (d.measure.key().to_owned(), spread(d)));
    json!({
        "examples": data.examples,
        "steps": data.steps,
        "characters": data.characters,
        "dropped": data.dropped,
        "droppedRows": dropped.collect::<Vec<_>>(),
        "distributions": spreads.collect::<serde_json::Map<_, _>>(),
    })
}

fn spread(spread: &Distribution) -> Value {
    let bars = spread.buckets.iter();
    let bars = bars.map(|b| json!({"left": b.left, "right": b.right, "count": b.count}));
    json!({
        "sum": spread.sum,
        "billableSum": spread.billable_sum,
        "min": spread.min,
        "max": spread.max,
        "mean": spread.mean,
        "median": spread.median,
        "p5": spread.p5,
        "p95": spread.p95,
        "buckets": bars.collect::<Vec<_>>(),
    })
}
