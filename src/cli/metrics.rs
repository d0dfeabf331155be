//! `retune metrics`: the training curves of tuned models, or of runs.
//!
//! Which runs are meant takes the listing of their places, or one request for a
//! run that is named; the curves of each take four (`vertex/curves.rs`). What is
//! not there is said and is no failure: a run may be young, or may have had no
//! validation dataset.

mod chosen;
mod follow;
mod reading;
mod show;

use std::path::PathBuf;

use self::chosen::{Chosen, choose};
use self::reading::read_all;
use super::Global;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, meant};
use super::output::Output;
use super::session::Session;
use crate::curves::{MOST_RUNS, Run, Selection};
use crate::model::{JobName, Place};
use crate::vertex::Reach;

/// Arguments of `retune metrics`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tuned models; of each the run that matches its manifest, else the newest
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// A run: its full name, `tuningJobs/ID` or its ID (repeatable)
    #[arg(long, value_name = "JOB")]
    pub run: Vec<String>,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only this series, such as eval_total_loss (repeatable) [default: loss and accuracy; json
    /// and csv hold all]
    #[arg(long, value_name = "SERIES")]
    pub series: Vec<String>,

    /// Read every point; Vertex by itself gives up to 1000 of a series, chosen at random
    #[arg(long)]
    pub all_points: bool,

    /// Go on until the runs have ended, and end with 6 unless all went well
    #[arg(long, short)]
    pub follow: bool,

    /// End with 6 when a run has no curves
    #[arg(long)]
    pub require_curves: bool,

    /// How to show them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write to this file instead of stdout, all of it or nothing
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// Draw with ASCII only
    #[arg(long)]
    pub ascii: bool,
}

/// How to show curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Charts for a terminal.
    Text,
    /// One JSON document; with --follow a line for each step.
    Json,
    /// A line for each point.
    Csv,
    /// One picture.
    Svg,
    /// One page that needs nothing else.
    Html,
}

/// Looks and shows.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    if args.names.is_empty() && args.run.is_empty() {
        return Err(Failure::usage("no tuned model and no run is named")
            .hint("name tuned models, or runs with --run JOB"));
    }
    if args.follow && args.write.is_none() && matches!(args.format, Format::Svg | Format::Html) {
        return Err(Failure::usage("--follow draws a picture again and again: where to?")
            .hint("add --write FILE, or leave out --format"));
    }
    let named = args.run.iter().find_map(|run| run.parse::<JobName>().ok());
    let place = named.map(|job| Place::new(job.project(), job.location()));
    let session = Session::for_looking_at(&args.paths, place, global, output).await?;
    session.with(async |session| look(&args, session, global, output).await).await
}

async fn look(
    args: &Args,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let chosen = choose(args, session, global, output).await?;
    if chosen.len() > MOST_RUNS {
        let count = chosen.len();
        return Err(Failure::usage(format!("{count} runs are too many for one chart"))
            .hint(format!("compare at most {MOST_RUNS} at a time")));
    }
    let shown = show::Shown::new(args, session, output, Environment::read().terminal);
    if args.follow {
        return follow::follow(args, session, chosen, &shown, output).await;
    }
    let runs = read_all(session, &chosen, reach(args)).await?;
    known_series(&args.series, &runs)?;
    shown.all(&runs)?;
    let missing = runs.iter().any(|run| run.curves.is_err());
    Ok(if missing && args.require_curves { Exit::Failed } else { Exit::Done })
}

fn reach(args: &Args) -> Reach {
    if args.all_points { Reach::All } else { Reach::Sampled }
}

/// Which series are shown.
fn selection(args: &Args) -> Selection {
    match (args.series.as_slice(), args.format) {
        ([], Format::Json | Format::Csv) => Selection::All,
        ([], Format::Text | Format::Svg | Format::Html) => Selection::Usual,
        (names, _) => Selection::Named(names.to_vec()),
    }
}

/// A series that no run has is a typing error, where any run has series.
fn known_series(names: &[String], runs: &[Run]) -> Result<(), Failure> {
    let all = || runs.iter().filter_map(Run::curves).flat_map(|curves| &curves.series);
    if all().next().is_none() {
        return Ok(());
    }
    for name in names {
        let one = Selection::Named(vec![name.clone()]);
        if all().any(|series| one.has(series)) {
            continue;
        }
        let shown = |text: &str| crate::model::Untrusted::new(text).shown().to_string();
        let known: Vec<String> =
            all().map(|s| shown(s.name.raw().trim_start_matches('/'))).collect();
        let hint = meant(name, known.iter().map(String::as_str), "`--format json`");
        return Err(Failure::usage(format!("no run has a series `{}`", shown(name))).hint(hint));
    }
    Ok(())
}
