//! Sees to it that the manifests change nothing.

use super::draft::{Draft, Guard};
use super::{Around, LeftOut};
use crate::model::{Desired, Limits};
use crate::plan::{Action, Policy, plan};

/// Rounds in which guards are raised: two for each manifest, all at once.
const ROUNDS: usize = 3;

/// Raises guards until a plan with the manifests does what it did without them.
/// What cannot be kept from changing something is left out.
pub(super) fn settle(drafts: &mut Vec<Draft<'_>>, around: &Around<'_>) -> Vec<LeftOut> {
    let before = actions(&[], around);
    for _ in 0..ROUNDS {
        let new = brought(drafts, around, &before);
        if new.is_empty() {
            return Vec::new();
        }
        for action in &new {
            let guarded = drafts.iter_mut().filter(|draft| is_of(draft, action));
            guarded.for_each(|draft| raise(draft, action));
        }
    }
    // What is left changes something for another manifest: each by itself says
    // which it is.
    let (mut kept, mut left_out): (Vec<Draft<'_>>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    for draft in drafts.drain(..) {
        kept.push(draft);
        let new = brought(&kept, around, &before);
        let (Some(action), Some(draft)) = (new.first(), kept.pop_if(|_| !new.is_empty())) else {
            continue;
        };
        left_out.push(LeftOut { job: draft.observed().name.clone(), why: why(action) });
    }
    *drafts = kept;
    left_out
}

fn raise(draft: &mut Draft<'_>, action: &Action) {
    let next = match (draft.guard(), action) {
        (Guard::None, Action::Cancel(_)) => Guard::Keep,
        _ => Guard::Suspend,
    };
    draft.guard_more(next);
}

fn why(action: &Action) -> String {
    match action {
        Action::Create(create) => {
            format!("with a manifest for it, a plan would start a run of `{}`", create.key.name)
        }
        Action::Cancel(cancel) => {
            format!("with a manifest for it, a plan would stop {}", cancel.job.short())
        }
    }
}

/// The actions of a plan over all manifests, whatever the limits.
fn actions(drafts: &[Draft<'_>], around: &Around<'_>) -> Vec<Action> {
    let ours = drafts.iter().map(|draft| draft.desired().clone());
    let desired: Vec<Desired> = around.desired.iter().cloned().chain(ours).collect();
    let limits = Limits { max_creates: u32::MAX, max_cancels: u32::MAX, max_concurrent: None };
    let (owner, revision) = (around.policy.owner.clone(), around.policy.revision);
    let policy = Policy { limits, revision, ..Policy::new(owner) };
    plan(&desired, around.seen, &policy).actions
}

/// The actions that were not there before.
fn brought(drafts: &[Draft<'_>], around: &Around<'_>, before: &[Action]) -> Vec<Action> {
    let mut after = actions(drafts, around);
    after.retain(|action| !before.iter().any(|known| known.is_same(action)));
    after
}

fn is_of(draft: &Draft<'_>, action: &Action) -> bool {
    let key = match action {
        Action::Create(create) => &create.key,
        Action::Cancel(cancel) => &cancel.key,
    };
    let ours = &draft.desired().key;
    (&ours.place, &ours.owner, &ours.name) == (&key.place, &key.owner, &key.name)
}
