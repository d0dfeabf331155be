//! The numbers of enums, which proto JSON takes for their names and some
//! clients want instead of them.

use serde_json::Value;

/// The numbers of `AdapterSize` are neither sizes nor in order of size: TWO
/// was added last (Google's proto `tuning_job.proto`).
pub(super) const ADAPTER_SIZES: &[(i64, &str)] = &[
    (0, "ADAPTER_SIZE_UNSPECIFIED"),
    (1, "ADAPTER_SIZE_ONE"),
    (2, "ADAPTER_SIZE_FOUR"),
    (3, "ADAPTER_SIZE_EIGHT"),
    (4, "ADAPTER_SIZE_SIXTEEN"),
    (5, "ADAPTER_SIZE_THIRTY_TWO"),
    (6, "ADAPTER_SIZE_TWO"),
];

/// Enums as numbers, for clients that ask for
/// `$alt=json;enum-encoding=int` as Google's generated REST clients do.
pub(crate) fn enums_as_numbers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(enums_as_numbers),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let number = match (name.as_str(), value.as_str()) {
                    ("adapterSize", Some(text)) => ADAPTER_SIZES
                        .iter()
                        .find(|(_, known)| *known == text)
                        .map(|(number, _)| *number),
                    ("state", Some(text)) => numbered(JOB_STATES, text),
                    ("tuningJobState", Some(text)) => numbered(TUNING_JOB_STATES, text),
                    ("finishReason", Some(text)) => numbered(FINISH_REASONS, text),
                    ("blockReason", Some("PROHIBITED_CONTENT")) => Some(4),
                    ("modality", Some(text)) => numbered(&["", "TEXT"], text),
                    ("trafficType", Some(text)) => numbered(&["", "ON_DEMAND"], text),
                    ("sourceType", Some("GENIE")) => Some(5),
                    _ => None,
                };
                match number {
                    Some(number) => *value = Value::from(number),
                    // Labels and texts may hold anything.
                    None if name == "labels" => {}
                    None => enums_as_numbers(value),
                }
            }
        }
        _ => {}
    }
}

/// The first of proto `FinishReason`, in order of their numbers.
const FINISH_REASONS: &[&str] = &["", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION"];

fn numbered(names: &[&str], name: &str) -> Option<i64> {
    names.iter().position(|known| *known == name).and_then(|at| i64::try_from(at).ok())
}

/// `JobState` in order of its numbers (Google's proto `job_state.proto`).
pub(crate) const JOB_STATES: &[&str] = &[
    "JOB_STATE_UNSPECIFIED",
    "JOB_STATE_QUEUED",
    "JOB_STATE_PENDING",
    "JOB_STATE_RUNNING",
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLING",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_PAUSED",
    "JOB_STATE_EXPIRED",
    "JOB_STATE_UPDATING",
    "JOB_STATE_PARTIALLY_SUCCEEDED",
];

/// In the order of the discovery document, which has no numbers.
const TUNING_JOB_STATES: &[&str] = &[
    "TUNING_JOB_STATE_UNSPECIFIED",
    "TUNING_JOB_STATE_WAITING_FOR_QUOTA",
    "TUNING_JOB_STATE_PROCESSING_DATASET",
    "TUNING_JOB_STATE_WAITING_FOR_CAPACITY",
    "TUNING_JOB_STATE_TUNING",
    "TUNING_JOB_STATE_POST_PROCESSING",
];
