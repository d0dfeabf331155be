//! Everything that exists: jobs, models, endpoints, operations. Plain data
//! that goes to disk as it is, and [`World::settle`], which lets happen what
//! the time has made due.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalog;
use super::chance;
use super::lifecycle::{Fate, Life, State};
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
        }
    }

    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.changed = true;
        self.serial
    }

    /// Lets everything happen that is due at `now`: queued jobs start, ended
    /// jobs leave their models, deleted things go.
    pub(crate) fn settle(&mut self, now: Moment) {
        self.admit(now);
        self.harvest(now);
        self.clear(now);
    }

    /// First come, first served: within a project, over regions and models.
    fn admit(&mut self, now: Moment) {
        let Rules { speed, slots } = self.rules;
        let mut projects: Vec<u64> =
            self.jobs.iter().filter(|job| is_waiting(job)).map(|job| job.project).collect();
        projects.sort_unstable();
        projects.dedup();
        for project in projects {
            loop {
                let mut finishes: Vec<Moment> = self
                    .jobs
                    .iter()
                    .filter(|job| job.project == project && job.life.course.is_some())
                    .filter_map(|job| job.life.finish())
                    .collect();
                finishes.sort_unstable_by(|a, b| b.cmp(a));
                // With n slots, one is free once the n-th last to finish has.
                let free = finishes.get(slots.saturating_sub(1)).copied();
                let Some(job) =
                    self.jobs.iter_mut().find(|job| job.project == project && is_waiting(job))
                else {
                    break;
                };
                let admitted = free.map_or(job.life.created, |free| free.max(job.life.created));
                if admitted > now {
                    break;
                }
                job.life.admit(admitted, self.seed, job.serial, speed);
                self.changed = true;
            }
        }
    }

    /// Turns jobs that have ended into models and endpoints, in the order of
    /// their ends, since that order numbers a model's versions.
    fn harvest(&mut self, now: Moment) {
        let mut due: Vec<(Moment, usize)> = self
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| job.result.is_none())
            .filter(|(_, job)| match job.life.state(now) {
                State::Succeeded => true,
                State::Failed => job.life.fate == Fate::NoEndpoint,
                _ => false,
            })
            .filter_map(|(at, job)| Some((job.life.ended(now)?, at)))
            .collect();
        due.sort_unstable();
        for (ended, at) in due {
            let Some(job) = self.jobs.get(at) else { continue };
            let harvest = Harvest::of(job, self.seed);
            let result = self.keep(harvest, ended);
            if let Some(job) = self.jobs.get_mut(at) {
                job.result = Some(result);
            }
            self.changed = true;
        }
    }

    fn keep(&mut self, harvest: Harvest, ended: Moment) -> TunedVersion {
        let serial = self.next_serial();
        let Harvest {
            place,
            id,
            display_name,
            labels,
            kms_key,
            parent,
            base_model,
            checkpoints,
            deploy,
        } = harvest;
        let version = |number| ModelVersion {
            number,
            created: ended,
            base_model,
            default_checkpoint: checkpoints.last().map(|last| last.id.clone()),
            checkpoints: checkpoints.clone(),
            gone: None,
        };
        // The same display name makes a new version of the parent; another
        // one, or a parent that is gone by now, makes a model of its own.
        let parent = parent.and_then(|parent| {
            self.models.iter_mut().find(|model| {
                model.project == place.project
                    && model.location == place.location
                    && model.id == parent
                    && model.display_name == display_name
                    && model.gone.is_none()
            })
        });
        let (model, number) = match parent {
            Some(model) => {
                let number = model.versions.last().map_or(1, |last| last.number + 1);
                model.versions.push(version(number));
                model.default_version = number;
                model.updated = ended;
                (model.id.clone(), number)
            }
            None => {
                self.models.push(Model {
                    serial,
                    id: id.clone(),
                    project: place.project,
                    location: place.location.clone(),
                    display_name: display_name.clone(),
                    description: String::new(),
                    labels: labels.clone(),
                    kms_key,
                    created: ended,
                    updated: ended,
                    versions: vec![version(1)],
                    default_version: 1,
                    gone: None,
                });
                (id, 1)
            }
        };
        // One endpoint a checkpoint, or one for the only result.
        let deployments: Vec<Option<String>> = match (deploy, checkpoints.is_empty()) {
            (false, _) => Vec::new(),
            (true, true) => vec![None],
            (true, false) => {
                checkpoints.into_iter().map(|checkpoint| Some(checkpoint.id)).collect()
            }
        };
        for checkpoint in deployments {
            let serial = self.next_serial();
            self.endpoints.push(Endpoint {
                serial,
                id: chance::id(self.seed, "endpoint", serial),
                project: place.project,
                location: place.location.clone(),
                display_name: display_name.clone(),
                labels: labels.clone(),
                created: ended,
                updated: ended,
                deployed: vec![Deployed {
                    id: chance::id(self.seed, "deployed", serial),
                    model: model.clone(),
                    version: number,
                    checkpoint,
                    created: ended,
                    gone: None,
                }],
                gone: None,
            });
        }
        TunedVersion { location: place.location, model, version: number }
    }

    /// Forgets what an operation has removed.
    fn clear(&mut self, now: Moment) {
        let stays = |gone: &Option<Moment>| gone.is_none_or(|gone| gone > now);
        self.models.retain(|model| stays(&model.gone));
        for model in &mut self.models {
            model.versions.retain(|version| stays(&version.gone));
        }
        self.endpoints.retain(|endpoint| stays(&endpoint.gone));
        for endpoint in &mut self.endpoints {
            endpoint.deployed.retain(|deployed| stays(&deployed.gone));
        }
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

fn is_waiting(job: &Job) -> bool {
    job.life.course.is_none() && job.life.cancel.is_none()
}

/// What a job that has ended leaves behind.
struct Harvest {
    place: Place,
    id: String,
    display_name: String,
    labels: Map<String, Value>,
    kms_key: Option<String>,
    /// The model it was trained on from.
    parent: Option<String>,
    base_model: String,
    checkpoints: Vec<Checkpoint>,
    deploy: bool,
}

impl Harvest {
    fn of(job: &Job, seed: u64) -> Self {
        let location = catalog::find(&job.base_model)
            .map_or_else(|| job.location.clone(), |base| base.serving_location(&job.location));
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut labels = match job.spec.get("labels") {
            Some(Value::Object(labels)) => labels.clone(),
            _ => Map::new(),
        };
        // google-genai lists tuned models with `filter=labels.tune-type:*`.
        let kind = if job.preference { "dpo" } else { "sft" };
        labels.insert("tune-type".to_owned(), Value::from(kind));
        let parent = job.spec.get("preTunedModel").map(|parent| {
            let name = text(parent.get("tunedModelName"));
            let id = name.rsplit('/').next().unwrap_or_default();
            id.split('@').next().unwrap_or_default().to_owned()
        });
        let spec = job
            .spec
            .get("supervisedTuningSpec")
            .or_else(|| job.spec.get("preferenceOptimizationSpec"));
        let last_only = spec
            .and_then(|spec| spec.get("exportLastCheckpointOnly"))
            .and_then(Value::as_bool)
            .unwrap_or(false);
        Self {
            place: Place { project: job.project, location },
            id: chance::id(seed, "model", job.serial),
            display_name: text(job.spec.get("tunedModelDisplayName")),
            labels,
            kms_key: job
                .spec
                .get("encryptionSpec")
                .and_then(|spec| spec.get("kmsKeyName"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            parent,
            base_model: job.base_model.clone(),
            checkpoints: if last_only {
                Vec::new()
            } else {
                checkpoints(job.life.epochs, job.life.steps)
            },
            deploy: job.life.fate == Fate::Succeed,
        }
    }
}

/// One checkpoint an epoch, spread over the epochs when there are more than
/// ten (Google's checkpoint page: "up to about 10").
fn checkpoints(epochs: u64, steps: u64) -> Vec<Checkpoint> {
    const MOST: u64 = 10;
    let count = epochs.clamp(1, MOST);
    (1..=count)
        .map(|number| {
            let epoch = (epochs * number).div_ceil(count);
            Checkpoint {
                id: number.to_string(),
                epoch,
                step: (steps * epoch).checked_div(epochs).unwrap_or(steps),
            }
        })
        .collect()
}

impl Job {
    pub(crate) fn has_validation(&self) -> bool {
        let spec = self
            .spec
            .get("supervisedTuningSpec")
            .or_else(|| self.spec.get("preferenceOptimizationSpec"));
        spec.is_some_and(|spec| spec.get("validationDatasetUri").is_some())
    }
}
