//! Each tuned model of a plan against its manifest: what `retune status` and
//! the daemon show.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::words;
use crate::model::{Costs, JobName, Key, Pretty, Progress, Spent, Untrusted, Usd};
use crate::plan::{Action, Plan};

/// Raised when a reader of an older version would misread the document.
const FORMAT_VERSION: u32 = 1;

/// The status as one JSON document: what `retune status --format json` prints
/// and the daemon serves.
pub fn document(plan: &Plan, progress: &BTreeMap<JobName, Progress>, costs: &Costs) -> Value {
    let models: Vec<Value> = models(plan, progress, costs)
        .into_iter()
        .map(|model| {
            let mut value = json!({
                "name": model.key.name.as_str(),
                "project": model.key.place.project,
                "location": model.key.place.location,
                "rerun": model.key.rerun,
                "status": model.status,
                "job": model.job.map(ToString::to_string),
                "cost": model.cost.map(spent),
            });
            if let (Value::Object(value), Value::Object(facts)) = (&mut value, model.facts) {
                value.extend(facts);
            }
            value
        })
        .collect();
    let plan = super::json(plan);
    json!({
        "formatVersion": FORMAT_VERSION,
        "summary": plan.get("summary"),
        "models": models,
        "orphaned": plan.get("orphaned"),
        "diagnostics": plan.get("diagnostics"),
    })
}

/// One tuned model, or one run of it that is to be cancelled.
#[derive(Debug)]
pub struct ModelStatus<'a> {
    /// Which one.
    pub key: &'a Key,
    /// `tuned`, `stopped`, a state of the run, `held`, `to create` or `to cancel`.
    pub status: &'static str,
    /// The run it is about.
    pub job: Option<&'a JobName>,
    /// What its runs cost together; `None` when it has none.
    pub cost: Option<Spent>,
    /// The rest in words for people: inert text.
    pub what: String,
    /// The rest for programs: fields of the document.
    facts: Value,
}

/// Each tuned model of a plan, by key. A model has several lines when runs of
/// it are to be cancelled.
pub fn models<'a>(
    plan: &'a Plan,
    progress: &BTreeMap<JobName, Progress>,
    costs: &Costs,
) -> Vec<ModelStatus<'a>> {
    let tuned = plan.in_sync.iter().map(|model| {
        let made = model.tuned_model.as_ref();
        let name = made.and_then(|m| m.endpoint.as_deref().or(m.model.as_deref()));
        ModelStatus {
            key: &model.key,
            status: if model.job.is_some() || made.is_some() { "tuned" } else { "stopped" },
            job: model.job.as_ref(),
            cost: None,
            what: name.map(short).unwrap_or_default(),
            facts: json!({
                "model": made.and_then(|m| m.model.clone()),
                "endpoint": made.and_then(|m| m.endpoint.clone()),
            }),
        }
    });
    let running = plan.in_flight.iter().map(|run| {
        let how_far = progress.get(&run.job);
        let mut what: Vec<String> = Vec::new();
        what.extend(run.age.map(|age| Pretty(age).to_string()));
        what.extend(how_far.and_then(|p| p.detail.clone()));
        what.extend(how_far.and_then(|p| p.completed_epochs).map(epochs));
        ModelStatus {
            key: &run.key,
            status: run.state.word(),
            job: Some(&run.job),
            cost: None,
            what: what.join(", "),
            facts: json!({
                "ageSeconds": run.age.map(|age| age.as_secs()),
                "detail": how_far.and_then(|p| p.detail.clone()),
                "completedEpochs": how_far.and_then(|p| p.completed_epochs),
                "completedSteps": how_far.and_then(|p| p.completed_steps),
                "totalSteps": how_far.and_then(|p| p.total_steps),
            }),
        }
    });
    let held = plan.held.iter().map(|held| ModelStatus {
        key: &held.key,
        status: "held",
        job: held.reason.job(),
        cost: None,
        what: words::held(held),
        facts: json!({"reason": held.reason.code(), "message": words::held(held)}),
    });
    let wanted = plan.actions.iter().map(|action| match action {
        Action::Create(create) => ModelStatus {
            key: &create.key,
            status: "to create",
            job: None,
            cost: None,
            what: "`retune apply` starts a run".to_owned(),
            facts: json!({"reason": create.reason.code()}),
        },
        Action::Cancel(cancel) => ModelStatus {
            key: &cancel.key,
            status: "to cancel",
            job: Some(&cancel.job),
            cost: None,
            what: format!("{}; `retune apply` stops it", cancel.reason.code()),
            facts: json!({"reason": cancel.reason.code()}),
        },
    });
    let mut models: Vec<ModelStatus<'_>> = tuned.chain(running).chain(held).chain(wanted).collect();
    models.sort_by(|a, b| a.key.cmp(b.key));
    for model in &mut models {
        model.cost = costs.get(&model.key.place, &model.key.name);
    }
    models
}

/// What runs cost together, for programs: dollars in whole cents of the runs
/// whose cost is known, how many those are, and how many are not.
pub fn spent(spent: Spent) -> Value {
    let Spent { usd, known, unknown } = spent;
    json!({"usd": Usd(usd).cents(), "runs": known, "unknownRuns": unknown})
}

/// `endpoints/12`: its place is known, and `describe` has the full name.
fn short(name: &str) -> String {
    let mut parts = name.rsplit('/');
    let id = parts.next().unwrap_or(name);
    let short = parts.next().map_or_else(|| id.to_owned(), |kind| format!("{kind}/{id}"));
    Untrusted::new(short).shown().to_string()
}

fn epochs(done: i64) -> String {
    let s = if done == 1 { "" } else { "s" };
    format!("{done} epoch{s} done")
}
