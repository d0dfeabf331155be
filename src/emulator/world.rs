//! Everything that exists: jobs, models, endpoints, operations. Plain data
//! that goes to disk as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chance;
use super::faults::{Effect, WhatHappened};
use super::lifecycle::Life;
use super::metrics::Curves;
use super::moment::Moment;
use super::names::Place;
use super::schema::Version;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// How many things were made so far; each has its number for good.
    serial: u64,
    pub(crate) jobs: Vec<Job>,
    pub(crate) models: Vec<Model>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) operations: Vec<Operation>,
    /// How fast and how many at once: a matter of this run, not of the world.
    #[serde(skip)]
    pub(crate) rules: Rules,
    /// Whether there is something to write down.
    #[serde(skip)]
    pub(crate) changed: bool,
    /// What this request did to jobs, for the log.
    #[serde(skip)]
    pub(crate) effects: Vec<Effect>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) speed: f64,
    pub(crate) slots: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { speed: 1.0, slots: 1 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) serial: u64,
    pub(crate) id: String,
    pub(crate) project: u64,
    pub(crate) location: String,
    /// The request in the form of an answer, with what the service filled in.
    pub(crate) spec: Map<String, Value>,
    pub(crate) base_model: String,
    pub(crate) preference: bool,
    /// `tuningDataStats`, shown once the dataset has been read.
    pub(crate) stats: Value,
    pub(crate) life: Life,
    /// Digits that experiment, run and pipeline job share.
    pub(crate) experiment: String,
    /// What came of it.
    pub(crate) result: Option<TunedVersion>,
}

/// One version of a model, named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TunedVersion {
    pub(crate) location: String,
    pub(crate) model: String,
    pub(crate) version: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Model {
    pub(crate) serial: u64,
    pub(crate) id: String,
    pub(crate) project: u64,
    pub(crate) location: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) labels: Map<String, Value>,
    pub(crate) kms_key: Option<String>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    /// In order; never empty.
    pub(crate) versions: Vec<ModelVersion>,
    /// The version that a name without `@` means.
    pub(crate) default_version: u64,
    pub(crate) gone: Option<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ModelVersion {
    pub(crate) number: u64,
    pub(crate) created: Moment,
    pub(crate) base_model: String,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) default_checkpoint: Option<String>,
    pub(crate) gone: Option<Moment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) id: String,
    pub(crate) epoch: u64,
    pub(crate) step: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) serial: u64,
    pub(crate) id: String,
    pub(crate) project: u64,
    pub(crate) location: String,
    pub(crate) display_name: String,
    pub(crate) labels: Map<String, Value>,
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) deployed: Vec<Deployed>,
    pub(crate) gone: Option<Moment>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Deployed {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) version: u64,
    pub(crate) checkpoint: Option<String>,
    pub(crate) created: Moment,
    pub(crate) gone: Option<Moment>,
}

/// A long-running operation. Its effect is due when it is done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) project: u64,
    pub(crate) location: String,
    /// Such as `models/123`.
    pub(crate) parent: String,
    pub(crate) kind: OperationKind,
    /// Whether it was started over v1beta1, which its types then name.
    pub(crate) beta: bool,
    pub(crate) created: Moment,
    pub(crate) done: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationKind {
    Delete,
    Undeploy,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            serial: 0,
            jobs: Vec::new(),
            models: Vec::new(),
            endpoints: Vec::new(),
            operations: Vec::new(),
            rules: Rules::default(),
            changed: true,
            effects: Vec::new(),
        }
    }

    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.changed = true;
        self.serial
    }

    pub(crate) fn job(&self, place: &Place, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| {
            job.id == id && job.project == place.project && job.location == place.location
        })
    }

    pub(crate) fn model(&self, place: &Place, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| {
            model.id == id && model.project == place.project && model.location == place.location
        })
    }

    pub(crate) fn endpoint(&self, place: &Place, id: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| {
            endpoint.id == id
                && endpoint.project == place.project
                && endpoint.location == place.location
        })
    }

    pub(crate) fn note(&mut self, now: Moment, job: String, what: WhatHappened) {
        self.effects.push(Effect { time: now.timestamp(), job, what });
    }

    /// Where a model is deployed: the endpoint and the deployment.
    pub(crate) fn deployments<'a>(
        &'a self,
        model: &'a Model,
    ) -> impl Iterator<Item = (&'a Endpoint, &'a Deployed)> {
        self.endpoints
            .iter()
            .filter(|endpoint| {
                endpoint.project == model.project && endpoint.location == model.location
            })
            .flat_map(|endpoint| endpoint.deployed.iter().map(move |deployed| (endpoint, deployed)))
            .filter(|(_, deployed)| deployed.model == model.id)
    }

    /// Starts an operation. The caller marks what it removes as gone at the
    /// moment this returns, which is when the operation is done.
    pub(crate) fn begin(
        &mut self,
        place: &Place,
        parent: String,
        kind: OperationKind,
        version: Version,
        now: Moment,
    ) -> (Value, Moment) {
        const LASTS: f64 = 3.0;
        let serial = self.next_serial();
        let operation = Operation {
            id: chance::id(self.seed, "operation", serial),
            project: place.project,
            location: place.location.clone(),
            parent,
            kind,
            beta: version == Version::V1Beta1,
            created: now,
            done: now.plus(LASTS / self.rules.speed),
        };
        let answer = (operation.show(now), operation.done);
        self.operations.push(operation);
        answer
    }
}

impl Job {
    pub(crate) fn name(&self) -> String {
        let place = Place { project: self.project, location: self.location.clone() };
        place.name("tuningJobs", &self.id)
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.spec.get("labels").and_then(Value::as_object);
        let pairs = labels.into_iter().flatten();
        pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }

    pub(crate) fn has_validation(&self) -> bool {
        self.method().is_some_and(|spec| spec.get("validationDatasetUri").is_some())
    }

    /// The spec of whichever method.
    fn method(&self) -> Option<&Value> {
        let supervised = self.spec.get("supervisedTuningSpec");
        supervised.or_else(|| self.spec.get("preferenceOptimizationSpec"))
    }

    /// What is out of the ordinary about its curves: see the table in the
    /// documentation of [`super`].
    pub(crate) fn curves(&self) -> Curves {
        let uri = self.method().and_then(|spec| spec.get("trainingDatasetUri"));
        let uri = uri.and_then(Value::as_str).unwrap_or_default();
        match uri.strip_prefix("gs://retune-samples/curves/") {
            Some("overfit.jsonl") => Curves::Overfit,
            Some("nan.jsonl") => Curves::Diverged,
            Some("long.jsonl") => Curves::Long,
            Some("no-experiment.jsonl") => Curves::None,
            Some("in-cloud-storage.jsonl") => Curves::InCloudStorage,
            _ => Curves::Usual,
        }
    }

    /// Whether it names an experiment.
    pub(crate) fn has_experiment(&self, now: Moment) -> bool {
        let none = matches!(self.curves(), Curves::None | Curves::InCloudStorage);
        !none && self.life.has_experiment(now)
    }
}
