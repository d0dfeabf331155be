//! One pass of whoever looks again and again: it waits for nothing.

use super::{Broken, Executor, Observer, Reconciler, Report, Seen};
use crate::claims::ClaimStore;
use crate::clock::{Clock, Entropy};
use crate::plan::{Action, Held};
use crate::vertex::Vertex;

/// What became of one pass.
#[derive(Debug)]
#[must_use = "an action may have failed"]
pub struct Passed {
    /// What became of each action that was not held back.
    pub report: Report,
    /// Changes that were held back, with those that wait for a settle window,
    /// for a claim, or for an earlier create to be resolved.
    pub held: Vec<Held>,
    /// Why no create was sent: the claims could not be read.
    pub unclaimed: Option<Broken>,
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Reconciler<'_, V, E, C, S> {
    /// Carries out what of `seen` is `wanted` and may be sent now. What has to
    /// wait is held, and decided anew by a later pass.
    ///
    /// # Errors
    /// A look that failed: nothing was sent.
    pub async fn pass(
        &self,
        seen: Seen,
        wanted: impl Fn(&Action) -> bool,
        observer: &dyn Observer,
    ) -> Result<Passed, Broken> {
        let ready = self.ready(seen, wanted).await?;
        let report = Executor::apply(&self.executor, &ready, observer).await;
        Ok(Passed { report, held: ready.plan.held, unclaimed: ready.unclaimed })
    }
}
