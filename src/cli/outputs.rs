//! `retune outputs`: what tuned models leave for those who call them.

use std::path::PathBuf;

use super::Global;
use super::count::count;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::session::{Needs, Session};
use super::write;
use crate::model::{emulated, inert_json};
use crate::observe;
use crate::outputs::{self, ConfigMap, ConfigMapError, FieldError, Prefix};

/// Arguments of `retune outputs`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHICH)]
pub struct Args {
    /// Tuned models [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// Write nothing, and end with 6, unless every one of them can be called
    #[arg(long)]
    pub require_ready: bool,

    /// Write into a file instead, whole or not at all. A file that holds the
    /// same already is not touched, one that differs keeps its permissions,
    /// and a link is followed
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// What variables begin with, of env and configmap [default: RETUNE_]
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<Prefix>,

    /// The ConfigMap's name [default: retune-outputs]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// The ConfigMap's namespace [default: that of whoever applies it]
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

const WHICH: &str = "\
An endpoint is there when the run that the manifest asks for has succeeded, and only then. While
it trains, what served before is in fields of its own, `previous`. Vertex is asked for a listing,
and for the models of names without a run: an endpoint that was undeployed by hand may
still be in it.";

/// How to write outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// The same document as YAML.
    Yaml,
    /// Variables, for a shell and for `docker --env-file`.
    Env,
    /// Outputs of a step of GitHub Actions: append them to "$GITHUB_OUTPUT".
    Github,
    /// The variables as a Kubernetes ConfigMap.
    Configmap,
}

/// The ConfigMap's name, unless another is given.
const CONFIG_MAP: &str = "retune-outputs";

/// Looks and writes.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let map = check(&args)?;
    let session = Session::open(&args.paths, global, Needs::MANIFESTS, output).await?;
    session.with(async |session| tell(&args, map.as_ref(), session, global, output).await).await
}

/// What can be said of the arguments before anything is asked.
fn check(args: &Args) -> Result<Option<ConfigMap>, Failure> {
    let is_map = args.format == Format::Configmap;
    if !is_map && (args.name.is_some() || args.namespace.is_some()) {
        return Err(Failure::usage("--name and --namespace are of --format configmap"));
    }
    if args.prefix.is_some() && !is_map && args.format != Format::Env {
        return Err(Failure::usage("--prefix is of --format env and --format configmap"));
    }
    if args.format == Format::Github && args.write.is_some() {
        // The file holds what other commands of the step have written.
        return Err(Failure::usage(
            "a step's outputs are appended, and --write would replace them",
        )
        .hint("`retune outputs --format github >> \"$GITHUB_OUTPUT\"`"));
    }
    if !is_map {
        return Ok(None);
    }
    let name = args.name.as_deref().unwrap_or(CONFIG_MAP);
    let map = ConfigMap::new(name, args.namespace.as_deref());
    map.map(Some).map_err(|error| Failure::new(Exit::Usage, error))
}

async fn tell(
    args: &Args,
    map: Option<&ConfigMap>,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(&args.names)?;
    let tuned = outputs::as_tuned(&session.desired);
    let mut seen = session.observe().await?;
    let plan = observe::decide(&session.client, &tuned, &mut seen, &policy).await;
    let plan = plan.map_err(|error| session.unlisted(error))?;
    let address = |location: &str| session.client.endpoint().serving(location).ok();
    let same = session.same_service();
    let all = outputs::outputs(&session.desired, &seen, &plan, &policy, &address, same);

    let mut notes = String::new();
    for model in &all {
        let made = std::iter::once(&model.made).chain(&model.previous);
        for what in made.flat_map(|made| &made.left_out) {
            notes.push_str(&format!("{}: {what}\n", model.key.name));
        }
        let told = args.format == Format::Text && !args.require_ready;
        if let (Some(why), false) = (&model.not_ready, told) {
            notes.push_str(&format!("{}: not ready: {why}\n", model.key.name));
        }
    }
    let missing: Vec<&outputs::Output> = all.iter().filter(|model| !model.is_ready()).collect();
    if let (Some(first), true) = (missing.first(), args.require_ready) {
        output.complain(&notes);
        let (missing, of) = (missing.len(), count(all.len(), "model"));
        let what = format!("{missing} of {of} cannot be called; nothing was written");
        let next = match first.status {
            // Time does not help those.
            "tuned" | "held" => {
                let describe = session.command(&format!("describe {}", first.key.name));
                format!("{describe} says more; name models to ask for them alone")
            }
            _ => format!(
                "{} stays until runs end; name models to ask for them alone",
                session.command("apply --wait")
            ),
        };
        return Err(Failure::new(Exit::Failed, what).hint(next));
    }
    output.say(&notes);
    if session.emulator {
        let with = if session.ends_emulator() { "this command" } else { "the retune that runs it" };
        output.complain(&format!("these lead to the emulator, which ends with {with}\n"));
    }
    let text = render(args, map, &all, session.emulator)?;
    match &args.write {
        Some(path) => write::save(path, &text, output)?,
        None => output.data(&text),
    }
    Ok(Exit::Done)
}

fn render(
    args: &Args,
    map: Option<&ConfigMap>,
    all: &[outputs::Output],
    emulator: bool,
) -> Result<String, Failure> {
    let default = Prefix::default();
    let prefix = args.prefix.as_ref().unwrap_or(&default);
    let text = match args.format {
        Format::Text => outputs::text(all, emulator),
        Format::Json => inert_json(&format!("{:#}\n", emulated(outputs::document(all), emulator))),
        Format::Yaml => yaml(&emulated(outputs::document(all), emulator))?,
        Format::Env => outputs::env(all, prefix).map_err(refused)?,
        Format::Github => outputs::github(all).map_err(refused)?,
        Format::Configmap => match map.map(|map| map.with(all, prefix)) {
            Some(Ok(map)) => yaml(&map)?,
            Some(Err(ConfigMapError::Field(error))) => return Err(refused(error)),
            Some(Err(error)) => {
                return Err(Failure::new(Exit::Refused, error).hint("name fewer models"));
            }
            None => String::new(),
        },
    };
    Ok(text)
}

fn refused(error: FieldError) -> Failure {
    let hint = match error {
        FieldError::Collision { .. } => "rename one of the two, or name the models to write",
        FieldError::Checkpoints { .. } => "--format json and --format yaml hold both",
        FieldError::Unsafe { .. } => "--format json quotes everything",
    };
    Failure::new(Exit::Refused, error).hint(hint)
}

fn yaml(value: &serde_json::Value) -> Result<String, Failure> {
    serde_yaml::to_string(value).map_err(|error| Failure::new(Exit::Unexpected, error))
}
