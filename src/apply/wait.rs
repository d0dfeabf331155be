//! Follows runs to their end, and starts what waited for a free slot.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reconcile::is_late;
use super::stopped::Stopped;
use super::{Broken, Event, Item, Observer, Outcome, Reconciler, Report, Seen};
use crate::claims::{ClaimStore, NoClaims};
use crate::clock::{Clock, Entropy};
use crate::model::{DesiredState, JobName, Key, Observed, Phase};
use crate::plan::{Action, Create, Plan};
use crate::vertex::Vertex;

/// Looks in a row that may fail before waiting is given up: with 20 s between
/// looks, and three tries in each, an outage of five minutes is sat out.
const FAILURES_IN_A_ROW: u32 = 15;

/// What is waited for, and how.
#[derive(Debug)]
pub struct Wait<'a, V, E, C, S = NoClaims> {
    /// Looks, and carries out what becomes due.
    pub reconciler: &'a Reconciler<'a, V, E, C, S>,
    /// How long between two looks.
    pub interval: Duration,
    /// How long to wait in all; for ever when absent.
    pub limit: Option<Duration>,
}

/// How waiting ended.
#[derive(Debug)]
pub struct Ended {
    /// Why it ended.
    pub verdict: Verdict,
    /// What was started while waiting.
    pub report: Report,
    /// The last look's plan: what every model came to.
    pub plan: Option<Plan>,
}

/// Why waiting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every model that should be tuned is.
    AllGood,
    /// These ended without a good run, or are held.
    NotGood(Vec<Key>),
    /// The wait timed out; runs go on.
    TimedOut(Vec<Key>),
    /// A signal came; runs go on.
    Interrupted(Vec<Key>),
}

/// Vertex could not be asked any more; runs go on.
#[derive(Debug, thiserror::Error)]
#[error("gave up looking; the runs go on")]
pub struct WaitError {
    /// The last failure.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Wait<'_, V, E, C, S> {
    /// Waits for the runs of `confirmed` and of its `report`.
    ///
    /// # Errors
    /// Vertex could not be listed for `FAILURES_IN_A_ROW` looks.
    pub async fn run(
        &self,
        confirmed: &Plan,
        report: &Report,
        observer: &dyn Observer,
    ) -> Result<Ended, WaitError> {
        let mut runs: BTreeMap<JobName, Key> =
            confirmed.in_flight.iter().map(|run| (run.job.clone(), run.key.clone())).collect();
        runs.extend(report.created().map(|(action, job)| (job.clone(), action.key().clone())));
        let mut stopped = Stopped::of(report);
        let mut deferred: Vec<Create> = confirmed.deferred().cloned().collect();
        let mut started = Report::default();
        let clock = self.reconciler.executor.clock;
        let begun = clock.elapsed();
        let mut failures = 0;
        loop {
            let open = || runs.values().chain(deferred.iter().map(|c| &c.key)).cloned().collect();
            if self.reconciler.executor.stop.is_set() {
                let verdict = Verdict::Interrupted(open());
                return Ok(Ended { verdict, report: started, plan: None });
            }
            if self.limit.is_some_and(|limit| clock.elapsed() - begun >= limit) {
                let verdict = Verdict::TimedOut(open());
                return Ok(Ended { verdict, report: started, plan: None });
            }
            let mut looked = self.look(&mut runs, &mut stopped, observer).await;
            let all_ended = runs.is_empty() && stopped.is_empty();
            if looked.is_ok() && (!deferred.is_empty() || all_ended) {
                match self.reconciler.look().await {
                    Ok(seen) if deferred.is_empty() && seen.plan.in_flight.is_empty() => {
                        let verdict = self.judge(&seen.plan);
                        return Ok(Ended { verdict, report: started, plan: Some(seen.plan) });
                    }
                    Ok(seen) => {
                        // A listing can lag behind, or know of a run that
                        // somebody else started: the runs' own word counts.
                        let going = seen.plan.in_flight.iter();
                        runs.extend(going.map(|run| (run.job.clone(), run.key.clone())));
                        match self.start(seen, &mut deferred, observer).await {
                            Ok(report) => {
                                let created = report.created();
                                runs.extend(created.map(|(a, job)| (job.clone(), a.key().clone())));
                                started.items.extend(report.items);
                            }
                            Err(error) => looked = Err(Box::new(error)),
                        }
                    }
                    Err(error) => looked = Err(Box::new(error)),
                }
            }
            match looked {
                Ok(()) => failures = 0,
                Err(source) if failures + 1 >= FAILURES_IN_A_ROW => {
                    return Err(WaitError { source });
                }
                Err(error) => {
                    failures += 1;
                    let (why, again_in) = (&error.to_string(), self.interval);
                    observer.notice(&Event::LookFailed { why, again_in });
                }
            }
            let left = self.limit.map(|limit| limit.saturating_sub(clock.elapsed() - begun));
            let pause = left.map_or(self.interval, |left| left.min(self.interval));
            let sleep = std::pin::pin!(clock.sleep(pause));
            let stop = std::pin::pin!(self.reconciler.executor.stop.wait());
            futures_util::future::select(sleep, stop).await;
        }
    }

    /// Looks at each run; those that ended are waited for no more. The first
    /// failure ends the look: the next one begins where the runs stand then.
    async fn look(
        &self,
        runs: &mut BTreeMap<JobName, Key>,
        stopped: &mut Stopped,
        observer: &dyn Observer,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stopped.look(self.reconciler.executor.vertex, observer).await?;
        for (job, key) in runs.clone() {
            let seen = self.reconciler.executor.vertex.get(&job).await?;
            self.reconciler.executor.memory().read(&seen);
            self.show(&key, &seen, observer).await;
            if !matches!(seen.phase(), Phase::Active | Phase::Ending | Phase::Unclear) {
                runs.remove(&job);
            }
        }
        Ok(())
    }

    async fn show(&self, key: &Key, seen: &Observed, observer: &dyn Observer) {
        let progress = if seen.phase() == Phase::Active {
            self.reconciler.executor.vertex.progress(&seen.name).await.ok()
        } else {
            None
        };
        observer.notice(&Event::Seen {
            key,
            job: &seen.name,
            state: &seen.state,
            progress: progress.as_ref(),
            epochs: seen.echo.epoch_count(),
            tuned_model: seen.tuned_model.as_ref(),
            error: seen.error.as_ref().map(|error| &error.message),
        });
    }

    /// Starts those deferred creates that are due by now and have settled,
    /// exactly as they were confirmed, and forgets those no longer wanted. One
    /// that would supersede a run by now was confirmed without that cancel.
    async fn start(
        &self,
        seen: Seen,
        deferred: &mut Vec<Create>,
        observer: &dyn Observer,
    ) -> Result<Report, Broken> {
        let confirmed = |create: &Create, among: &[Create]| {
            among.iter().any(|c| c.key == create.key && c.request == create.request)
        };
        let superseding: Vec<Key> =
            seen.plan.cancels().filter_map(|cancel| cancel.after.clone()).collect();
        let due = |action: &Action| match action {
            Action::Create(create) => {
                confirmed(create, deferred) && !superseding.contains(&create.key)
            }
            Action::Cancel(_) => false,
        };
        let ready = self.reconciler.ready(seen, due).await?;
        let waiting: Vec<Create> = ready.plan.deferred().cloned().collect();
        let gone = deferred.extract_if(.., |create| !confirmed(create, &waiting));
        let held: Vec<Item> = gone.filter_map(|create| held_back(create, &ready.plan)).collect();
        let mut report = self.reconciler.executor.apply(&ready, observer).await;
        for item in held {
            observer.notice(&Event::Done(&item.action, &item.outcome));
            report.items.push(item);
        }
        // What came too late is decided again at the next look.
        report.items.retain(|item| match &item.action {
            Action::Create(create) if item.outcome.is_decided_again() => {
                deferred.push(create.clone());
                false
            }
            _ => true,
        });
        Ok(report)
    }

    fn judge(&self, plan: &Plan) -> Verdict {
        let not_good: Vec<Key> = self
            .reconciler
            .desired
            .iter()
            .filter(|d| self.reconciler.policy.concerns(&d.key.name))
            .filter(|d| !d.lifecycle.suspend && d.lifecycle.desired == DesiredState::Tuned)
            .filter(|d| plan.in_sync.iter().all(|model| model.key != d.key))
            .map(|d| d.key.clone())
            .collect();
        if not_good.is_empty() { Verdict::AllGood } else { Verdict::NotGood(not_good) }
    }
}

/// What became of a create that is still wanted, and held for more than a while.
fn held_back(create: Create, plan: &Plan) -> Option<Item> {
    let held = plan.held.iter().find(|held| held.key == create.key && is_late(&held.reason))?;
    let outcome = Outcome::Held(Box::new(held.reason.clone()));
    Some(Item { action: Action::Create(create), outcome })
}

impl Ended {
    /// Whether something that was started while waiting failed.
    pub fn any_failure(&self) -> bool {
        !self.report.is_success()
    }
}
