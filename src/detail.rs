//! Everything known of one tuned model: what its manifest asks for against
//! what its newest run was asked, its runs with what they cost and why they
//! failed, and what came of them. Pure: from what was observed to facts, which
//! `retune describe`, JSON and the page show in their ways.

mod failure;
mod json;

use std::time::Duration;

use jiff::Timestamp;

pub use self::failure::Failure;
pub use self::json::{job, json};
use crate::model::{
    Cost, Desired, JobName, Key, Observed, Phase, Prices, Progress, Source, Spent, identity,
};

/// One tuned model, with everything known.
#[derive(Debug, Clone)]
pub struct Detail<'a> {
    /// Which one.
    pub key: &'a Key,
    /// Where it is written.
    pub source: &'a Source,
    /// The digest of its spec.
    pub spec: String,
    /// Its fields, in the order of the digest's table.
    pub fields: Vec<Field>,
    /// Its runs, newest first.
    pub runs: Vec<Run<'a>>,
}

/// A field of the spec, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its path below `spec`, in the API's names.
    pub path: &'static str,
    /// What the manifest sets.
    pub set: Option<String>,
    /// What the newest run was asked; `None` also where there is none.
    pub echoed: Option<String>,
    /// Who decided it.
    pub standing: Standing,
}

/// How both sides of a field stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The manifest sets it, and there is no run yet.
    Asked,
    /// The newest run was asked for just that.
    Same,
    /// The newest run was asked for something else, or does not say.
    Differs,
    /// The manifest leaves it to Vertex.
    Left,
}

/// One run of it.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The job as it was observed.
    pub job: &'a Observed,
    /// Whether it counts because the manifest adopts it.
    pub adopted: bool,
    /// What the manifest sets otherwise than this run was asked: empty when it
    /// was asked for what the manifest asks for now.
    pub changes: Vec<String>,
    /// How long it waited before it ran; of one that waits, until now.
    pub waited: Option<Duration>,
    /// How long it ran; of one that runs, until now.
    pub ran: Option<Duration>,
    /// How far it is, of one that runs.
    pub progress: Option<&'a Progress>,
    /// The billed tokens of all epochs.
    pub training_tokens: Option<i64>,
    /// What it costs.
    pub cost: Cost,
    /// Why it did not end well.
    pub failure: Option<Failure>,
}

impl<'a> Detail<'a> {
    /// Gathers what is known. `runs` are those of this tuned model, newest
    /// first; `at` is the server's time of the look, and `progress` says how
    /// far a run is.
    pub fn new(
        desired: &'a Desired,
        runs: &[&'a Observed],
        prices: &Prices,
        at: Option<Timestamp>,
        progress: impl Fn(&JobName) -> Option<&'a Progress>,
    ) -> Self {
        let newest = runs.first().map(|run| &run.echo);
        let differences = newest.map(|echo| identity::differences(&desired.spec, echo));
        let differs = |path: &str| {
            differences.iter().flatten().any(|difference| difference.field.path == path)
        };
        let fields = identity::fields(&desired.spec, newest).into_iter();
        let fields = fields.map(|(path, set, echoed)| {
            let standing = match (&set, &echoed) {
                (None, _) => Standing::Left,
                (Some(_), _) if newest.is_none() => Standing::Asked,
                _ if differs(path) => Standing::Differs,
                // What is equal by the API's defaults is, too.
                _ => Standing::Same,
            };
            Field { path, set, echoed, standing }
        });
        Self {
            key: &desired.key,
            source: &desired.source,
            spec: identity::digest(&desired.spec),
            fields: fields.collect(),
            runs: runs
                .iter()
                .map(|job| Run::new(desired, job, prices, at, progress(&job.name)))
                .collect(),
        }
    }

    /// What all runs cost together.
    pub fn spent(&self) -> Spent {
        Spent::of(self.runs.iter().map(|run| &run.cost))
    }
}

impl<'a> Run<'a> {
    fn new(
        desired: &Desired,
        job: &'a Observed,
        prices: &Prices,
        at: Option<Timestamp>,
        progress: Option<&'a Progress>,
    ) -> Self {
        let goes_on = matches!(job.phase(), Phase::Active | Phase::Ending);
        let until = |end: Option<Timestamp>| end.or(at.filter(|_| goes_on));
        let between = |from: Option<Timestamp>, to: Option<Timestamp>| {
            Duration::try_from(to?.duration_since(from?)).ok()
        };
        let changes = identity::differences(&desired.spec, &job.echo).into_iter().map(|change| {
            let side = |value: Option<identity::Value>| {
                value.map_or_else(|| "(unset)".to_owned(), |value| value.to_string())
            };
            format!("{} {} -> {}", change.field.name(), side(change.old), side(change.new))
        });
        let adopt = desired.lifecycle.adopt.as_ref();
        Self {
            job,
            adopted: adopt.is_some_and(|name| job.name.same_job(name)),
            changes: changes.collect(),
            // A run that ended before it began waited until then.
            waited: between(job.create_time, job.start_time.or(until(job.end_time))),
            ran: between(job.start_time, until(job.end_time)),
            progress,
            training_tokens: job.training_tokens(),
            cost: prices.cost(job),
            failure: Failure::of(desired, job),
        }
    }
}
