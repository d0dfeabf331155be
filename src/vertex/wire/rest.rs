//! What a job was asked for that the rest of the program does not know.

use serde_json::{Map, Value};

use super::{WireError, object};
use crate::model::{AdapterSize, Untrusted};

/// Fields of a job that are read, and those that only the service writes. Any
/// other is one that somebody may have asked for.
const JOB: &[&str] = &[
    "name",
    "tunedModelDisplayName",
    "description",
    "labels",
    "baseModel",
    "preTunedModel",
    "supervisedTuningSpec",
    "preferenceOptimizationSpec",
    "encryptionSpec",
    "serviceAccount",
    "state",
    "tuningJobState",
    "tuningJobMetadata",
    "createTime",
    "startTime",
    "endTime",
    "updateTime",
    "error",
    "experiment",
    "gcsMetricsUri",
    "tunedModel",
    "tuningDataStats",
    "evaluateDatasetRuns",
    "pipelineJob",
    "satisfiesPzs",
    "satisfiesPzi",
];

const METHOD: &[&str] =
    &["trainingDatasetUri", "validationDatasetUri", "exportLastCheckpointOnly", "hyperParameters"];

const SUPERVISED: &[&str] = &["epochCount", "adapterSize", "learningRateMultiplier"];

const PREFERENCE: &[&str] = &["epochCount", "adapterSize", "learningRateMultiplier", "beta"];

const PRE_TUNED: &[&str] = &["tunedModelName", "checkpointId", "baseModel"];

const ENCRYPTION: &[&str] = &["kmsKeyName"];

/// The paths of what is not read, and of values that are not understood.
pub(crate) fn rest(body: &[u8]) -> Result<Vec<Untrusted>, WireError> {
    let job: Map<String, Value> = object(body)?;
    let mut found = Vec::new();
    beyond(&job, "", JOB, &mut found);
    for (method, hyper) in
        [("supervisedTuningSpec", SUPERVISED), ("preferenceOptimizationSpec", PREFERENCE)]
    {
        let Some(spec) = inside(&job, method) else { continue };
        beyond(spec, &format!("{method}."), METHOD, &mut found);
        let Some(parameters) = inside(spec, "hyperParameters") else { continue };
        let path = format!("{method}.hyperParameters.");
        beyond(parameters, &path, hyper, &mut found);
        let size = parameters.get("adapterSize").and_then(Value::as_str);
        if size.is_some_and(|name| AdapterSize::from_name(name).is_none()) {
            found.push(format!("{path}adapterSize"));
        }
    }
    for (message, known) in [("preTunedModel", PRE_TUNED), ("encryptionSpec", ENCRYPTION)] {
        if let Some(fields) = inside(&job, message) {
            beyond(fields, &format!("{message}."), known, &mut found);
        }
    }
    Ok(found.into_iter().map(Untrusted::new).collect())
}

fn inside<'a>(of: &'a Map<String, Value>, field: &str) -> Option<&'a Map<String, Value>> {
    of.get(field).and_then(Value::as_object)
}

fn beyond(of: &Map<String, Value>, path: &str, known: &[&str], found: &mut Vec<String>) {
    let others =
        of.iter().filter(|(name, value)| !known.contains(&name.as_str()) && !is_unset(value));
    found.extend(others.map(|(name, _)| format!("{path}{name}")));
}

/// What proto JSON means by leaving a field out.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_have_been_asked_for_is_named() {
        let job = br#"{
            "name": "projects/1/locations/l/tuningJobs/2", "updateTime": "x", "newFlag": false,
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://b/o.jsonl",
                "evaluationConfig": {"metrics": [{}]},
                "hyperParameters": {"epochCount": "3", "batchSize": "8", "adapterSize": "ADAPTER_SIZE_NINE"}
            },
            "encryptionSpec": {"kmsKeyName": "k", "other": ""},
            "outputUri": "gs://b/out"
        }"#;
        let rest: Vec<String> =
            rest(job).unwrap().iter().map(|path| path.raw().to_owned()).collect();
        assert_eq!(
            rest,
            [
                "outputUri",
                "supervisedTuningSpec.evaluationConfig",
                "supervisedTuningSpec.hyperParameters.batchSize",
                "supervisedTuningSpec.hyperParameters.adapterSize",
            ]
        );
    }
}
