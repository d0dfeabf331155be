//! What is shown and told of a pass.

use std::sync::Arc;
use std::time::Duration;

use super::{Mode, Task, Watcher};
use crate::apply::Broken;
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{Pretty, Untrusted};
use crate::observe::ObserveError;
use crate::plan::{Held, HoldReason, Plan};
use crate::vertex::Vertex;
use crate::watch::Shown;
use crate::watch::circuit::OPEN_AFTER;
use crate::watch::metrics::PassResult;
use crate::watch::news::{News, Severity};

impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// Shows and tells what a plan says.
    pub(super) fn publish<S>(&mut self, plan: Plan, task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        let retries = plan.held.iter().filter_map(|held| match &held.reason {
            HoldReason::LastRunFailed { retry_in, .. } => *retry_in,
            _ => None,
        });
        let stale = |held: &Held| matches!(held.reason, HoldReason::StaleRevision { .. });
        self.stale = plan.held.iter().any(stale);
        self.wake = retries.min().map(|wait| now + wait.max(Duration::from_secs(1)));
        let acts = task.mode != Mode::Observe;
        // Ten thousand models that stand as they stood are no news, and need not
        // be gone through one by one.
        let last = self.shown.take().filter(|(last, acted)| **last == plan && *acted == acts);
        let plan = match last {
            Some((same, _)) => same,
            None => {
                let (now, same) = (self.parts.clock.now(), self.parts.same_service);
                for news in self.standings.news(&plan, acts, now, same) {
                    self.listener.hear(&news);
                }
                Arc::new(plan)
            }
        };
        self.shown = Some((Arc::clone(&plan), acts));
        if let Some(sight) = &self.sight {
            self.figures.follow(sight, task, self.parts.progress);
        }
        let shown = Shown {
            owner: task.policy.owner.clone(),
            plan,
            progress: Arc::clone(&self.progress),
            runs: Arc::clone(&self.figures.runs),
            billable_tokens: self.figures.billable_tokens.clone(),
            costs: Arc::clone(&self.figures.costs),
        };
        self.parts.published.update(|state| state.shown = Some(shown));
    }

    /// A look came to its end: the next failure is a first one.
    pub(super) fn answered(&mut self) {
        if self.circuit.failures() == 0 {
            return;
        }
        let text = "Vertex answers again".to_owned();
        self.tell(Severity::Info, "reachable", text);
        self.circuit.succeeded();
        self.parts.published.update(|state| {
            state.failed_in_a_row = 0;
            state.last_failure = None;
        });
    }

    /// Vertex answered, but for some places.
    pub(super) fn reached<S>(&mut self, failed: &[Arc<ObserveError>], task: &Task<'_, S>) {
        let now = self.parts.clock.elapsed();
        self.answered();
        self.parts.published.update(|state| {
            state.last_failure = failed.first().map(|error| said(&**error));
        });
        for error in failed {
            let known = self.places.times(&error.place) > 0;
            let asked = error.source.retry_after();
            self.places.failed(error.place.clone(), now, asked, self.parts.entropy);
            if !known {
                let text = format!("{}; nothing is done in {}", said(&**error), error.place);
                self.tell(Severity::Warning, "placeUnreachable", text);
            }
        }
        for place in task.places.iter().filter(|p| failed.iter().all(|e| e.place != **p)) {
            if self.places.times(place) > 0 {
                let text = format!("{place} can be listed again");
                self.tell(Severity::Info, "placeReachable", text);
                self.places.succeeded(place);
            }
        }
        self.places.retain(|place| task.places.contains(place));
    }

    /// A look failed: nothing is decided, and the next one waits.
    pub(super) fn failed(&mut self, failure: &Failure) -> PassResult {
        let now = self.parts.clock.elapsed();
        let wait = self.circuit.failed(now, failure.asked, self.parts.entropy);
        let failures = self.circuit.failures();
        let why = &failure.why;
        let again = Pretty(Duration::from_secs(wait.as_secs().max(1)));
        if failures == 1 {
            let text = format!("{why}; nothing is decided, looking again in {again}");
            self.tell(Severity::Warning, "unreachable", text);
        } else if failures == OPEN_AFTER {
            let text = format!("{why}; {failures} looks in a row failed, nothing is decided");
            self.tell(Severity::Error, "down", text);
        } else {
            tracing::debug!(failures, %again, "{why}");
        }
        self.parts.published.update(|state| {
            state.failed_in_a_row = failures;
            state.last_failure = Some(why.clone());
        });
        PassResult::Failed
    }

    pub(super) fn tell(&self, severity: Severity, code: &'static str, message: String) {
        let at = self.parts.clock.now();
        let (key, job, reason) = (None, None, None);
        self.listener.hear(&News { severity, code, key, job, reason, message, at });
    }
}

/// Why a look failed, and for how long the service asked not to be asked.
pub(super) struct Failure {
    pub(super) why: String,
    pub(super) asked: Option<Duration>,
}

impl Failure {
    pub(super) fn of(broken: &Broken) -> Self {
        let asked = match broken {
            Broken::Jobs(error) => error.source.retry_after(),
            Broken::Claims(_) => None,
            Broken::Claimed { source, .. } => source.retry_after(),
        };
        let hint = match broken {
            Broken::Jobs(error) => error.source.hint(),
            Broken::Claims(error) => error.hint(),
            Broken::Claimed { source, .. } => source.hint(),
        };
        let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        Self { why: said(broken) + &hint, asked }
    }
}

/// An error and its causes in a line that is safe to print.
fn said(error: &dyn std::error::Error) -> String {
    Untrusted::new(chain(error)).shown().to_string()
}
