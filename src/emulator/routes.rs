//! Which handler a request is for.

use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::datasets::Datasets;
use super::error::Refusal;
use super::names::{self, Place};
use super::world::World;
use super::{catalog, endpoints, generate, models, operations, tuning_jobs};

const LIST: &[&str] = &["filter", "pageSize", "pageToken"];
const LIST_SORTED: &[&str] = &["filter", "pageSize", "pageToken", "orderBy", "readMask"];
const PAGES: &[&str] = &["pageSize", "pageToken", "filter", "orderBy", "readMask"];

/// Which method of which resource a request is for.
pub(crate) fn dispatch(
    world: &mut World,
    datasets: &Datasets,
    call: &Call,
) -> Result<Reply, Refusal> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    let verb = call.verb.as_str();
    let json = |answer: Result<Value, Refusal>| answer.map(Reply::Json);
    match segments.as_slice() {
        ["projects", project] if method == "GET" => return json(show_project(project)),
        ["projects", project, "locations"] if method == "GET" => {
            return json(list_locations(project));
        }
        ["publishers", "google", "models", rest @ ..] if method == "GET" => {
            return json(generate::publisher_models(rest));
        }
        _ => {}
    }
    let ["projects", project, "locations", location, rest @ ..] = segments.as_slice() else {
        return Err(unknown_method(call));
    };
    let place = Place::parse(project, location)?;
    let place = &place;
    json(match (method, rest, verb) {
        ("GET", [], "") => Ok(show_location(place)),

        ("POST", ["tuningJobs"], "") => {
            call.takes(&[]).and_then(|()| tuning_jobs::create(world, datasets, place, call))
        }
        ("GET", ["tuningJobs"], "") => {
            call.takes(LIST).and_then(|()| tuning_jobs::list(world, place, call))
        }
        ("GET", ["tuningJobs", id], "") => {
            call.takes(&[]).and_then(|()| tuning_jobs::get(world, place, id, call))
        }
        ("POST", ["tuningJobs", id], "cancel") => {
            call.takes(&[]).and_then(|()| tuning_jobs::cancel(world, place, id, call))
        }

        ("GET", ["models"], "") => {
            call.takes(LIST_SORTED).and_then(|()| models::list(world, place, call))
        }
        ("GET", ["models", id], "") => call.takes(&[]).and_then(|()| models::get(world, place, id)),
        ("GET", ["models", id], "listVersions") => {
            call.takes(PAGES).and_then(|()| models::list_versions(world, place, id, call))
        }
        ("GET", ["models", id], "listCheckpoints") => {
            call.takes(PAGES).and_then(|()| models::list_checkpoints(world, place, id))
        }
        ("PATCH", ["models", id], "") => {
            call.takes(&["updateMask"]).and_then(|()| models::patch(world, place, id, call))
        }
        ("DELETE", ["models", id], "") => {
            call.takes(&[]).and_then(|()| models::delete(world, place, id, call))
        }
        ("DELETE", ["models", id], "deleteVersion") => {
            call.takes(&[]).and_then(|()| models::delete_version(world, place, id, call))
        }

        ("GET", ["endpoints"], "") => {
            call.takes(LIST_SORTED).and_then(|()| endpoints::list(world, place, call))
        }
        ("GET", ["endpoints", id], "") => {
            call.takes(&[]).and_then(|()| endpoints::get(world, place, id))
        }
        ("POST", ["endpoints", id], "undeployModel") => {
            call.takes(&[]).and_then(|()| endpoints::undeploy(world, place, id, call))
        }
        ("DELETE", ["endpoints", id], "") => {
            call.takes(&[]).and_then(|()| endpoints::delete(world, place, id, call))
        }

        ("GET", ["operations", id], "") | ("POST", ["operations", id], "wait") => {
            call.takes(&["timeout"]).and_then(|()| operations::get(world, place, None, id, call))
        }
        ("GET", [collection, of, "operations", id], "")
        | ("POST", [collection, of, "operations", id], "wait") => {
            let parent = format!("{collection}/{of}");
            call.takes(&["timeout"])
                .and_then(|()| operations::get(world, place, Some(&parent), id, call))
        }

        (
            "POST",
            ["endpoints", id],
            "generateContent" | "streamGenerateContent" | "countTokens",
        ) => {
            let target = generate::tuned(world, place, id)?;
            return call.takes(&[]).and_then(|()| generate::answer(&target, verb, call));
        }
        (
            "POST",
            ["publishers", "google", "models", id],
            "generateContent" | "streamGenerateContent" | "countTokens",
        ) => {
            let target = generate::base(id)?;
            return call.takes(&[]).and_then(|()| generate::answer(&target, verb, call));
        }
        _ => Err(unknown_method(call)),
    })
}

fn unknown_method(call: &Call) -> Refusal {
    let verb = if call.verb.is_empty() { String::new() } else { format!(":{}", call.verb) };
    Refusal::not_found(format!(
        "The emulator has no method {} /{}/{}{verb}.",
        call.method,
        call.version.name(),
        call.segments.join("/")
    ))
}

/// What Cloud Resource Manager says about a project.
fn show_project(project: &str) -> Result<Value, Refusal> {
    let number = names::project_number(project)?;
    Ok(json!({
        "name": format!("projects/{number}"),
        "projectNumber": number.to_string(),
        "projectId": project,
        "lifecycleState": "ACTIVE",
        "state": "ACTIVE",
    }))
}

fn show_location(place: &Place) -> Value {
    let Place { project, location } = place;
    json!({"name": format!("projects/{project}/locations/{location}"), "locationId": location})
}

/// The regions of the tuning pages; others work as well.
fn list_locations(project: &str) -> Result<Value, Refusal> {
    let project = names::project_number(project)?;
    let mut locations = Vec::new();
    for location in catalog::GEMINI_3_REGIONS {
        locations.push(show_location(&Place { project, location: (*location).to_owned() }));
    }
    Ok(json!({"locations": locations}))
}
