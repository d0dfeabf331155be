//! New objects from stored ones: compose, copy and rewrite.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::Upload;
use super::conditions::Conditions;
use super::object::{Object, Settings};
use super::params::Params;
use super::refusal::Refusal;
use super::routes::{Api, json_body, origin, reply};
use crate::clock::Clock;

/// Most objects one request puts together.
const MOST_SOURCES: usize = 32;

/// `POST …/o/{object}/compose`: the sources one after the other.
pub(super) async fn compose<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path((bucket, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request = json_body(&body)?;
    let sources = request.get("sourceObjects").and_then(Value::as_array);
    let sources = sources.map(Vec::as_slice).unwrap_or_default();
    if sources.is_empty() || sources.len() > MOST_SOURCES {
        let text = format!("You must provide 1 to {MOST_SOURCES} source components.");
        return Err(Refusal::Invalid(text));
    }
    let mut content = Vec::new();
    for source in sources {
        let name = source.get("name").and_then(Value::as_str).unwrap_or_default();
        let conditions = match source.pointer("/objectPreconditions/ifGenerationMatch") {
            Some(generation) => Conditions::generation(number(generation)?),
            None => Conditions::default(),
        };
        let generation = source.get("generation").map(number).transpose()?;
        let (_, part) = api.store.read_object(&bucket, name, generation, &conditions)?;
        content.extend_from_slice(&part);
    }
    let destination = request.get("destination").unwrap_or(&Value::Null);
    let upload = Upload {
        bucket,
        name,
        settings: Settings::from_resource(destination),
        conditions: Conditions::from_params(&params)?,
        crc32c: None,
        md5: None,
        composed: true,
    };
    let object = api.store.put(upload, content.into(), api.clock.now())?;
    Ok(reply(object.resource(&origin(&headers, &uri)), &params))
}

/// Bucket and name of the source, then of the copy.
type Both = Path<(String, String, String, String)>;

/// `POST …/copyTo/…`: the copy is the answer.
pub(super) async fn copy<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    both: Both,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let object = duplicate(&api, both, &params, &body)?;
    Ok(reply(object.resource(&origin(&headers, &uri)), &params))
}

/// `POST …/rewriteTo/…`: as a copy, always finished in one call.
pub(super) async fn rewrite<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    both: Both,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let object = duplicate(&api, both, &params, &body)?;
    let size = object.size.to_string();
    let answer = json!({
        "kind": "storage#rewriteResponse",
        "totalBytesRewritten": size,
        "objectSize": size,
        "done": true,
        "resource": object.resource(&origin(&headers, &uri)),
    });
    Ok(reply(answer, &params))
}

fn duplicate<C: Clock>(
    api: &Api<C>,
    Path((bucket, name, to_bucket, to_name)): Both,
    params: &Params,
    body: &Bytes,
) -> Result<Object, Refusal> {
    let generation = params.number("sourceGeneration")?;
    let conditions = match params.number("ifSourceGenerationMatch")? {
        Some(generation) => Conditions::generation(generation),
        None => Conditions::default(),
    };
    let (source, content) = api.store.read_object(&bucket, &name, generation, &conditions)?;
    let wanted = if body.is_empty() { Value::Null } else { json_body(body)? };
    // With a resource in the body the copy has its settings, and no others.
    let settings = match wanted.as_object() {
        Some(fields) if !fields.is_empty() => Settings::from_resource(&wanted),
        _ => source.settings,
    };
    let upload = Upload {
        bucket: to_bucket,
        name: to_name,
        settings,
        conditions: Conditions::from_params(params)?,
        crc32c: None,
        md5: None,
        composed: source.md5.is_none(),
    };
    api.store.put(upload, content, api.clock.now())
}

/// An int64: a string or a number.
fn number(value: &Value) -> Result<u64, Refusal> {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_u64())
        .ok_or_else(|| Refusal::Invalid(format!("Invalid generation: {value}")))
}
