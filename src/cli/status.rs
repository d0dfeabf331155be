//! `retune status`: each tuned model against its manifest.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::StreamExt;

use super::Global;
use super::connect::VertexClient;
use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::{Needs, Session};
use super::table::table;
use crate::model::{Belonging, Costs, JobName, Progress, Spent, Usd, emulated};
use crate::plan::Plan;
use crate::plan::show::status::{self, ModelStatus};
use crate::vertex::Vertex;

/// Arguments of `retune status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tuned models [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write a page to look at instead: one HTML file with everything in it;
    /// `-` for standard output
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    pub html: Option<PathBuf>,
}

/// How to show something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How many runs are asked for their progress at a time.
const LOOKS_AT_A_TIME: usize = 8;

/// Looks and prints.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::open(&args.paths, global, Needs::MANIFESTS, output).await?;
    session.with(async |session| tell(&args, session, global, output).await).await
}

async fn tell(
    args: &Args,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(&args.names)?;
    if let Some(file) = &args.html {
        page::write(file, &args.names, session, &policy, output).await?;
        return Ok(Exit::Done);
    }
    let mut seen = session.observe().await?;
    let plan = session.decide_over(&mut seen, &policy).await?;
    let costs =
        Costs::of(&seen, &Belonging::new(&policy.owner, &session.desired), &session.prices());
    let progress = progress(&session.client, &plan).await;
    match args.format {
        Format::Json => {
            let same_service = session.same_service();
            let document = status::document(&plan, &progress, &costs, same_service);
            output.document(&emulated(document, session.emulator));
        }
        Format::Text => {
            let models = status::models(&plan, &progress, &costs, session.same_service());
            output.data(&text(&models, &plan, global.emulator, output.width()));
        }
    }
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

fn text(models: &[ModelStatus<'_>], plan: &Plan, emulator: bool, width: Option<usize>) -> String {
    let cells = |model: &ModelStatus<'_>| {
        let run = model.job.map(JobName::short).unwrap_or_else(|| "-".to_owned());
        [model.key.name.to_string(), model.status.to_owned(), run, model.what.clone()]
    };
    // A column of its own where something is known of it.
    let known = models.iter().any(|model| model.cost.is_some_and(|cost| cost.known > 0));
    let mut out = if known {
        let rows = models.iter().map(|model| {
            let [name, status, run, what] = cells(model);
            let cost = match model.cost {
                Some(Spent { usd, known: 1.., unknown: 0 }) => Usd(usd).to_string(),
                // Of some runs it is known, of others not.
                Some(Spent { usd, known: 1.., unknown }) => format!("{} + {unknown} ?", Usd(usd)),
                Some(_) => "?".to_owned(),
                None => "-".to_owned(),
            };
            [name, status, run, cost, what]
        });
        let rows: Vec<_> = rows.collect();
        table(["NAME", "STATUS", "RUN", "COST", ""], &rows, width)
    } else {
        let rows: Vec<_> = models.iter().map(cells).collect();
        table(["NAME", "STATUS", "RUN", ""], &rows, width)
    };
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
