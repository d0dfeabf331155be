//! What a plan would do, in one line that two plans can be compared by.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Action, Plan};

impl Plan {
    /// `sha256:` and 64 hex digits over action, place, name, rerun, reason and
    /// body of each create and the job of each cancel. Nothing that changes by
    /// itself is in it: no time, no hold, no run id, no revision.
    pub fn digest(&self) -> String {
        let mut rows: Vec<Value> = self.actions.iter().map(row).collect();
        rows.sort_by_cached_key(Value::to_string);
        let bytes = Sha256::digest(Value::Array(rows).to_string());
        format!("sha256:{}", data_encoding::HEXLOWER.encode(&bytes))
    }
}

fn row(action: &Action) -> Value {
    let key = action.key();
    let place = &key.place;
    let (verb, reason, what) = match action {
        Action::Create(create) => ("create", create.reason.code(), create.request.body()),
        Action::Cancel(cancel) => {
            ("cancel", cancel.reason.code(), Value::String(cancel.job.to_string()))
        }
    };
    json!([verb, place.project, place.location, key.name.as_str(), key.rerun, reason, what])
}
