//! `retune jobs`: the plain list of tuning jobs, foreign ones too.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Global;
use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use super::status::Format;
use super::table::table;
use crate::detail;
use crate::model::{Observed, Untrusted};
use crate::vertex::Keep;

/// Arguments of `retune jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests or directories, for the places to list; --project and
    /// --location name one place without any manifest
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// Lists and prints.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::for_looking(&args.paths, global, output).await?;
    session.with(async |session| list(&args, session, output).await).await
}

async fn list(args: &Args, session: &Session, output: &Output) -> Result<Exit, Failure> {
    let seen = session.observe_keeping(&Keep::All).await?;
    let mut jobs: Vec<&Observed> =
        seen.values().filter_map(|l| l.as_ref().ok()).flat_map(|l| &l.jobs).collect();
    // Newest first: what one looks for is what one started last.
    jobs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
    match args.format {
        Format::Json => {
            let jobs: Vec<Value> = jobs.iter().map(|job| detail::job(job)).collect();
            output.document(&json!({"formatVersion": 1, "jobs": jobs}));
        }
        Format::Text => output.data(&text(&jobs, session.emulator)),
    }
    Ok(Exit::Done)
}

fn text(jobs: &[&Observed], emulator: bool) -> String {
    let safe = |text: Option<&str>| text.map(|t| Untrusted::new(t).shown().to_string());
    let rows: Vec<[String; 6]> = jobs
        .iter()
        .map(|job| {
            let owner = job.stamp.as_ref().map(|s| format!("{}/{}", s.owner, s.name));
            let source = job.echo.base_model.as_deref().or(job
                .echo
                .pre_tuned_model
                .as_ref()
                .map(|m| m.tuned_model_name.as_str()));
            [
                job.name.short(),
                job.place.location.to_string(),
                job.state.word().to_owned(),
                job.create_time
                    .map(|t| t.strftime("%Y-%m-%d %H:%M").to_string())
                    .unwrap_or_default(),
                owner.unwrap_or_else(|| "foreign".to_owned()),
                safe(source).unwrap_or_default(),
            ]
        })
        .collect();
    let on = if emulator { " (emulator)" } else { "" };
    let table = table(["JOB", "LOCATION", "STATE", "CREATED (UTC)", "OWNER", "BASE"], &rows, None);
    let table = if jobs.is_empty() { String::new() } else { table + "\n" };
    format!("{table}{}{on}.\n", count(jobs.len(), "job"))
}
