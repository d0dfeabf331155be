//! Requests that wait for a test to let them go.
//!
//! Whoever stops a client at an exact place, between a request and what it
//! does, or between that and its answer, has no other way that does not depend
//! on time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::oneshot;

use super::asked::Operation;

/// A request that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Held {
    /// Its number in the log.
    pub number: u64,
    /// What the method does to what resource.
    pub operation: Operation,
    /// Where it is held.
    pub at: At,
}

/// Where a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// It is there, and nothing happened.
    Request,
    /// It was carried out, and the client does not know.
    Answer,
    /// The client has half of the answer.
    Middle,
}

/// Everything that is held at this moment.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<BTreeMap<u64, (Held, oneshot::Sender<()>)>>);

impl Holds {
    /// Returns when the request is let go.
    pub(super) async fn wait(&self, held: Held) {
        let (let_go, waiting) = oneshot::channel();
        self.all().insert(held.number, (held, let_go));
        // A sender that is dropped has let go as well.
        let _ = waiting.await;
    }

    pub(super) fn held(&self) -> Vec<Held> {
        self.all().values().map(|(held, _)| *held).collect()
    }

    pub(super) fn release(&self, number: u64) {
        self.all().remove(&number);
    }

    pub(super) fn release_all(&self) {
        self.all().clear();
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, (Held, oneshot::Sender<()>)>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
