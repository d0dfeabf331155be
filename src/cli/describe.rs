//! `retune describe`: one tuned model with everything known.

mod data;
mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use self::text::Shown;
use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::runs::runs;
use super::session::{Needs, Session};
use super::status::{Format, progress};
use crate::detail::{self, Detail};
use crate::model::{JobName, Observed};
use crate::plan::{Plan, show};
use crate::vertex::{Keep, Made, Presence};

/// Arguments of `retune describe`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tuned model
    pub name: String,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// Looks and prints.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::open(&args.paths, global, Needs::MANIFESTS, output).await?;
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(std::slice::from_ref(&args.name))?;
    // With every label: a plan needs fewer, a reader may look for one.
    let mut seen = session.observe_keeping(&Keep::All).await?;
    let plan = session.decide_over(&mut seen, &policy).await?;
    let prices = session.prices();
    for desired in session.desired.iter().filter(|d| policy.concerns(&d.key.name)) {
        let progress = progress(&session.client, &plan).await;
        let runs = runs(desired, &seen);
        let listing = seen.get(&desired.key.place).and_then(|listing| listing.as_ref().ok());
        let at = listing.and_then(|listing| listing.date);
        let detail = Detail::new(desired, &runs, &prices, at, |job| progress.get(job));
        let made = made(&session, &plan, &runs).await;
        match args.format {
            Format::Json => output.document(&document(&detail, &plan, &made)),
            Format::Text => {
                let (emulator, width) = (global.emulator, output.width());
                let shown = Shown { detail: &detail, plan: &plan, made: &made, emulator, width };
                output.data(&shown.text(&prices));
            }
        }
    }
    session.close().await;
    Ok(Exit::Done)
}

/// What is still there of the runs that matter: the one that the plan shows as
/// in sync, and the newest with a model.
async fn made(session: &Session, plan: &Plan, runs: &[&Observed]) -> BTreeMap<JobName, Made> {
    let in_sync = plan.in_sync.iter().filter_map(|model| model.job.as_ref());
    let newest = runs.iter().find(|run| run.has_model()).map(|run| &run.name);
    let mut made = BTreeMap::new();
    for job in in_sync.chain(newest) {
        let run = runs.iter().find(|run| run.name == *job);
        if let Some(tuned_model) = run.and_then(|run| run.tuned_model.as_ref())
            && !made.contains_key(job)
        {
            made.insert(job.clone(), session.client.look_at(tuned_model).await);
        }
    }
    made
}

fn document(detail: &Detail<'_>, plan: &Plan, made: &BTreeMap<JobName, Made>) -> Value {
    let mut value = json!({"formatVersion": 1});
    let more = [detail::json(detail), json!({"plan": show::json(plan), "present": present(made)})];
    for more in more {
        if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
            value.extend(more);
        }
    }
    value
}

/// What is still there, by the name of the job that it came from.
fn present(made: &BTreeMap<JobName, Made>) -> Value {
    let word = |presence: &Presence| match presence {
        Presence::There => "there",
        Presence::Gone => "gone",
        Presence::Empty => "nothingDeployed",
        Presence::Other(_) => "otherModel",
        Presence::Unknown(_) => "unknown",
    };
    let made = made.iter().map(|(job, made)| {
        let Made { model, default_checkpoint, endpoints } = made;
        let endpoints = endpoints.iter().map(|(name, is)| (name.clone(), word(is).into()));
        let value = json!({
            "model": model.as_ref().map(word),
            "defaultCheckpoint": default_checkpoint,
            "endpoints": endpoints.collect::<serde_json::Map<_, _>>(),
        });
        (job.to_string(), value)
    });
    made.collect::<serde_json::Map<_, _>>().into()
}
