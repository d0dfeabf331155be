//! What the operator allows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{Limits, Name, Place, Shard};

/// What the operator allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whose jobs are ours.
    pub owner: Name,
    /// The manifests' source revision, in seconds.
    pub revision: Option<i64>,
    /// How much one plan may change.
    pub limits: Limits,
    /// Over how long a time creates count towards their limit: a plan by itself
    /// when absent, else also the owner's jobs of this age. For whoever applies
    /// plan after plan.
    pub window: Option<Duration>,
    /// What was last known of places, for limits while they cannot be listed. For
    /// whoever decides without them.
    pub unseen: BTreeMap<Place, Unseen>,
    /// Only these names are decided; all of them when empty.
    pub only: BTreeSet<Name>,
    /// Only names in this part are decided; all of them when absent.
    pub shard: Option<Shard>,
    /// Orphans whose active runs are cancelled.
    pub prune: BTreeSet<Name>,
}

/// What counts towards limits of a place that cannot be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unseen {
    /// The owner's active and ending runs.
    pub busy: usize,
    /// The owner's jobs within the policy's window.
    pub created: usize,
}

impl Policy {
    /// The defaults for an owner.
    pub fn new(owner: Name) -> Self {
        Self {
            owner,
            revision: None,
            limits: Limits::default(),
            window: None,
            unseen: BTreeMap::new(),
            only: BTreeSet::new(),
            shard: None,
            prune: BTreeSet::new(),
        }
    }

    /// Whether `name` is decided by this plan.
    pub fn concerns(&self, name: &Name) -> bool {
        let named = self.only.is_empty() || self.only.contains(name);
        named && self.shard.is_none_or(|shard| shard.contains(name))
    }
}
