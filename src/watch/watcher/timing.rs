//! When to look again, and what is left alone until then.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Target, Task, Watcher};
use crate::clock::{Clock, Entropy};
use crate::mutant::{Mutant, is};
use crate::plan::{Action, ClaimedBy, HoldReason, Plan};
use crate::vertex::Vertex;
use crate::watch::sight::Sight;

/// Waits for a claim of somebody else, and for what came too late: a create
/// takes a second or two, a dead holder minutes.
const SOON: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// Whether nothing speaks against an action at this moment.
    pub(super) fn may_act(&self, action: &Action) -> bool {
        let now = self.parts.clock.elapsed();
        // What follows a create waits with it.
        let create = match action {
            Action::Create(create) => Some(&create.key),
            Action::Cancel(cancel) => cancel.after.as_ref(),
        };
        if create.is_some() && self.claims.holds(&(), now) {
            return false;
        }
        let create = create.cloned().map(Target::Create);
        let mut targets = [Target::of(action)].into_iter().chain(create);
        !targets.any(|target| self.backoff.holds(&target, now)) || is(Mutant::BackoffIgnored)
    }

    /// Says when to look again, after a complete look that led to `plan`.
    pub(super) fn schedule<S>(&mut self, plan: &Plan, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let pages = self.sight.as_ref().map_or(1, Sight::pages);
        let mut next = now + self.parts.rhythm.complete(pages, self.parts.entropy);
        let mut claimed = None;
        for reason in self.held.values() {
            match reason {
                HoldReason::Settling { remaining, .. } => next = next.min(now + *remaining),
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
        self.schedule_labels(task);
    }

    /// Says when the runs that go on are looked at again.
    pub(super) fn schedule_runs<S>(&mut self, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let Some(sight) = &self.sight else { return };
        self.runs_due = sight.has_young(&task.policy.owner).map(|young| {
            let next = now + self.parts.rhythm.runs(young);
            self.runs_due.filter(|at| *at > now).map_or(next, |at| at.min(next))
        });
    }
}
