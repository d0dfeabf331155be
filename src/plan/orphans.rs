//! Runs of ours without a manifest: reported, and stopped only by name.

use super::rules::newer_revision;
use super::runs::Index;
use super::{Action, Cancel, CancelReason, Held, HoldReason, Plan, Policy};
use crate::model::{JobName, JobState, Key, Phase};

/// An active run of ours without a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Orphan {
    /// What it was a run of.
    pub key: Key,
    /// The run.
    pub job: JobName,
    /// Where it stands.
    pub state: JobState,
}

/// Reports orphans; those that the policy names are cancelled.
pub(super) fn report(index: &Index<'_>, policy: &Policy, plan: &mut Plan) {
    for run in index.orphans().filter(|run| policy.concerns(&run.stamp.name)) {
        if run.job.phase() != Phase::Active {
            plan.orphaned_ended += 1;
            continue;
        }
        let key = run.key();
        let job = run.job.name.clone();
        if !policy.prune.contains(&run.stamp.name) {
            plan.orphaned.push(Orphan { key, job, state: run.job.state.clone() });
        } else if let Some(newer) = newer_revision(&run, policy) {
            plan.held.push(Held { key, reason: HoldReason::StaleRevision { job, newer } });
        } else {
            let reason = CancelReason::Pruned;
            plan.actions.push(Action::Cancel(Cancel { key, job, reason, after: None }));
        }
    }
}
