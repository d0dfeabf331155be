//! `retune plan`: what would be done, and why.

use std::path::PathBuf;

use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::{Needs, Session};
use crate::plan::show;

/// Arguments of `retune plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests or directories [default: manifests/, else the current directory]
    pub paths: Vec<PathBuf>,

    /// Decide about this tuned model only (repeatable)
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,

    /// How to show the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// List tuned models that need no change, too
    #[arg(long)]
    pub full: bool,

    /// End with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,

    /// Cut Markdown at this size, by whole rows; GitHub takes 65536
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    pub max_bytes: usize,
}

/// How to show a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// For a pull-request comment.
    Markdown,
}

/// Plans and prints; changes nothing.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::open(&args.paths, global, Needs::MANIFESTS, output).await?;
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(&args.only)?;
    let plan = session.decide(&policy).await?;
    match args.format {
        Format::Text => output.data(&show::text(&plan, text_options(args.full, global, output))),
        Format::Json => output.document(&show::json(&plan)),
        Format::Markdown => {
            output.data(&show::markdown(&plan, args.full, args.max_bytes, global.emulator));
        }
    }
    session.close().await;
    let pending = args.detailed_exitcode && !plan.actions.is_empty();
    Ok(if pending { Exit::ChangesPending } else { Exit::Done })
}

pub(super) fn text_options(full: bool, global: &Global, output: &Output) -> show::TextOptions {
    show::TextOptions { full, width: output.width(), emulator: global.emulator }
}
