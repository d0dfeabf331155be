//! `tuningJobs`: create, list, get, cancel. There is no update and no delete,
//! as at the real service.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::chance;
use super::datasets::Datasets;
use super::error::Refusal;
use super::faults::WhatHappened;
use super::filter::Filter;
use super::lifecycle::{Life, State};
use super::metrics::Curves;
use super::moment::Moment;
use super::names::{self, Place};
use super::schema::{self, Version};
use super::validation::{self, Accepted};
use super::world::{Job, TunedVersion, World};

/// Examples a step takes; 500 examples and 4 epochs made 252 steps at the
/// real service.
const BATCH: u64 = 8;

pub(crate) fn create(
    world: &mut World,
    datasets: &Datasets,
    place: &Place,
    call: &Call,
) -> Result<Value, Refusal> {
    let mut spec = schema::read(call.version, "TuningJob", "tuning_job", call.body())?;
    let accepted = validation::check(world, datasets, place, &spec)?;

    let serial = world.next_serial();
    let Accepted { base, parent_name, preference, dataset, fate } = accepted;
    if !spec.contains_key("tunedModelDisplayName") {
        let name = parent_name.unwrap_or_else(|| {
            format!("{}-{}", base.id, chance::uuid(world.seed, "display-name", serial))
        });
        spec.insert("tunedModelDisplayName".to_owned(), Value::from(name));
    }
    if let Some(source) = spec.get_mut("preTunedModel").and_then(Value::as_object_mut) {
        fill_in_parent(source, base.id);
    }
    let field = if preference { "preferenceOptimizationSpec" } else { "supervisedTuningSpec" };
    let epochs = match spec.get_mut(field).and_then(Value::as_object_mut) {
        Some(spec) => resolve_hyper_parameters(spec, dataset.examples),
        None => 1,
    };
    let examples = dataset.examples;
    let steps = examples.div_ceil(BATCH) * epochs;
    let job = Job {
        serial,
        id: chance::id(world.seed, "job", serial),
        project: place.project,
        location: place.location.clone(),
        base_model: base.id.to_owned(),
        preference,
        life: Life { created: call.now, fate, steps, epochs, examples, course: None, cancel: None },
        stats: dataset.stats(steps, preference),
        experiment: experiment_digits(world.seed, serial, call.now),
        spec,
        result: None,
    };
    world.jobs.push(job);
    world.settle(call.now);
    let job = world.jobs.last().ok_or_else(|| Refusal::internal("The job is gone."))?;
    let mut shown = show(world, job, call.version, call.now);
    if call.twist.labels_not_echoed {
        shown.remove("labels");
    }
    let (name, labels) = (job.name(), job.labels());
    world.note(call.now, name, WhatHappened::JobCreated { labels });
    Ok(Value::Object(shown))
}

/// Names come back with the project number; the base model is filled in.
fn fill_in_parent(source: &mut Map<String, Value>, base: &str) {
    let name = source.get("tunedModelName").and_then(Value::as_str).unwrap_or_default();
    if let Some((place, id)) = names::parse(name, "models") {
        let name = place.name("models", &id);
        source.insert("tunedModelName".to_owned(), Value::from(name));
    }
    source.insert("baseModel".to_owned(), Value::from(base));
}

/// Fills in what the request left to the service; the epochs come back.
fn resolve_hyper_parameters(spec: &mut Map<String, Value>, examples: u64) -> u64 {
    let given = match spec.remove("hyperParameters") {
        Some(Value::Object(given)) => given,
        _ => Map::new(),
    };
    let epochs = given
        .get("epochCount")
        .and_then(Value::as_str)
        .and_then(|count| count.parse::<u64>().ok())
        .unwrap_or_else(|| default_epochs(examples));
    let mut resolved = Map::new();
    resolved.insert("epochCount".to_owned(), Value::from(epochs.to_string()));
    resolved.insert("learningRateMultiplier".to_owned(), Value::from(1));
    resolved.insert("adapterSize".to_owned(), Value::from("ADAPTER_SIZE_FOUR"));
    resolved.extend(given);
    // Where the service puts it, between the datasets and the export flag.
    let export = spec.remove("exportLastCheckpointOnly");
    spec.insert("hyperParameters".to_owned(), Value::Object(resolved));
    if let Some(export) = export {
        spec.insert("exportLastCheckpointOnly".to_owned(), export);
    }
    epochs
}

/// The service chooses epochs from the size of the dataset. The one value
/// known is 40 for 166 examples; the curve through it is invented.
fn default_epochs(examples: u64) -> u64 {
    (40 * 166u64).div_ceil(examples.max(1)).clamp(2, 40)
}

/// Time in California and microseconds, as in the service's experiment names.
fn experiment_digits(seed: u64, serial: u64, now: Moment) -> String {
    const PACIFIC: f64 = -8.0 * 3600.0;
    let local = now.plus(PACIFIC).timestamp().to_string();
    let digits: String = local.chars().filter(char::is_ascii_digit).take(14).collect();
    // Jobs of the same second must not share an experiment.
    format!("{digits}{:06}", (chance::bits(seed, "experiment", 0) % 1000 + serial) % 1_000_000)
}

pub(crate) fn get(world: &World, place: &Place, id: &str, call: &Call) -> Result<Value, Refusal> {
    let job = find(world, place, id)?;
    Ok(Value::Object(show(world, job, call.version, call.now)))
}

fn find<'a>(world: &'a World, place: &Place, id: &str) -> Result<&'a Job, Refusal> {
    world.job(place, id).ok_or_else(|| {
        Refusal::not_found(format!(
            "The TuningJob `{}` does not exist.",
            place.name("tuningJobs", id)
        ))
    })
}

pub(crate) fn list(world: &World, place: &Place, call: &Call) -> Result<Value, Refusal> {
    let text = call.query("filter").unwrap_or_default();
    const FIELDS: &[&str] = &["state", "baseModel", "tunedModelDisplayName", "displayName"];
    let filter = Filter::parse(text, FIELDS)?;
    let page = call.page(&format!("tuningJobs {place:?} {text}"))?;
    let as_of = call.lists_as_of();
    let jobs = world
        .jobs
        .iter()
        .rev()
        .filter(|job| job.project == place.project && job.location == place.location)
        .filter(|job| job.life.created <= as_of)
        .map(|job| (job.serial, show(world, job, call.version, as_of)))
        .filter(|(_, shown)| call.admits(&filter, shown));
    Ok(page.cut(
        "tuningJobs",
        jobs,
        |(serial, _)| *serial,
        |(_, shown)| Value::Object(shown.clone()),
    ))
}

/// Best effort and asynchronous; what has ended cannot be cancelled.
pub(crate) fn cancel(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    call.read_body("CancelTuningJobRequest")?;
    let job = find(world, place, id)?;
    let (serial, state) = (job.serial, job.life.state(call.now));
    if state.has_ended() {
        return Err(Refusal::precondition(format!(
            "The TuningJob is in state {} and cannot be cancelled.",
            state.name()
        )));
    }
    if state != State::Cancelling {
        let (seed, speed) = (world.seed, world.rules.speed);
        if let Some(job) = world.jobs.iter_mut().find(|job| job.serial == serial) {
            if call.twist.cancel_loses {
                job.life.ask_cancel_in_vain(call.now);
            } else {
                job.life.ask_cancel(call.now, seed, serial, speed);
            }
            let (name, stops) = (job.name(), job.life.stops());
            world.changed = true;
            world.note(call.now, name, WhatHappened::CancelAccepted { stops });
        }
    }
    Ok(json!({}))
}

/// A job as it is answered at a moment.
pub(crate) fn show(world: &World, job: &Job, version: Version, now: Moment) -> Map<String, Value> {
    let place = Place { project: job.project, location: job.location.clone() };
    let mut shown = Map::new();
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("name", Value::from(place.name("tuningJobs", &job.id)));
    // Labels follow the times in the service's answers; everything else that
    // was asked for comes first.
    const ELSEWHERE: &[&str] = &["tunedModelDisplayName", "labels"];
    if let Some(display_name) = job.spec.get("tunedModelDisplayName") {
        set("tunedModelDisplayName", display_name.clone());
    }
    for (name, value) in job.spec.iter().filter(|(name, _)| !ELSEWHERE.contains(&name.as_str())) {
        set(name, value.clone());
    }
    let life = &job.life;
    set("state", Value::from(life.state(now).name()));
    set("createTime", Value::from(life.created.rfc3339()));
    set("updateTime", Value::from(life.updated(now).rfc3339()));
    if let Some(labels) = job.spec.get("labels") {
        set("labels", labels.clone());
    }
    if let Some(started) = life.started(now) {
        set("startTime", Value::from(started.rfc3339()));
    }
    if let Some(ended) = life.ended(now) {
        set("endTime", Value::from(ended.rfc3339()));
    }
    if let Some((code, message)) = life.error(now) {
        set("error", json!({"code": code, "message": message}));
    }
    if job.has_experiment(now) {
        let context = format!("default/contexts/tuning-experiment-{}", job.experiment);
        set("experiment", Value::from(place.name("metadataStores", &context)));
    }
    if job.curves() == Curves::InCloudStorage && life.has_experiment(now) {
        let uri = format!("gs://vertex-tuning-metrics/{}", job.id);
        set("gcsMetricsUri", Value::from(uri));
    }
    if life.has_stats(now) {
        set("tuningDataStats", job.stats.clone());
    }
    if let Some(result) = job.result.as_ref().filter(|_| life.ended(now).is_some()) {
        set("tunedModel", tuned_model(world, job, result));
    }
    if version == Version::V1Beta1 {
        if life.has_experiment(now) {
            let id = format!("tune-large-model-{}", job.experiment);
            set("pipelineJob", Value::from(place.name("pipelineJobs", &id)));
        }
        if let Some(phase) = life.phase(now) {
            set("tuningJobState", Value::from(phase));
        }
        if life.started(now).is_some() {
            set("tuningJobMetadata", progress(life, now));
        }
    }
    shown
}

fn progress(life: &Life, now: Moment) -> Value {
    let mut progress = Map::new();
    let counts = [
        ("completedEpochCount", life.epochs_done(now)),
        ("completedStepCount", life.steps_done(now)),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        progress.insert(name.to_owned(), Value::from(count.to_string()));
    }
    Value::Object(progress)
}

/// The endpoint is that of the default checkpoint, as long as that one is
/// deployed (Google's checkpoint page).
fn tuned_model(world: &World, job: &Job, result: &TunedVersion) -> Value {
    let TunedVersion { location, model, version } = result;
    let place = Place { project: job.project, location: location.clone() };
    let mut tuned = Map::new();
    tuned.insert(
        "model".to_owned(),
        Value::from(format!("{}@{version}", place.name("models", model))),
    );
    let Some(model) = world.model(&place, model) else { return Value::Object(tuned) };
    let Some(version) = model.versions.iter().find(|known| known.number == *version) else {
        return Value::Object(tuned);
    };
    let endpoint_of = |checkpoint: Option<&String>| {
        world
            .deployments(model)
            .find(|(_, deployed)| {
                deployed.version == version.number && deployed.checkpoint.as_ref() == checkpoint
            })
            .map(|(endpoint, _)| Value::from(place.name("endpoints", &endpoint.id)))
    };
    if let Some(endpoint) = endpoint_of(version.default_checkpoint.as_ref()) {
        tuned.insert("endpoint".to_owned(), endpoint);
    }
    let checkpoints: Vec<Value> = version
        .checkpoints
        .iter()
        .map(|checkpoint| {
            let mut shown = checkpoint.show();
            if let Some(endpoint) = endpoint_of(Some(&checkpoint.id)) {
                shown.insert("endpoint".to_owned(), endpoint);
            }
            Value::Object(shown)
        })
        .collect();
    if !checkpoints.is_empty() {
        tuned.insert("checkpoints".to_owned(), Value::Array(checkpoints));
    }
    Value::Object(tuned)
}
