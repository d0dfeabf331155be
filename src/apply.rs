//! Carries a plan out, and decides nothing.
//!
//! Actions concern different runs, so each has its own outcome and one failure
//! stops no other. A cancel reads its job right before it is sent: what a
//! listing said minutes ago may be over. A create is sent once; what became of
//! it is its outcome, and nothing here tries again.

mod event;
mod guard;
mod memory;
mod outcome;
mod step;
mod stop;
mod wait;

pub use event::{Event, Observer};
pub use memory::{AMBIGUOUS, Look, Memory, SETTLE};
pub use outcome::{Item, Outcome, Report, Skipped, Withheld};
pub use stop::Stop;
pub use wait::{Ended, Verdict, Wait, WaitError};

use futures_util::StreamExt;

use crate::clock::Entropy;
use crate::plan::{Action, Plan};
use crate::vertex::Vertex;
use step::Step;

/// How many steps are carried out at a time. The quota for submissions is 60 a
/// minute and region; a create takes about a second.
const STEPS_AT_A_TIME: usize = 4;

/// What the executor needs beside the plan.
#[derive(Debug)]
pub struct Executor<'a, V, E> {
    /// The service.
    pub vertex: &'a V,
    /// Draws the run id of each create.
    pub entropy: &'a E,
    /// The manifests' source revision, stamped on each create.
    pub revision: Option<i64>,
    /// Set when no further request may be sent.
    pub stop: &'a Stop,
}

impl<V: Vertex, E: Entropy> Executor<'_, V, E> {
    /// Carries `plan` out and reports on every action, in the plan's order.
    pub async fn apply(&self, plan: &Plan, observer: &dyn Observer) -> Report {
        let steps = Step::of(&plan.actions);
        let runs = steps.into_iter().map(|step| step.run(self, observer));
        let done: Vec<Vec<(usize, Outcome)>> =
            futures_util::stream::iter(runs).buffer_unordered(STEPS_AT_A_TIME).collect().await;
        let mut outcomes: Vec<(usize, Outcome)> = done.into_iter().flatten().collect();
        outcomes.sort_by_key(|(index, _)| *index);
        let items = plan.actions.iter().zip(outcomes);
        Report {
            items: items
                .map(|(action, (_, outcome))| Item { action: Action::clone(action), outcome })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
