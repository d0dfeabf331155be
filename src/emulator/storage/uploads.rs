//! The three ways to upload: media, multipart and resumable.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Upload;
use super::conditions::Conditions;
use super::multipart;
use super::object::Settings;
use super::params::Params;
use super::range::Chunk;
use super::refusal::Refusal;
use super::routes::{Api, origin, reply, text};
use super::sessions::Progress;
use crate::clock::Clock;

/// The service's answer to a cancelled upload, which has no name elsewhere.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// `POST /upload/storage/v1/b/{bucket}/o`.
pub(super) async fn insert<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(bucket): Path<String>,
    uri: Uri,
    params: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let content_type = text(&headers, header::CONTENT_TYPE.as_str());
    let origin = origin(&headers, &uri);
    let now = api.clock.now();
    let (upload, content) = match params.get("uploadType") {
        Some("media") => {
            let mut upload = describe(bucket, &params, &Value::Null)?;
            upload.settings.content_type = content_type.map(str::to_owned);
            (upload, body)
        }
        Some("multipart") => {
            let parts = multipart::parse(content_type.unwrap_or_default(), &body);
            let parts = parts.map_err(Refusal::Invalid)?;
            let mut upload = describe(bucket, &params, &parts.metadata)?;
            let settings = &mut upload.settings;
            settings.content_type = settings.content_type.take().or(parts.content_type);
            (upload, parts.content)
        }
        Some("resumable") => return start(&api, bucket, &params, &headers, &origin, &body),
        other => {
            let given = other.unwrap_or("none");
            return Err(Refusal::Invalid(format!("Invalid uploadType: {given}")));
        }
    };
    let object = api.store.put(upload, content, now)?;
    Ok(reply(object.resource(&origin), &params))
}

/// Opens a session; its address is in `Location`.
fn start<C: Clock>(
    api: &Api<C>,
    bucket: String,
    params: &Params,
    headers: &HeaderMap,
    origin: &str,
    body: &Bytes,
) -> Result<Response, Refusal> {
    let metadata = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body)
            .map_err(|error| Refusal::Invalid(format!("Parse Error: {error}")))?
    };
    let address = format!("{origin}/upload/storage/v1/b/{bucket}/o?uploadType=resumable");
    let mut upload = describe(bucket, params, &metadata)?;
    let settings = &mut upload.settings;
    let announced = text(headers, "x-upload-content-type").map(str::to_owned);
    settings.content_type = settings.content_type.take().or(announced);
    // Nobody should send a gigabyte to learn that a condition does not hold.
    api.store.check(&upload)?;
    let total = text(headers, "x-upload-content-length").and_then(|length| length.parse().ok());
    let id = api.store.sessions().start(upload, total, api.clock.now());
    let headers = [
        (header::LOCATION, format!("{address}&upload_id={id}")),
        (header::HeaderName::from_static("x-guploader-uploadid"), id),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

/// `PUT` to a session: a chunk, or a question how far it is.
pub(super) async fn resume<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(_): Path<String>,
    uri: Uri,
    params: Params,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = params.get("upload_id").ok_or(Refusal::NoSession)?;
    let chunk = match text(&headers, header::CONTENT_RANGE.as_str()) {
        Some(range) => Some(Chunk::parse(range).ok_or_else(|| {
            Refusal::Invalid(format!("Failed to parse Content-Range header: {range}"))
        })?),
        None => None,
    };
    let crc32c = text(&headers, "x-goog-hash").and_then(crc32c_of);
    let now = api.clock.now();
    match api.store.sessions().receive(&api.store, id, chunk, &body, crc32c, now)? {
        Progress::Stored(object) => Ok(reply(object.resource(&origin(&headers, &uri)), &params)),
        Progress::Received(0) => Ok(StatusCode::PERMANENT_REDIRECT.into_response()),
        Progress::Received(count) => {
            let range = format!("bytes=0-{}", count.saturating_sub(1));
            Ok((StatusCode::PERMANENT_REDIRECT, [(header::RANGE, range)]).into_response())
        }
    }
}

/// `DELETE` of a session.
pub(super) async fn cancel<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(_): Path<String>,
    params: Params,
) -> Result<Response, Refusal> {
    api.store.sessions().cancel(params.get("upload_id").ok_or(Refusal::NoSession)?)?;
    let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::NO_CONTENT);
    Ok(status.into_response())
}

/// What the query and an object resource say of an upload.
fn describe(bucket: String, params: &Params, metadata: &Value) -> Result<Upload, Refusal> {
    let field = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = params.get("name").map(str::to_owned).or_else(|| field("name"));
    let mut settings = Settings::from_resource(metadata);
    if let Some(encoding) = params.get("contentEncoding") {
        settings.patch(&json!({"contentEncoding": encoding}));
    }
    Ok(Upload {
        bucket,
        name: name.unwrap_or_default(),
        settings,
        conditions: Conditions::from_params(params)?,
        crc32c: field("crc32c"),
        md5: field("md5Hash"),
        composed: false,
    })
}

/// The CRC in `crc32c=…,md5=…`.
fn crc32c_of(header: &str) -> Option<String> {
    header.split(',').find_map(|hash| hash.trim().strip_prefix("crc32c=")).map(str::to_owned)
}
