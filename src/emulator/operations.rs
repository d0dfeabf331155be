//! Long-running operations, in the shape of `google.longrunning.Operation`.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::Refusal;
use super::moment::Moment;
use super::names::Place;
use super::schema::Version;
use super::world::{Operation, OperationKind, World};

impl Operation {
    pub(crate) fn show(&self, now: Moment) -> Value {
        let version = if self.beta { Version::V1Beta1 } else { Version::V1 };
        let place = Place { project: self.project, location: self.location.clone() };
        let (metadata, response) = match self.kind {
            OperationKind::Delete => {
                ("DeleteOperationMetadata", "type.googleapis.com/google.protobuf.Empty".to_owned())
            }
            OperationKind::Undeploy => {
                ("UndeployModelOperationMetadata", version.type_url("UndeployModelResponse"))
            }
        };
        let is_done = self.done <= now;
        let updated = if is_done { self.done } else { self.created };
        let mut shown = Map::new();
        let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        set("name", Value::from(place.name(&self.parent, &format!("operations/{}", self.id))));
        set(
            "metadata",
            json!({
                "@type": version.type_url(metadata),
                "genericMetadata": {"createTime": self.created.rfc3339(), "updateTime": updated.rfc3339()},
            }),
        );
        if is_done {
            set("done", json!(true));
            set("response", json!({"@type": response}));
        }
        Value::Object(shown)
    }
}

/// `…/operations/{id}`, with or without the resource it belongs to.
/// `:wait` answers like get: it "may return the latest state before the
/// specified timeout (including immediately)", says its documentation.
pub(crate) fn get(
    world: &World,
    place: &Place,
    parent: Option<&str>,
    id: &str,
    call: &Call,
) -> Result<Value, Refusal> {
    world
        .operations
        .iter()
        .find(|operation| {
            operation.id == id
                && operation.project == place.project
                && operation.location == place.location
                && parent.is_none_or(|parent| parent == operation.parent)
        })
        .map(|operation| operation.show(call.now))
        .ok_or_else(|| Refusal::not_found(format!("Operation `{id}` was not found.")))
}
