//! Waits for whatever means "look again", and looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::Args;
use super::current::Current;
use super::telling::Telling;
use crate::apply::{Asked, Claims, Stop};
use crate::claims::GcsClaims;
use crate::cli::Global;
use crate::cli::connect::VertexClient;
use crate::cli::count::count;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::Hangup;
use crate::clock::{Clock, SystemClock, SystemEntropy};
use crate::google::Counters;
use crate::manifest::{Manifests, Rejected, Severity as Found};
use crate::model::Prices;
use crate::plan::show;
use crate::watch::files::{Files, Snapshot};
use crate::watch::systemd::Systemd;
use crate::watch::{Manifested, Mode, OnTheWire, Published, Severity, Task, Trigger, Watcher};

/// How long what is on its way has after the wish to stop. systemd and
/// Kubernetes give ten seconds and more; two are for events that are still to
/// be delivered.
const GRACE: Duration = Duration::from_secs(8);

/// How often the loop shows that it lives while it waits.
const BEAT: Duration = Duration::from_secs(60);

/// Names in one line of the log.
const NAMES: usize = 5;

/// Whether a pass is still about what the files say.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    files: &'a Files,
    serial: AtomicU64,
}

impl<'a> Asking<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        Self { files, serial: AtomicU64::new(0) }
    }
}

impl Asked for Asking<'_> {
    fn is_current(&self) -> bool {
        self.files.is_current(self.serial.load(Ordering::Relaxed))
    }
}

/// The daemon's loop.
pub(super) struct Loop<'a> {
    pub(super) args: &'a Args,
    pub(super) global: &'a Global,
    pub(super) client: &'a VertexClient,
    pub(super) files: &'a Files,
    pub(super) asking: &'a Asking<'a>,
    pub(super) snapshots: Receiver<Arc<Snapshot>>,
    /// The snapshot that was last taken over.
    pub(super) serial: Option<u64>,
    /// Whether it was said that files are only polled.
    pub(super) polling: bool,
    pub(super) current: Current,
    /// Requests for claims, counted.
    pub(super) claims: Arc<Mutex<Option<Arc<Counters>>>>,
    /// Why the newest manifests are not valid, when they are not.
    pub(super) invalid: Option<String>,
    pub(super) watcher: Watcher<'a, VertexClient, SystemEntropy, SystemClock>,
    pub(super) telling: &'a Telling,
    pub(super) published: &'a Published,
    pub(super) systemd: &'a Systemd,
    pub(super) clock: &'a SystemClock,
    pub(super) stop: &'a Stop,
    pub(super) wire: &'a OnTheWire,
    pub(super) hangup: Hangup,
}

impl Loop<'_> {
    /// The first line of the log.
    pub(super) fn greet(&self, url: Option<String>) {
        let models = count(self.current.manifests.desired.len(), "tuned model");
        let places: Vec<String> = self.current.places.iter().map(ToString::to_string).collect();
        let mut text = format!("{models} in {}", places.join(", "));
        if let Some(shard) = self.args.shard {
            text.push_str(&format!("; only part {shard} of the names"));
        }
        if self.args.observe {
            text.push_str("; only looking");
        }
        if self.global.emulator {
            text.push_str("; on the emulator");
        }
        if let Some(url) = url {
            text.push_str(&format!("; listening on {url}"));
        }
        self.telling.tell(Severity::Info, "started", text);
        let given = Environment::read().credentials.access_token.is_some();
        if given && !self.client.endpoint().is_loopback() {
            let text = "the token in GOOGLE_OAUTH_ACCESS_TOKEN ends after an hour or so and \
                        cannot be renewed; a daemon wants Application Default Credentials";
            self.telling.tell(Severity::Warning, "credential", text.to_owned());
        }
    }

    /// Looks again and again, until it is told to stop.
    pub(super) async fn run(&mut self) -> Exit {
        let mut trigger = Trigger::Started;
        while !self.stop.is_set() {
            self.take_over().await;
            // A commit often follows the edit that it is of.
            let read = trigger != Trigger::Due || self.watcher.wants_revision();
            if read && let Err(failure) = self.current.read_revision(self.global).await {
                tracing::warn!("{}", failure.error);
            }
            self.pass(trigger).await;
            if trigger == Trigger::Asked {
                self.systemd.ready();
            }
            let due = until(self.watcher.next(), self.clock, self.published);
            trigger = tokio::select! {
                alive = self.snapshots.changed() => match alive {
                    Ok(()) => Trigger::FilesChanged,
                    // What we would act on from now on would be out of date.
                    Err(_) => {
                        let text = "the thread that looks at the files has ended; start again";
                        self.telling.tell(Severity::Error, "filesLost", text.to_owned());
                        return Exit::Unexpected;
                    }
                },
                () = self.hangup.next() => {
                    self.systemd.reloading();
                    self.files.look_now();
                    Trigger::Asked
                }
                () = due => Trigger::Due,
                () = self.stop.wait() => break,
            };
        }
        self.last_words()
    }

    /// One pass; after the wish to stop, what is on its way is waited for, and
    /// looks are not.
    async fn pass(&mut self, trigger: Trigger) {
        let mode = match (&self.invalid, self.args.observe) {
            (Some(_), _) => Mode::Hold,
            (None, true) => Mode::Observe,
            (None, false) => Mode::Act,
        };
        self.current.policy.unseen = self.watcher.unseen().clone();
        let Current { manifests, places, policy, settle, store } = &self.current;
        let none = Prices::default();
        let task: Task<'_, GcsClaims<SystemClock, SystemEntropy>> = Task {
            desired: &manifests.desired,
            places,
            policy,
            prices: manifests.workspace.as_ref().map_or(&none, |workspace| &workspace.prices),
            settle: *settle,
            claims: store.as_ref().map(|store| Claims {
                store: &store.claims,
                holder: &store.holder,
                takeover: store.takeover,
            }),
            mode,
        };
        let stopped = async {
            self.stop.wait().await;
            tokio::select! {
                () = self.wire.is_done() => {}
                () = self.clock.sleep(GRACE) => {}
            }
        };
        tokio::select! {
            biased;
            _ = self.watcher.pass(trigger, &task) => {}
            () = stopped => {}
        }
        if let Some(shown) = self.published.read().shown {
            let summary = shown.plan.summary();
            self.systemd.status(&format!("{summary}"));
        }
    }

    /// Takes the newest snapshot over, when it is another one.
    async fn take_over(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        if self.polling != snapshot.polling.is_some() {
            self.polling = snapshot.polling.is_some();
            self.published.update(|state| state.polling = snapshot.polling.is_some());
            match &snapshot.polling {
                Some(why) => {
                    let text = format!("files are looked at every few seconds only: {why}");
                    self.telling.tell(Severity::Warning, "polling", text);
                }
                None => {
                    let text = "the system tells of changes to files again".to_owned();
                    self.telling.tell(Severity::Info, "notified", text);
                }
            }
        }
        if self.serial == Some(snapshot.serial) {
            return;
        }
        // Snapshots that nobody took over may have been other manifests for a
        // while, and so may those that could not be read.
        let missed = self.serial.is_some_and(|last| snapshot.serial > last + 1);
        let restart = missed || self.invalid.is_some();
        self.serial = Some(snapshot.serial);
        self.asking.serial.store(snapshot.serial, Ordering::Relaxed);
        tracing::debug!(serial = snapshot.serial, parsed = snapshot.parsed, "manifests were read");
        let taken = match &snapshot.result {
            Ok(manifests) => self.valid_manifests(Arc::clone(manifests), restart).await,
            Err(rejected) => Err(words(rejected)),
        };
        match taken {
            Ok(()) => {
                let models = self.current.manifests.desired.len();
                self.published.update(|state| {
                    state.manifests = Manifested::Valid(models);
                    state.current = Some(Arc::clone(&self.current.manifests));
                });
                if self.invalid.take().is_some() {
                    let text = "the manifests are valid again".to_owned();
                    self.telling.tell(Severity::Info, "manifestsValid", text);
                }
            }
            Err((errors, why)) => {
                self.published.update(|state| state.manifests = Manifested::Invalid(errors));
                // What may pass by itself is tried again, and told of once.
                if self.invalid.as_ref() != Some(&why) {
                    let text = format!("nothing is created or cancelled: {why}");
                    self.telling.tell(Severity::Error, "manifestsInvalid", text);
                }
                self.invalid = Some(why);
            }
        }
    }

    /// Takes over valid manifests; `restart` says that every settle window is to
    /// begin again.
    async fn valid_manifests(
        &mut self,
        manifests: Arc<Manifests>,
        restart: bool,
    ) -> Result<(), (usize, String)> {
        if Arc::ptr_eq(&manifests, &self.current.manifests) {
            return Ok(());
        }
        let next = Current::new(manifests, self.args, self.global, self.client).await;
        let next = next.map_err(|failure| {
            // It may pass without a change of the files.
            self.serial = None;
            (1, said(&failure))
        })?;
        if next.places.is_empty() {
            return Err((1, "no manifest names a place to look at".to_owned()));
        }
        let changed = next.changed(&self.current.manifests);
        if !changed.is_empty() {
            let names: Vec<&str> = changed.iter().take(NAMES).map(|n| n.as_str()).collect();
            let more = changed.len() - names.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let text = format!("{} changed: {}{more}", changed.len(), names.join(", "));
            self.telling.tell(Severity::Info, "manifestsChanged", text);
        }
        self.watcher.changed(changed);
        // Another protocol begins from its beginning.
        if restart || !next.is_protected_as(&self.current) {
            self.watcher.changed(next.manifests.desired.iter().map(|desired| &desired.key.name));
        }
        let mut next = next;
        next.keep_store_of(&mut self.current);
        *self.claims.lock().unwrap_or_else(PoisonError::into_inner) = next.counters();
        self.current = next;
        Ok(())
    }

    /// Says how it ended, and with which code.
    fn last_words(&self) -> Exit {
        let mut open = self.wire.words();
        open.extend(self.watcher.unresolved());
        if open.is_empty() {
            self.telling.tell(Severity::Info, "stopped", "asked to stop".to_owned());
            return Exit::Done;
        }
        let text = format!(
            "it is not known what became of: {}; look with {} in a few minutes",
            open.join(", "),
            show::command("status", &self.global.same_service())
        );
        self.telling.tell(Severity::Error, "stopped", text);
        Exit::Failed
    }
}

/// Waits until `due`, and shows now and then that it lives.
async fn until(due: Duration, clock: &SystemClock, published: &Published) {
    loop {
        let now = clock.elapsed();
        published.update(|state| state.beat = now);
        match due.saturating_sub(now) {
            Duration::ZERO => return,
            wait => clock.sleep(wait.min(BEAT)).await,
        }
    }
}

/// How many errors there are, and the first of them with its place.
fn words(rejected: &Rejected) -> (usize, String) {
    match rejected {
        Rejected::Usage(error) => (1, error.to_string()),
        Rejected::Invalid(report) => {
            let mut errors = report.findings.iter().filter(|f| f.severity() == Found::Error);
            let number = report.count(Found::Error);
            let first = errors.next().map_or_else(String::new, |finding| {
                let hint = finding.hint.as_ref().map(|hint| format!("; {hint}"));
                let (place, hint) = (finding.spot.shown(), hint.unwrap_or_default());
                format!("{place}: {}{hint}", finding.message)
            });
            let more = match number {
                0 | 1 => String::new(),
                n => format!(" (and {} more; `retune validate` shows all)", n - 1),
            };
            (number, format!("{first}{more}"))
        }
    }
}

/// A failure in a line.
fn said(failure: &Failure) -> String {
    let hint = failure.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{}{hint}", crate::google::chain(&*failure.error))
}
