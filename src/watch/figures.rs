//! What people are shown that follows from the runs and the manifests alone,
//! whatever time it is: made again only when one of both changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sight::Sight;
use super::watcher::Task;
use crate::model::{Belonging, Costs, Desired, Name, Observed, Prices, Text};
use crate::page::Runs;

/// The newest runs, what they cost and what they were trained on.
#[derive(Debug, Default)]
pub(super) struct Figures {
    made_of: Option<MadeOf>,
    /// The newest runs of each tuned model; none while nobody is served.
    pub(super) runs: Arc<Runs>,
    /// What the runs of each tuned model cost.
    pub(super) costs: Arc<Costs>,
    /// Billable training tokens by base model.
    pub(super) billable_tokens: BTreeMap<Text, u64>,
}

/// What they were made of. Held, so that what is at the same place in memory is
/// the same.
#[derive(Debug)]
struct MadeOf {
    owner: Name,
    prices: Prices,
    jobs: Vec<Observed>,
    desired: Vec<Desired>,
}

impl Figures {
    /// Follows what was seen last; `served` says whether anybody is shown runs.
    pub(super) fn follow<S>(&mut self, sight: &Sight, task: &Task<'_, S>, served: bool) {
        if self.made_of.as_ref().is_some_and(|made_of| made_of.is(sight, task)) {
            return;
        }
        let (owner, desired) = (&task.policy.owner, task.desired);
        self.made_of = Some(MadeOf {
            owner: owner.clone(),
            prices: task.prices.clone(),
            jobs: sight.jobs().cloned().collect(),
            desired: desired.to_vec(),
        });
        self.costs = Arc::new(sight.costs(&Belonging::new(owner, desired), task.prices));
        self.billable_tokens = sight.billable(owner);
        let runs = if served { sight.runs(owner, desired) } else { Runs::default() };
        // What did not change stays the very value that a page was made of.
        if runs != *self.runs {
            self.runs = Arc::new(runs);
        }
    }
}

impl MadeOf {
    fn is<S>(&self, sight: &Sight, task: &Task<'_, S>) -> bool {
        let asked = (&self.owner, &self.prices) == (&task.policy.owner, task.prices);
        asked
            && self.jobs.len() == sight.jobs().count()
            && self.jobs.iter().zip(sight.jobs()).all(|(held, seen)| held.ptr_eq(seen))
            && self.desired.len() == task.desired.len()
            && self.desired.iter().zip(task.desired).all(|(held, asked)| held.ptr_eq(asked))
    }
}
