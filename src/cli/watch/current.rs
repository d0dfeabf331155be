//! What the manifests ask for at this moment, and what follows from it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Args;
use crate::apply::SETTLE;
use crate::cli::claims::{self, Store};
use crate::cli::connect::VertexClient;
use crate::cli::failure::Failure;
use crate::cli::session;
use crate::cli::{Global, revision};
use crate::google::Counters;
use crate::manifest::Manifests;
use crate::model::{Name, Place};
use crate::observe;
use crate::plan::Policy;

/// Over how long creates count towards their limit.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// The last valid manifests, and what follows from them.
pub(super) struct Current {
    pub(super) manifests: Arc<Manifests>,
    pub(super) places: BTreeSet<Place>,
    pub(super) policy: Policy,
    pub(super) settle: Duration,
    pub(super) store: Option<Store>,
}

impl Current {
    /// # Errors
    /// A revision that is none, a settle window that is refused, a claim store
    /// that cannot be used.
    pub(super) async fn new(
        manifests: Arc<Manifests>,
        args: &Args,
        global: &Global,
        client: &VertexClient,
    ) -> Result<Self, Failure> {
        let workspace = manifests.workspace.as_ref();
        let places = observe::places(&manifests.desired, workspace);
        let mut policy = Policy::new(session::owner(workspace)?);
        if let Some(workspace) = workspace {
            policy.limits = workspace.limits;
        }
        policy.limits.max_creates = args.max_creates.unwrap_or(policy.limits.max_creates);
        policy.limits.max_cancels = args.max_cancels.unwrap_or(policy.limits.max_cancels);
        policy.window = Some(WINDOW);
        policy.shard = args.shard;
        policy.revision = revision_of(&manifests, global).await?;
        let bucket = workspace.and_then(|workspace| workspace.claims.clone());
        let store = claims::open(bucket.filter(|_| !global.emulator), client.endpoint())?;
        let set = workspace.and_then(|workspace| workspace.settle);
        let settle = if store.is_some() || global.emulator {
            Duration::ZERO
        } else if set == Some(Duration::ZERO) && !args.accept_duplicates {
            return Err(session::no_window());
        } else {
            set.unwrap_or(SETTLE)
        };
        Ok(Self { manifests, places, policy, settle, store })
    }

    /// Reads the revision again: a commit may have been made since.
    ///
    /// # Errors
    /// A revision that is none.
    pub(super) async fn read_revision(&mut self, global: &Global) -> Result<(), Failure> {
        self.policy.revision = revision_of(&self.manifests, global).await?;
        Ok(())
    }

    /// Keeps the connections to a bucket that is still the same.
    pub(super) fn keep_store_of(&mut self, older: &mut Self) {
        if self.store.is_some() && self.is_protected_as(older) {
            self.store = older.store.take();
        }
    }

    /// Requests for claims, counted.
    pub(super) fn counters(&self) -> Option<Arc<Counters>> {
        self.store.as_ref().map(|store| store.claims.counters())
    }

    /// Whether creates are protected in the same way: by the same window, or in
    /// the same bucket.
    pub(super) fn is_protected_as(&self, other: &Self) -> bool {
        let bucket = |current: &Self| {
            let workspace = current.manifests.workspace.as_ref();
            workspace.and_then(|workspace| workspace.claims.clone())
        };
        (self.settle, bucket(self)) == (other.settle, bucket(other))
    }

    /// The names whose manifests differ from `other`'s.
    pub(super) fn changed<'a>(&'a self, other: &'a Manifests) -> Vec<&'a Name> {
        // Both are sorted by key.
        let (mut ours, mut theirs) =
            (self.manifests.desired.iter().peekable(), other.desired.iter().peekable());
        let mut changed = Vec::new();
        loop {
            match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.key == b.key => {
                    // Where it stands in which file is no change of it.
                    if (&a.spec, &a.lifecycle) != (&b.spec, &b.lifecycle) {
                        changed.push(&a.key.name);
                    }
                    ours.next();
                    theirs.next();
                }
                (Some(a), Some(b)) if a.key < b.key => {
                    changed.push(&a.key.name);
                    ours.next();
                }
                (_, Some(b)) => {
                    changed.push(&b.key.name);
                    theirs.next();
                }
                (Some(a), None) => {
                    changed.push(&a.key.name);
                    ours.next();
                }
                (None, None) => return changed,
            }
        }
    }
}

async fn revision_of(manifests: &Manifests, global: &Global) -> Result<Option<i64>, Failure> {
    if let Some(told) = revision::told(global)? {
        return Ok(Some(told));
    }
    let directory: Option<PathBuf> =
        session::work_tree(&manifests.desired, manifests.workspace.as_ref());
    let Some(directory) = directory else { return Ok(None) };
    // It starts git, which may be slow on a cold disk.
    let read = tokio::task::spawn_blocking(move || revision::of_work_tree(&directory)).await;
    Ok(read.unwrap_or_default())
}
