//! Outputs as one document.

use serde_json::{Map, Value, json};

use super::{Checkpoint, Made, Output, Served};

/// Raised when a reader of an older version would misread the document.
const FORMAT_VERSION: u32 = 1;

/// The outputs as one document, models by their names.
pub fn document(outputs: &[Output]) -> Value {
    let models: Map<String, Value> =
        outputs.iter().map(|output| (output.key.name.to_string(), model(output))).collect();
    json!({"formatVersion": FORMAT_VERSION, "models": models})
}

fn model(output: &Output) -> Value {
    let Output { key, spec, status, not_ready, made: of, previous } = output;
    let mut value = json!({
        "ready": not_ready.is_none(),
        "status": status,
        "message": not_ready,
        "project": key.place.project,
        "location": key.place.location,
        "rerun": key.rerun,
        "spec": spec,
    });
    let previous = previous.as_ref().map(|previous| {
        let mut value = made(previous);
        if let Value::Object(value) = &mut value {
            value.insert("spec".to_owned(), json!(previous.spec));
        }
        value
    });
    if let (Value::Object(value), Value::Object(of)) = (&mut value, made(of)) {
        value.extend(of);
        value.insert("previous".to_owned(), json!(previous));
    }
    value
}

fn made(made: &Made) -> Value {
    let Made {
        job,
        state,
        is_good: _,
        // The manifest's own is there for the run that it asks for.
        spec: _,
        is_unread: _,
        base_model,
        model,
        endpoint,
        checkpoints,
        experiment,
        left_out: _,
    } = made;
    let name = |name: &Option<crate::model::ResourceName>| name.as_ref().map(ToString::to_string);
    json!({
        "endpoint": endpoint.as_ref().map(|e| e.name.to_string()),
        "servingHost": endpoint.as_ref().map(Served::host),
        "servingLocation": endpoint.as_ref().map(Served::location),
        "url": endpoint.as_ref().map(Served::url),
        "model": name(model),
        "checkpoints": checkpoints.iter().map(checkpoint).collect::<Vec<_>>(),
        "experiment": name(experiment),
        "baseModel": base_model,
        "job": job.as_ref().map(ToString::to_string),
        "state": state,
    })
}

fn checkpoint(checkpoint: &Checkpoint) -> Value {
    let Checkpoint { id, epoch, step, endpoint } = checkpoint;
    json!({
        "checkpointId": id,
        "epoch": epoch,
        "step": step,
        "endpoint": endpoint.as_ref().map(|e| e.name.to_string()),
    })
}
