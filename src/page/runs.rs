//! What the listing said of the runs of each tuned model: what a row needs, and
//! a plan does not.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{
    Belonging, Desired, JobError, JobName, JobState, Name, Observation, Observed, Phase, Place,
    Progress,
};

/// Runs of a model that are kept, the newest: a model that is tuned anew each
/// week has those of a month.
const NEWEST: usize = 5;

/// A run, as a row shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its job.
    pub job: JobName,
    /// Where it stands.
    pub state: JobState,
    /// What that means.
    pub phase: Phase,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it first ran.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Passes over the data.
    pub epochs: Option<i64>,
    /// Why it failed.
    pub error: Option<JobError>,
}

impl Run {
    fn of(job: &Observed) -> Self {
        Self {
            job: job.name.clone(),
            state: job.state.clone(),
            phase: job.phase(),
            created: job.create_time,
            started: job.start_time,
            ended: job.end_time,
            epochs: job.epochs(),
            error: job.error.clone(),
        }
    }

    /// Since when it is in its state, as far as one knows.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.ended.or(self.started).or(self.created)
    }
}

/// How far a run is, as a part of the whole.
pub(super) fn steps(progress: &Progress) -> Option<(u64, u64)> {
    let (done, all) = progress.completed_steps.zip(progress.total_steps)?;
    let (done, all) = (u64::try_from(done).ok()?, u64::try_from(all).ok()?);
    (all > 0).then_some((done.min(all), all))
}

/// The newest runs of each tuned model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Runs {
    models: BTreeMap<Place, BTreeMap<Name, Vec<Run>>>,
}

impl Runs {
    /// Those of `owner`, and those that manifests adopt.
    pub fn of(observation: &Observation, owner: &Name, desired: &[Desired]) -> Self {
        let belonging = Belonging::new(owner, desired);
        let mut models: BTreeMap<Place, BTreeMap<Name, Vec<&Observed>>> = BTreeMap::new();
        for (place, listing) in observation {
            let Ok(listing) = listing else { continue };
            let mut here: BTreeMap<Name, Vec<&Observed>> = BTreeMap::new();
            for job in &listing.jobs {
                if let Some(name) = belonging.name(job) {
                    here.entry(name.clone()).or_default().push(job);
                }
            }
            models.insert(place.clone(), here);
        }
        let newest = |mut jobs: Vec<&Observed>| -> Vec<Run> {
            jobs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
            jobs.into_iter().take(NEWEST).map(Run::of).collect()
        };
        let models = models.into_iter().map(|(place, names)| {
            (place, names.into_iter().map(|(name, jobs)| (name, newest(jobs))).collect())
        });
        Self { models: models.collect() }
    }

    /// The newest runs of one model, the newest first.
    pub fn get(&self, place: &Place, name: &Name) -> &[Run] {
        self.models.get(place).and_then(|names| names.get(name)).map_or(&[], Vec::as_slice)
    }
}
