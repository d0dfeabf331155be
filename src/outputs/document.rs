//! Outputs as one document.

use serde_json::{Map, Value, json};

use super::{Checkpoint, Made, Output};

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
        value.insert("spec".to_owned(), json!(previous.spec));
        value
    });
    if let Value::Object(value) = &mut value {
        value.extend(made(of));
        value.insert("previous".to_owned(), json!(previous));
    }
    value
}

fn made(made: &Made) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, _, value) in made.values() {
        values.insert(name.to_owned(), json!(value));
        if name == "model" {
            let checkpoints = made.checkpoints.iter().map(checkpoint).collect();
            values.insert("checkpoints".to_owned(), Value::Array(checkpoints));
        }
    }
    values
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
