//! What the daemon shows of itself: written by the loop after each pass, read
//! by whoever asks over HTTP. Nobody waits for anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::manifest::Manifests;
use crate::model::{Costs, JobName, Name, Progress, Text};
use crate::page::Runs;
use crate::plan::Plan;

/// What the last pass found.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whose models these are.
    pub owner: Name,
    /// What the pass decided, with what it held back.
    pub plan: Arc<Plan>,
    /// How far the runs under way are, where Vertex said so.
    pub progress: Arc<BTreeMap<JobName, Progress>>,
    /// The newest runs of each model; none while nobody is served.
    pub runs: Arc<Runs>,
    /// Billable training tokens of the owner's runs, by base model, where
    /// Vertex says so.
    pub billable_tokens: BTreeMap<Text, u64>,
    /// What the runs of each tuned model cost.
    pub costs: Arc<Costs>,
}

/// How the manifests are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manifested {
    /// Not read yet.
    #[default]
    Unread,
    /// Valid: how many tuned models.
    Valid(usize),
    /// Not valid: how many errors. Nothing is created or cancelled.
    Invalid(usize),
}

/// Everything that is shown. Times are [`Clock::elapsed`](crate::clock::Clock::elapsed).
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The last complete pass; `None` before the first.
    pub shown: Option<Shown>,
    /// When it ended.
    pub last_good: Option<Duration>,
    /// Passes in a row that failed.
    pub failed_in_a_row: u32,
    /// Why the last one did, in words for people.
    pub last_failure: Option<String>,
    /// How the manifests are.
    pub manifests: Manifested,
    /// The last valid ones.
    pub current: Option<Arc<Manifests>>,
    /// When the loop was last seen alive.
    pub beat: Duration,
    /// Whether the daemon has been asked to stop.
    pub stopping: bool,
    /// Whether files are looked at by polling alone, for notification failed.
    pub polling: bool,
}

/// What the daemon shows, shared between the loop and the server.
#[derive(Debug, Default)]
pub struct Published {
    state: Mutex<State>,
}

impl Published {
    /// Changes what is shown.
    pub fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    /// What is shown now.
    pub fn read(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
