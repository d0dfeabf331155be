//! Answers of the API, and whatever else comes: no text is read as a job or a
//! page that it is not, and nothing that was read is larger than what came.

use std::collections::BTreeSet;

use retune::fuzzing;
use retune::model::{Facts, Observed, Phase, Place, Stamp, TuningSpec, labels};
use retune::vertex::Keep;
use serde_json::Value;

use super::bytes::Bytes;

const PAGE: &str = include_str!("../../data/examples/list_tuning_jobs.page1.json");
const EXAMPLES: [&str; 4] = [
    PAGE,
    include_str!("../../data/examples/tuning_job.succeeded.json"),
    include_str!("../../data/examples/tuning_job.failed_endpoint_model_exists.json"),
    include_str!("../../data/examples/tuning_job.succeeded_continuous.json"),
];

/// Checks `data` as an answer. After an `@` it is a change to an example.
pub fn check(data: &[u8]) {
    let changed = data.strip_prefix(b"@").and_then(changed);
    let body = changed.as_deref().unwrap_or(data);
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let place = Place::new("acme", "us-central1");
    if let Ok(job) = fuzzing::job(body, &place) {
        if let Some(value) = &value {
            one(&job, value);
        }
        bounded(&job, body);
    }
    page(body, value.as_ref(), &place);
}

/// An example with one of its values replaced, removed, or set twice.
fn changed(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Bytes::new(data);
    let mut value: Value = serde_json::from_str(bytes.of(&EXAMPLES)).expect("an example");
    let mut all = Vec::new();
    pointers(&value, "", &mut all);
    let pointer = all[usize::from(bytes.byte()) % all.len()].clone();
    let by = bytes.rest();
    let new = serde_json::from_str(&by).unwrap_or(Value::String(by));
    *value.pointer_mut(&pointer)? = new;
    serde_json::to_vec(&value).ok()
}

fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut visit = |key: String, inner: &Value| {
        let key = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(inner, &key, all);
        all.push(key);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| visit(key.clone(), inner)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| visit(i.to_string(), v)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A job says what the JSON says.
fn one(job: &Observed, value: &Value) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    assert_eq!(Some(&*job.name.to_string()), text("name"));
    let has_model = value.pointer("/tunedModel/model").and_then(Value::as_str);
    let has_model = has_model.is_some_and(|model| !model.is_empty());
    assert_eq!(job.has_model(), has_model);
    let phase = match text("state") {
        Some(
            "JOB_STATE_QUEUED" | "JOB_STATE_PENDING" | "JOB_STATE_RUNNING" | "JOB_STATE_UPDATING",
        ) => Phase::Active,
        Some("JOB_STATE_CANCELLING") => Phase::Ending,
        Some("JOB_STATE_CANCELLED") => Phase::Cancelled,
        Some("JOB_STATE_SUCCEEDED") => Phase::Good,
        Some("JOB_STATE_PARTIALLY_SUCCEEDED") if has_model => Phase::Good,
        Some("JOB_STATE_PARTIALLY_SUCCEEDED" | "JOB_STATE_FAILED" | "JOB_STATE_EXPIRED") => {
            Phase::Bad
        }
        // Whatever else: nothing may be decided over it.
        _ => Phase::Unclear,
    };
    assert_eq!(job.phase(), phase, "{value}");
    for (key, wanted) in job.echo.labels.iter() {
        let found = value.pointer("/labels").and_then(|labels| labels.get(key));
        assert_eq!(found.and_then(Value::as_str), Some(wanted));
    }
    let labels = value.get("labels").and_then(Value::as_object).into_iter().flatten();
    assert_eq!(labels.filter(|(_, v)| v.is_string()).count(), job.echo.labels.len(), "{value}");
    assert_eq!(job.stamp, Stamp::read(&job.echo.labels));
    let uri = value.pointer("/supervisedTuningSpec/trainingDatasetUri").and_then(Value::as_str);
    let echoed = job.echo.supervised_tuning_spec.as_ref().map(|s| &*s.training_dataset_uri);
    assert_eq!(echoed.filter(|uri| !uri.is_empty()), uri.filter(|uri| !uri.is_empty()));
    for (time, key) in [(job.create_time, "createTime"), (job.end_time, "endTime")] {
        assert_eq!(time, text(key).and_then(|text| text.parse().ok()));
    }
}

/// What is kept of an answer takes no more than a few times the answer.
fn bounded(job: &Observed, body: &[u8]) {
    let size = format!("{job:?}").len();
    assert!(size <= 2048 + 16 * body.len(), "{size} of {} bytes", body.len());
}

fn page(body: &[u8], value: Option<&Value>, place: &Place) {
    let all = fuzzing::page(body, place, &Keep::All);
    let ours = fuzzing::page(body, place, &Keep::Retune { adopted: BTreeSet::new() });
    let guess = fuzzing::next_token(body);
    let Ok((jobs, foreign, next)) = &all else { return };
    assert_eq!(*foreign, 0);
    assert!(guess.is_none() || guess == *next, "{guess:?}, {next:?}");
    jobs.iter().for_each(|job| bounded(job, body));
    // What is read whole can be read in part.
    let (kept, foreign, token) = ours.expect("a page");
    assert_eq!((kept.len() as u64 + foreign, &token), (jobs.len() as u64, next));
    for job in jobs.iter().filter(|job| job.stamp.is_some()) {
        // But for the labels that its stamp was read from, and the statistics.
        let labels = job.echo.labels.iter().filter(|(key, _)| !labels::is_reserved(key));
        let echo = TuningSpec { labels: labels.collect(), ..job.echo.clone() };
        let lighter: Observed = Facts { echo, data: None, ..Facts::clone(job) }.into();
        assert!(kept.contains(&lighter), "ours was taken for foreign: {job:?}");
    }
    let Some(value) = value else { return };
    let listed = value.get("tuningJobs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    assert_eq!(listed.len(), jobs.len());
    jobs.iter().zip(listed).for_each(|(job, value)| one(job, value));
    let written = value.get("nextPageToken").and_then(Value::as_str).unwrap_or_default();
    assert_eq!(next.as_deref().unwrap_or_default(), written);
    assert!(value.get("error").is_none_or(Value::is_null), "an error was read as a page");
}
