//! `retune status`: each tuned model against its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::Global;
use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::{Session, VertexClient};
use super::table::table;
use crate::model::{JobName, Key, Pretty, Progress, Untrusted};
use crate::plan::{Action, Plan, show};
use crate::vertex::Vertex;

/// Arguments of `retune status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tuned models [default: all]
    pub names: Vec<String>,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// How to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// Raised when a reader of an older version would misread the document.
const FORMAT_VERSION: u32 = 1;

/// How many runs are asked for their progress at a time.
const LOOKS_AT_A_TIME: usize = 8;

/// Looks and prints.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::open(&args.paths, global, false, output).await?;
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(&args.names)?;
    let plan = session.decide(&policy).await?;
    let progress = progress(&session.client, &plan).await;
    let models = models(&plan, &progress);
    match args.format {
        Format::Json => output.data(&format!("{:#}\n", document(&models, &plan))),
        Format::Text => output.data(&text(&models, &plan, global.emulator, output.width())),
    }
    session.close().await;
    Ok(Exit::Done)
}

/// How far the runs under way are; a run that does not say is left out.
pub(super) async fn progress(client: &VertexClient, plan: &Plan) -> BTreeMap<JobName, Progress> {
    let looks = plan.in_flight.iter().map(async |run| {
        let progress = client.progress(&run.job).await.ok()?;
        Some((run.job.clone(), progress))
    });
    let looks = futures_util::stream::iter(looks).buffer_unordered(LOOKS_AT_A_TIME);
    looks.filter_map(std::future::ready).collect().await
}

/// One tuned model as `status` sees it.
struct Model<'a> {
    key: &'a Key,
    /// `tuned`, `stopped`, a state of the run, `held`, or `create`/`cancel`.
    status: &'static str,
    job: Option<&'a JobName>,
    what: String,
    facts: Value,
}

fn models<'a>(plan: &'a Plan, progress: &BTreeMap<JobName, Progress>) -> Vec<Model<'a>> {
    let tuned = plan.in_sync.iter().map(|model| {
        let made = model.tuned_model.as_ref();
        let name = made.and_then(|m| m.endpoint.as_deref().or(m.model.as_deref()));
        Model {
            key: &model.key,
            status: if model.job.is_some() || made.is_some() { "tuned" } else { "stopped" },
            job: model.job.as_ref(),
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
        what.extend(how_far.and_then(|p| p.completed_epochs).map(|n| count(n, "epoch") + " done"));
        Model {
            key: &run.key,
            status: run.state.word(),
            job: Some(&run.job),
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
    let held = plan.held.iter().map(|held| Model {
        key: &held.key,
        status: "held",
        job: held.reason.job(),
        what: show::hold(held),
        facts: json!({"reason": held.reason.code(), "message": show::hold(held)}),
    });
    let wanted = plan.actions.iter().map(|action| match action {
        Action::Create(create) => Model {
            key: &create.key,
            status: "to create",
            job: None,
            what: "`retune apply` starts a run".to_owned(),
            facts: json!({"reason": create.reason.code()}),
        },
        Action::Cancel(cancel) => Model {
            key: &cancel.key,
            status: "to cancel",
            job: Some(&cancel.job),
            what: format!("{}; `retune apply` stops it", cancel.reason.code()),
            facts: json!({"reason": cancel.reason.code()}),
        },
    });
    let mut models: Vec<Model<'_>> = tuned.chain(running).chain(held).chain(wanted).collect();
    models.sort_by(|a, b| a.key.cmp(b.key));
    models
}

/// `endpoints/12`: its place is known, and `describe` has the full name.
fn short(name: &str) -> String {
    let mut parts = name.rsplit('/');
    let id = parts.next().unwrap_or(name);
    let short = parts.next().map_or_else(|| id.to_owned(), |kind| format!("{kind}/{id}"));
    Untrusted::new(short).shown().to_string()
}

fn text(models: &[Model<'_>], plan: &Plan, emulator: bool, width: Option<usize>) -> String {
    let rows: Vec<[String; 4]> = models
        .iter()
        .map(|model| {
            [
                model.key.name.to_string(),
                model.status.to_owned(),
                model.job.map(JobName::short).unwrap_or_else(|| "-".to_owned()),
                model.what.clone(),
            ]
        })
        .collect();
    let mut out = table(["NAME", "STATUS", "RUN", ""], &rows, width);
    if !plan.orphaned.is_empty() {
        out.push_str("\nActive runs without a manifest:\n");
        for orphan in &plan.orphaned {
            let (name, job) = (&orphan.key.name, orphan.job.short());
            out.push_str(&format!("  {name}  {job}: {}\n", orphan.state.word()));
        }
    }
    let on = if emulator { " (emulator)" } else { "" };
    // A model has several lines when runs of it are to be cancelled.
    let names: BTreeSet<_> = models.iter().map(|m| (&m.key.place, &m.key.name)).collect();
    out.push_str(&format!("\n{}{on}: {}.\n", count(names.len(), "model"), plan.summary()));
    out
}

fn document(models: &[Model<'_>], plan: &Plan) -> Value {
    let models: Vec<Value> = models
        .iter()
        .map(|model| {
            let mut value = json!({
                "name": model.key.name.as_str(),
                "project": model.key.place.project,
                "location": model.key.place.location,
                "rerun": model.key.rerun,
                "status": model.status,
                "job": model.job.map(ToString::to_string),
            });
            if let (Value::Object(value), Value::Object(facts)) = (&mut value, &model.facts) {
                value.extend(facts.clone());
            }
            value
        })
        .collect();
    let plan = show::json(plan);
    json!({
        "formatVersion": FORMAT_VERSION,
        "summary": plan.get("summary"),
        "models": models,
        "orphaned": plan.get("orphaned"),
        "diagnostics": plan.get("diagnostics"),
    })
}
