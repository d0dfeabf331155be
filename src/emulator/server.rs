//! The socket: who may call, and the world's lock around each request.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::call::{Call, Reply};
use super::connections;
use super::datasets::Datasets;
use super::error::Refusal;
use super::faults::{self, Entry, Faults, Ticket};
use super::file::WorldFile;
use super::metrics::{self, Run, Runs};
use super::moment::Moment;
use super::names::Place;
use super::schema::Version;
use super::storage::{self, ObjectStore};
use super::world::{Rules, World};
use super::{Options, StartError, chance, routes, tuning_jobs};
use crate::clock::Clock;

/// Larger than any request but an upload, which storage limits itself.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A request whose time has not come.
struct Late {
    due: Moment,
    call: Call,
    /// Its number in the log.
    number: u64,
}

/// Everything a request needs.
pub(crate) struct App {
    world: Mutex<World>,
    /// `None` without a data directory and once the emulator has stopped.
    file: Mutex<Option<WorldFile>>,
    /// Whether the emulator has stopped; a connection may outlive it a little.
    stopped: AtomicBool,
    datasets: Datasets,
    faults: Faults,
    /// Creates that a fault has put off. Taken while the world is held.
    late: Mutex<Vec<Late>>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    sleep: Box<dyn Fn(Duration) -> Sleep + Send + Sync>,
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
        let faults = Faults::new(options.seed, &options.faults).map_err(StartError::Fault)?;
        let waiting = Arc::clone(&clock);
        world.rules = Rules { speed: options.speed, slots: options.concurrent_jobs.max(1) };
        let port = address.port();
        Ok(Self {
            world: Mutex::new(world),
            file: Mutex::new(file),
            stopped: AtomicBool::new(false),
            datasets: Datasets { objects, assume: options.assume_datasets },
            faults,
            late: Mutex::new(Vec::new()),
            now: Box::new(move || clock.now()),
            sleep: Box::new(move |duration| {
                let clock = Arc::clone(&waiting);
                Box::pin(async move { clock.sleep(duration).await })
            }),
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

    pub(crate) fn timestamp(&self) -> Timestamp {
        (self.now)()
    }

    fn now(&self) -> Moment {
        Moment::from_timestamp(self.timestamp())
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        (self.sleep)(duration).await;
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What happened so far, late things included.
    pub(crate) fn log(&self) -> Vec<Entry> {
        let now = self.now();
        self.settle(&mut self.world(), now);
        self.faults.log()
    }

    /// Every job as it is, from old to new.
    pub(crate) fn jobs(&self) -> Vec<Map<String, Value>> {
        let now = self.now();
        let mut world = self.world();
        self.settle(&mut world, now);
        let world = &*world;
        let shown = |job| tuning_jobs::show(world, job, Version::V1Beta1, now);
        world.jobs.iter().map(shown).collect()
    }

    /// What was asked for when a job was created.
    pub(crate) fn about(&self, place: &Place, id: &str) -> Option<Map<String, Value>> {
        self.world().job(place, id).map(|job| job.spec.clone())
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

    /// One request, from the world as it is now to an answer that is on disk;
    /// `None` if a fault puts the request off.
    ///
    /// What is lost before the world is touched or after it was saved is lost
    /// in [`faults::inject`].
    fn answer(&self, call: Call, number: u64) -> Result<Option<Reply>, Refusal> {
        let mut world = self.world();
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Refusal::unavailable("The emulator has stopped."));
        }
        self.settle(&mut world, call.now);
        let reply = match call.twist.late {
            Some(seconds) => {
                let due = call.now.plus(seconds);
                self.late().push(Late { due, call, number });
                Ok(None)
            }
            None => routes::dispatch(&mut world, &self.datasets, &call).map(Some),
        };
        self.faults.applied(number, std::mem::take(&mut world.effects));
        self.save(&mut world).map_err(|error| {
            Refusal::internal(format!("The emulator could not write its world: {error}"))
        })?;
        reply
    }

    fn late(&self) -> MutexGuard<'_, Vec<Late>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything happen that is due, in the order of its time: also the
    /// requests that were put off, each at its moment and not at this one.
    fn settle(&self, world: &mut World, now: Moment) {
        loop {
            let mut late = self.late();
            let due = late.iter().enumerate().filter(|(_, late)| late.due <= now);
            let Some(first) = due.min_by_key(|(_, late)| late.due).map(|(at, _)| at) else { break };
            let Late { due, mut call, number } = late.remove(first);
            drop(late);
            call.now = due;
            world.settle(due);
            let status = match routes::dispatch(world, &self.datasets, &call) {
                Ok(_) => 200,
                Err(refusal) => refusal.code().as_u16(),
            };
            self.faults.processed(number, status);
            self.faults.applied(number, std::mem::take(&mut world.effects));
        }
        world.settle(now);
    }
}

impl Runs for App {
    fn runs(&self) -> Vec<Run> {
        let now = self.now();
        let mut world = self.world();
        self.settle(&mut world, now);
        let seed = world.seed;
        world
            .jobs
            .iter()
            .filter(|job| job.has_experiment(now))
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
                curves: job.curves(),
            })
            .map(Run::lengthened)
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
    let services = api
        .merge(storage::router(Arc::clone(&app.datasets.objects), clock))
        .merge(metrics::router(runs))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), faults::inject));
    let router = faults::admin(Arc::clone(&app))
        .fallback_service(services)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard));
    let admits = move || !app.faults.refuse_connection(app.timestamp());
    connections::serve(listener, router, admits, asked).await;
}

/// A page in somebody's browser must not reach the emulator, neither directly
/// (`Origin`) nor by a name that resolves to loopback (`Host`).
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        // HTTP/2 says it in the request line.
        (None, _) => request.uri().authority().map(ToString::to_string),
        // Whoever reads the other one would take it for another host's.
        (Some(_), Some(_)) => None,
    };
    if !host.is_some_and(|host| app.hosts.iter().any(|known| known.eq_ignore_ascii_case(&host))) {
        return Refusal::forbidden(
            "The emulator answers to its loopback address only; check the Host header.",
        )
        .into_response();
    }
    for origin in headers.get_all(header::ORIGIN) {
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
    let Ticket { number, twist } = parts.extensions.get().copied().unwrap_or_default();
    let reply = match axum::body::to_bytes(body, LARGEST_BODY).await {
        Ok(body) => Call::read(&parts.method, &parts.uri, body, app.now()).and_then(|mut call| {
            call.twist = twist;
            let int_enums = call.int_enums;
            Ok((app.answer(call, number)?, int_enums))
        }),
        Err(_) => Err(Refusal::too_large("Request payload size exceeds the limit.")),
    };
    let response = match reply {
        Ok((None, _)) => return faults::hang_up(),
        Ok((Some(mut reply), int_enums)) => {
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
