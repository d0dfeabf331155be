//! A create with the cancels that follow it, or a cancel by itself.

use std::collections::BTreeMap;

use super::{Event, Executor, FRESH, Observer, Outcome, Ready, Skipped, guard};
use crate::claims::{ClaimStore, Claimed};
use crate::clock::{Clock, Entropy};
use crate::model::Key;
use crate::mutant::{Mutant, is};
use crate::plan::{Action, Cancel, Create};
use crate::vertex::{CancelOutcome, CreateOutcome, Vertex};

/// Actions that are carried out one after the other, by their place in the plan.
#[derive(Debug, Default)]
pub(super) struct Step<'a> {
    actions: Vec<(usize, &'a Action)>,
}

impl<'a> Step<'a> {
    /// Groups a plan's actions into steps that do not depend on each other.
    pub(super) fn of(actions: &'a [Action]) -> Vec<Self> {
        let mut steps: Vec<Self> = Vec::new();
        let mut creates: BTreeMap<&Key, usize> = BTreeMap::new();
        for (index, action) in actions.iter().enumerate() {
            let after = match action {
                Action::Create(create) => {
                    creates.insert(&create.key, steps.len());
                    None
                }
                Action::Cancel(cancel) => cancel.after.as_ref().and_then(|key| creates.get(key)),
            };
            match after.and_then(|step| steps.get_mut(*step)) {
                Some(step) => step.actions.push((index, action)),
                None => steps.push(Self { actions: vec![(index, action)] }),
            }
        }
        steps
    }

    pub(super) async fn run<V: Vertex, E: Entropy, C: Clock, S: ClaimStore>(
        self,
        executor: &Executor<'_, V, E, C, S>,
        ready: &Ready,
        observer: &dyn Observer,
    ) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(self.actions.len());
        // Why the cancels that follow a create are not sent.
        let mut withheld = Some(Skipped::CreateNotAccepted);
        for (index, action) in self.actions {
            let outcome = match (action, withheld) {
                _ if executor.stop.is_set() => Outcome::Skipped(Skipped::Interrupted),
                (Action::Create(create), _) => match executor.against_create(ready) {
                    Some(why) => {
                        withheld = Some(why);
                        Outcome::Skipped(why)
                    }
                    None => {
                        observer.notice(&Event::Begun(action));
                        let outcome = executor.create(create, ready).await;
                        withheld = match outcome {
                            Outcome::Created(_) => None,
                            Outcome::Skipped(why) => Some(why),
                            _ => withheld,
                        };
                        outcome
                    }
                },
                (Action::Cancel(cancel), Some(why)) if cancel.after.is_some() => {
                    Outcome::Skipped(why)
                }
                (Action::Cancel(cancel), _) => {
                    observer.notice(&Event::Begun(action));
                    executor.cancel(cancel).await
                }
            };
            // What comes too late is decided again: it is not done yet.
            if !outcome.is_decided_again() {
                log(action, &outcome);
                observer.notice(&Event::Done(action, &outcome));
            }
            outcomes.push((index, outcome));
        }
        outcomes
    }
}

/// One line for each change.
fn log(action: &Action, outcome: &Outcome) {
    let (verb, reason, job) = match (action, outcome) {
        (Action::Create(create), Outcome::Created(job)) => {
            ("create", create.reason.code(), Some(job))
        }
        (Action::Create(create), _) => ("create", create.reason.code(), None),
        (Action::Cancel(cancel), _) => ("cancel", cancel.reason.code(), Some(&cancel.job)),
    };
    let (name, place) = (&action.key().name, &action.key().place);
    let (job, outcome) = (job.map(ToString::to_string), outcome.code());
    tracing::info!(%name, %place, reason, job, outcome, "{verb}");
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Executor<'_, V, E, C, S> {
    /// Why no create may be sent at this moment.
    fn against_create(&self, ready: &Ready) -> Option<Skipped> {
        let look = ready.look;
        let awake = self.clock.elapsed().saturating_sub(look.ended);
        // A machine that sleeps stops this clock on many systems, and not that.
        let slept = self.clock.now().duration_since(look.ended_wall).unsigned_abs();
        let while_looking = look.ended_wall.duration_since(look.began_wall).unsigned_abs();
        let while_looking = while_looking.abs_diff(look.ended.saturating_sub(look.began));
        let slept = slept.max(while_looking) > FRESH && !is(Mutant::SleepUnnoticed);
        let late = (awake > FRESH || slept) && !is(Mutant::FreshIgnored);
        if self.memory().mistrust().is_some() {
            Some(Skipped::Mistrust)
        } else if self.stop.is_set() {
            Some(Skipped::Interrupted)
        } else if !self.asked.is_current() {
            Some(Skipped::Outdated)
        } else {
            late.then_some(Skipped::TooLate)
        }
    }

    /// Claims the create where there is a store, and sends it.
    async fn create(&self, create: &Create, ready: &Ready) -> Outcome {
        let claimed = match self.claim(create, ready).await {
            Ok(claimed) => claimed,
            Err(outcome) => return outcome,
        };
        let stale = || claimed.as_ref().is_some_and(|claimed| !claimed.is_fresh(self.clock));
        let against = self.against_create(ready);
        let against = against.or_else(|| stale().then_some(Skipped::TooLate));
        if let Some(why) = against {
            if let Some(claimed) = claimed {
                self.release(claimed).await;
            }
            return Outcome::Skipped(why);
        }
        let run = claimed.as_ref().map_or_else(|| self.entropy.bits(), Claimed::run);
        let run = if is(Mutant::SameRunId) { 0 } else { run };
        let body = create.request.stamped(run, self.revision);
        let sent = self.clock.elapsed();
        let mut outcome = self.vertex.create(&create.request.place, &body).await;
        if is(Mutant::NaiveRetry) && matches!(outcome, CreateOutcome::OutcomeUnknown(_)) {
            outcome = self.vertex.create(&create.request.place, &body).await;
        }
        match &outcome {
            CreateOutcome::Created(job) => self.memory().made(job, &create.request.labels),
            CreateOutcome::OutcomeUnknown(_) => self.memory().lost(create, run, sent),
            CreateOutcome::Refused(_) | CreateOutcome::Throttled(_) => {}
        }
        if let Some(claimed) = claimed {
            self.record(claimed, &outcome).await;
        }
        match outcome {
            CreateOutcome::Created(job) => Outcome::Created(job.name.clone()),
            CreateOutcome::Refused(refusal) => Outcome::Refused(refusal),
            CreateOutcome::Throttled(refusal) => Outcome::Throttled(refusal),
            CreateOutcome::OutcomeUnknown(why) => Outcome::Unknown(why),
        }
    }

    async fn cancel(&self, cancel: &Cancel) -> Outcome {
        let job = match guard::verify(self.vertex, cancel).await {
            Ok(job) => job,
            Err(outcome) => return outcome,
        };
        if self.stop.is_set() {
            return Outcome::Skipped(Skipped::Interrupted);
        }
        if !self.asked.is_current() {
            return Outcome::Skipped(Skipped::Outdated);
        }
        match self.vertex.cancel(job).await {
            CancelOutcome::Requested => Outcome::CancelRequested,
            CancelOutcome::AlreadyEnded => {
                // What it ended as is in the next listing; the service only
                // says that there is nothing to cancel.
                Outcome::AlreadyEnded(crate::model::JobState::Absent)
            }
            CancelOutcome::Refused(refusal) => Outcome::Refused(refusal),
            CancelOutcome::OutcomeUnknown(why) => Outcome::Unknown(why),
        }
    }
}
