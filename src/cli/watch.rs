//! `retune watch`: keeps Vertex as the manifests say, for as long as it runs.

mod current;
mod log;
mod looping;
mod reading;
mod run;
mod telling;

use std::path::PathBuf;
use std::time::Duration;

use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::model::{Shard, parse_duration};
use crate::watch::Severity;
use crate::watch::webhook;

pub(super) use log::subscribe;

/// Arguments of `retune watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests or directories [default: manifests/, else the current directory]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Look and tell what differs; never create or cancel anything
    #[arg(long)]
    pub observe: bool,

    /// Time between two complete looks [default: 5m, and longer where a
    /// listing has more than 25 pages; 2s with --emulator]
    #[arg(long, value_name = "DURATION")]
    pub interval: Option<String>,

    /// Keep only part I of N of the names; the others are for other daemons
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,

    /// Creates within 24 hours [default: limits.maxCreates, else 10]
    #[arg(long, value_name = "N")]
    pub max_creates: Option<u32>,

    /// Cancels that one pass may make [default: limits.maxCancels, else 5]
    #[arg(long, value_name = "N")]
    pub max_cancels: Option<u32>,

    /// Create without a settle window although a listing may lag behind
    #[arg(long)]
    pub accept_duplicates: bool,

    /// Serve a page to look at, health, metrics and status over HTTP, such as
    /// on 127.0.0.1:9470
    #[arg(long, value_name = "ADDRESS", help_heading = "What it tells")]
    pub listen: Option<String>,

    /// Allow --listen on an address that other machines can reach
    #[arg(long, requires = "listen", help_heading = "What it tells")]
    pub listen_public: bool,

    /// A Host that requests for the status may name, beside loopback (repeatable)
    #[arg(long, value_name = "HOST", requires = "listen", help_heading = "What it tells")]
    pub allow_host: Vec<String>,

    /// Post changes of state to this address [env: RETUNE_WEBHOOK_URL]; signed
    /// with the key in RETUNE_WEBHOOK_SECRET
    #[arg(long, value_name = "URL", help_heading = "What it tells")]
    pub webhook: Option<String>,

    /// What is posted
    #[arg(long, value_name = "FORMAT", default_value = "json", help_heading = "What it tells")]
    pub webhook_format: WebhookFormat,

    /// The least that is posted
    #[arg(long, value_name = "SEVERITY", default_value = "info", help_heading = "What it tells")]
    pub webhook_severity: WebhookSeverity,

    /// Where events are kept until they are delivered, over restarts too
    #[arg(long, value_name = "DIR", help_heading = "What it tells")]
    pub state_dir: Option<PathBuf>,
}

/// What is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WebhookFormat {
    /// One JSON object for each event.
    Json,
    /// Slack's incoming webhooks.
    Slack,
}

/// The least that is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WebhookSeverity {
    /// Everything.
    Info,
    /// What is held, or worse.
    Warning,
    /// What somebody has to mend.
    Error,
}

impl From<WebhookFormat> for webhook::Format {
    fn from(format: WebhookFormat) -> Self {
        match format {
            WebhookFormat::Json => Self::Json,
            WebhookFormat::Slack => Self::Slack,
        }
    }
}

impl From<WebhookSeverity> for Severity {
    fn from(severity: WebhookSeverity) -> Self {
        match severity {
            WebhookSeverity::Info => Self::Info,
            WebhookSeverity::Warning => Self::Warning,
            WebhookSeverity::Error => Self::Error,
        }
    }
}

/// The shortest interval: what is shorter asks for the same answer twice.
const SHORTEST: Duration = Duration::from_secs(1);

/// The interval on the emulator inside the process, whose runs take seconds.
const ON_EMULATOR: Duration = Duration::from_secs(2);

impl Args {
    /// How often to look, where the command line says so.
    fn interval(&self, global: &Global) -> Result<Option<Duration>, Failure> {
        let Some(text) = &self.interval else {
            return Ok(global.emulator.then_some(ON_EMULATOR));
        };
        match parse_duration(text) {
            Ok(interval) if interval >= SHORTEST => Ok(Some(interval)),
            Ok(_) => Err(Failure::usage(format!("--interval: `{text}` is too short"))
                .hint("a second is the shortest; files that change are looked at at once")),
            Err(error) => Err(Failure::usage(format!("--interval: {error}"))),
        }
    }
}

/// Watches until it is told to stop.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let interval = args.interval(global)?;
    Ok(run::Daemon::start(&args, interval, global, output).await?.run().await)
}
