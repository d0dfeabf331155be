//! `retune prompt`: asks a tuned model.

mod compare;
mod input;
mod many;
mod one;
mod results;
mod show;
mod whom;

use std::path::PathBuf;

use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Signals;
use super::output::Output;
use super::session::{Needs, Session};
use super::status::Format;
use crate::clock::SystemClock;
use crate::prompt::{Media, Settings, Thinking, turn};

/// Arguments of `retune prompt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tuned model
    pub name: String,

    /// What to ask; `-` reads it from standard input
    #[arg(conflicts_with = "prompts")]
    pub text: Option<String>,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// A file that goes along (repeatable): gs://BUCKET/OBJECT, with its type
    /// behind it where the ending does not say it (gs://acme/scan=image/png)
    #[arg(long = "file", value_name = "URI", conflicts_with = "prompts")]
    pub files: Vec<Media>,

    /// What the model is told before; as in the training data, or it answers worse
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,

    /// How freely it chooses its words, 0 to 2
    #[arg(long, value_name = "NUMBER", value_parser = between::<0, 2>, allow_negative_numbers = true)]
    pub temperature: Option<f64>,

    /// From how much of the likely it chooses, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = between::<0, 1>, allow_negative_numbers = true)]
    pub top_p: Option<f64>,

    /// From how many words it chooses
    #[arg(long, value_name = "COUNT", value_parser = between::<1, 1_000>, allow_negative_numbers = true)]
    pub top_k: Option<f64>,

    /// The most tokens it may answer with, thoughts included
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_output_tokens: Option<u32>,

    /// Makes its choices come again
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub seed: Option<i32>,

    /// How much it may think: `lowest`, as Google advises for tuned models,
    /// `model` for as much as it likes, a level (`minimal`, `low`, `medium`,
    /// `high`; Gemini 3) or a number of tokens (Gemini 2.5)
    #[arg(long, value_name = "HOW", default_value = "lowest", allow_negative_numbers = true)]
    pub thinking: Thinking,

    /// Ask this checkpoint [default: the model's default one]
    #[arg(long, value_name = "ID")]
    pub checkpoint: Option<String>,

    /// Ask the model of this run [default: of the run that is in sync, else of
    /// the newest that has an endpoint]
    #[arg(long, value_name = "JOB")]
    pub run: Option<String>,

    /// Ask the base model too, or another one of Google's, and show both
    #[arg(long, value_name = "MODEL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", conflicts_with_all = ["stream", "prompts"])]
    pub compare_base: Option<String>,

    /// Print the answer as it comes
    #[arg(long, conflicts_with = "prompts")]
    pub stream: bool,

    /// Ask every line of a file: {"prompt": "…"}, or lines of a dataset
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,

    /// Where the results go, one JSON object a line; goes on where it stopped
    /// [default: standard output]
    #[arg(long, value_name = "FILE", requires = "prompts", conflicts_with_all = ["text", "files"])]
    pub output: Option<PathBuf>,

    /// How many are asked at a time
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    #[arg(conflicts_with_all = ["text", "files"])]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=64))]
    pub concurrency: u8,

    /// Drop results whose line or setting has changed since
    #[arg(long, requires = "output")]
    pub drop_stale: bool,

    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text", conflicts_with = "prompts")]
    pub format: Format,
}

/// A number between two others, both included.
fn between<const LEAST: u32, const MOST: u32>(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|n| (f64::from(LEAST)..=f64::from(MOST)).contains(n));
    number.ok_or_else(|| format!("expected a number from {LEAST} to {MOST}"))
}

impl Args {
    fn settings(&self) -> Settings {
        Settings {
            system: self.system.clone(),
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_output_tokens: self.max_output_tokens,
            seed: self.seed,
            thinking: self.thinking,
        }
    }
}

/// What is common to every way of asking.
struct Asking<'a> {
    args: &'a Args,
    session: &'a Session,
    clock: &'a SystemClock,
    output: &'a Output,
}

impl Asking<'_> {
    /// ` (emulator)` where a line could be taken for the real service's.
    fn on(&self) -> &'static str {
        if self.session.emulator { " (emulator)" } else { "" }
    }
}

/// What is asked, once everything that needs no service was looked at.
enum Question {
    One(serde_json::Value),
    Many(input::Prompts, Option<results::Results>),
}

/// Reads what is to be asked, finds whom to ask, and asks.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    if args.stream && args.format == Format::Json {
        let hint = "leave one of them out";
        return Err(
            Failure::usage("--stream prints as it comes, and JSON is one document").hint(hint)
        );
    }
    if args.text.is_none() && args.files.is_empty() && args.prompts.is_none() {
        return Err(Failure::usage("nothing is asked").hint(
            "add what to ask, or `-` for standard input; --file gs://BUCKET/OBJECT, or \
             --prompts FILE for many",
        ));
    }
    let question = match &args.prompts {
        Some(path) => {
            // First what may fail without leaving an empty file of results.
            let prompts = input::Prompts::read(path)?;
            let results = args.output.as_deref().map(results::Results::open).transpose()?;
            Question::Many(prompts, results)
        }
        None => Question::One(turn(&input::text(args.text.as_deref(), &args.files)?, &args.files)),
    };
    let session = Session::open(&args.paths, global, Needs::MANIFESTS, output).await?;
    let clock = SystemClock::new();
    let work = async |session: &Session| {
        let asking = Asking { args: &args, session, clock: &clock, output };
        asked(&asking, global, question).await
    };
    session.with(work).await
}

async fn asked(asking: &Asking<'_>, global: &Global, question: Question) -> Result<Exit, Failure> {
    let mut signals = Signals::new();
    let whom = whom::find(asking, global);
    let whom = tokio::select! {
        whom = whom => whom?,
        () = signals.next() => return Ok(interrupted(asking)),
    };
    let contents = match question {
        Question::Many(prompts, results) => {
            drop(signals);
            return many::run(asking, &whom, &prompts, results).await;
        }
        Question::One(contents) => contents,
    };
    let one = async {
        match &asking.args.compare_base {
            Some(base) => compare::run(asking, &whom, &contents, base).await,
            None => one::run(asking, &whom, &contents).await,
        }
    };
    tokio::select! {
        exit = one => exit,
        () = signals.next() => Ok(interrupted(asking)),
    }
}

fn interrupted(asking: &Asking<'_>) -> Exit {
    asking.output.complain("\ninterrupted; what was asked may be billed\n");
    Exit::Interrupted
}
