//! Looks, decides, and carries out what was confirmed, as often as the settle
//! window or the claims ask for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Event, Executor, Item, Look, Observer, Outcome, Report, Skipped};
use crate::claims::{ClaimError, ClaimStore, NoClaims};
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{Desired, JobName, Observation, Place, Untrusted};
use crate::mutant::{Mutant, is};
use crate::observe::{ObserveError, decide, keep, keep_lasting, observe, observe_each};
use crate::plan::{Action, ClaimedBy, Held, HoldReason, Plan, Policy};
use crate::vertex::{ReadError, Vertex};

/// How soon a claim of somebody else is looked at again: at first, and at most.
/// A create takes a second or two, a dead holder minutes.
const CLAIM_POLL: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// Rounds in a row in which nothing came of anything, for it came too late or
/// another run was quicker each time, before that is said. With the pauses
/// between them it takes a quarter of a minute, and as long as the store does.
const FRUITLESS_ROUNDS: u32 = 5;

/// Everything that one pass needs.
#[derive(Debug)]
pub struct Reconciler<'a, V, E, C, S = NoClaims> {
    /// Carries out.
    pub executor: Executor<'a, V, E, C, S>,
    /// Every manifest.
    pub desired: &'a [Desired],
    /// Where to look.
    pub places: &'a BTreeSet<Place>,
    /// What the operator allows.
    pub policy: &'a Policy,
    /// How long a create must have been due before it is sent.
    pub settle: Duration,
    /// Whether this is done again and again: then a place that cannot be listed
    /// holds only itself, and what is seen is held in as little memory as can be.
    /// Else nothing is done anywhere.
    pub partial: bool,
}

/// What a complete look found, and what follows from it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it was.
    pub look: Look,
    /// What was observed, with what this process made before.
    pub observation: Observation,
    /// What follows.
    pub plan: Plan,
    /// The places that could not be listed, with why; they are held.
    pub failed: Vec<Arc<ObserveError>>,
}

impl Seen {
    /// The same at a later time, as if somebody had looked again.
    fn again(self, clock: &impl Clock) -> Self {
        let now = clock.elapsed();
        Self { look: Look::at(now, clock.now()), ..self }
    }
}

/// What became of a confirmed plan.
#[derive(Debug)]
#[must_use = "an action may have failed"]
pub struct CarriedOut {
    /// What became of each action, in the plan's order.
    pub report: Report,
    /// The look that failed, if one did: what was still to do then was not
    /// begun.
    pub broken: Option<Broken>,
}

/// A look without which nothing may be created.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A place could not be listed completely.
    #[error(transparent)]
    Jobs(#[from] ObserveError),
    /// The claims could not be read.
    #[error("could not look whether the create is claimed")]
    Claims(#[source] ClaimError),
    /// A job that a claim names could not be read.
    #[error("could not read {}, which a claim names", job.short())]
    Claimed {
        /// That job.
        job: JobName,
        /// Why not.
        #[source]
        source: ReadError,
    },
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Reconciler<'_, V, E, C, S> {
    /// Looks at every place and decides.
    ///
    /// # Errors
    /// A place that could not be listed completely.
    pub async fn look(&self) -> Result<Seen, ObserveError> {
        let clock = self.executor.clock;
        let (began, began_wall) = (clock.elapsed(), clock.now());
        let keep = if self.partial { keep_lasting(self.desired) } else { keep(self.desired) };
        let vertex = self.executor.vertex;
        let mut failed = Vec::new();
        let mut observation = if self.partial {
            let (observation, errors) = observe_each(vertex, self.places, &keep).await;
            for error in errors {
                if let Some(error) = self.too_much(error, &mut failed) {
                    return Err(error);
                }
            }
            observation
        } else {
            observe(vertex, self.places, &keep).await?
        };
        let look = Look { began, began_wall, ended: clock.elapsed(), ended_wall: clock.now() };
        self.executor.memory().complete(&mut observation, look);
        let plan = loop {
            match decide(vertex, self.desired, &mut observation, self.policy).await {
                Ok(plan) => break plan,
                Err(error) => {
                    let unseen = Err(Untrusted::new(chain(&error.source)));
                    observation.insert(error.place.clone(), unseen);
                    if let Some(error) = self.too_much(error, &mut failed) {
                        return Err(error);
                    }
                }
            }
        };
        let look = Look { began, began_wall, ended: clock.elapsed(), ended_wall: clock.now() };
        Ok(Seen { look, observation, plan, failed })
    }

    /// A place could not be looked at: it alone is held. The error comes back
    /// when it was the last place, or nothing is to be done over half a picture.
    fn too_much(
        &self,
        error: ObserveError,
        failed: &mut Vec<Arc<ObserveError>>,
    ) -> Option<ObserveError> {
        if !self.partial || failed.len() + 1 >= self.places.len() {
            return Some(error);
        }
        failed.push(Arc::new(error));
        None
    }

    /// Starts the settle windows of a plan that is only being shown, so that
    /// the time in which a person reads it counts.
    pub fn note(&self, seen: &Seen) {
        self.executor.memory().withhold(&mut seen.plan.clone(), &[], seen.look, self.settle);
    }

    /// Carries out what was `confirmed` and, at the newest look, is still due;
    /// looks again until every create has settled, or its claim is free.
    /// Nothing beyond the confirmed plan is done.
    pub async fn carry_out(
        &self,
        confirmed: &Plan,
        seen: Seen,
        observer: &dyn Observer,
    ) -> CarriedOut {
        let mut items: Vec<Item> = Vec::new();
        let mut open: Vec<Action> = confirmed.actions.clone();
        let mut newest = Ok(seen);
        let (mut looks, mut fruitless) = (0, 0);
        let broken = loop {
            let first = is(Mutant::SecondLookSkipped).then(|| newest.as_ref().ok().cloned());
            let ready = match newest {
                Ok(seen) => self.ready(seen, |due| open.iter().any(|a| a.is_same(due))).await,
                Err(error) => Err(error),
            };
            let ready = match ready {
                Ok(ready) => ready,
                Err(error) => {
                    let open = std::mem::take(&mut open);
                    items.extend(skipped(open, Skipped::NotLooked, observer));
                    break Some(error);
                }
            };
            let now = &ready.plan;
            open.retain(|action| now.actions.iter().all(|due| !due.is_same(action)));
            for action in std::mem::take(&mut open) {
                let outcome = match now.held.iter().find(|held| held.key == *key(&action)) {
                    Some(held) if held.reason.passes_soon() => {
                        open.push(action);
                        continue;
                    }
                    Some(Held { reason, .. }) if is_late(reason) => {
                        Outcome::Held(Box::new(reason.clone()))
                    }
                    _ if ready.beside.iter().any(|due| due.is_about_the_same(&action)) => {
                        Outcome::Skipped(Skipped::Changed)
                    }
                    _ => Outcome::Skipped(Skipped::NoLongerDue),
                };
                observer.notice(&Event::Done(&action, &outcome));
                items.push(Item { action, outcome });
            }
            let report = self.executor.apply(&ready, observer).await;
            // What came too late, and what was to follow it, is decided again.
            let (again, done): (Vec<_>, Vec<_>) =
                report.items.into_iter().partition(|item| item.outcome.is_decided_again());
            let got_on = again.is_empty() || !done.is_empty();
            fruitless = if got_on { 0 } else { fruitless + 1 };
            items.extend(done);
            if fruitless < FRUITLESS_ROUNDS {
                open.extend(again.into_iter().map(|item| item.action));
            } else {
                again.iter().for_each(|item| tell(item, observer));
                items.extend(again);
            }
            if self.executor.stop.is_set() {
                let open = std::mem::take(&mut open);
                items.extend(skipped(open, Skipped::Interrupted, observer));
            }
            if open.is_empty() {
                break None;
            }
            self.pause(&ready.plan, &open, (looks, fruitless), observer).await;
            looks += 1;
            newest = match first.flatten() {
                Some(seen) => Ok(seen.again(self.executor.clock)),
                None => self.look().await.map_err(Broken::Jobs),
            };
        };
        let place = |item: &Item| confirmed.actions.iter().position(|a| a.is_same(&item.action));
        items.sort_by_key(place);
        CarriedOut { report: Report { items }, broken }
    }

    /// Waits until the first of the open creates may be looked at again. What
    /// came to nothing twice in a row is waited with, too.
    async fn pause(
        &self,
        now: &Plan,
        open: &[Action],
        (looks, fruitless): (u32, u32),
        observer: &dyn Observer,
    ) {
        let clock = self.executor.clock;
        let (first, most) = CLAIM_POLL;
        let poll = |rounds: u32| first.saturating_mul(1 << rounds.min(8)).min(most);
        let mut wait = fruitless.checked_sub(2).map(poll);
        let poll = poll(looks);
        let mut settling = 0;
        for held in now.held.iter().filter(|held| open.iter().any(|a| *key(a) == held.key)) {
            match &held.reason {
                HoldReason::ClaimedElsewhere {
                    claim: ClaimedBy::Pending { holder, remaining, .. },
                    ..
                } => {
                    // The server's clock has whole seconds: the last of them are waited for once.
                    let (key, remaining) = (&held.key, *remaining);
                    let again_in = poll.min(remaining.max(first));
                    observer.notice(&Event::ClaimedElsewhere { key, holder, remaining, again_in });
                    wait = wait.into_iter().chain([again_in]).min();
                }
                HoldReason::Settling { .. } => settling += 1,
                _ => {}
            }
        }
        if settling > 0 {
            let due = self.executor.memory().next(self.settle);
            let left = due.unwrap_or_default().saturating_sub(clock.elapsed());
            if !left.is_zero() {
                observer.notice(&Event::Settling { creates: settling, wait: left });
            }
            wait = wait.into_iter().chain([left]).min();
        }
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            let sleep = std::pin::pin!(clock.sleep(wait));
            let stop = std::pin::pin!(self.executor.stop.wait());
            futures_util::future::select(sleep, stop).await;
        }
    }
}

/// Whether a create that was confirmed is still wanted behind it.
pub(super) fn is_late(reason: &HoldReason) -> bool {
    matches!(
        reason,
        HoldReason::AmbiguousCreate { .. }
            | HoldReason::ClaimedElsewhere { .. }
            | HoldReason::CreateLimit { .. }
            | HoldReason::CancelLimit { .. }
            | HoldReason::ConcurrencyLimit { .. }
            | HoldReason::ImplausibleListing { .. }
    )
}

/// The create that an action is, or follows; else its own key.
fn key(action: &Action) -> &crate::model::Key {
    match action {
        Action::Create(create) => &create.key,
        Action::Cancel(cancel) => cancel.after.as_ref().unwrap_or(&cancel.key),
    }
}

/// What is not begun is told, like all that becomes of an action.
fn skipped(
    actions: Vec<Action>,
    why: Skipped,
    observer: &dyn Observer,
) -> impl Iterator<Item = Item> {
    actions.into_iter().map(move |action| {
        let item = Item { action, outcome: Outcome::Skipped(why) };
        tell(&item, observer);
        item
    })
}

fn tell(item: &Item, observer: &dyn Observer) {
    observer.notice(&Event::Done(&item.action, &item.outcome));
}
