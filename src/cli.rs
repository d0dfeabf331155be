//! The commands: argument types, dispatch, and everything that is printed.

use clap::{Parser, Subcommand};

pub mod apply;
pub mod cancel;
mod charts;
mod claims;
mod confirm;
mod connect;
mod count;
pub mod describe;
pub mod emulator;
mod environment;
mod exit;
mod failure;
pub mod import;
pub mod init;
mod interrupt;
pub mod jobs;
pub mod metrics;
mod output;
pub mod outputs;
pub mod plan;
pub mod prompt;
mod revision;
mod runs;
mod said;
pub mod schema;
mod session;
pub mod status;
mod table;
pub mod validate;
pub mod watch;
mod write;

pub use environment::Environment;
pub use exit::Exit;
pub use failure::Failure;
pub use output::{Color, NotWritten, Output};

use crate::manifest::{Setting, Settings};

/// The declarative way to tune Gemini models on Vertex AI.
///
/// A directory of YAML says which tuned models should exist. `plan` shows what
/// is missing and why, `apply` makes it so. There is no state file: the labels
/// of the tuning jobs are the state.
#[derive(Debug, Parser)]
#[command(name = "retune", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 unexpected error, 2 changes pending (plan --detailed-exitcode),
3 manifests invalid or none found, 4 Vertex or credential unreachable, 5 refused,
6 an action failed, 7 the wait timed out, 64 wrong usage, 130 interrupted";

/// Flags of every command.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// Project of manifests that name none [env: GOOGLE_CLOUD_PROJECT]
    #[arg(long, global = true, value_name = "PROJECT", help_heading = "Global options")]
    pub project: Option<String>,

    /// Location of manifests that name none [env: GOOGLE_CLOUD_LOCATION]
    #[arg(long, global = true, value_name = "LOCATION", help_heading = "Global options")]
    pub location: Option<String>,

    /// Another address of the service; no credential is sent there unless it
    /// is Google's [env: GOOGLE_VERTEX_BASE_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub endpoint: Option<String>,

    /// Run against an emulator inside this process; its world is kept in
    /// .retune/emulator
    #[arg(long, global = true, help_heading = "Global options")]
    pub emulator: bool,

    /// The manifests' source revision: the commit's time in seconds
    /// [default: of git's HEAD] [env: RETUNE_REVISION]
    #[arg(long, global = true, value_name = "REVISION", help_heading = "Global options")]
    pub revision: Option<String>,

    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(help_heading = "Global options")]
    pub color: Color,

    /// Say less: data and errors only
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,

    /// Say more; twice for every request
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    #[arg(help_heading = "Global options")]
    pub verbose: u8,

    /// Form of the log lines of `watch`, and of those that --verbose brings
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    #[arg(help_heading = "Global options")]
    pub log_format: LogFormat,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a Workspace and a first manifest
    Init(init::Args),
    /// Check manifests; asks nothing of Vertex
    Validate(validate::Args),
    /// Show what would be done, and why; changes nothing
    Plan(plan::Args),
    /// Plan, show, ask, do
    Apply(apply::Args),
    /// Keep Vertex as the manifests say, for as long as it runs
    Watch(watch::Args),
    /// Show each tuned model against its manifest
    Status(status::Args),
    /// Show everything known of one tuned model
    Describe(describe::Args),
    /// List tuning jobs, foreign ones too
    Jobs(jobs::Args),
    /// Show the training curves of tuned models, or of runs
    Metrics(metrics::Args),
    /// Stop a run now, by hand
    Cancel(cancel::Args),
    /// Ask a tuned model
    Prompt(prompt::Args),
    /// Print what tuned models leave for those who call them: endpoints, models, checkpoints
    Outputs(outputs::Args),
    /// Print manifests for jobs that exist already, foreign ones too
    Import(import::Args),
    /// Print the JSON Schema of the manifests
    Schema(schema::Args),
    /// Print a shell's completion script
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Run a Vertex AI tuning service on this machine, for trying and testing
    Emulator(emulator::Args),
}

impl Global {
    /// The flags that lead a next command to the same service and place, each
    /// after a blank.
    fn same_service(&self) -> String {
        let mut flags = match &self.endpoint {
            _ if self.emulator => " --emulator".to_owned(),
            Some(url) => format!(" --endpoint {url}"),
            None => String::new(),
        };
        for (flag, value) in [("project", &self.project), ("location", &self.location)] {
            if let Some(value) = value {
                flags.push_str(&format!(" --{flag} {value}"));
            }
        }
        flags
    }

    /// What the manifests do not say.
    fn settings(&self, environment: &Environment, require_workspace: bool) -> Settings {
        Settings {
            project: Setting {
                flag: self.project.clone(),
                environment: environment.project.clone(),
            },
            location: Setting {
                flag: self.location.clone(),
                environment: environment.location.clone(),
            },
            require_workspace,
            may_be_none: false,
        }
    }
}

/// Runs the program with the process's arguments.
pub async fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // clap ends wrong usage with 2, which would read as "changes pending".
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let Cli { global, command } = cli;
    let mut output = Output::new(global.color, global.quiet);
    if let Command::Watch(_) = &command {
        watch::subscribe(&global);
        if global.log_format == LogFormat::Json {
            output = output.logging();
        }
    } else {
        log(&global);
    }
    let result = dispatch(command, &global, &output).await;
    let exit = result.unwrap_or_else(|failure| {
        output.error(&*failure.error, failure.hint.as_deref());
        failure.exit
    });
    match output.failure() {
        Some(error) => {
            output.error(&error, None);
            if exit == Exit::Done { Exit::Unexpected } else { exit }
        }
        None => exit,
    }
}

async fn dispatch(command: Command, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let settings = || global.settings(&Environment::read(), false);
    match command {
        Command::Init(args) => Ok(say(init::run(&args, &settings()), output)),
        Command::Validate(args) => Ok(say(validate::run(&args, &settings()), output)),
        Command::Plan(args) => plan::run(args, global, output).await,
        Command::Apply(args) => apply::run(args, global, output).await,
        Command::Watch(args) => watch::run(args, global, output).await,
        Command::Status(args) => status::run(args, global, output).await,
        Command::Describe(args) => describe::run(args, global, output).await,
        Command::Jobs(args) => jobs::run(args, global, output).await,
        Command::Metrics(args) => metrics::run(args, global, output).await,
        Command::Cancel(args) => cancel::run(args, global, output).await,
        Command::Prompt(args) => prompt::run(args, global, output).await,
        Command::Outputs(args) => outputs::run(args, global, output).await,
        Command::Import(args) => import::run(args, global, output).await,
        Command::Schema(args) => Ok(say(schema::run(&args), output)),
        Command::Completions { shell } => Ok(completions(shell, output)),
        Command::Man => manual(output),
        Command::Emulator(args) => {
            emulator::run(args).await.map(|()| Exit::Done).map_err(emulator::Error::into)
        }
    }
}

/// Prints what a command had to say.
fn say(said: said::Said, output: &Output) -> Exit {
    let said::Said { data, narration, code } = said;
    output.data(&data);
    match code {
        Exit::Done => output.say(&narration),
        _ => output.complain(&narration),
    }
    code
}

fn completions(shell: clap_complete::Shell, output: &Output) -> Exit {
    let mut script = Vec::new();
    let mut command = <Cli as clap::CommandFactory>::command();
    clap_complete::generate(shell, &mut command, "retune", &mut script);
    output.data(&String::from_utf8_lossy(&script));
    Exit::Done
}

fn manual(output: &Output) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(<Cli as clap::CommandFactory>::command());
    man.render(&mut page).map_err(|error| Failure::new(Exit::Unexpected, error))?;
    output.data(&String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

/// Log lines go to stderr, and only when they are asked for.
fn log(global: &Global) {
    let level = match global.verbose {
        0 => return,
        1 => "retune=info",
        2 => "retune=debug",
        _ => "debug,hyper=info,h2=info",
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_ansi(false)
        // A log that cannot be written any more stops nothing.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let set = match global.log_format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    // A program that embeds the library may have set its own.
    let _ = set;
}
