//! What the operator allows.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{Limits, Name, Shard};

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
    /// Only these names are decided; all of them when empty.
    pub only: BTreeSet<Name>,
    /// Only names in this part are decided; all of them when absent.
    pub shard: Option<Shard>,
    /// Orphans whose active runs are cancelled.
    pub prune: BTreeSet<Name>,
}

impl Policy {
    /// The defaults for an owner.
    pub fn new(owner: Name) -> Self {
        Self {
            owner,
            revision: None,
            limits: Limits::default(),
            window: None,
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
