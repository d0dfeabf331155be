//! Looks, decides, and carries out what was confirmed, as often as the settle
//! window asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Event, Executor, Item, Look, Observer, Outcome, Report, Skipped};
use crate::clock::{Clock, Entropy};
use crate::model::{Desired, Observation, Place};
use crate::observe::{ObserveError, keep, observe};
use crate::plan::{Action, HoldReason, Plan, Policy, plan};
use crate::vertex::Vertex;

/// How long after a look its creates may be sent. It is part of the window in
/// which another process can start the same run, so it is short; a create that
/// comes too late is decided again.
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// Everything that one pass needs.
#[derive(Debug)]
pub struct Reconciler<'a, V, E, C> {
    /// Carries out.
    pub executor: Executor<'a, V, E, C>,
    /// Every manifest.
    pub desired: &'a [Desired],
    /// Where to look.
    pub places: &'a BTreeSet<Place>,
    /// What the operator allows.
    pub policy: &'a Policy,
    /// How long a create must have been due before it is sent.
    pub settle: Duration,
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
}

/// What became of a confirmed plan.
#[derive(Debug)]
#[must_use = "an action may have failed"]
pub struct CarriedOut {
    /// What became of each action, in the plan's order.
    pub report: Report,
    /// The look that failed between two settle windows, if one did: what was
    /// still to do then was not begun.
    pub broken: Option<ObserveError>,
}

impl<V: Vertex, E: Entropy, C: Clock> Reconciler<'_, V, E, C> {
    /// Looks at every place and decides.
    ///
    /// # Errors
    /// A place that could not be listed completely.
    pub async fn look(&self) -> Result<Seen, ObserveError> {
        let clock = self.executor.clock;
        let began = clock.elapsed();
        let keep = keep(self.desired);
        let mut observation = observe(self.executor.vertex, self.places, &keep).await?;
        let look = Look { began, ended: clock.elapsed() };
        self.executor.memory().complete(&mut observation, look);
        let plan = plan(self.desired, &observation, self.policy);
        Ok(Seen { look, observation, plan })
    }

    /// Starts the settle windows of a plan that is only being shown, so that
    /// the time in which a person reads it counts.
    pub fn note(&self, seen: &Seen) {
        self.executor.memory().withhold(&mut seen.plan.clone(), seen.look, self.settle);
    }

    /// Carries out what was `confirmed` and, at the newest look, is still due;
    /// looks again until every create has settled. Nothing beyond the
    /// confirmed plan is done.
    pub async fn carry_out(
        &self,
        confirmed: &Plan,
        mut seen: Seen,
        observer: &dyn Observer,
    ) -> CarriedOut {
        let mut items: Vec<Item> = Vec::new();
        let mut open: Vec<Action> = confirmed.actions.clone();
        let mut broken = None;
        loop {
            let mut now = seen.plan;
            now.actions.retain(|action| open.contains(action));
            let (due, gone) = open.into_iter().partition(|action| now.actions.contains(action));
            open = due;
            items.extend(skipped(gone, Skipped::NoLongerDue, observer));
            self.executor.memory().withhold(&mut now, seen.look, self.settle);
            let settling = |action: &Action| {
                now.held.iter().any(|held| {
                    matches!(held.reason, HoldReason::Settling { .. }) && held.key == *key(action)
                })
            };
            open.retain(|action| !now.actions.contains(action));
            let (waiting, held) = open.into_iter().partition(settling);
            open = waiting;
            items.extend(skipped(held, Skipped::NoLongerDue, observer));
            let fresh = seen.look.ended + FRESH;
            let report = self.executor.apply(&now, fresh, observer).await;
            for item in report.items {
                // What came too late, and what was to follow it, is decided again.
                match item.outcome {
                    Outcome::Skipped(Skipped::TooLate) => open.push(item.action),
                    _ => items.push(item),
                }
            }
            if self.executor.stop.is_set() {
                let open = std::mem::take(&mut open);
                items.extend(skipped(open, Skipped::Interrupted, observer));
            }
            if open.is_empty() {
                break;
            }
            self.settle(&open, observer).await;
            match self.look().await {
                Ok(again) => seen = again,
                Err(error) => {
                    items.extend(skipped(open, Skipped::NotLooked, observer));
                    broken = Some(error);
                    break;
                }
            }
        }
        let place = |item: &Item| confirmed.actions.iter().position(|a| *a == item.action);
        items.sort_by_key(place);
        CarriedOut { report: Report { items }, broken }
    }

    /// Waits until the first of the open creates may be looked at again.
    async fn settle(&self, open: &[Action], observer: &dyn Observer) {
        let clock = self.executor.clock;
        let due = self.executor.memory().next(self.settle);
        let wait = due.unwrap_or_default().saturating_sub(clock.elapsed());
        if wait.is_zero() {
            return;
        }
        let creates = open.iter().filter(|action| matches!(action, Action::Create(_))).count();
        observer.notice(&Event::Settling { creates, wait });
        let sleep = std::pin::pin!(clock.sleep(wait));
        let stop = std::pin::pin!(self.executor.stop.wait());
        futures_util::future::select(sleep, stop).await;
    }
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
        let outcome = Outcome::Skipped(why);
        observer.notice(&Event::Done(&action, &outcome));
        Item { action, outcome }
    })
}
