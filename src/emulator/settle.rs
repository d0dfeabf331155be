//! Lets happen what the time has made due: jobs leave the queue, ended jobs
//! leave their models and endpoints, deleted things go.
//!
//! It is called at the beginning of every request, and what it does depends on
//! the world and the time only, so it does not matter how often it is called.

use serde_json::{Map, Value};

use super::catalog;
use super::chance;
use super::lifecycle::{Fate, State};
use super::moment::Moment;
use super::names::Place;
use super::world::{
    Checkpoint, Deployed, Endpoint, Job, Model, ModelVersion, Rules, TunedVersion, World,
};

impl World {
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
            self.jobs.iter().filter(|job| job.life.is_waiting()).map(|job| job.project).collect();
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
                let Some(job) = self
                    .jobs
                    .iter_mut()
                    .find(|job| job.project == project && job.life.is_waiting())
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
        labels.entry("tune-type").or_insert_with(|| Value::from(kind));
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
