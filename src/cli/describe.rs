//! `retune describe`: one tuned model with everything known.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::runs::runs;
use super::session::{Needs, Session};
use super::status::{Format, progress};
use super::table::table;
use super::{Global, jobs};
use crate::model::{Desired, Observed, Pretty, Untrusted, identity};
use crate::plan::{Plan, plan, show};
use crate::vertex::Keep;

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
    let session =
        Session::open(&args.paths, global, Needs { manifests: true, workspace: false }, output)
            .await?;
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(std::slice::from_ref(&args.name))?;
    // With every label: a plan needs fewer, a reader may look for one.
    let seen = session.observe_keeping(&Keep::All).await?;
    let plan = plan(&session.desired, &seen, &policy);
    for desired in session.desired.iter().filter(|d| policy.concerns(&d.key.name)) {
        let runs = runs(desired, &seen);
        match args.format {
            Format::Json => {
                let runs: Vec<Value> = runs.iter().map(|run| jobs::value(run)).collect();
                let value = json!({
                    "formatVersion": 1,
                    "name": desired.key.name.as_str(),
                    "project": desired.key.place.project,
                    "location": desired.key.place.location,
                    "rerun": desired.key.rerun,
                    "file": desired.source.file.display().to_string(),
                    "line": desired.source.line,
                    "spec": identity::digest(&desired.spec),
                    "plan": show::json(&plan),
                    "runs": runs,
                });
                output.document(&value);
            }
            Format::Text => {
                let far = progress(&session.client, &plan).await;
                let width = output.width();
                let mut out = head(desired, &plan, global.emulator, width);
                out.push_str(&spec(desired, runs.first().copied()));
                out.push_str(&history(&runs));
                for (job, far) in &far {
                    let detail = far.detail.as_deref().unwrap_or("under way");
                    let _ = write!(out, "\n{}: {detail}", job.short());
                    if let Some(epochs) = far.completed_epochs {
                        let _ = write!(out, ", {} done", count(epochs, "epoch"));
                    }
                    if let Some((done, all)) = far.completed_steps.zip(far.total_steps) {
                        let _ = write!(out, ", step {done} of {all}");
                    }
                    out.push('\n');
                }
                out.push_str(&made(&runs));
                output.data(&out);
            }
        }
    }
    session.close().await;
    Ok(Exit::Done)
}

fn head(desired: &Desired, plan: &Plan, emulator: bool, width: Option<usize>) -> String {
    let on = if emulator { " (emulator)" } else { "" };
    let key = &desired.key;
    let mut out = format!("{}{on}\n", key.name);
    let file = Untrusted::new(desired.source.file.to_string_lossy());
    let source = format!("{}:{}", file.shown(), desired.source.line);
    let facts = [
        ("place", key.place.to_string()),
        ("owner", key.owner.to_string()),
        ("rerun", key.rerun.to_string()),
        ("manifest", source),
        ("spec", identity::digest(&desired.spec)),
    ];
    for (what, value) in facts {
        let _ = writeln!(out, "  {what:<9} {value}");
    }
    let options = show::TextOptions { full: true, width, emulator };
    let shown = show::text(plan, options);
    // The rows; the summary below them speaks of all models.
    let rows = shown.split("\n\n").next().unwrap_or_default();
    let _ = writeln!(out, "\n{rows}");
    out
}

/// Every field that the manifest sets or the newest run echoes, as a tree: the
/// paths are long, and so are the values.
fn spec(desired: &Desired, newest: Option<&Observed>) -> String {
    let mut out = "\nSpec\n".to_owned();
    let mut above: Vec<&str> = Vec::new();
    for (path, set, echoed) in identity::fields(&desired.spec, newest.map(|run| &run.echo)) {
        let mut parts: Vec<&str> = path.split('.').collect();
        let Some(field) = parts.pop() else { continue };
        let shared = above.iter().zip(&parts).take_while(|(a, b)| a == b).count();
        for (depth, part) in parts.iter().enumerate().skip(shared) {
            let _ = writeln!(out, "  {:depth$}{part}", "", depth = depth * 2);
        }
        let indent = 2 + parts.len() * 2;
        let shown = |text: &str| Untrusted::new(text).shown().to_string();
        let value = match (&set, &echoed) {
            (Some(set), Some(run)) if set != run => {
                format!("{} (newest run: {})", shown(set), shown(run))
            }
            (Some(set), Some(_)) => shown(set),
            (Some(set), None) if newest.is_some() => format!("{} (newest run: unset)", shown(set)),
            (Some(set), None) => shown(set),
            (None, Some(run)) => format!("left to Vertex (newest run: {})", shown(run)),
            (None, None) => "left to Vertex".to_owned(),
        };
        let _ = writeln!(out, "{:indent$}{field}: {value}", "");
        above = parts;
    }
    out
}

fn history(runs: &[&Observed]) -> String {
    if runs.is_empty() {
        return "\nNo runs.\n".to_owned();
    }
    let rows: Vec<[String; 5]> = runs
        .iter()
        .map(|run| {
            let took = run.start_time.zip(run.end_time).map(|(start, end)| {
                let took = std::time::Duration::try_from(end.duration_since(start));
                took.map(|took| Pretty(took).to_string()).unwrap_or_default()
            });
            let stamp = run.stamp.as_ref();
            [
                run.name.short(),
                run.state.word().to_owned(),
                run.create_time
                    .map(|t| t.strftime("%Y-%m-%d %H:%M").to_string())
                    .unwrap_or_default(),
                took.unwrap_or_default(),
                stamp
                    .map(|s| format!("rerun {}, attempt {}", s.rerun.unwrap_or(0), s.attempt))
                    .unwrap_or_else(|| "adopted".to_owned()),
            ]
        })
        .collect();
    let mut out = format!("\n{}", table(["RUN", "STATE", "CREATED (UTC)", "RAN", ""], &rows, None));
    for run in runs {
        if let Some(error) = &run.error {
            let _ = writeln!(out, "  {}: {}", run.name.short(), error.message.shown());
        }
    }
    out
}

/// What came of the runs.
fn made(runs: &[&Observed]) -> String {
    let mut out = String::new();
    let safe = |text: &str| Untrusted::new(text).shown().to_string();
    for run in runs {
        let Some(made) = &run.tuned_model else { continue };
        let _ = writeln!(out, "\nFrom {}:", run.name.short());
        if let Some(model) = &made.model {
            let _ = writeln!(out, "  model       {}", safe(model));
        }
        match &made.endpoint {
            Some(endpoint) => _ = writeln!(out, "  endpoint    {}", safe(endpoint)),
            None => out.push_str("  endpoint    none: deploy the model to use it\n"),
        }
        for checkpoint in &made.checkpoints {
            let epoch = checkpoint.epoch.map(|e| format!(" (epoch {e})")).unwrap_or_default();
            let endpoint = checkpoint.endpoint.as_deref().unwrap_or("not deployed");
            let _ =
                writeln!(out, "  checkpoint  {}{epoch}: {}", safe(&checkpoint.id), safe(endpoint));
        }
        if let Some(experiment) = &run.experiment {
            let _ = writeln!(out, "  experiment  {}", safe(experiment));
        }
    }
    out
}
