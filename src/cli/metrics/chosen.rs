//! Which runs are meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::Global;
use crate::cli::charts::described;
use crate::cli::failure::{Failure, meant};
use crate::cli::output::Output;
use crate::cli::runs::{job_names, read, runs};
use crate::cli::session::Session;
use crate::curves::{Curves, Missing, Run};
use crate::model::{Desired, JobName, Name, Observation, Observed, Place, Untrusted};
use crate::observe;
use crate::plan::{Plan, plan};

/// A run to show.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// What it is called beside the others.
    pub(super) label: String,
    /// The tuned model it is of, if it is one.
    pub(super) name: Option<String>,
    /// The job as it was seen; `None` for a model that was never trained.
    pub(super) job: Option<Observed>,
}

impl Chosen {
    /// The run with what is known of it beside its curves.
    pub(super) fn described(&self, curves: Result<Curves, Missing>) -> Run {
        described(&self.label, self.name.as_deref(), self.job.as_ref(), curves)
    }
}

/// The runs of the names, then those that are named themselves, each once.
pub(super) async fn choose(
    args: &super::Args,
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Vec<Chosen>, Failure> {
    let mut found: Vec<Chosen> = Vec::new();
    if !args.names.is_empty() {
        found = by_name(&args.names, session, global, output).await?;
    }
    for target in &args.run {
        let job = by_job(target, session).await?;
        let name = job.stamp.as_ref().map(|stamp| stamp.name.to_string());
        found.push(Chosen { label: String::new(), name, job: Some(job) });
    }
    let mut seen: BTreeSet<(Option<JobName>, Option<String>)> = BTreeSet::new();
    found.retain(|chosen| {
        let job = chosen.job.as_ref().map(|job| job.name.clone());
        let name = chosen.name.clone().filter(|_| job.is_none());
        seen.insert((job, name))
    });
    label(&mut found);
    Ok(found)
}

/// Each its own label: the model's name, with the job where that is not enough.
fn label(chosen: &mut [Chosen]) {
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for chosen in chosen.iter() {
        *named.entry(chosen.name.clone().unwrap_or_default()).or_default() += 1;
    }
    for chosen in chosen {
        let job = chosen.job.as_ref().map(|job| job.name.short());
        chosen.label = match (&chosen.name, job) {
            (Some(name), Some(job)) if named.get(name).is_some_and(|n| *n > 1) => {
                format!("{name} {job}")
            }
            (Some(name), _) => name.clone(),
            (None, job) => job.unwrap_or_default(),
        };
    }
}

async fn by_name(
    names: &[String],
    session: &Session,
    global: &Global,
    output: &Output,
) -> Result<Vec<Chosen>, Failure> {
    let desired = |name: &str| session.desired.iter().find(|d| d.key.name.as_str() == name);
    let wanted: Option<Vec<&Desired>> = names.iter().map(|name| desired(name)).collect();
    // A name without a manifest may have runs in any place.
    let places: BTreeSet<Place> = match &wanted {
        Some(wanted) => wanted.iter().map(|d| d.key.place.clone()).collect(),
        None => session.places.clone(),
    };
    let keep = observe::keep(&session.desired);
    let seen = observe::observe(&session.client, &places, &keep).await;
    let seen = seen.map_err(|error| session.unlisted(error))?;
    let mut policy = session.policy(global)?;
    policy.only = wanted.iter().flatten().map(|d| d.key.name.clone()).collect();
    let of_wanted: Vec<Desired> = wanted.iter().flatten().map(|d| (*d).clone()).collect();
    let decided = plan(&of_wanted, &seen, &policy);
    names
        .iter()
        .map(|name| {
            let of_name = match desired(name) {
                Some(desired) => runs(desired, &seen),
                None => orphans(name, &policy.owner, &seen),
            };
            if of_name.is_empty() && desired(name).is_none() {
                return Err(unknown(name, &policy.owner, &seen, session));
            }
            let job = pick(&of_name, &decided);
            if let Some(job) = job.filter(|_| of_name.len() > 1) {
                output.say(&several(name, job, &of_name));
            }
            Ok(Chosen { label: String::new(), name: Some(name.clone()), job: job.cloned() })
        })
        .collect()
}

/// Runs of ours whose manifest is gone, newest first.
fn orphans<'a>(name: &str, owner: &Name, seen: &'a Observation) -> Vec<&'a Observed> {
    let mut found: Vec<&Observed> = ours(owner, seen)
        .filter(|job| job.stamp.as_ref().is_some_and(|stamp| stamp.name.as_str() == name))
        .collect();
    found.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
    found
}

fn ours<'a>(owner: &Name, seen: &'a Observation) -> impl Iterator<Item = &'a Observed> {
    let jobs = seen.values().filter_map(|listing| listing.as_ref().ok()).flat_map(|l| &l.jobs);
    jobs.filter(move |job| job.stamp.as_ref().is_some_and(|stamp| stamp.owner == *owner))
}

fn unknown(name: &str, owner: &Name, seen: &Observation, session: &Session) -> Failure {
    let manifests = session.desired.iter().map(|d| d.key.name.as_str());
    let jobs = ours(owner, seen).filter_map(|job| job.stamp.as_ref()).map(|s| s.name.as_str());
    let hint = meant(name, manifests.chain(jobs), &session.command("jobs"));
    Failure::usage(format!("no tuned model is named `{}`", inert(name))).hint(hint)
}

/// The run that the plan says is in sync or in flight; else the newest that was
/// measured.
fn pick<'a>(runs: &[&'a Observed], decided: &Plan) -> Option<&'a Observed> {
    let in_sync = decided.in_sync.iter().filter_map(|model| model.job.as_ref());
    let mut told = in_sync.chain(decided.in_flight.iter().map(|run| &run.job));
    let told = told.find_map(|job| runs.iter().find(|run| run.name == *job));
    told.copied().or_else(|| Observed::measured(runs.iter().copied()))
}

fn several(name: &str, job: &Observed, all: &[&Observed]) -> String {
    let short = |job: &Observed| format!("{} ({})", job.name.short(), job.state.word());
    /// More are counted: a name may have been trained a hundred times.
    const NAMED: usize = 3;
    let others: Vec<&&Observed> = all.iter().filter(|other| other.name != job.name).collect();
    let mut list: Vec<String> = others.iter().take(NAMED).map(|other| short(other)).collect();
    if others.len() > NAMED {
        list.push(format!("{} more", others.len() - NAMED));
    }
    let (count, list) = (all.len(), list.join(", "));
    format!("{name} has {count} runs; this is {}. With --run: {list}.\n", short(job))
}

async fn by_job(target: &str, session: &Session) -> Result<Observed, Failure> {
    let Some(names) = job_names(target, &session.places) else {
        return Err(Failure::usage(format!(
            "`{}` is no run: expected an ID, tuningJobs/ID or \
             projects/P/locations/L/tuningJobs/ID",
            inert(target)
        ))
        .hint("tuned models are named without --run"));
    };
    if let Some(job) = read(&names, session).await? {
        return Ok(job);
    }
    let places: Vec<String> = session.places.iter().map(Place::to_string).collect();
    let (where_to, hint) = match target.parse::<JobName>() {
        Ok(_) => (String::new(), format!("{} lists what there is", session.command("jobs"))),
        Err(_) => (
            format!(" in {}", places.join(", ")),
            "a run elsewhere is named in full: projects/P/locations/L/tuningJobs/ID".to_owned(),
        ),
    };
    Err(Failure::usage(format!("there is no run `{}`{where_to}", inert(target))).hint(hint))
}

/// What was typed, or pasted from somewhere, as it may be printed.
fn inert(text: &str) -> String {
    Untrusted::new(text).shown().to_string()
}
