//! Runs of ours without a manifest: reported, and stopped only by name.

use super::rules::newer_revision;
use super::runs::Index;
use super::{Action, Cancel, CancelReason, Held, HoldReason, Plan, Policy};
use crate::model::{JobName, JobState, Key, Phase};
use crate::mutant::{Mutant, is};

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

/// Reports orphans; those that the policy prunes are cancelled, whichever
/// manifests it is limited to.
pub(super) fn report(index: &Index<'_>, policy: &Policy, plan: &mut Plan) {
    for run in index.orphans() {
        let (key, job) = (run.key(), run.job.name.clone());
        let pruned = policy.prune.contains(&run.stamp.name) || is(Mutant::AbsenceCancels);
        if !pruned && !policy.concerns(&run.stamp.name) {
            continue;
        }
        if pruned && run.job.phase() == Phase::Unclear {
            let state = Some(run.job.state.clone());
            plan.held.push(Held { key, reason: HoldReason::UnknownState { job, state } });
        } else if run.job.phase() != Phase::Active {
            plan.orphaned_ended += 1;
        } else if !pruned {
            plan.orphaned.push(Orphan { key, job, state: run.job.state.clone() });
        } else if let Some(newer) = newer_revision(&run, policy) {
            plan.held.push(Held { key, reason: HoldReason::StaleRevision { job, newer } });
        } else {
            let reason = CancelReason::Pruned;
            plan.actions.push(Action::Cancel(Cancel { key, job, reason, after: None }));
        }
    }
}
