//! The socket: who may call, how a request is taken apart, which handler gets
//! it, and the world's lock around it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::error::Refusal;
use super::file::WorldFile;
use super::metrics::{self, Run, Runs};
use super::moment::Moment;
use super::names::{self, Place};
use super::paging::Page;
use super::schema::{self, Version};
use super::storage::{self, ObjectStore};
use super::world::{Rules, World};
use super::{
    Options, StartError, catalog, chance, endpoints, generate, models, operations, tuning_jobs,
};
use crate::clock::Clock;

/// Larger than any request but an upload, which storage limits itself.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// Everything a request needs.
pub(crate) struct App {
    world: Mutex<World>,
    /// `None` without a data directory and once the emulator has stopped.
    file: Mutex<Option<WorldFile>>,
    /// Whether the emulator has stopped; a connection may outlive it a little.
    stopped: AtomicBool,
    datasets: Datasets,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// What a `Host` header may say.
    hosts: Vec<String>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The training data a job may name.
pub(crate) struct Datasets {
    objects: Arc<ObjectStore>,
    assume: bool,
}

impl Datasets {
    /// Whether `uri` is a dataset: a JSONL object that is there, or the name
    /// of a Vertex multimodal dataset.
    pub(crate) fn has(&self, uri: &str) -> bool {
        let parts: Vec<&str> = uri.split('/').collect();
        if let ["projects", project, "locations", location, "datasets", id] = parts.as_slice() {
            return !project.is_empty() && !location.is_empty() && !id.is_empty();
        }
        let Some((bucket, name)) = split_gs(uri).filter(|(_, name)| name.ends_with(".jsonl"))
        else {
            return false;
        };
        let invented = bucket == "retune-samples" && name.starts_with("faults/");
        let assumed = self.assume && !self.objects.has_bucket(bucket);
        invented || assumed || self.objects.object(bucket, name).is_some()
    }

    pub(crate) fn bytes(&self, uri: &str) -> Option<Bytes> {
        let (bucket, name) = split_gs(uri)?;
        self.objects.bytes(bucket, name)
    }
}

fn split_gs(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix("gs://")?
        .split_once('/')
        .filter(|(bucket, name)| !bucket.is_empty() && !name.is_empty())
}

impl App {
    pub(crate) fn new<C: Clock + 'static>(
        options: &Options,
        address: SocketAddr,
        file: Option<WorldFile>,
        objects: Arc<ObjectStore>,
        clock: Arc<C>,
    ) -> Result<Self, StartError> {
        let kept = file.as_ref().map(WorldFile::load).transpose()?.flatten();
        let mut world = kept.unwrap_or_else(|| World::new(options.seed));
        world.rules = Rules { speed: options.speed, slots: options.concurrent_jobs.max(1) };
        let port = address.port();
        Ok(Self {
            world: Mutex::new(world),
            file: Mutex::new(file),
            stopped: AtomicBool::new(false),
            datasets: Datasets { objects, assume: options.assume_datasets },
            now: Box::new(move || clock.now()),
            hosts: vec![
                address.to_string(),
                format!("127.0.0.1:{port}"),
                format!("localhost:{port}"),
                format!("[::1]:{port}"),
            ],
        })
    }

    /// Writes what is not written yet and gives the data directory up.
    pub(crate) fn close(&self) {
        let mut world = self.world();
        self.stopped.store(true, Ordering::Relaxed);
        if let Err(error) = self.save(&mut world) {
            tracing::error!(%error, "the emulator's world was not written");
        }
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn now(&self) -> Moment {
        Moment::from_timestamp((self.now)())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        // No handler panics; if one did, the world is still the best there is.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self, world: &mut World) -> std::io::Result<()> {
        if world.changed
            && let Some(file) = &*self.file.lock().unwrap_or_else(PoisonError::into_inner)
        {
            file.save(world)?;
        }
        world.changed = false;
        Ok(())
    }

    /// One request, from the world as it is now to an answer that is on disk.
    fn answer(&self, call: &Call) -> Result<Reply, Refusal> {
        // Fault injection belongs here: before the world is touched (a refusal
        // that changed nothing) and after it was saved (an answer that is lost
        // although the change happened).
        let mut world = self.world();
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Refusal::unavailable("The emulator has stopped."));
        }
        world.settle(call.now);
        let reply = dispatch(&mut world, &self.datasets, call);
        self.save(&mut world).map_err(|error| {
            Refusal::internal(format!("The emulator could not write its world: {error}"))
        })?;
        reply
    }
}

impl Runs for App {
    fn runs(&self) -> Vec<Run> {
        let now = self.now();
        let mut world = self.world();
        world.settle(now);
        let seed = world.seed;
        world
            .jobs
            .iter()
            .filter(|job| job.life.has_experiment(now))
            .filter_map(|job| Some((job, job.life.training()?)))
            .map(|(job, (begins, ends))| Run {
                experiment_id: format!("tuning-experiment-{}", job.experiment),
                run_id: format!("tuning-experiment-run-{}", job.experiment),
                project_number: job.project,
                location: job.location.clone(),
                started: job.life.started(now).unwrap_or(job.life.created).timestamp(),
                first_step: begins.timestamp(),
                last_step: ends.timestamp(),
                steps_total: job.life.steps,
                steps_done: job.life.steps_done(now),
                epochs: job.life.epochs,
                validation: job.has_validation(),
                preference: job.preference,
                seed: chance::bits(seed, "metrics", job.serial),
            })
            .collect()
    }

    fn run(&self, experiment_id: &str) -> Option<Run> {
        self.runs().into_iter().find(|run| run.experiment_id == experiment_id)
    }
}

/// Serves until asked to stop.
pub(crate) async fn serve<C: Clock + 'static>(
    listener: TcpListener,
    app: Arc<App>,
    clock: Arc<C>,
    asked: oneshot::Receiver<()>,
) {
    let runs: Arc<dyn Runs> = Arc::clone(&app) as Arc<dyn Runs>;
    let api = Router::new().fallback(handle).with_state(Arc::clone(&app));
    let router = api
        .merge(storage::router(Arc::clone(&app.datasets.objects), clock))
        .merge(metrics::router(runs))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(app, guard));
    let listener = listener.tap_io(|connection| {
        // Small answers to small requests: do not wait for more to send.
        let _ = connection.set_nodelay(true);
    });
    let stopped = async {
        // A sender that is dropped means stop as well.
        let _ = asked.await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the emulator stopped serving");
    }
}

/// A page in somebody's browser must not reach the emulator, neither directly
/// (`Origin`) nor by a name that resolves to loopback (`Host`).
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = match headers.get(header::HOST) {
        Some(host) => host.to_str().ok().map(str::to_owned),
        // HTTP/2 says it in the request line.
        None => request.uri().authority().map(ToString::to_string),
    };
    if !host.is_some_and(|host| app.hosts.iter().any(|known| known.eq_ignore_ascii_case(&host))) {
        return Refusal::forbidden(
            "The emulator answers to its loopback address only; check the Host header.",
        )
        .into_response();
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or_default();
        if !app.hosts.iter().any(|known| origin.strip_prefix("http://") == Some(known)) {
            return Refusal::forbidden("The emulator does not answer to pages of other sites.")
                .into_response();
        }
    }
    let mut response = next.run(request).await;
    // The emulator's own time: whoever reads it counts the ages of jobs by it.
    let date = app.now().timestamp().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reply = match axum::body::to_bytes(body, LARGEST_BODY).await {
        Ok(body) => Call::read(&parts.method, &parts.uri, body, app.now())
            .and_then(|call| Ok((app.answer(&call)?, call.int_enums))),
        Err(_) => Err(Refusal::too_large("Request payload size exceeds the limit.")),
    };
    let response = match reply {
        Ok((mut reply, int_enums)) => {
            if int_enums {
                reply.enums_as_numbers();
            }
            reply.into_response()
        }
        Err(refusal) => refusal.into_response(),
    };
    tracing::debug!(method = %parts.method, path = parts.uri.path(), status = response.status().as_u16(), "answered");
    response
}

/// What a handler has to say.
pub(crate) enum Reply {
    Json(Value),
    /// Chunks of a stream, as a JSON array or as server-sent events.
    Stream {
        chunks: Vec<Value>,
        events: bool,
    },
}

impl Reply {
    fn enums_as_numbers(&mut self) {
        match self {
            Self::Json(value) => schema::enums_as_numbers(value),
            Self::Stream { chunks, .. } => chunks.iter_mut().for_each(schema::enums_as_numbers),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        const JSON: &str = "application/json; charset=UTF-8";
        let (kind, text) = match self {
            Self::Json(value) => (JSON, format!("{value:#}\n")),
            Self::Stream { chunks, events: false } => {
                (JSON, format!("{:#}\n", Value::Array(chunks)))
            }
            Self::Stream { chunks, events: true } => (
                "text/event-stream",
                chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect(),
            ),
        };
        (StatusCode::OK, [(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
    }
}

/// A request, taken apart.
pub(crate) struct Call {
    pub(crate) version: Version,
    pub(crate) now: Moment,
    method: Method,
    /// The path after the version, without the verb.
    segments: Vec<String>,
    /// What follows the last colon: `cancel`, `generateContent`.
    verb: String,
    query: Vec<(String, String)>,
    body: Value,
    int_enums: bool,
}

impl Call {
    fn read(method: &Method, uri: &Uri, body: Bytes, now: Moment) -> Result<Self, Refusal> {
        let unknown = || {
            Refusal::not_found(format!(
                "The requested URL {} was not found on this server (emulator).",
                uri.path()
            ))
        };
        let mut segments: Vec<String> = Vec::new();
        for segment in uri.path().split('/').skip(1) {
            segments.push(
                percent_decode_str(segment).decode_utf8().map_err(|_| unknown())?.into_owned(),
            );
        }
        let mut verb = String::new();
        if let Some(last) = segments.last_mut()
            && let Some((name, after)) = last.rsplit_once(':')
        {
            verb = after.to_owned();
            *last = name.to_owned();
        }
        let version = match segments.first().map(String::as_str) {
            // Cloud Resource Manager, which clients ask for project numbers.
            Some("v3") => Version::V1,
            first => first.and_then(Version::parse).ok_or_else(unknown)?,
        };
        segments.remove(0);
        let query: Vec<(String, String)> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode_form(name), decode_form(value))
            })
            .collect();
        let body = if body.trim_ascii().is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&body).map_err(|error| {
                Refusal::invalid(format!(
                    "Invalid JSON payload received. The text is not JSON: {error}."
                ))
            })?
        };
        let int_enums =
            query.iter().any(|(name, value)| name == "$alt" && value.contains("enum-encoding=int"));
        Ok(Self { version, now, method: method.clone(), segments, verb, query, body, int_enums })
    }

    pub(crate) fn body(&self) -> &Value {
        &self.body
    }

    /// The body as a whole request message.
    pub(crate) fn read_body(&self, message: &str) -> Result<Map<String, Value>, Refusal> {
        schema::read(self.version, message, "", &self.body)
    }

    /// A query parameter by its camelCase name; snake_case works as well.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let snake = schema::snake_case(name);
        self.query
            .iter()
            .find(|(known, _)| known == name || *known == snake)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn page(&self, query: &str) -> Result<Page, Refusal> {
        Page::parse(self.query("pageSize"), self.query("pageToken"), query)
    }

    /// Refuses query parameters that the method does not have.
    fn takes(&self, names: &[&str]) -> Result<(), Refusal> {
        const OF_EVERY_METHOD: &[&str] = &[
            "$alt",
            "alt",
            "key",
            "fields",
            "prettyPrint",
            "$prettyPrint",
            "quotaUser",
            "access_token",
            "oauth_token",
            "callback",
            "$.xgafv",
            "uploadType",
            "upload_protocol",
        ];
        let known = |given: &str| {
            OF_EVERY_METHOD.contains(&given)
                || names.iter().any(|name| *name == given || schema::snake_case(name) == given)
        };
        match self.query.iter().find(|(given, _)| !known(given)) {
            Some((given, _)) => Err(Refusal::unparsable(vec![super::error::Violation::new(
                "",
                format!(
                    "Invalid JSON payload received. Unknown name \"{given}\": Cannot bind query parameter. \
                     Field '{given}' could not be found in request message."
                ),
            )])),
            None => Ok(()),
        }
    }
}

fn decode_form(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

const LIST: &[&str] = &["filter", "pageSize", "pageToken"];
const LIST_SORTED: &[&str] = &["filter", "pageSize", "pageToken", "orderBy", "readMask"];
const PAGES: &[&str] = &["pageSize", "pageToken", "filter", "orderBy", "readMask"];

/// Which method of which resource a request is for.
fn dispatch(world: &mut World, datasets: &Datasets, call: &Call) -> Result<Reply, Refusal> {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let method = call.method.as_str();
    let verb = call.verb.as_str();
    let json = |answer: Result<Value, Refusal>| answer.map(Reply::Json);
    match segments.as_slice() {
        ["projects", project] if method == "GET" => return json(show_project(project)),
        ["projects", project, "locations"] if method == "GET" => {
            return json(list_locations(project));
        }
        ["publishers", "google", "models", rest @ ..] if method == "GET" => {
            return json(generate::publisher_models(rest));
        }
        _ => {}
    }
    let ["projects", project, "locations", location, rest @ ..] = segments.as_slice() else {
        return Err(unknown_method(call));
    };
    let place = Place::parse(project, location)?;
    let place = &place;
    json(match (method, rest, verb) {
        ("GET", [], "") => Ok(show_location(place)),

        ("POST", ["tuningJobs"], "") => {
            call.takes(&[]).and_then(|()| tuning_jobs::create(world, datasets, place, call))
        }
        ("GET", ["tuningJobs"], "") => {
            call.takes(LIST).and_then(|()| tuning_jobs::list(world, place, call))
        }
        ("GET", ["tuningJobs", id], "") => {
            call.takes(&[]).and_then(|()| tuning_jobs::get(world, place, id, call))
        }
        ("POST", ["tuningJobs", id], "cancel") => {
            call.takes(&[]).and_then(|()| tuning_jobs::cancel(world, place, id, call))
        }

        ("GET", ["models"], "") => {
            call.takes(LIST_SORTED).and_then(|()| models::list(world, place, call))
        }
        ("GET", ["models", id], "") => call.takes(&[]).and_then(|()| models::get(world, place, id)),
        ("GET", ["models", id], "listVersions") => {
            call.takes(PAGES).and_then(|()| models::list_versions(world, place, id, call))
        }
        ("GET", ["models", id], "listCheckpoints") => {
            call.takes(PAGES).and_then(|()| models::list_checkpoints(world, place, id))
        }
        ("PATCH", ["models", id], "") => {
            call.takes(&["updateMask"]).and_then(|()| models::patch(world, place, id, call))
        }
        ("DELETE", ["models", id], "") => {
            call.takes(&[]).and_then(|()| models::delete(world, place, id, call))
        }
        ("DELETE", ["models", id], "deleteVersion") => {
            call.takes(&[]).and_then(|()| models::delete_version(world, place, id, call))
        }

        ("GET", ["endpoints"], "") => {
            call.takes(LIST_SORTED).and_then(|()| endpoints::list(world, place, call))
        }
        ("GET", ["endpoints", id], "") => {
            call.takes(&[]).and_then(|()| endpoints::get(world, place, id))
        }
        ("POST", ["endpoints", id], "undeployModel") => {
            call.takes(&[]).and_then(|()| endpoints::undeploy(world, place, id, call))
        }
        ("DELETE", ["endpoints", id], "") => {
            call.takes(&[]).and_then(|()| endpoints::delete(world, place, id, call))
        }

        ("GET", ["operations", id], "") | ("POST", ["operations", id], "wait") => {
            call.takes(&["timeout"]).and_then(|()| operations::get(world, place, None, id, call))
        }
        ("GET", [collection, of, "operations", id], "")
        | ("POST", [collection, of, "operations", id], "wait") => {
            let parent = format!("{collection}/{of}");
            call.takes(&["timeout"])
                .and_then(|()| operations::get(world, place, Some(&parent), id, call))
        }

        (
            "POST",
            ["endpoints", id],
            "generateContent" | "streamGenerateContent" | "countTokens",
        ) => {
            let target = generate::tuned(world, place, id)?;
            return call.takes(&[]).and_then(|()| generate::answer(&target, verb, call));
        }
        (
            "POST",
            ["publishers", "google", "models", id],
            "generateContent" | "streamGenerateContent" | "countTokens",
        ) => {
            let target = generate::base(id)?;
            return call.takes(&[]).and_then(|()| generate::answer(&target, verb, call));
        }
        _ => Err(unknown_method(call)),
    })
}

fn unknown_method(call: &Call) -> Refusal {
    let verb = if call.verb.is_empty() { String::new() } else { format!(":{}", call.verb) };
    Refusal::not_found(format!(
        "The emulator has no method {} /{}/{}{verb}.",
        call.method,
        call.version.name(),
        call.segments.join("/")
    ))
}

/// What Cloud Resource Manager says about a project.
fn show_project(project: &str) -> Result<Value, Refusal> {
    let number = names::project_number(project)?;
    Ok(json!({
        "name": format!("projects/{number}"),
        "projectNumber": number.to_string(),
        "projectId": project,
        "lifecycleState": "ACTIVE",
        "state": "ACTIVE",
    }))
}

fn show_location(place: &Place) -> Value {
    let Place { project, location } = place;
    json!({"name": format!("projects/{project}/locations/{location}"), "locationId": location})
}

/// The regions of the tuning pages; others work as well.
fn list_locations(project: &str) -> Result<Value, Refusal> {
    let project = names::project_number(project)?;
    let mut locations = Vec::new();
    for location in catalog::GEMINI_3_REGIONS {
        locations.push(show_location(&Place { project, location: (*location).to_owned() }));
    }
    Ok(json!({"locations": locations}))
}
