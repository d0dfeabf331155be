//! One pass after the other: observe, plan, apply, publish.

mod acting;
mod labels;
mod lost;
mod parts;
mod telling;
mod timing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::backoff::Backoff;
use super::circuit::Circuit;
use super::figures::Figures;
use super::metrics::PassResult;
use super::reporter::{Listener, Told};
use super::sight::Sight;
use super::standing::Standings;
use crate::apply::Memory;
use crate::claims::ClaimStore;
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{JobName, Key, Name, Place, Progress};
use crate::mutant::{Mutant, is};
use crate::plan::{Action, HoldReason, Plan, Unseen, plan};
use crate::vertex::Vertex;
use labels::Labels;
use telling::Failure;

pub use parts::{Mode, Parts, Task, Trigger};

/// Waits after an action that failed: half a minute, for a person who mends
/// something; at most ten minutes, for a quota that is full for hours.
const ACTION: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// Waits after a place could not be listed while others could.
const PLACE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

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
    /// What was shown last, and whether its actions were carried out.
    shown: Option<(Arc<Plan>, bool)>,
    circuit: Circuit,
    backoff: Backoff<Target>,
    places: Backoff<Place>,
    labels: Labels,
    told: Told,
    /// What was last known of each place.
    unseen: BTreeMap<Place, Unseen>,
    /// Passes in a row in which the claims could not be read.
    claims: Backoff<()>,
    /// What the last pass held beyond the plan's own holds.
    held: BTreeMap<Key, HoldReason>,
    progress: Arc<BTreeMap<JobName, Progress>>,
    /// What people are shown of the runs.
    figures: Figures,
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
    /// Whether somebody is known to have newer manifests.
    stale: bool,
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
            shown: None,
            circuit: Circuit::new(),
            backoff: Backoff::new(ACTION.0, ACTION.1),
            places: Backoff::new(PLACE.0, PLACE.1),
            labels: Labels::default(),
            told: Told::default(),
            unseen: BTreeMap::new(),
            claims: Backoff::new(PLACE.0, PLACE.1),
            held: BTreeMap::new(),
            progress: Arc::default(),
            figures: Figures::default(),
            again: false,
            waits: 0,
            complete_due: Duration::ZERO,
            complete_from: Duration::ZERO,
            runs_due: None,
            wake: None,
            begun: false,
            stale: false,
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
            let told = self.told.get_mut().unwrap_or_else(PoisonError::into_inner);
            told.retain(|(key, _), _| key.name != *name);
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
        let times = [
            self.runs_due,
            self.wake,
            self.labels.due(),
            self.backoff.next(now),
            self.claims.next(now),
        ];
        let complete = self.complete_due.max(self.complete_from);
        times.into_iter().flatten().fold(complete, Duration::min)
    }

    /// Whether a newer revision of the manifests may change what is decided.
    pub fn wants_revision(&self) -> bool {
        self.stale || !self.held.is_empty()
    }

    /// What counts towards limits while places cannot be listed.
    pub fn unseen(&self) -> &BTreeMap<Place, Unseen> {
        &self.unseen
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
        let runs_due = self.runs_due.is_some_and(|at| at <= now);
        let live = seen.filter(|_| runs_due).map_or(0, |sight| sight.count_live(owner));
        let due = live > 0;
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
        if due && let Err(failure) = self.look_at_runs(task).await {
            // One run that cannot be read says nothing of all others.
            tracing::debug!("{}", failure.why);
            return self.look_completely(task).await;
        }
        if self.labels.is_due(now) {
            self.look_by_label(task).await?;
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
        self.read_progress(owner).await;
        Ok(())
    }

    /// Reads how far the runs that go on are, where somebody may see it.
    pub(super) async fn read_progress(&mut self, owner: &Name) {
        if self.parts.progress
            && let Some(sight) = &self.sight
        {
            self.progress = Arc::new(sight.progress(self.parts.vertex, owner).await);
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

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
