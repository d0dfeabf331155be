//! Carries a plan out, and decides nothing.
//!
//! Actions concern different runs, so each has its own outcome and one failure
//! stops no other. A cancel reads its job right before it is sent: what a
//! listing said minutes ago may be over. A create is sent once, and only while
//! the look that found it due is fresh; what became of it is its outcome, and
//! nothing here tries again.
//!
//! [`Reconciler`] looks, decides and carries out, as often as a settle window
//! asks for; [`Wait`] follows the runs to their end.

mod claiming;
mod event;
mod guard;
mod memory;
mod outcome;
mod pass;
mod ready;
mod reconcile;
mod step;
mod stop;
mod stopped;
mod wait;

pub use claiming::{Claims, Ready};
pub use event::{Event, Observer};
pub use guard::{is_cancellable, survives};
pub use memory::{AMBIGUOUS, Look, Memory, SETTLE, UNCHANGED};
pub use outcome::{Item, Outcome, Report, Skipped, Withheld};
pub use pass::Passed;
pub use reconcile::{Broken, CarriedOut, Reconciler, Seen};
pub use stop::{Asked, Stop};
pub use wait::{Ended, Verdict, Wait, WaitError};

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;

use crate::claims::{ClaimStore, NoClaims};
use crate::clock::{Clock, Entropy};
use crate::plan::Action;
use crate::vertex::Vertex;
use step::Step;

/// How many steps are carried out at a time. The quota for submissions is 60 a
/// minute and region; a create takes about a second.
const STEPS_AT_A_TIME: usize = 4;

/// How long after a look its creates may be sent. It is part of the window in
/// which another process can start the same run, so it is short; a create that
/// comes too late is decided again.
const FRESH: Duration = Duration::from_secs(5);

/// What the executor needs beside the plan.
#[derive(Debug)]
pub struct Executor<'a, V, E, C, S = NoClaims> {
    /// The service.
    pub vertex: &'a V,
    /// Draws the run id of each create.
    pub entropy: &'a E,
    /// Tells how fresh a look is.
    pub clock: &'a C,
    /// The manifests' source revision, stamped on each create.
    pub revision: Option<i64>,
    /// Set when no further request may be sent.
    pub stop: &'a Stop,
    /// Whether the manifests are still those that were decided on.
    pub asked: &'a dyn Asked,
    /// What this process has sent before.
    pub memory: &'a Mutex<Memory>,
    /// Where creates are claimed; without it they wait for a settle window.
    pub claims: Option<Claims<'a, S>>,
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Executor<'_, V, E, C, S> {
    /// Carries out what is `ready` and reports on every action, in the plan's
    /// order. No create is sent later than 5 s after the look.
    pub async fn apply(&self, ready: &Ready, observer: &dyn Observer) -> Report {
        let plan = &ready.plan;
        let steps = Step::of(&plan.actions);
        let runs = steps.into_iter().map(|step| step.run(self, ready, observer));
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

    /// The memory; whoever panicked with it in hand changed nothing halfway.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
