//! `endpoints`: where tuned models and their checkpoints answer.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::{Refusal, Violation};
use super::filter::Filter;
use super::names::Place;
use super::world::{Endpoint, OperationKind, World};

fn show(endpoint: &Endpoint) -> Map<String, Value> {
    let place = Place { project: endpoint.project, location: endpoint.location.clone() };
    let mut shown = Map::new();
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("name", Value::from(place.name("endpoints", &endpoint.id)));
    set("displayName", Value::from(endpoint.display_name.as_str()));
    let deployed: Vec<Value> = endpoint
        .deployed
        .iter()
        .map(|deployed| {
            let mut shown = json!({
                "id": deployed.id,
                "model": place.name("models", &deployed.model),
                "modelVersionId": deployed.version.to_string(),
                "displayName": endpoint.display_name,
                "createTime": deployed.created.rfc3339(),
            });
            if let (Some(checkpoint), Some(shown)) = (&deployed.checkpoint, shown.as_object_mut()) {
                shown.insert("checkpointId".to_owned(), Value::from(checkpoint.as_str()));
            }
            shown
        })
        .collect();
    if !deployed.is_empty() {
        set("deployedModels", Value::Array(deployed));
        // Whatever is deployed first gets all the traffic; no endpoint here
        // has two.
        let split: Map<String, Value> = endpoint
            .deployed
            .iter()
            .take(1)
            .map(|deployed| (deployed.id.clone(), Value::from(100)))
            .collect();
        set("trafficSplit", Value::Object(split));
    }
    set("createTime", Value::from(endpoint.created.rfc3339()));
    set("updateTime", Value::from(endpoint.updated.rfc3339()));
    set("etag", Value::from(format!("AMEw9y{:x}", endpoint.serial)));
    if !endpoint.labels.is_empty() {
        set("labels", Value::Object(endpoint.labels.clone()));
    }
    shown
}

fn missing(place: &Place, id: &str) -> Refusal {
    Refusal::not_found(format!("The Endpoint `{}` does not exist.", place.name("endpoints", id)))
}

pub(crate) fn get(world: &World, place: &Place, id: &str) -> Result<Value, Refusal> {
    let endpoint = world.endpoint(place, id).ok_or_else(|| missing(place, id))?;
    Ok(Value::Object(show(endpoint)))
}

pub(crate) fn list(world: &World, place: &Place, call: &Call) -> Result<Value, Refusal> {
    let text = call.query("filter").unwrap_or_default();
    let filter = Filter::parse(text, &["displayName"])?;
    let page = call.page(&format!("endpoints {place:?} {text}"))?;
    let endpoints = world
        .endpoints
        .iter()
        .rev()
        .filter(|endpoint| endpoint.project == place.project && endpoint.location == place.location)
        .map(|endpoint| (endpoint.serial, show(endpoint)))
        .filter(|(_, shown)| filter.admits(shown));
    Ok(page.cut(
        "endpoints",
        endpoints,
        |(serial, _)| *serial,
        |(_, shown)| Value::Object(shown.clone()),
    ))
}

pub(crate) fn undeploy(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    let wanted = call.read_body("UndeployModelRequest")?;
    let deployed_id = wanted.get("deployedModelId").and_then(Value::as_str).unwrap_or_default();
    if deployed_id.is_empty() {
        return Err(Refusal::found_errors(vec![Violation::new(
            "deployed_model_id",
            "Required field is not set.",
        )]));
    }
    let endpoint = world.endpoint(place, id).ok_or_else(|| missing(place, id))?;
    if !endpoint.deployed.iter().any(|deployed| deployed.id == deployed_id) {
        return Err(Refusal::not_found(format!(
            "DeployedModel {deployed_id} is not found in the Endpoint."
        )));
    }
    let serial = endpoint.serial;
    let (operation, done) = world.begin(
        place,
        format!("endpoints/{id}"),
        OperationKind::Undeploy,
        call.version,
        call.now,
    );
    if let Some(endpoint) = world.endpoints.iter_mut().find(|endpoint| endpoint.serial == serial) {
        endpoint.updated = call.now;
        for deployed in endpoint.deployed.iter_mut().filter(|deployed| deployed.id == deployed_id) {
            deployed.gone = Some(done);
        }
    }
    Ok(operation)
}

/// Only an empty endpoint can be deleted.
pub(crate) fn delete(
    world: &mut World,
    place: &Place,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    let endpoint = world.endpoint(place, id).ok_or_else(|| missing(place, id))?;
    if !endpoint.deployed.is_empty() {
        return Err(Refusal::precondition(
            "The Endpoint has deployed models. Undeploy them first.",
        ));
    }
    let serial = endpoint.serial;
    let (operation, done) = world.begin(
        place,
        format!("endpoints/{id}"),
        OperationKind::Delete,
        call.version,
        call.now,
    );
    if let Some(endpoint) = world.endpoints.iter_mut().find(|endpoint| endpoint.serial == serial) {
        endpoint.gone = Some(done);
    }
    Ok(operation)
}
