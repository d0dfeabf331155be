//! The JSON API's methods for buckets and objects.
//!
//! Object names arrive as one path segment, with their slashes escaped. A
//! client that forgets to escape gets the 404 here that it would get there.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::conditions::Conditions;
use super::listing::Listing;
use super::object::{Object, rfc3339};
use super::params::Params;
use super::range::{Asked, asked};
use super::refusal::Refusal;
use super::{ObjectStore, copies, fields, uploads};
use crate::clock::Clock;

/// Largest request body: a training file has at most 1 GB.
const LARGEST_BODY: usize = 1 << 30;

/// Most entries on a page of a listing, and the default.
const LARGEST_PAGE: u64 = 1000;

/// What the handlers share.
pub(super) struct Api<C> {
    pub(super) store: Arc<ObjectStore>,
    pub(super) clock: Arc<C>,
}

/// The routes of the JSON API, for uploads and downloads too.
pub(super) fn router<C: Clock + 'static>(store: Arc<ObjectStore>, clock: Arc<C>) -> Router {
    let object = || get(get_object::<C>).patch(patch_object::<C>).delete(delete_object::<C>);
    Router::new()
        .route("/storage/v1/b", get(list_buckets::<C>).post(insert_bucket::<C>))
        .route("/storage/v1/b/{bucket}", get(get_bucket::<C>).delete(delete_bucket::<C>))
        .route("/storage/v1/b/{bucket}/iam/testPermissions", get(test_permissions::<C>))
        .route("/storage/v1/b/{bucket}/o", get(list_objects::<C>))
        .route("/storage/v1/b/{bucket}/o/{object}", object())
        .route("/download/storage/v1/b/{bucket}/o/{object}", get(get_object::<C>))
        .route("/storage/v1/b/{bucket}/o/{object}/compose", post(copies::compose::<C>))
        .route(
            "/storage/v1/b/{bucket}/o/{object}/copyTo/b/{to_bucket}/o/{to_object}",
            post(copies::copy::<C>),
        )
        .route(
            "/storage/v1/b/{bucket}/o/{object}/rewriteTo/b/{to_bucket}/o/{to_object}",
            post(copies::rewrite::<C>),
        )
        .route(
            "/upload/storage/v1/b/{bucket}/o",
            post(uploads::insert::<C>).put(uploads::resume::<C>).delete(uploads::cancel::<C>),
        )
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::new(Api { store, clock }))
}

async fn list_buckets<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Response {
    let origin = origin(&headers, &uri);
    let prefix = params.get("prefix").unwrap_or_default();
    let buckets = api.store.buckets();
    let matching = buckets.iter().filter(|(name, _)| name.starts_with(prefix));
    let items: Vec<_> =
        matching.map(|(name, made)| bucket_resource(name, *made, &origin)).collect();
    let mut listing = json!({"kind": "storage#buckets"});
    if let (false, Some(fields)) = (items.is_empty(), listing.as_object_mut()) {
        fields.insert("items".to_owned(), Value::Array(items));
    }
    reply(listing, &params)
}

async fn insert_bucket<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = json_body(&body)?;
    let name = body.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| Refusal::Invalid("Required parameter: name".to_owned()))?;
    let now = api.clock.now();
    api.store.create_bucket(name, now)?;
    Ok(reply(bucket_resource(name, now, &origin(&headers, &uri)), &params))
}

async fn get_bucket<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(bucket): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    let made = *api.store.buckets().get(&bucket).ok_or(Refusal::NoBucket)?;
    Ok(reply(bucket_resource(&bucket, made, &origin(&headers, &uri)), &params))
}

async fn delete_bucket<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(bucket): Path<String>,
) -> Result<StatusCode, Refusal> {
    api.store.delete_bucket(&bucket)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grants whatever is asked for, except writing where writing is refused.
async fn test_permissions<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(bucket): Path<String>,
    params: Params,
) -> Result<Response, Refusal> {
    if !api.store.has_bucket(&bucket) {
        return Err(Refusal::NoBucket);
    }
    let read_only = api.store.is_sample(&bucket);
    let granted: Vec<_> = params
        .all("permissions")
        .filter(|asked| !read_only || asked.ends_with(".get") || asked.ends_with(".list"))
        .collect();
    let kind = "storage#testIamPermissionsResponse";
    Ok(reply(json!({"kind": kind, "permissions": granted}), &params))
}

async fn list_objects<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path(bucket): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    // Leaving it out silently would list too much.
    if params.get("matchGlob").is_some() {
        return Err(Refusal::Invalid("this emulator has no matchGlob".to_owned()));
    }
    let after = match params.get("pageToken").filter(|token| !token.is_empty()) {
        Some(token) => Some(from_page_token(token)?),
        None => None,
    };
    let limit = params.number("maxResults")?.filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
    let page = api.store.list(
        &bucket,
        &Listing {
            prefix: params.get("prefix").unwrap_or_default(),
            delimiter: params.get("delimiter"),
            start: params.get("startOffset"),
            end: params.get("endOffset"),
            after: after.as_deref(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        },
    )?;
    let origin = origin(&headers, &uri);
    let mut listing = Map::from_iter([("kind".to_owned(), json!("storage#objects"))]);
    if let Some(next) = page.next {
        listing.insert("nextPageToken".to_owned(), json!(URL_SAFE_NO_PAD.encode(next)));
    }
    if !page.prefixes.is_empty() {
        listing.insert("prefixes".to_owned(), json!(page.prefixes));
    }
    if !page.objects.is_empty() {
        let items = page.objects.iter().map(|object| object.resource(&origin)).collect();
        listing.insert("items".to_owned(), Value::Array(items));
    }
    Ok(reply(Value::Object(listing), &params))
}

fn from_page_token(token: &str) -> Result<String, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| Refusal::Invalid(format!("Invalid page token: {token}")))
}

/// Metadata, or with `alt=media` the content.
async fn get_object<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path((bucket, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Refusal> {
    let (generation, conditions) =
        (params.number("generation")?, Conditions::from_params(&params)?);
    if params.get("alt") != Some("media") {
        let (object, _) = api.store.open_object(&bucket, &name, generation, &conditions)?;
        return Ok(reply(object.resource(&origin(&headers, &uri)), &params));
    }
    let found = api.store.read_object(&bucket, &name, generation, &conditions);
    let range = text(&headers, header::RANGE.as_str());
    let media = found.and_then(|(object, content)| download(&object, &content, range));
    Ok(media.unwrap_or_else(|refusal| refusal.as_text()))
}

fn download(object: &Object, content: &Bytes, range: Option<&str>) -> Result<Response, Refusal> {
    let size = object.size;
    let settings = &object.settings;
    let encoding = settings.content_encoding.clone();
    let mut headers = vec![
        ("content-type", object.media_type().to_owned()),
        ("etag", object.etag()),
        ("accept-ranges", "bytes".to_owned()),
        ("x-goog-generation", object.generation.to_string()),
        ("x-goog-metageneration", object.metageneration.to_string()),
        ("x-goog-stored-content-length", size.to_string()),
        (
            "x-goog-stored-content-encoding",
            encoding.clone().unwrap_or_else(|| "identity".to_owned()),
        ),
        ("x-goog-storage-class", "STANDARD".to_owned()),
        // Of the whole object, also when a range is sent.
        (
            "x-goog-hash",
            match object.md5_base64() {
                Some(md5) => format!("crc32c={},md5={md5}", object.crc32c_base64()),
                None => format!("crc32c={}", object.crc32c_base64()),
            },
        ),
    ];
    for (name, value) in [
        // Sent as it is stored; the service would unpack gzip for some clients.
        ("content-encoding", encoding),
        ("cache-control", settings.cache_control.clone()),
        ("content-disposition", settings.content_disposition.clone()),
        ("content-language", settings.content_language.clone()),
    ] {
        headers.extend(value.map(|value| (name, value)));
    }
    let (status, body) = match asked(range, size) {
        Asked::All => (StatusCode::OK, content.clone()),
        Asked::Nothing => return Err(Refusal::Range { size }),
        Asked::Part(start, end) => {
            let last = end.saturating_sub(1);
            headers.push(("content-range", format!("bytes {start}-{last}/{size}")));
            let part = usize::try_from(start).ok().zip(usize::try_from(end).ok());
            let part = part.and_then(|(start, end)| content.get(start..end)).unwrap_or_default();
            (StatusCode::PARTIAL_CONTENT, content.slice_ref(part))
        }
    };
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        // A value with control characters is left out.
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn patch_object<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path((bucket, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    params: Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    let patch = json_body(&body)?;
    let (conditions, now) = (Conditions::from_params(&params)?, api.clock.now());
    let object =
        api.store.update(&bucket, &name, &conditions, now, |settings| settings.patch(&patch))?;
    Ok(reply(object.resource(&origin(&headers, &uri)), &params))
}

async fn delete_object<C: Clock>(
    State(api): State<Arc<Api<C>>>,
    Path((bucket, name)): Path<(String, String)>,
    params: Params,
) -> Result<StatusCode, Refusal> {
    let conditions = Conditions::from_params(&params)?;
    api.store.delete(&bucket, &name, params.number("generation")?, &conditions)?;
    Ok(StatusCode::NO_CONTENT)
}

fn bucket_resource(name: &str, created: Timestamp, origin: &str) -> Value {
    json!({
        "kind": "storage#bucket",
        "id": name,
        "selfLink": format!("{origin}/storage/v1/b/{name}"),
        "name": name,
        "metageneration": "1",
        "location": "US",
        "locationType": "multi-region",
        "storageClass": "STANDARD",
        "etag": "CAE=",
        "timeCreated": rfc3339(created),
        "updated": rfc3339(created),
    })
}

/// A JSON answer, reduced to what `fields` asks for.
pub(super) fn reply(value: Value, params: &Params) -> Response {
    axum::Json(fields::select(value, params.get("fields"))).into_response()
}

/// Where the client reached us; links in answers start with it.
pub(super) fn origin(headers: &HeaderMap, uri: &Uri) -> String {
    let authority = uri.authority().map(|authority| authority.as_str());
    let host = text(headers, header::HOST.as_str()).or(authority);
    format!("http://{}", host.unwrap_or("localhost"))
}

/// A header as text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// A request body that has to be JSON.
pub(super) fn json_body(body: &Bytes) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Invalid(format!("Parse Error: {error}")))
}
