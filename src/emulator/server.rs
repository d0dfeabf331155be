//! The socket: who may call, and the world's lock around each request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::call::{Call, Reply};
use super::datasets::Datasets;
use super::error::Refusal;
use super::file::WorldFile;
use super::metrics::{self, Run, Runs};
use super::moment::Moment;
use super::routes;
use super::storage::{self, ObjectStore};
use super::world::{Rules, World};
use super::{Options, StartError, chance};
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
        let reply = routes::dispatch(&mut world, &self.datasets, call);
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
