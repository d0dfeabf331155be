//! One pass after the other: observe, plan, apply, publish.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::backoff::Backoff;
use super::circuit::{Circuit, OPEN_AFTER};
use super::metrics::PassResult;
use super::news::{News, Severity};
use super::reporter::{Listener, OnTheWire, Reporter};
use super::rhythm::Rhythm;
use super::sight::Sight;
use super::standing::Standings;
use super::{Metrics, Published, Shown};
use crate::apply::{
    Broken, Claims, Executor, Item, Memory, Outcome, Reconciler, Report, Seen, Stop,
};
use crate::claims::ClaimStore;
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{Desired, JobName, Key, Name, Place, Pretty, Progress, Untrusted};
use crate::mutant::{Mutant, is};
use crate::observe::ObserveError;
use crate::plan::{Action, ClaimedBy, HoldReason, Plan, Policy, plan};
use crate::vertex::Vertex;

/// Waits after an action that failed: half a minute, for a person who mends
/// something; at most ten minutes, for a quota that is full for hours.
const ACTION: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// Waits after a place could not be listed while others could.
const PLACE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// Waits for a claim of somebody else, and for what came too late: a create
/// takes a second or two, a dead holder minutes.
const SOON: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// Why a pass began. For logs only: were a decision to depend on it, a missed
/// event would be a missed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The daemon began.
    Started,
    /// Manifests changed.
    FilesChanged,
    /// The time has come.
    Due,
    /// A person asked, by SIGHUP.
    Asked,
}

/// What a pass may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whatever the plan asks for.
    Act,
    /// Nothing; what it would do is told.
    Observe,
    /// Nothing, for the manifests are not valid.
    Hold,
}

impl Mode {
    fn acts(self) -> bool {
        self == Self::Act || (self == Self::Hold && is(Mutant::HoldModeActs))
    }
}

/// What a pass is to bring about.
#[derive(Debug)]
pub struct Task<'a, S> {
    /// Every manifest; the last valid ones in [`Mode::Hold`].
    pub desired: &'a [Desired],
    /// Where to look.
    pub places: &'a BTreeSet<Place>,
    /// What the operator allows.
    pub policy: &'a Policy,
    /// How long a create must have been due before it is sent.
    pub settle: Duration,
    /// Where creates are claimed.
    pub claims: Option<Claims<'a, S>>,
    /// What may be done.
    pub mode: Mode,
}

/// What the daemon is made of.
#[derive(Debug)]
pub struct Parts<'a, V, E, C> {
    /// The service.
    pub vertex: &'a V,
    /// Draws jitter and run ids.
    pub entropy: &'a E,
    /// Tells the time.
    pub clock: &'a C,
    /// Set when nothing more may be sent.
    pub stop: &'a Stop,
    /// What is shown.
    pub published: &'a Published,
    /// What is counted.
    pub metrics: &'a Metrics,
    /// What is on its way.
    pub wire: &'a OnTheWire,
    /// When to look again.
    pub rhythm: Rhythm,
    /// Whether to ask how far runs are, for people.
    pub progress: bool,
}

/// What is left alone for a while after it failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Create(Key),
    Cancel(JobName),
}

impl Target {
    fn of(action: &Action) -> Self {
        match action {
            Action::Create(create) => Self::Create(create.key.clone()),
            Action::Cancel(cancel) => Self::Cancel(cancel.job.clone()),
        }
    }
}

/// The daemon between its passes.
pub struct Watcher<'a, V, E, C> {
    parts: Parts<'a, V, E, C>,
    listener: &'a dyn Listener,
    memory: Mutex<Memory>,
    sight: Option<Sight>,
    standings: Standings,
    circuit: Circuit,
    backoff: Backoff<Target>,
    places: Backoff<Place>,
    /// What the last pass held beyond the plan's own holds.
    held: BTreeMap<Key, HoldReason>,
    progress: Arc<BTreeMap<JobName, Progress>>,
    /// Whether something of the last pass came too late.
    again: bool,
    /// Passes in a row that wait for a claim, or for what came too late.
    waits: u32,
    /// When everything is to be looked at again.
    complete_due: Duration,
    /// Before when it is not: listings have a budget, however much is due.
    complete_from: Duration,
    /// When the runs that go on are; `None` while there are none.
    runs_due: Option<Duration>,
    /// When a hold passes by itself.
    wake: Option<Duration>,
    /// Whether a pass has begun.
    begun: bool,
}

impl<'a, V: Vertex, E: Entropy, C: Clock> Watcher<'a, V, E, C> {
    /// A daemon that has seen nothing yet.
    pub fn new(parts: Parts<'a, V, E, C>, listener: &'a dyn Listener) -> Self {
        Self {
            parts,
            listener,
            memory: Mutex::default(),
            sight: None,
            standings: Standings::default(),
            circuit: Circuit::new(),
            backoff: Backoff::new(ACTION.0, ACTION.1),
            places: Backoff::new(PLACE.0, PLACE.1),
            held: BTreeMap::new(),
            progress: Arc::default(),
            again: false,
            waits: 0,
            complete_due: Duration::ZERO,
            complete_from: Duration::ZERO,
            runs_due: None,
            wake: None,
            begun: false,
        }
    }

    /// The manifests of these names were seen to change: their settle windows
    /// start again, and an earlier failure of theirs says nothing any more.
    pub fn changed<'n>(&mut self, names: impl IntoIterator<Item = &'n Name>) {
        let now = self.parts.clock.elapsed();
        for name in names {
            if !is(Mutant::ChangedNotNoted) {
                self.memory().changed(name, now);
            }
            self.held.retain(|key, _| key.name != *name);
            self.backoff
                .retain(|target| !matches!(target, Target::Create(key) if key.name == *name));
        }
    }

    /// When the next pass is due.
    pub fn next(&self) -> Duration {
        let now = self.parts.clock.elapsed();
        if let Some(until) = self.circuit.closed_until(now) {
            return until;
        }
        let times = [self.runs_due, self.wake, self.backoff.next(now)];
        let complete = self.complete_due.max(self.complete_from);
        times.into_iter().flatten().fold(complete, Duration::min)
    }

    /// Whether creates are due and wait for something.
    pub fn holds_creates(&self) -> bool {
        !self.held.is_empty()
    }

    /// Creates of which nobody knows what became of them, in words.
    pub fn unresolved(&self) -> Vec<String> {
        let memory = self.memory();
        memory.unresolved().map(|(key, spec)| format!("create {} ({spec})", key.name)).collect()
    }

    /// Looks, decides, does what the task's mode allows, and shows it.
    pub async fn pass<S: ClaimStore>(
        &mut self,
        trigger: Trigger,
        task: &Task<'_, S>,
    ) -> PassResult {
        let began = self.parts.clock.elapsed();
        self.parts.published.update(|state| state.beat = began);
        if !std::mem::replace(&mut self.begun, true) {
            // Somebody may be typing just now: a daemon that dies and starts
            // again with each half of a number must not buy a run for it.
            let names = task.desired.iter().map(|desired| &desired.key.name);
            names.for_each(|name| self.memory().changed(name, began));
        }
        let asked = matches!(trigger, Trigger::Started | Trigger::Asked);
        if !asked && self.circuit.closed_until(began).is_some() {
            return PassResult::Failed;
        }
        let result = match self.look(asked, task).await {
            Ok(result) => result,
            Err(failure) => self.failed(&failure),
        };
        let ended = self.parts.clock.elapsed();
        self.parts.metrics.passed(result, ended.saturating_sub(began));
        tracing::debug!(?trigger, ?result, took = ?ended.saturating_sub(began), "pass");
        self.parts.published.update(|state| {
            state.beat = ended;
            if result == PassResult::Good {
                state.last_good = Some(ended);
            }
        });
        result
    }

    async fn look<S: ClaimStore>(
        &mut self,
        asked: bool,
        task: &Task<'_, S>,
    ) -> Result<PassResult, Failure> {
        let now = self.parts.clock.elapsed();
        let owner = &task.policy.owner;
        let seen = self.sight.as_ref().filter(|sight| sight.covers(task.places));
        let live = seen.map_or(0, |sight| sight.count_live(owner));
        let due = self.runs_due.is_some_and(|at| at <= now) && live > 0;
        // Where more runs go on than the listing has pages, it is the cheaper look.
        let cheaper = due && seen.is_some_and(|sight| live > sight.pages() as usize);
        let may_list = self.complete_from <= now;
        let complete = may_list && (self.complete_due <= now || cheaper);
        if seen.is_none() || asked || complete {
            return self.look_completely(task).await;
        }
        // A listing is due, and soon there is one.
        if cheaper {
            self.complete_due = now;
        }
        let due = due && !cheaper;
        if due {
            self.look_at_runs(task).await?;
        }
        let plan = self.decide(task);
        if task.mode.acts() && plan.actions.iter().any(|action| self.may_act(action)) {
            if is(Mutant::LightPassActs)
                && let Some(sight) = &self.sight
            {
                self.act(sight.seen(plan), task).await?;
                return Ok(PassResult::Good);
            }
            if may_list {
                return self.look_completely(task).await;
            }
            self.complete_due = now;
        }
        if due {
            self.answered();
        }
        self.schedule_runs(task);
        self.publish(plan, task);
        Ok(PassResult::Good)
    }

    /// Reads the runs that go on.
    async fn look_at_runs<S>(&mut self, task: &Task<'_, S>) -> Result<(), Failure> {
        let Some(sight) = &mut self.sight else { return Ok(()) };
        let owner = &task.policy.owner;
        let read = sight.read_runs(self.parts.vertex, owner).await;
        let runs = read.map_err(|error| Failure {
            asked: error.retry_after(),
            why: format!("could not look at the runs: {}", chain(&error)),
        })?;
        for run in &runs {
            self.memory().read(run);
        }
        if self.parts.progress
            && let Some(sight) = &self.sight
        {
            self.progress = Arc::new(sight.progress(self.parts.vertex, owner).await);
        }
        Ok(())
    }

    /// Lists every place, decides, and does it.
    async fn look_completely<S: ClaimStore>(
        &mut self,
        task: &Task<'_, S>,
    ) -> Result<PassResult, Failure> {
        // Until it succeeds, it is due: what asked for it may go away meanwhile.
        self.complete_due = self.parts.clock.elapsed();
        let reconciler = self.reconciler(task);
        let seen = reconciler.look().await.map_err(|error| Failure::of(&Broken::Jobs(error)))?;
        let failed = seen.failed.clone();
        let acts = task.mode.acts() && seen.plan.actions.iter().any(|a| self.may_act(a));
        let (sight, plan) = if acts {
            let sight = Sight::new(seen.observation.clone(), seen.look);
            (sight, self.act(seen, task).await?)
        } else {
            if self.memory().next(task.settle).is_some() {
                reconciler.note(&seen);
            }
            self.held.clear();
            self.again = false;
            (Sight::new(seen.observation, seen.look), Some(seen.plan))
        };
        // With claims the jobs are listed again after them.
        let pages = sight.pages() * if acts && task.claims.is_some() { 2 } else { 1 };
        self.complete_from = self.parts.clock.elapsed() + Rhythm::least(pages);
        self.sight = Some(sight);
        self.reached(&failed, task);
        // What was done is part of the picture, and the listing lags behind.
        let plan = match plan {
            Some(plan) => plan,
            None => self.decide(task),
        };
        self.schedule(&plan, task);
        self.publish(plan, task);
        Ok(if failed.is_empty() { PassResult::Good } else { PassResult::Partial })
    }

    /// Carries out what may be; the plan is to be made again after it.
    async fn act<S: ClaimStore>(
        &mut self,
        seen: Seen,
        task: &Task<'_, S>,
    ) -> Result<Option<Plan>, Failure> {
        let reporter = Reporter {
            clock: self.parts.clock,
            listener: self.listener,
            metrics: self.parts.metrics,
            wire: self.parts.wire,
        };
        let reconciler = self.reconciler(task);
        let passed = reconciler.pass(seen, |action| self.may_act(action), &reporter).await;
        let passed = passed.map_err(|broken| Failure::of(&broken))?;
        for item in passed.report.items.iter().filter(|i| i.outcome.is_decided_again()) {
            reporter.forget(&item.action);
        }
        self.held = passed.held.into_iter().map(|held| (held.key, held.reason)).collect();
        self.learn(&passed.report);
        Ok(None)
    }

    fn reconciler<'t, S: ClaimStore>(
        &'t self,
        task: &'t Task<'_, S>,
    ) -> Reconciler<'t, V, E, C, S> {
        Reconciler {
            executor: Executor {
                vertex: self.parts.vertex,
                entropy: self.parts.entropy,
                clock: self.parts.clock,
                revision: task.policy.revision,
                stop: self.parts.stop,
                memory: &self.memory,
                claims: task.claims.as_ref().map(|claims| Claims {
                    store: claims.store,
                    holder: claims.holder,
                    takeover: claims.takeover,
                }),
            },
            desired: task.desired,
            places: task.places,
            policy: task.policy,
            settle: task.settle,
            partial: true,
        }
    }

    /// Decides over what is known now, without a request.
    fn decide<S>(&mut self, task: &Task<'_, S>) -> Plan {
        let now = self.parts.clock.elapsed();
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sight) = &mut self.sight else { return Plan::default() };
        let mut plan = plan(task.desired, sight.at(now, &memory), task.policy);
        plan.hold(|create| self.held.get(&create.key).cloned());
        plan
    }

    /// Whether nothing speaks against an action at this moment.
    fn may_act(&self, action: &Action) -> bool {
        let now = self.parts.clock.elapsed();
        !self.backoff.holds(&Target::of(action), now) || is(Mutant::BackoffIgnored)
    }

    /// Remembers what failed, and forgets what did not.
    fn learn(&mut self, report: &Report) {
        let (now, entropy) = (self.parts.clock.elapsed(), self.parts.entropy);
        for Item { action, outcome } in &report.items {
            let target = Target::of(action);
            match outcome {
                Outcome::Created(_) | Outcome::AlreadyEnded(_) => self.backoff.succeeded(&target),
                Outcome::Refused(refusal) | Outcome::Throttled(refusal) => {
                    self.backoff.failed(target, now, refusal.retry_after, entropy);
                }
                // A run that was asked to stop takes a while; asking again does
                // no harm, and no good.
                Outcome::CancelRequested
                | Outcome::Unknown(_)
                | Outcome::Withheld(_)
                | Outcome::Unclaimed { .. }
                | Outcome::Skipped(crate::apply::Skipped::Mistrust) => {
                    self.backoff.failed(target, now, None, entropy);
                }
                Outcome::Held(_) | Outcome::Skipped(_) => {}
            }
        }
        self.again = report.items.iter().any(|item| item.outcome.is_decided_again());
    }

    /// Says when to look again, after a complete look that led to `plan`.
    fn schedule<S>(&mut self, plan: &Plan, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let pages = self.sight.as_ref().map_or(1, Sight::pages);
        let mut next = now + self.parts.rhythm.complete(pages, self.parts.entropy);
        let mut claimed = None;
        for reason in self.held.values() {
            match reason {
                HoldReason::Settling { .. } => {
                    next = next.min(self.memory().next(task.settle).unwrap_or(next));
                }
                HoldReason::AmbiguousCreate { wait, .. } => next = next.min(now + *wait),
                HoldReason::ClaimedElsewhere {
                    claim: ClaimedBy::Pending { remaining, .. },
                    ..
                } => claimed = claimed.into_iter().chain([*remaining]).min(),
                _ => {}
            }
        }
        self.waits = if self.again || claimed.is_some() { self.waits + 1 } else { 0 };
        if let Some(remaining) = claimed {
            next = next.min(now.saturating_add(remaining.max(SOON.0)));
        }
        if self.waits > 0 {
            let poll = SOON.0.saturating_mul(1 << (self.waits - 1).min(8)).min(SOON.1);
            next = next.min(now + poll);
        }
        let unlisted = self.places.next(now);
        self.complete_due = unlisted.map_or(next, |at| next.min(at));
        let due: BTreeSet<Target> = plan.actions.iter().map(Target::of).collect();
        self.backoff.retain(|target| due.contains(target));
        self.schedule_runs(task);
    }

    /// Says when the runs that go on are looked at again.
    fn schedule_runs<S>(&mut self, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let Some(sight) = &self.sight else { return };
        let owner = &task.policy.owner;
        let every = self.parts.rhythm.runs(sight.has_young(owner));
        self.runs_due = match self.runs_due.filter(|at| *at > now) {
            _ if sight.count_live(owner) == 0 => None,
            Some(at) => Some(at.min(now + every)),
            None => Some(now + every),
        };
    }

    /// Shows and tells what a plan says.
    fn publish<S>(&mut self, plan: Plan, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let retries = plan.held.iter().filter_map(|held| match &held.reason {
            HoldReason::LastRunFailed { retry_in, .. } => *retry_in,
            _ => None,
        });
        self.wake = retries.min().map(|wait| now + wait.max(Duration::from_secs(1)));
        let acts = task.mode != Mode::Observe;
        for news in self.standings.news(&plan, acts, self.parts.clock.now()) {
            self.listener.hear(&news);
        }
        let shown = Shown {
            owner: task.policy.owner.clone(),
            plan: Arc::new(plan),
            progress: Arc::clone(&self.progress),
            billable_tokens: BTreeMap::new(),
        };
        self.parts.published.update(|state| state.shown = Some(shown));
    }

    /// A look came to its end: the next failure is a first one.
    fn answered(&mut self) {
        if self.circuit.failures() == 0 {
            return;
        }
        let text = "Vertex answers again".to_owned();
        self.tell(Severity::Info, "reachable", text);
        self.circuit.succeeded();
        self.parts.published.update(|state| {
            state.failed_in_a_row = 0;
            state.last_failure = None;
        });
    }

    /// Vertex answered, but for some places.
    fn reached<S>(&mut self, failed: &[Arc<ObserveError>], task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        self.answered();
        self.parts.published.update(|state| {
            state.last_failure = failed.first().map(|error| said(&**error));
        });
        for error in failed {
            let known = self.places.times(&error.place) > 0;
            let asked = error.source.retry_after();
            self.places.failed(error.place.clone(), now, asked, self.parts.entropy);
            if !known {
                let text = format!("{}; nothing is done in {}", said(&**error), error.place);
                self.tell(Severity::Warning, "placeUnreachable", text);
            }
        }
        for place in task.places.iter().filter(|p| failed.iter().all(|e| e.place != **p)) {
            if self.places.times(place) > 0 {
                let text = format!("{place} can be listed again");
                self.tell(Severity::Info, "placeReachable", text);
                self.places.succeeded(place);
            }
        }
        self.places.retain(|place| task.places.contains(place));
    }

    /// A look failed: nothing is decided, and the next one waits.
    fn failed(&mut self, failure: &Failure) -> PassResult {
        let now = self.parts.clock.elapsed();
        let wait = self.circuit.failed(now, failure.asked, self.parts.entropy);
        let failures = self.circuit.failures();
        let why = &failure.why;
        let again = Pretty(Duration::from_secs(wait.as_secs().max(1)));
        if failures == 1 {
            let text = format!("{why}; nothing is decided, looking again in {again}");
            self.tell(Severity::Warning, "unreachable", text);
        } else if failures == OPEN_AFTER {
            let text = format!("{why}; {failures} looks in a row failed, nothing is decided");
            self.tell(Severity::Error, "down", text);
        } else {
            tracing::debug!(failures, %again, "{why}");
        }
        self.parts.published.update(|state| {
            state.failed_in_a_row = failures;
            state.last_failure = Some(why.clone());
        });
        PassResult::Failed
    }

    fn tell(&self, severity: Severity, code: &'static str, message: String) {
        let at = self.parts.clock.now();
        let (key, job, reason) = (None, None, None);
        self.listener.hear(&News { severity, code, key, job, reason, message, at });
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a look failed, and for how long the service asked not to be asked.
struct Failure {
    why: String,
    asked: Option<Duration>,
}

impl Failure {
    fn of(broken: &Broken) -> Self {
        let asked = match broken {
            Broken::Jobs(error) => error.source.retry_after(),
            Broken::Claims(_) => None,
            Broken::Claimed { source, .. } => source.retry_after(),
        };
        Self { why: said(broken), asked }
    }
}

/// An error and its causes in a line that is safe to print.
fn said(error: &dyn std::error::Error) -> String {
    Untrusted::new(chain(error)).shown().to_string()
}

#[cfg(test)]
impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// How many things are kept from earlier passes, beside what was seen.
    fn kept(&self) -> usize {
        let waits = self.backoff.len() + self.places.len() + self.held.len();
        self.memory().len() + waits + self.progress.len() + self.standings.len()
    }
}

#[cfg(test)]
mod tests;
