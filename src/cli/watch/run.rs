//! The loop: waits for whatever means "look again", and looks.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Args;
use super::current::Current;
use super::looping::{Asking, Loop};
use super::reading::Reading;
use super::telling::Telling;
use crate::apply::Stop;
use crate::cli::Global;
use crate::cli::connect::{self, VertexClient};
use crate::cli::count::count;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::{Hangup, Signals};
use crate::cli::output::Output;
use crate::cli::session;
use crate::clock::{Clock, SystemClock, SystemEntropy};
use crate::google::{Counters, Secret};
use crate::manifest;
use crate::watch::files::{Files, Options};
use crate::watch::serve::{SILENCE, ServeError, ServeOptions, Server};
use crate::watch::systemd::Systemd;
use crate::watch::webhook::{Webhook, WebhookOptions};
use crate::watch::{Metrics, OnTheWire, Parts, Published, REQUESTS_A_MINUTE, Rhythm, Watcher};

/// How long undelivered events have at the end.
const FLUSH: Duration = Duration::from_millis(1500);

/// How long files may be read at the start without a word.
const SLOW_START: Duration = Duration::from_secs(3);

/// Everything that lives as long as the daemon.
pub(super) struct Daemon<'a> {
    args: &'a Args,
    global: &'a Global,
    output: &'a Output,
    clock: SystemClock,
    rhythm: Rhythm,
    client: Arc<VertexClient>,
    emulator: Option<connect::Inside>,
    files: Files,
    current: Current,
    /// Requests for claims, counted.
    claims: Arc<Mutex<Option<Arc<Counters>>>>,
    telling: Telling,
    published: Arc<Published>,
    metrics: Arc<Metrics>,
    server: Option<Server>,
    systemd: Systemd,
}

impl<'a> Daemon<'a> {
    /// Checks everything that can be checked before the first request.
    ///
    /// # Errors
    /// Whatever makes running pointless: nothing was asked of Vertex.
    pub(super) async fn start(
        args: &'a Args,
        interval: Option<Duration>,
        global: &'a Global,
        output: &'a Output,
    ) -> Result<Self, Failure> {
        let clock = SystemClock::new();
        let environment = Environment::read();
        let settings = global.settings(&environment, !global.emulator);
        let paths = session::paths_or_default(&args.paths);
        let files = Files::start(paths, settings, clock, Options::default());
        let files = files.map_err(|error| Failure::new(Exit::Unexpected, error))?;
        let mut snapshots = files.snapshots();
        let first = tokio::select! {
            read = snapshots.changed() => read,
            () = clock.sleep(SLOW_START) => {
                output.complain("waiting for the files to stand still: is git at work there?\n");
                snapshots.changed().await
            }
        };
        first.map_err(|_| Failure::new(Exit::Unexpected, "the files cannot be looked at"))?;
        let first = Arc::clone(&snapshots.borrow());
        let manifests = match &first.result {
            Ok(manifests) => Arc::clone(manifests),
            Err(rejected) => return Err(session::refused(rejected, output)),
        };
        output.say(&manifest::render::text(&manifests.report.findings, true));
        let webhook = Self::webhook(args, &environment);
        let quota = NonZeroU32::new(REQUESTS_A_MINUTE);
        let (client, emulator) =
            connect::connect_within(global, environment, quota, output).await?;
        let current = Current::new(manifests, args, global, &client).await?;
        if current.places.is_empty() {
            return Err(session::no_place());
        }
        let (published, metrics) = (Arc::<Published>::default(), Arc::new(Metrics::new()));
        let telling = Telling { clock, webhook: None };
        let mut daemon = Self {
            args,
            global,
            output,
            clock,
            rhythm: Rhythm { interval },
            client: Arc::new(client),
            emulator,
            files,
            claims: Arc::new(Mutex::new(current.counters())),
            current,
            telling,
            published,
            metrics,
            server: None,
            systemd: Systemd::from_environment(),
        };
        daemon.listen().await?;
        if let Some(options) = webhook {
            let metrics = Arc::clone(&daemon.metrics);
            let started = Webhook::start(options, clock, SystemEntropy, move |ok| {
                metrics.delivered(ok);
            });
            let started = started.map_err(|error| {
                let hint = error.hint();
                Failure::new(Exit::Usage, error).hint_if(hint)
            })?;
            daemon.telling.webhook = Some(started);
        }
        Ok(daemon)
    }

    /// Where events go, if anywhere.
    fn webhook(args: &Args, environment: &Environment) -> Option<WebhookOptions> {
        let flag = args.webhook.clone().map(Secret::new);
        let url = flag.or_else(|| environment.webhook.clone())?;
        Some(WebhookOptions {
            url,
            secret: environment.webhook_secret.clone(),
            format: args.webhook_format.into(),
            least: args.webhook_severity.into(),
            state_dir: args.state_dir.clone(),
        })
    }

    async fn listen(&mut self) -> Result<(), Failure> {
        let Some(address) = &self.args.listen else { return Ok(()) };
        let options = ServeOptions {
            address: address.clone(),
            public: self.args.listen_public,
            allowed_hosts: self.args.allow_host.clone(),
            emulator: self.global.emulator,
            same_service: self.global.same_service(),
        };
        let (counters, clock) = (self.client.counters(), Arc::new(self.clock));
        let claims = Arc::clone(&self.claims);
        let requests = Arc::new(move || {
            let claims = claims.lock().unwrap_or_else(PoisonError::into_inner);
            let mut requests = counters.by_method();
            requests.extend(claims.iter().flat_map(|counters| counters.by_method()));
            requests
        });
        let (published, metrics) = (Arc::clone(&self.published), Arc::clone(&self.metrics));
        let reader = Arc::new(Reading { client: Arc::clone(&self.client) });
        let bound = Server::bind(options, published, metrics, requests, reader, clock).await;
        self.server = Some(bound.map_err(|error| {
            let exit = match &error {
                ServeError::InUse(_) | ServeError::Listen { .. } => Exit::Unexpected,
                _ => Exit::Usage,
            };
            let hint = error.hint();
            Failure::new(exit, error).hint(hint)
        })?);
        Ok(())
    }

    /// Runs until it is told to stop.
    pub(super) async fn run(self) -> Exit {
        let Self { args, global, output, clock, rhythm, client, emulator, .. } = self;
        let Self { files, current, claims, telling, published, metrics, server, systemd, .. } =
            self;
        let (stop, wire) = (Stop::new(), OnTheWire::default());
        let asking = Asking::new(&files);
        // Before anybody is told that it runs: a signal that nobody listens to
        // kills.
        let (mut signals, hangup) = (Signals::new(), Hangup::new());
        let same_service = global.same_service();
        let parts = Parts {
            vertex: &*client,
            entropy: &SystemEntropy,
            clock: &clock,
            stop: &stop,
            asked: &asking,
            published: &published,
            metrics: &metrics,
            wire: &wire,
            rhythm,
            progress: server.is_some(),
            same_service: &same_service,
        };
        let mut work = Loop {
            args,
            global,
            client: &client,
            snapshots: files.snapshots(),
            files: &files,
            asking: &asking,
            claims,
            serial: None,
            polling: false,
            current,
            invalid: None,
            watcher: Watcher::new(parts, &telling),
            telling: &telling,
            published: &published,
            systemd: &systemd,
            clock: &clock,
            stop: &stop,
            wire: &wire,
            hangup,
        };
        work.greet(server.as_ref().map(Server::url));
        systemd.ready();
        let signals = async {
            signals.next().await;
            stop.set();
            published.update(|state| state.stopping = true);
            systemd.stopping();
            signals.next().await;
            let open = wire.words();
            if !open.is_empty() {
                let open = open.join(", ");
                output.complain(&format!("ended while on its way: {open}\n"));
            }
            std::process::exit(Exit::Interrupted as i32)
        };
        let whole = async {
            let exit = work.run().await;
            let flushed = async {
                match &telling.webhook {
                    Some(webhook) => webhook.flush(FLUSH).await,
                    None => 0,
                }
            };
            let stopped = async {
                if let Some(server) = server {
                    server.stop().await;
                }
            };
            // Together, for there are ten seconds in all.
            let (left, ()) = tokio::join!(flushed, stopped);
            (exit, left)
        };
        let (exit, left) = tokio::select! {
            ended = whole => ended,
            () = signals => (Exit::Interrupted, 0),
            () = pings(systemd, &clock, &published) => (Exit::Unexpected, 0),
        };
        if left > 0 {
            let kept = args.state_dir.is_some();
            let fate = if kept { "are kept for the next start" } else { "are lost" };
            let events = count(left, "event");
            output.complain(&format!("{events} could not be delivered and {fate}\n"));
        }
        connect::end(emulator).await;
        exit
    }
}

/// Tells systemd that the loop lives, as often as it wants to hear it.
async fn pings(systemd: Systemd, clock: &SystemClock, published: &Published) {
    let Some(every) = systemd.watchdog() else { return std::future::pending().await };
    loop {
        let silent = clock.elapsed().saturating_sub(published.read().beat);
        if silent < SILENCE {
            systemd.ping();
        }
        clock.sleep(every).await;
    }
}
