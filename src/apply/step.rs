//! A create with the cancels that follow it, or a cancel by itself.

use std::collections::BTreeMap;

use super::{Event, Executor, Observer, Outcome, Skipped, guard};
use crate::clock::Entropy;
use crate::model::Key;
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

    pub(super) async fn run<V: Vertex, E: Entropy>(
        self,
        executor: &Executor<'_, V, E>,
        observer: &dyn Observer,
    ) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(self.actions.len());
        let mut accepted = None;
        for (index, action) in self.actions {
            let outcome = match action {
                _ if executor.stop.is_set() => Outcome::Skipped(Skipped::Interrupted),
                Action::Create(create) => {
                    observer.notice(&Event::Begun(action));
                    let outcome = executor.create(create).await;
                    accepted = Some(matches!(outcome, Outcome::Created(_)));
                    outcome
                }
                Action::Cancel(cancel) if cancel.after.is_some() && accepted != Some(true) => {
                    Outcome::Skipped(Skipped::CreateNotAccepted)
                }
                Action::Cancel(cancel) => {
                    observer.notice(&Event::Begun(action));
                    executor.cancel(cancel).await
                }
            };
            log(action, &outcome);
            observer.notice(&Event::Done(action, &outcome));
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

impl<V: Vertex, E: Entropy> Executor<'_, V, E> {
    async fn create(&self, create: &Create) -> Outcome {
        let body = create.request.stamped(self.entropy.bits(), self.revision);
        match self.vertex.create(&create.request.place, &body).await {
            CreateOutcome::Created(job) => Outcome::Created(job.name),
            CreateOutcome::Refused(refusal) => Outcome::Refused(refusal),
            CreateOutcome::Throttled(refusal) => Outcome::Throttled(refusal),
            CreateOutcome::OutcomeUnknown(why) => Outcome::Unknown(why),
        }
    }

    async fn cancel(&self, cancel: &Cancel) -> Outcome {
        if let Err(outcome) = guard::may_cancel(self.vertex, cancel).await {
            return outcome;
        }
        if self.stop.is_set() {
            return Outcome::Skipped(Skipped::Interrupted);
        }
        match self.vertex.cancel(&cancel.job).await {
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
