//! Which jobs are imported.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Around;
use crate::model::{Desired, GivenJob, JobName, Name, Observed, Phase, Place, Untrusted};

/// Jobs to import, and how many others there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selected<'a> {
    /// The jobs, oldest first.
    pub jobs: Vec<&'a Observed>,
    /// What was passed over.
    pub passed: Passed,
}

/// How many jobs were passed over, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Passed {
    /// A manifest speaks of it.
    pub covered: usize,
    /// It belongs to another owner, whose manifests speak of it.
    pub others: usize,
    /// It failed, expired or was cancelled.
    pub ended: usize,
    /// Another run of the same name speaks for it.
    pub same_name: usize,
}

/// Every job that no manifest speaks of: of a name of ours one run, the newest of
/// the highest rerun, and of the others each. `ended`: also what ended badly.
pub fn all<'a>(around: &Around<'a>, ended: bool) -> Selected<'a> {
    let mut selected = Selected::default();
    let mut names: BTreeMap<(&Place, &Name), Vec<&Observed>> = BTreeMap::new();
    for job in jobs(around) {
        if covering(job, around).is_some() {
            selected.passed.covered += 1;
            continue;
        }
        match &job.stamp {
            Some(stamp) if stamp.owner == around.policy.owner => {
                names.entry((&job.place, &stamp.name)).or_default().push(job);
            }
            Some(_) => selected.passed.others += 1,
            None if ended || is_worth_it(job) => selected.jobs.push(job),
            None => selected.passed.ended += 1,
        }
    }
    for runs in names.into_values() {
        let worth_it = ended || runs.iter().any(|run| is_worth_it(run));
        let speaks = runs.iter().max_by_key(|run| {
            let rerun = run.stamp.as_ref().and_then(|stamp| stamp.rerun);
            (rerun, is_worth_it(run), run.age_order())
        });
        match speaks {
            Some(run) if worth_it => {
                selected.jobs.push(run);
                selected.passed.same_name += runs.len() - 1;
            }
            _ => selected.passed.ended += runs.len(),
        }
    }
    selected.jobs.sort_by_key(|job| job.age_order());
    selected
}

/// Active, ending, good or unclear: it may have cost, or still cost, something
/// that is of use.
fn is_worth_it(job: &Observed) -> bool {
    match job.phase() {
        Phase::Active | Phase::Ending | Phase::Good | Phase::Unclear => true,
        Phase::Bad | Phase::Cancelled => false,
    }
}

/// Every job once: a place can be listed by its project's id and its number.
fn jobs<'a>(around: &Around<'a>) -> impl Iterator<Item = &'a Observed> {
    let listings = around.seen.values().flatten();
    let mut known = BTreeSet::new();
    listings.flat_map(|listing| &listing.jobs).filter(move |job| known.insert(&job.name))
}

/// The manifest that speaks of a job.
fn covering<'a>(job: &Observed, around: &Around<'a>) -> Option<&'a Desired> {
    around.desired.iter().find(|desired| {
        let adopts = desired.lifecycle.adopt.as_ref();
        let ours = job.stamp.as_ref().is_some_and(|stamp| {
            let key = &desired.key;
            (&stamp.owner, &stamp.name, &job.place) == (&key.owner, &key.name, &key.place)
        });
        ours || adopts.is_some_and(|name| job.name.same_job(name))
    })
}

/// A job that cannot be imported as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedError {
    /// It is no job's name.
    NoJob {
        /// What was given.
        given: String,
        /// Jobs that are runs of a model of that name.
        runs: Vec<(JobName, &'static str)>,
    },
    /// No listed place has it.
    NotThere {
        /// What was given.
        given: String,
        /// The places that were listed.
        places: Vec<Place>,
        /// Where it says it is, when it says so and that is none of them.
        elsewhere: Option<Place>,
    },
    /// Several places have it.
    Several {
        /// What was given.
        given: String,
        /// The jobs.
        jobs: Vec<JobName>,
    },
    /// A manifest speaks of it.
    Covered {
        /// The job.
        job: JobName,
        /// The manifest's model.
        name: Name,
        /// Its file.
        file: String,
    },
}

impl std::error::Error for NamedError {}

impl fmt::Display for NamedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJob { given, .. } => {
                let given = Untrusted::new(given.as_str());
                write!(f, "`{}` is no job: give its full name or its id", given.shown())
            }
            Self::NotThere { given, places, .. } => {
                let places: Vec<String> = places.iter().map(ToString::to_string).collect();
                write!(f, "there is no job `{given}` in {}", places.join(", "))
            }
            Self::Several { given, jobs } => {
                let jobs: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
                write!(f, "`{given}` is a job in several places: {}", jobs.join(", "))
            }
            Self::Covered { job, name, file } => {
                let file = Untrusted::new(file.as_str());
                write!(f, "{} is a run of `{name}` already, by {}", job.short(), file.shown())
            }
        }
    }
}

impl NamedError {
    /// What to do instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoJob { runs, .. } if runs.is_empty() => None,
            Self::NoJob { runs, .. } => {
                let runs: Vec<String> =
                    runs.iter().map(|(job, state)| format!("{} ({state})", job.short())).collect();
                Some(format!("runs of that name are {}", runs.join(", ")))
            }
            Self::NotThere { elsewhere: Some(Place { project, location }), .. } => Some(format!(
                "list that place too: add it to `alsoList` of the Workspace, or run this where \
                 there are no manifests, with --project {project} --location {location}"
            )),
            Self::Several { .. } => Some("give its full name".to_owned()),
            Self::NotThere { .. } | Self::Covered { .. } => None,
        }
    }
}

/// The jobs of these names: full ones, `tuningJobs/ID` or ids in the listed places.
///
/// # Errors
/// The first that is no job, or one that needs no manifest.
pub fn named<'a>(around: &Around<'a>, names: &[String]) -> Result<Vec<&'a Observed>, NamedError> {
    let mut found: Vec<&Observed> = Vec::new();
    for given in names {
        let job = one(around, given)?;
        if let Some(desired) = covering(job, around) {
            let file = desired.source.file.to_string_lossy().into_owned();
            let (job, name) = (job.name.clone(), desired.key.name.clone());
            return Err(NamedError::Covered { job, name, file });
        }
        if found.iter().all(|known| known.name != job.name) {
            found.push(job);
        }
    }
    Ok(found)
}

fn one<'a>(around: &Around<'a>, given: &str) -> Result<&'a Observed, NamedError> {
    let Some(wanted) = GivenJob::read(given) else {
        let ours = |job: &&Observed| {
            job.stamp.as_ref().is_some_and(|stamp| {
                stamp.owner == around.policy.owner && stamp.name.as_str() == given
            })
        };
        let runs = jobs(around).filter(ours).map(|job| (job.name.clone(), job.state.word()));
        let runs = runs.take(FEW).collect();
        return Err(NamedError::NoJob { given: given.to_owned(), runs });
    };
    let found: Vec<&Observed> = jobs(around)
        .filter(|job| match &wanted {
            // The listing has the project's number, a person its id.
            GivenJob::Full(full) => {
                let placed = JobName::new(&job.place.project, job.name.location(), job.name.id());
                placed == *full || job.name == *full
            }
            GivenJob::Id(id) => job.name.id() == id,
        })
        .collect();
    match found.as_slice() {
        [job] => Ok(job),
        [] => {
            let places: Vec<Place> = around.seen.keys().cloned().collect();
            let elsewhere = match wanted {
                GivenJob::Full(name) => Some(Place::new(name.project(), name.location())),
                GivenJob::Id(_) => None,
            };
            let elsewhere = elsewhere.filter(|place| !places.contains(place));
            Err(NamedError::NotThere { given: given.to_owned(), places, elsewhere })
        }
        several => {
            let jobs = several.iter().map(|job| job.name.clone()).collect();
            Err(NamedError::Several { given: given.to_owned(), jobs })
        }
    }
}

/// Runs that fit one hint.
const FEW: usize = 8;
