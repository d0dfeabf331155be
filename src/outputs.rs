//! What tuned models leave for those who call them, in the forms that they read.
//!
//! # Invariants
//!
//! 1. An endpoint is only ever that of a good run of what the manifest asks
//!    for: while that is trained, the model before it is shown apart.
//! 2. What does not read as a name is handed on as none: every value is made of
//!    letters that no shell, no file and no address takes for more.
//! 3. No endpoint is asked for: a listing says it all, and what was asked of the
//!    models of names without a run. What they say can be old, for an
//!    endpoint can be undeployed by hand.

mod configmap;
mod document;
mod env;
mod fields;
mod github;
mod made;
#[cfg(test)]
mod tests;
mod text;

pub use configmap::{ConfigMap, ConfigMapError};
pub use document::document;
pub use env::env;
pub use fields::{FieldError, Prefix, PrefixError};
pub use github::github;
pub use made::{Checkpoint, Made, Served};
pub use text::text;

use std::collections::{BTreeMap, HashMap};

use crate::model::{
    Costs, Desired, DesiredState, JobName, Key, Name, Observation, Observed, Phase, Place, identity,
};
use crate::plan::show::status::{self, ModelStatus};
use crate::plan::{HoldReason, Plan, Policy, plan};

/// What one tuned model has for those who call it.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Which one.
    pub key: Key,
    /// The digest of what its manifest asks for.
    pub spec: String,
    /// Its status in a word or two, as `retune status` says it.
    pub status: &'static str,
    /// Why it cannot be called, in words for people; `None`: it can.
    pub not_ready: Option<String>,
    /// What came of the run that the manifest asks for.
    pub made: Made,
    /// The good run before it, where that one cannot be called.
    pub previous: Option<Made>,
}

impl Output {
    /// Whether it can be called: it has an endpoint then, and only then.
    pub fn is_ready(&self) -> bool {
        self.not_ready.is_none()
    }
}

/// The address that serves a location: `https://HOST`.
pub type Address<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The manifests as if none were suspended or stopped: neither makes a model that
/// is there another one.
pub fn as_tuned(desired: &[Desired]) -> Vec<Desired> {
    let tuned = |desired: &Desired| {
        let mut desired = desired.clone();
        let lifecycle = &desired.lifecycle;
        if lifecycle.suspend || lifecycle.desired == DesiredState::Stopped {
            desired.lifecycle.suspend = false;
            desired.lifecycle.desired = DesiredState::Tuned;
        }
        desired
    };
    desired.iter().map(tuned).collect()
}

/// The outputs of each manifest that the policy concerns, by name. `tuned` is
/// the plan of the manifests [`as_tuned`]; `same_service` are the flags that lead a
/// command to the same service.
pub fn outputs(
    desired: &[Desired],
    seen: &Observation,
    tuned: &Plan,
    policy: &Policy,
    address: Address<'_>,
    same_service: &str,
) -> Vec<Output> {
    let runs = Runs::of(desired, seen);
    let as_written = plan(desired, seen, policy);
    let (none, free) = (BTreeMap::new(), Costs::default());
    let standing = Standing {
        tuned: by_key(status::models(tuned, &none, &free, same_service)),
        as_written: by_key(status::models(&as_written, &none, &free, same_service)),
    };
    let wanted = Wanted::of(tuned);
    let concerned = desired.iter().filter(|desired| policy.concerns(&desired.key.name));
    let mut outputs: Vec<Output> = concerned
        .map(|desired| {
            let runs = runs.of_model(desired);
            let mut made = wanted.made(desired, &runs, address);
            let (status, words) = standing.of(&desired.key);
            let not_ready = match (&made.endpoint, made.is_good) {
                (Some(_), true) => None,
                (None, true) => Some(made.no_endpoint()),
                (_, false) => Some(phrase(status, words)),
            };
            if not_ready.is_some() {
                made.endpoint = None;
            }
            let before = runs.iter().filter(|run| Some(&run.name) != made.job.as_ref());
            let good = before.filter(|run| run.phase() == Phase::Good);
            let mut served = good.map(|run| Made::of_run(run, address));
            Output {
                key: desired.key.clone(),
                spec: identity::digest(&desired.spec),
                status,
                previous: not_ready
                    .as_ref()
                    .and_then(|_| served.find(|made| made.endpoint.is_some())),
                not_ready,
                made,
            }
        })
        .collect();
    outputs.sort_by(|a, b| a.key.name.cmp(&b.key.name));
    outputs
}

/// A status with its words: `running, 14m` and `held: last run failed`.
fn phrase(status: &str, words: &str) -> String {
    match status {
        _ if words.is_empty() => status.to_owned(),
        "held" | TO_CREATE | "stopped" => format!("{status}: {words}"),
        _ => format!("{status}, {words}"),
    }
}

/// The runs of each model, found once.
struct Runs<'a> {
    ours: HashMap<(&'a Place, &'a Name, &'a Name), Vec<&'a Observed>>,
    adopted: Vec<(&'a JobName, &'a Observed)>,
}

impl<'a> Runs<'a> {
    fn of(desired: &'a [Desired], seen: &'a Observation) -> Self {
        let adopts: Vec<&JobName> =
            desired.iter().filter_map(|desired| desired.lifecycle.adopt.as_ref()).collect();
        let mut runs = Self { ours: HashMap::new(), adopted: Vec::new() };
        for (place, listing) in seen {
            for job in listing.iter().flat_map(|listing| &listing.jobs) {
                if let Some(stamp) = &job.stamp {
                    let key = (place, &stamp.owner, &stamp.name);
                    runs.ours.entry(key).or_default().push(job);
                }
                let adopted = adopts.iter().filter(|name| job.name.same_job(name));
                runs.adopted.extend(adopted.map(|name| (*name, job)));
            }
        }
        runs
    }

    /// Our runs of the name, newest first, and the adopted job.
    fn of_model(&self, desired: &Desired) -> Vec<&'a Observed> {
        let Key { place, owner, name, .. } = &desired.key;
        let mut runs = self.ours.get(&(place, owner, name)).cloned().unwrap_or_default();
        let adopt = desired.lifecycle.adopt.as_ref();
        let adopted = self.adopted.iter().filter(|(name, _)| Some(*name) == adopt);
        runs.extend(adopted.filter(|(_, job)| job.place == *place).map(|(_, job)| *job));
        runs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
        runs.dedup_by(|a, b| a.name == b.name);
        runs
    }
}

/// The run that speaks for each manifest, or the model that is left of it.
struct Wanted<'a> {
    runs: HashMap<&'a Key, &'a JobName>,
    models: HashMap<&'a Key, &'a str>,
}

impl<'a> Wanted<'a> {
    fn of(tuned: &'a Plan) -> Self {
        let held = tuned.held.iter().filter_map(|held| match &held.reason {
            HoldReason::LastRunFailed { job, .. }
            | HoldReason::LastRunCancelled { job, .. }
            | HoldReason::Cancelling { job } => Some((&held.key, job)),
            // These speak of other runs, or of none.
            HoldReason::Suspended
            | HoldReason::CreateLimit { .. }
            | HoldReason::CancelLimit { .. }
            | HoldReason::ConcurrencyLimit { .. }
            | HoldReason::Settling { .. }
            | HoldReason::AmbiguousCreate { .. }
            | HoldReason::ClaimedElsewhere { .. }
            | HoldReason::ImplausibleListing { .. }
            | HoldReason::ListIncomplete { .. }
            | HoldReason::UnknownDialect { .. }
            | HoldReason::UnknownState { .. }
            | HoldReason::StaleRevision { .. }
            | HoldReason::SameSpecElsewhere { .. } => None,
        });
        let in_flight = tuned.in_flight.iter().map(|run| (&run.key, &run.job));
        let in_sync = tuned.in_sync.iter().filter_map(|run| Some((&run.key, run.job.as_ref()?)));
        let left = tuned.in_sync.iter().filter_map(|model| {
            let made = model.tuned_model.as_ref().filter(|_| model.job.is_none())?;
            Some((&model.key, made.model.as_deref()?))
        });
        Self { runs: held.chain(in_flight).chain(in_sync).collect(), models: left.collect() }
    }

    fn made(&self, desired: &Desired, runs: &[&Observed], address: Address<'_>) -> Made {
        let job = self.runs.get(&desired.key);
        let run = job.and_then(|job| runs.iter().find(|run| run.name == **job));
        let mut made = match (run, self.models.get(&desired.key)) {
            (Some(run), _) => Made::of_run(run, address),
            (None, Some(model)) => Made::of_model(model),
            (None, None) => Made::default(),
        };
        let base_model = desired.spec.base_model.as_deref().and_then(made::plain);
        made.base_model = made.base_model.or(base_model);
        made
    }
}

/// Where each model stands, by both plans.
struct Standing<'a> {
    tuned: HashMap<&'a Key, ModelStatus<'a>>,
    as_written: HashMap<&'a Key, ModelStatus<'a>>,
}

impl Standing<'_> {
    /// The status and the words for it. Only of what will not happen does the
    /// manifest as it is written know better.
    fn of(&self, key: &Key) -> (&'static str, &str) {
        let tuned = self.tuned.get(key).filter(|model| model.status != TO_CREATE);
        let model = tuned.or_else(|| self.as_written.get(key)).or_else(|| self.tuned.get(key));
        match model {
            Some(ModelStatus { status: "stopped", .. }) => {
                ("stopped", "the manifest says `desired: stopped`")
            }
            Some(model) => (model.status, &model.what),
            None => ("unknown", ""),
        }
    }
}

/// The status of a model without a run that counts.
const TO_CREATE: &str = "to create";

/// The first line of each model: what is to be cancelled beside it is another run.
fn by_key<'a>(models: Vec<ModelStatus<'a>>) -> HashMap<&'a Key, ModelStatus<'a>> {
    let mut all = HashMap::new();
    for model in models.into_iter().filter(|model| model.status != "to cancel") {
        // A guard holds a model that is good or under way all the same.
        match all.get(model.key) {
            Some(ModelStatus { status: "held", .. }) | None => drop(all.insert(model.key, model)),
            Some(_) => {}
        }
    }
    all
}
