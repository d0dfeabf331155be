//! `retune apply`: plans, shows, asks, does, and on request waits.

mod json;
mod report;
mod show;
mod wait;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::claims;
use super::confirm::confirm;
use super::connect::VertexClient;
use super::exit::Exit;
use super::failure::{Failure, meant};
use super::output::Output;
use super::session::{Needs, Session, no_window};
use super::{Global, interrupt};
use crate::apply::{
    CarriedOut, Claims, Executor, Item, Memory, Outcome, Reconciler, Report, SETTLE, Seen, Stop,
};
use crate::claims::GcsClaims;
use crate::clock::{SystemClock, SystemEntropy};
use crate::model::{Desired, Name, Observation, Place, Pretty, parse_duration};
use crate::plan::{Plan, Policy, show as plan_show};
use show::Telling;

/// Arguments of `retune apply`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifests or directories [default: manifests/, else the current directory]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,

    /// Stay until runs end, at most for this long
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "")]
    pub wait: Option<String>,

    /// Decide about this tuned model only (repeatable)
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,

    /// Cancel all active runs of this name, which has no manifest (repeatable)
    #[arg(long, value_name = "NAME")]
    pub prune: Vec<String>,

    /// Creates that this plan may make [default: limits.maxCreates, else 10]
    #[arg(long, value_name = "N")]
    pub max_creates: Option<u32>,

    /// Cancels that this plan may make [default: limits.maxCancels, else 5]
    #[arg(long, value_name = "N")]
    pub max_cancels: Option<u32>,

    /// Refuse any other plan than the one with this digest
    #[arg(long, value_name = "DIGEST")]
    pub expect_plan: Option<String>,

    /// Create without a settle window although a listing may lag behind
    #[arg(long)]
    pub accept_duplicates: bool,

    /// How to tell what happens
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,

    /// List tuned models that need no change, too
    #[arg(long)]
    pub full: bool,
}

/// How to tell what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Jsonl,
}

/// Applies the manifests.
pub(super) async fn run(args: Args, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let wait = args.wait.as_deref().map(wait_limit).transpose()?;
    if let (Some(None), Some(path)) = (wait, args.paths.first().and_then(|path| path.to_str()))
        && parse_duration(path).is_ok()
        && !std::path::Path::new(path).exists()
    {
        return Err(Failure::usage(format!("`{path}` is a duration, and no manifest"))
            .hint(format!("write `--wait={path}`")));
    }
    // The last manifest may be gone: what it left is stopped by its name.
    let needs = Needs { manifests: args.prune.is_empty(), workspace: true };
    let session = Session::open(&args.paths, global, needs, output).await?;
    session.with(async |session| apply(&args, wait, session, global, output).await).await
}

/// `--wait` has no limit, `--wait=2h` has one.
fn wait_limit(text: &str) -> Result<Option<Duration>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    parse_duration(text).map(Some).map_err(|error| Failure::usage(format!("--wait: {error}")))
}

async fn apply(
    args: &Args,
    wait: Option<Option<Duration>>,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut policy = session.policy(global)?;
    policy.only = session.known_names(&args.only)?;
    policy.limits.max_creates = args.max_creates.unwrap_or(policy.limits.max_creates);
    policy.limits.max_cancels = args.max_cancels.unwrap_or(policy.limits.max_cancels);
    policy.prune = names(&args.prune)?;

    let bucket = session.workspace.as_ref().and_then(|workspace| workspace.claims.clone());
    let bucket = bucket.filter(|_| !session.emulator);
    let store = claims::open(bucket, session.client.endpoint())?;
    let (stop, clock) = (Stop::new(), SystemClock::new());
    let memory = Mutex::<Memory>::default();
    let reconciler = Reconciler {
        executor: Executor {
            vertex: &session.client,
            entropy: &SystemEntropy,
            clock: &clock,
            revision: policy.revision,
            stop: &stop,
            asked: &(),
            memory: &memory,
            claims: store.as_ref().map(|store| Claims {
                store: &store.claims,
                holder: &store.holder,
                takeover: store.takeover,
            }),
        },
        desired: &session.desired,
        places: &session.places,
        policy: &policy,
        settle: if store.is_some() { Duration::ZERO } else { settle(args, session)? },
        partial: false,
    };
    let seen = reconciler.look().await.map_err(|error| session.unlisted(error))?;
    known_orphans(&policy, &seen.observation, &session.desired, &session.command("jobs"))?;
    reconciler.note(&seen);
    let confirmed = seen.plan.clone();
    let telling = Telling::new(args.format, session, output);
    telling.plan(&confirmed, super::plan::text_options(args.full, session, output));
    let accepted = accept(args, seen, &reconciler, session, output).await;
    let seen = accepted.inspect_err(|failure| telling.end(failure.exit))?;

    let work = async {
        let CarriedOut { report, broken } = reconciler.carry_out(&confirmed, seen, &telling).await;
        telling.report(&report, &confirmed);
        let unlabelled = unlabelled(&memory, session, output);
        let exit = match (wait, broken) {
            _ if stop.is_set() => {
                let again = session.command("status");
                telling.text(&format!("\nInterrupted{}. Look again with {again}.\n", telling.on()));
                Ok(Exit::Interrupted)
            }
            (_, Some(error)) if !report.has_effects() => Err(session.broken(error)),
            (_, Some(error)) => {
                output.error(&error, None);
                Ok(Exit::Failed)
            }
            (Some(limit), None) => {
                wait::run(limit, &reconciler, session, &confirmed, &report, &telling).await
            }
            (None, None) => Ok(exit_of(&report)),
        };
        match exit {
            Ok(Exit::Done) if unlabelled => Ok(Exit::Failed),
            exit => exit,
        }
    };
    let last_words = || telling.last_words(&session.command("status"));
    let exit = interrupt::guarded(work, &stop, last_words, output).await;
    let exit = if stop.is_set() { Ok(Exit::Interrupted) } else { exit };
    telling.end(*exit.as_ref().unwrap_or(&Exit::Unreachable));
    exit
}

/// Whether a job came back without our labels, which is said: every further
/// apply could create it again.
fn unlabelled(memory: &Mutex<Memory>, session: &Session, output: &Output) -> bool {
    let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(why) = memory.mistrust() else { return false };
    let error: Box<dyn std::error::Error> = why.into();
    let hint = format!(
        "look with {} before applying again, which may create it a second time",
        session.command("jobs")
    );
    output.error(&*error, Some(&hint));
    true
}

/// What the report ends with. Where the claims could not be asked, and nothing
/// else was done, nothing was decided.
pub(super) fn exit_of(report: &Report) -> Exit {
    let mut failed = report.items.iter().filter(|item| item.outcome.is_failure());
    let unclaimed = |item: &Item| matches!(item.outcome, Outcome::Unclaimed { .. });
    if report.is_success() {
        Exit::Done
    } else if failed.all(unclaimed) && !report.has_effects() {
        Exit::Unreachable
    } else {
        Exit::Failed
    }
}

/// How long a create must have been due: not at all on the emulator, whose
/// listing is never behind.
fn settle(args: &Args, session: &Session) -> Result<Duration, Failure> {
    if session.emulator {
        return Ok(Duration::ZERO);
    }
    let set = session.workspace.as_ref().and_then(|workspace| workspace.settle);
    if set == Some(Duration::ZERO) && !args.accept_duplicates {
        return Err(no_window());
    }
    Ok(set.unwrap_or(SETTLE))
}

/// The reconciler of the command line.
type CommandLine<'a> =
    Reconciler<'a, VertexClient, SystemEntropy, SystemClock, GcsClaims<SystemClock, SystemEntropy>>;

/// How to say yes where nobody can be asked.
const CONFIRMED: &str = "look at the plan, then pass --yes or --expect-plan DIGEST --yes";

/// Everything that can keep a plan from being carried out.
async fn accept(
    args: &Args,
    seen: Seen,
    reconciler: &CommandLine<'_>,
    session: &Session,
    output: &Output,
) -> Result<Seen, Failure> {
    if let Some(held) = seen.plan.tripped().next() {
        let what = plan_show::hold(held, session.same_service());
        return Err(Failure::refused(format!("nothing was done: {what}")));
    }
    let digest = seen.plan.digest();
    if let Some(expected) = &args.expect_plan
        && *expected != digest
    {
        return Err(another_plan(expected, &digest, session));
    }
    if args.yes || !changes(&seen.plan, args.wait.is_some()) {
        return Ok(seen);
    }
    let place = if session.emulator { " on the emulator" } else { "" };
    confirm(output, &format!("Carry this out{place}?"), CONFIRMED)?;
    // The answer may have taken a while.
    let again = reconciler.look().await.map_err(|error| session.unlisted(error))?;
    let found = again.plan.digest();
    if found == digest { Ok(again) } else { Err(another_plan(&digest, &found, session)) }
}

/// Whether carrying `plan` out can change anything: waiting starts what waits
/// for a free slot, too.
fn changes(plan: &Plan, waits: bool) -> bool {
    !plan.actions.is_empty() || (waits && plan.deferred().next().is_some())
}

fn another_plan(expected: &str, found: &str, session: &Session) -> Failure {
    Failure::refused(format!(
        "nothing was done: the plan is another one by now ({found} instead of {expected})"
    ))
    .hint(format!("look at it with {}, then apply that one", session.command("plan")))
}

fn names(texts: &[String]) -> Result<BTreeSet<Name>, Failure> {
    let name = |text: &String| text.parse().map_err(|error| Failure::new(Exit::Usage, error));
    texts.iter().map(name).collect()
}

/// A name to prune must be that of a job, else it is a typing error, and of one
/// in a place where the name has no manifest.
fn known_orphans(
    policy: &Policy,
    seen: &Observation,
    desired: &[Desired],
    jobs: &str,
) -> Result<(), Failure> {
    let stamps = || {
        let listings = seen.iter().filter_map(|(place, seen)| Some((place, seen.as_ref().ok()?)));
        let jobs = listings.flat_map(|(place, seen)| seen.jobs.iter().map(move |j| (place, j)));
        let stamps = jobs.filter_map(|(place, job)| Some((place, job.stamp.as_ref()?)));
        stamps.filter(|(_, stamp)| stamp.owner == policy.owner)
    };
    for name in &policy.prune {
        let manifest = desired.iter().find(|d| d.key.name == *name);
        let is_orphan = |place: &Place| manifest.is_none_or(|d| d.key.place != *place);
        if stamps().any(|(place, stamp)| stamp.name == *name && is_orphan(place)) {
            continue;
        }
        if manifest.is_some() {
            return Err(Failure::usage(format!("`{name}` has a manifest; it is no orphan"))
                .hint("set `lifecycle.desired: stopped` to stop its runs"));
        }
        let names = stamps().map(|(_, stamp)| stamp.name.as_str());
        let names = names.filter(|name| desired.iter().all(|d| d.key.name.as_str() != *name));
        let hint = meant(name.as_str(), names, jobs);
        return Err(Failure::usage(format!("no job of ours is named `{name}`")).hint(hint));
    }
    Ok(())
}

/// `after 2h` or nothing.
pub(super) fn after(limit: Option<Duration>) -> String {
    limit.map(|limit| format!(" after {}", Pretty(limit))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
