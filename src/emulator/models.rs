//! `models`: what tuning jobs leave in the Model Registry.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::{Refusal, Violation};
use super::filter::Filter;
use super::names::Place;
use super::schema::snake_case;
use super::validation::check_labels;
use super::world::{Checkpoint, Model, ModelVersion, OperationKind, World};

impl Checkpoint {
    pub(crate) fn show(&self) -> Map<String, Value> {
        let Self { id, epoch, step } = self;
        let mut shown = Map::new();
        shown.insert("checkpointId".to_owned(), Value::from(id.as_str()));
        for (name, number) in [("epoch", epoch), ("step", step)] {
            if *number > 0 {
                shown.insert(name.to_owned(), Value::from(number.to_string()));
            }
        }
        shown
    }
}

impl Model {
    /// What comes after `@` in a name: a number or an alias.
    pub(crate) fn version(&self, version: Option<&str>) -> Option<&ModelVersion> {
        let number = match version {
            None | Some("default") => self.default_version,
            Some(version) => version.parse().ok()?,
        };
        self.versions.iter().find(|version| version.number == number)
    }

    pub(crate) fn place(&self) -> Place {
        Place { project: self.project, location: self.location.clone() }
    }
}

fn show(world: &World, model: &Model, version: &ModelVersion) -> Map<String, Value> {
    let place = model.place();
    let mut shown = Map::new();
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("name", Value::from(place.name("models", &model.id)));
    set("displayName", Value::from(model.display_name.as_str()));
    if !model.description.is_empty() {
        set("description", Value::from(model.description.as_str()));
    }
    set("versionId", Value::from(version.number.to_string()));
    if version.number == model.default_version {
        set("versionAliases", json!(["default"]));
    }
    set("versionCreateTime", Value::from(version.created.rfc3339()));
    set("versionUpdateTime", Value::from(version.created.rfc3339()));
    set("createTime", Value::from(model.created.rfc3339()));
    set("updateTime", Value::from(model.updated.rfc3339()));
    set("etag", Value::from(format!("AMEw9y{:x}", model.serial)));
    if !model.labels.is_empty() {
        set("labels", Value::Object(model.labels.clone()));
    }
    set("modelSourceInfo", json!({"sourceType": "GENIE"}));
    set(
        "baseModelSource",
        json!({"genieSource": {
            "baseModelUri": format!("publishers/google/models/{}", version.base_model),
        }}),
    );
    if let Some(key) = &model.kms_key {
        set("encryptionSpec", json!({"kmsKeyName": key}));
    }
    let deployed: Vec<Value> = world
        .deployments(model)
        .filter(|(_, deployed)| deployed.version == version.number)
        .map(|(endpoint, deployed)| {
            let endpoint = place.name("endpoints", &endpoint.id);
            json!({"endpoint": endpoint, "deployedModelId": deployed.id})
        })
        .collect();
    if !deployed.is_empty() {
        set("deployedModels", Value::Array(deployed));
    }
    if let Some(checkpoint) = &version.default_checkpoint {
        set("defaultCheckpointId", Value::from(checkpoint.as_str()));
    }
    if !version.checkpoints.is_empty() {
        let checkpoints =
            version.checkpoints.iter().map(|checkpoint| Value::Object(checkpoint.show()));
        set("checkpoints", Value::Array(checkpoints.collect()));
    }
    shown
}

fn missing(place: &Place, id: &str) -> Refusal {
    Refusal::not_found(format!("The Model `{}` does not exist.", place.name("models", id)))
}

/// `id` may end in `@version` or `@alias`.
fn find<'a>(
    world: &'a World,
    place: &Place,
    id: &str,
) -> Result<(&'a Model, &'a ModelVersion), Refusal> {
    let (id, version) = match id.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (id, None),
    };
    world
        .model(place, id)
        .and_then(|model| Some((model, model.version(version)?)))
        .ok_or_else(|| missing(place, id))
}

pub(crate) fn get(world: &World, place: &Place, id: &str) -> Result<Value, Refusal> {
    let (model, version) = find(world, place, id)?;
    Ok(Value::Object(show(world, model, version)))
}

pub(crate) fn list(world: &World, place: &Place, call: &Call) -> Result<Value, Refusal> {
    let text = call.query("filter").unwrap_or_default();
    let filter = Filter::parse(text, &["displayName"])?;
    let page = call.page(&format!("models {place:?} {text}"))?;
    let models = world
        .models
        .iter()
        .rev()
        .filter(|model| model.project == place.project && model.location == place.location)
        .filter(|model| model.created <= call.lists_as_of())
        .filter_map(|model| Some((model.serial, show(world, model, model.version(None)?))))
        .filter(|(_, shown)| call.admits(&filter, shown));
    Ok(page.cut("models", models, |(serial, _)| *serial, |(_, shown)| Value::Object(shown.clone())))
}

pub(crate) fn list_versions(
    world: &World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    let (model, _) = find(world, place, id)?;
    let page = call.page(&format!("versions {place:?} {id}"))?;
    let versions =
        model.versions.iter().rev().map(|version| (version.number, show(world, model, version)));
    Ok(page.cut(
        "models",
        versions,
        |(number, _)| *number,
        |(_, shown)| Value::Object(shown.clone()),
    ))
}

pub(crate) fn list_checkpoints(world: &World, place: &Place, id: &str) -> Result<Value, Refusal> {
    let (_, version) = find(world, place, id)?;
    let checkpoints: Vec<Value> =
        version.checkpoints.iter().map(|one| Value::Object(one.show())).collect();
    Ok(if checkpoints.is_empty() { json!({}) } else { json!({"checkpoints": checkpoints}) })
}

/// What a client may change.
const CHANGEABLE: &[&str] = &["displayName", "description", "labels", "defaultCheckpointId"];

/// Changes the fields that `updateMask` names. The discovery document calls
/// the mask required; google-genai leaves it out and means what it sends.
pub(crate) fn patch(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    let wanted = call.read_body("Model")?;
    let (model, version) = find(world, place, id)?;
    let (serial, number) = (model.serial, version.number);
    let refuse = |field: &str, why: String| Refusal::found_errors(vec![Violation::new(field, why)]);
    let mut fields: Vec<&str> = Vec::new();
    match call.query("updateMask").filter(|mask| !mask.is_empty()) {
        None => fields.extend(CHANGEABLE.iter().filter(|field| wanted.contains_key(**field))),
        Some(mask) => {
            for name in mask.split(',').map(str::trim) {
                let field =
                    CHANGEABLE.iter().find(|field| **field == name || snake_case(field) == name);
                let why = || refuse("update_mask", format!("Field `{name}` cannot be updated."));
                fields.push(field.ok_or_else(why)?);
            }
        }
    }
    let mut violations = Vec::new();
    check_labels(&wanted, &mut violations);
    if !violations.is_empty() {
        return Err(Refusal::found_errors(violations));
    }
    let text =
        |field: &str| wanted.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let checkpoint = text("defaultCheckpointId");
    if fields.contains(&"defaultCheckpointId")
        && !version.checkpoints.iter().any(|known| known.id == checkpoint)
    {
        return Err(refuse(
            "model.default_checkpoint_id",
            "The checkpoint does not exist.".to_owned(),
        ));
    }
    if let Some(model) = world.models.iter_mut().find(|model| model.serial == serial) {
        for field in fields {
            match field {
                "displayName" => model.display_name = text("displayName"),
                "description" => model.description = text("description"),
                "labels" => {
                    model.labels = wanted
                        .get("labels")
                        .and_then(Value::as_object)
                        .cloned()
                        .unwrap_or_default();
                }
                _ => {
                    if let Some(version) =
                        model.versions.iter_mut().find(|known| known.number == number)
                    {
                        version.default_checkpoint = Some(checkpoint.clone());
                    }
                }
            }
        }
        model.updated = call.now;
        world.changed = true;
    }
    get(world, place, id)
}

/// Refused while any endpoint has the model deployed (discovery document).
pub(crate) fn delete(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    let model = world.model(place, id).ok_or_else(|| missing(place, id))?;
    let serial = model.serial;
    refuse_deployed(world, model, None)?;
    let (operation, done) =
        world.begin(place, format!("models/{id}"), OperationKind::Delete, call.version, call.now);
    if let Some(model) = world.models.iter_mut().find(|model| model.serial == serial) {
        model.gone = Some(done);
    }
    Ok(operation)
}

/// One version by its number or alias; the only one goes with its model.
pub(crate) fn delete_version(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    if !id.contains('@') {
        return Err(Refusal::invalid("The name must name a version: models/{model}@{version}."));
    }
    let (model, version) = find(world, place, id)?;
    if model.versions.len() == 1 {
        return Err(Refusal::precondition(
            "The only version of a model cannot be deleted; delete the model.",
        ));
    }
    if version.number == model.default_version {
        return Err(Refusal::precondition("The default version of a model cannot be deleted."));
    }
    refuse_deployed(world, model, Some(version.number))?;
    let (serial, number, parent) = (model.serial, version.number, format!("models/{}", model.id));
    let (operation, done) =
        world.begin(place, parent, OperationKind::Delete, call.version, call.now);
    let model = world.models.iter_mut().find(|model| model.serial == serial);
    if let Some(version) =
        model.and_then(|model| model.versions.iter_mut().find(|version| version.number == number))
    {
        version.gone = Some(done);
    }
    Ok(operation)
}

fn refuse_deployed(world: &World, model: &Model, version: Option<u64>) -> Result<(), Refusal> {
    let deployed = world
        .deployments(model)
        .find(|(_, deployed)| version.is_none_or(|version| version == deployed.version))
        .map(|(endpoint, _)| model.place().name("endpoints", &endpoint.id));
    match deployed {
        Some(endpoint) => Err(Refusal::precondition(format!(
            "The Model is deployed to `{endpoint}`. Undeploy it first."
        ))),
        None => Ok(()),
    }
}
