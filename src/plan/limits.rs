//! Limits: tripping ones first, then the one that lets creates wait.

use std::collections::{BTreeMap, BTreeSet};

use super::runs::Index;
use super::{Action, Held, HoldReason, Plan, Policy};
use crate::model::{Key, Text};
use crate::mutant::{Mutant, is};

/// Above a limit all creates (cancels) are held: a plan that wants 200 runs is
/// more likely a mistake than a wish, and any 10 of them would be wrong too.
/// Both are counted before either is held.
pub(super) fn trip(index: &Index<'_>, policy: &Policy, plan: &mut Plan) {
    let (creates, cancels) = (plan.creates().count(), plan.cancels().count());
    let limits = policy.limits;
    if is(Mutant::LimitsRation) {
        let mut left = limits.max_creates;
        plan.hold(|_| {
            let go = left > 0;
            left = left.saturating_sub(1);
            let (recent, limit) = (0, limits.max_creates);
            (!go).then_some(HoldReason::CreateLimit { wanted: creates, recent, limit })
        });
        return;
    }
    let window = policy.window.filter(|_| creates > 0 && !is(Mutant::WindowForgotten));
    let recent = window.map_or(0, |w| index.created_since(w));
    if creates > 0 && creates + recent > limits.max_creates as usize {
        let reason = HoldReason::CreateLimit { wanted: creates, recent, limit: limits.max_creates };
        hold(plan, &reason, |action| matches!(action, Action::Create(_)));
    }
    if cancels > limits.max_cancels as usize {
        let reason = HoldReason::CancelLimit { wanted: cancels, limit: limits.max_cancels };
        // A create whose predecessor may not be cancelled would bill twice.
        let paired: BTreeSet<Key> = plan.cancels().filter_map(|c| c.after.clone()).collect();
        hold(plan, &reason, |action| match action {
            Action::Create(create) => paired.contains(&create.key),
            Action::Cancel(_) => true,
        });
    }
}

/// Holds the actions that `held` picks, and cancels that wait for a held create.
fn hold(plan: &mut Plan, reason: &HoldReason, held: impl Fn(&Action) -> bool) {
    let (out, rest): (Vec<_>, Vec<_>) = plan.actions.drain(..).partition(held);
    let creates: BTreeSet<&Key> = out
        .iter()
        .filter_map(|action| match action {
            Action::Create(create) => Some(&create.key),
            Action::Cancel(_) => None,
        })
        .collect();
    plan.actions = rest;
    plan.actions.retain(|action| match action {
        Action::Create(_) => true,
        Action::Cancel(cancel) => cancel.after.as_ref().is_none_or(|key| !creates.contains(key)),
    });
    let keys: BTreeSet<&Key> = out.iter().map(Action::key).collect();
    plan.held.extend(keys.into_iter().map(|key| Held { key: key.clone(), reason: reason.clone() }));
}

impl Plan {
    /// Holds the creates for which `why` gives a reason, and the cancels that
    /// were to follow them.
    pub fn hold(&mut self, mut why: impl FnMut(&super::Create) -> Option<HoldReason>) {
        let mut held = BTreeSet::new();
        let mut actions = Vec::with_capacity(self.actions.len());
        for action in std::mem::take(&mut self.actions) {
            let reason = match &action {
                Action::Create(create) => why(create),
                Action::Cancel(_) => None,
            };
            match reason {
                Some(reason) => {
                    let key = action.key().clone();
                    held.insert(key.clone());
                    self.held.push(Held { key, reason });
                }
                None => actions.push(action),
            }
        }
        actions.retain(|action| match action {
            Action::Create(_) => true,
            Action::Cancel(cancel) => cancel.after.as_ref().is_none_or(|key| !held.contains(key)),
        });
        self.actions = actions;
        self.held.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

/// Creates beyond `maxConcurrent` wait. Active and ending runs count; a create
/// that supersedes an active run takes its slot.
pub(super) fn defer(index: &Index<'_>, policy: &Policy, plan: &mut Plan) {
    let Some(limit) = policy.limits.max_concurrent else { return };
    let superseding: BTreeSet<Key> = plan.cancels().filter_map(|c| c.after.clone()).collect();
    let mut running: BTreeMap<Text, usize> = BTreeMap::new();
    let mut deferred = BTreeSet::new();
    let mut actions = Vec::new();
    for action in std::mem::take(&mut plan.actions) {
        match action {
            Action::Create(create) if !superseding.contains(&create.key) => {
                let project = &create.key.place.project;
                let busy = index.busy(project);
                let running = running.entry(project.clone()).or_insert(busy);
                if *running < limit as usize {
                    *running += 1;
                    actions.push(Action::Create(create));
                } else {
                    deferred.insert(create.key.clone());
                    plan.held.push(Held {
                        key: create.key.clone(),
                        reason: HoldReason::ConcurrencyLimit {
                            running: *running,
                            limit,
                            deferred: Box::new(create),
                        },
                    });
                }
            }
            Action::Create(_) | Action::Cancel(_) => actions.push(action),
        }
    }
    actions.retain(|action| match action {
        Action::Create(_) => true,
        Action::Cancel(cancel) => cancel.after.as_ref().is_none_or(|key| !deferred.contains(key)),
    });
    plan.actions = actions;
    plan.held.sort_by(|a, b| a.key.cmp(&b.key));
}
