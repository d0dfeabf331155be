//! `retune cancel`: stops a run now, by hand.

use std::path::PathBuf;

use super::Global;
use super::confirm::confirm;
use super::exit::Exit;
use super::failure::{Failure, meant};
use super::output::Output;
use super::runs::{job_names, read};
use super::session::{Session, owner};
use crate::model::{Observed, Phase, Untrusted};
use crate::vertex::{CancelOutcome, Keep, VerifiedJob, Vertex};

/// Arguments of `retune cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A tuned model, whose active runs are stopped, or one job: its full
    /// name, `tuningJobs/ID` or its ID
    #[arg(value_name = "NAME or JOB")]
    pub target: String,

    /// Manifests or a directory (repeatable) [default: manifests/, else the current directory]
    #[arg(long = "manifests", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,

    /// Stop a job that is not ours
    #[arg(long)]
    pub foreign: bool,
}

/// Looks, asks, and cancels.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let session = Session::for_looking(&args.paths, global, output).await?;
    let result = cancel(&args, &session, output).await;
    session.close().await;
    result
}

async fn cancel(args: &Args, session: &Session, output: &Output) -> Result<Exit, Failure> {
    let targets = targets(args, session).await?;
    let on = if session.emulator { " (emulator)" } else { "" };
    let active: Vec<&Observed> = targets.iter().filter(|j| j.phase() == Phase::Active).collect();
    if targets.is_empty() {
        output.data(&format!("{}: no run; nothing to cancel{on}\n", args.target));
    }
    if active.is_empty() {
        for job in &targets {
            output.data(&format!(
                "{}: {}; nothing to cancel{on}\n",
                job.name.short(),
                job.state.word()
            ));
        }
        return Ok(Exit::Done);
    }
    for job in &active {
        let display = job.echo.tuned_model_display_name.as_deref().unwrap_or_default();
        let line = format!(
            "  x {}  {}  {}{on}\n",
            job.name,
            job.state.word(),
            Untrusted::new(display).shown()
        );
        // Nobody can answer a question about what was not shown.
        if args.yes { output.say(&line) } else { output.complain(&line) }
    }
    if !args.yes {
        let question = match active.as_slice() {
            [_] => format!("Stop this run{}? It cannot be resumed.", at(session)),
            runs => {
                format!("Stop these {} runs{}? They cannot be resumed.", runs.len(), at(session))
            }
        };
        confirm(output, &question, "pass --yes if it is meant")?;
    }
    let mut exit = Exit::Done;
    for job in active {
        let (done, text) = stop(session, job).await;
        output.data(&format!("{}: {text}{on}\n", job.name.short()));
        if !done {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Asks a run to stop, if it still runs: the answer to the question may have
/// taken a while. Whether it was done, and what became of it.
async fn stop(session: &Session, job: &Observed) -> (bool, String) {
    let ended = || (true, "had ended already".to_owned());
    let unread = |error| (false, format!("could not be read: {error}; nothing was changed"));
    let runs = |seen: &Observed| if seen.phase() == Phase::Active { Ok(()) } else { Err(ended()) };
    let job = match VerifiedJob::read(&session.client, &job.name, unread, runs).await {
        Ok(job) => job,
        Err(instead) => return instead,
    };
    match session.client.cancel(job).await {
        CancelOutcome::Requested => (true, "asked to stop".to_owned()),
        CancelOutcome::AlreadyEnded => ended(),
        CancelOutcome::Refused(refusal) => (false, format!("refused: {}", refusal.message.shown())),
        CancelOutcome::OutcomeUnknown(why) => {
            (false, format!("no answer: {}; asking again does no harm", why.shown()))
        }
    }
}

/// ` on the emulator`, where it is one.
fn at(session: &Session) -> &'static str {
    if session.emulator { " on the emulator" } else { "" }
}

/// The jobs that the argument means, as they are now.
async fn targets(args: &Args, session: &Session) -> Result<Vec<Observed>, Failure> {
    if let Some(names) = job_names(&args.target, &session.places) {
        let Some(job) = read(&names, session).await? else {
            return Err(Failure::usage(format!("there is no job `{}`", args.target))
                .hint(format!("{} lists what there is", session.command("jobs"))));
        };
        let ours = owner(session.workspace.as_ref())?;
        let is_ours = job.stamp.as_ref().is_some_and(|stamp| stamp.owner == ours);
        if !is_ours && !args.foreign {
            return Err(Failure::refused(format!("{} is not ours", job.name.short()))
                .hint("pass --foreign to stop it all the same"));
        }
        return Ok(vec![job]);
    }
    let ours = owner(session.workspace.as_ref())?;
    let seen = session.observe_keeping(&Keep::Retune { adopted: [].into() }).await?;
    let jobs = || {
        let listings = seen.values().filter_map(|listing| listing.as_ref().ok());
        listings
            .flat_map(|listing| &listing.jobs)
            .filter(|job| job.stamp.as_ref().is_some_and(|stamp| stamp.owner == ours))
    };
    let named = |job: &&Observed| {
        job.stamp.as_ref().is_some_and(|stamp| stamp.name.as_str() == args.target)
    };
    let found: Vec<Observed> = jobs().filter(named).cloned().collect();
    let has_manifest = session.desired.iter().any(|d| d.key.name.as_str() == args.target);
    if found.is_empty() && !has_manifest {
        let names = jobs().filter_map(|job| job.stamp.as_ref()).map(|stamp| stamp.name.as_str());
        let hint = meant(&args.target, names, &session.command("jobs"));
        return Err(
            Failure::usage(format!("no tuned model or job is named `{}`", args.target)).hint(hint)
        );
    }
    Ok(found)
}
