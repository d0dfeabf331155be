//! A complete look, and what is done after it.

use super::telling::Failure;
use super::{Target, Task, Watcher};
use crate::apply::{Broken, Claims, Executor, Item, Outcome, Reconciler, Report, Seen, Skipped};
use crate::claims::ClaimStore;
use crate::clock::{Clock, Entropy};
use crate::vertex::Vertex;
use crate::watch::metrics::PassResult;
use crate::watch::news::Severity;
use crate::watch::reporter::Reporter;
use crate::watch::rhythm::Rhythm;
use crate::watch::sight::Sight;

impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// Lists every place, decides, and does it.
    pub(super) async fn look_completely<S: ClaimStore>(
        &mut self,
        task: &Task<'_, S>,
    ) -> Result<PassResult, Failure> {
        // Until it succeeds, it is due: what asked for it may go away meanwhile.
        self.complete_due = self.parts.clock.elapsed();
        // Where a listing is the cheaper look at the runs, it says nothing of
        // how far they are: that is read as often as the runs would be.
        let runs_due = self.runs_due.is_none_or(|at| at <= self.complete_due);
        // Should this look fail, the next is complete, too. Until it is over, what
        // was seen is held: jobs that did not change are the same ones again.
        let before = self.sight.take();
        let seen = self.look_until_whole(task).await?;
        drop(before);
        let failed = seen.failed.clone();
        let acts = task.mode.acts() && seen.plan.actions.iter().any(|a| self.may_act(a));
        let (sight, plan) = if acts {
            let sight = Sight::new(seen.observation.clone(), seen.look);
            self.act(seen, task).await?;
            (sight, None)
        } else {
            if self.memory().next(task.settle).is_some() {
                self.reconciler(task).note(&seen);
            }
            self.held.clear();
            self.again = false;
            (Sight::new(seen.observation, seen.look), Some(seen.plan))
        };
        // With claims the jobs are listed again after them.
        let pages = sight.pages() * if acts && task.claims.is_some() { 2 } else { 1 };
        self.complete_from = self.parts.clock.elapsed() + Rhythm::least(pages);
        let owner = &task.policy.owner;
        self.unseen.retain(|place, _| task.places.contains(place));
        self.unseen.extend(sight.counts(owner, task.policy.window));
        self.sight = Some(sight);
        self.reached(&failed, task);
        if runs_due {
            self.read_progress(owner).await;
        }
        // What was done is part of the picture, and the listing lags behind.
        let plan = match plan {
            Some(plan) => plan,
            None => self.decide(task),
        };
        self.schedule(&plan, task);
        self.publish(plan, task);
        Ok(if failed.is_empty() { PassResult::Good } else { PassResult::Partial })
    }

    /// Carries out what may be; what is left is to be decided again after it.
    pub(super) async fn act<S: ClaimStore>(
        &mut self,
        seen: Seen,
        task: &Task<'_, S>,
    ) -> Result<(), Failure> {
        let reporter = Reporter {
            clock: self.parts.clock,
            listener: self.listener,
            metrics: self.parts.metrics,
            wire: self.parts.wire,
            told: &self.told,
            same_service: self.parts.same_service,
        };
        let reconciler = self.reconciler(task);
        let passed = reconciler.pass(seen, |action| self.may_act(action), &reporter).await;
        let passed = passed.map_err(|broken| Failure::of(&broken))?;
        for item in passed.report.items.iter().filter(|i| i.outcome.is_decided_again()) {
            reporter.forget(&item.action);
        }
        self.held = passed.held.into_iter().map(|held| (held.key, held.reason)).collect();
        self.learn(&passed.report);
        self.claimed(passed.unclaimed.as_ref());
        Ok(())
    }

    /// The claims could be read, or not: then creates wait, and nothing else.
    pub(super) fn claimed(&mut self, unclaimed: Option<&Broken>) {
        let now = self.parts.clock.elapsed();
        match unclaimed {
            Some(broken) => {
                let failure = Failure::of(broken);
                if self.claims.times(&()) == 0 {
                    let text = format!("{}; nothing is created", failure.why);
                    self.tell(Severity::Error, "claimsUnreachable", text);
                }
                self.claims.failed((), now, failure.asked, self.parts.entropy);
            }
            None if self.claims.times(&()) > 0 => {
                let text = "the claims can be read again".to_owned();
                self.tell(Severity::Info, "claimsReachable", text);
                self.claims.succeeded(&());
            }
            None => {}
        }
    }

    pub(super) fn reconciler<'t, S: ClaimStore>(
        &'t self,
        task: &'t Task<'_, S>,
    ) -> Reconciler<'t, V, E, C, S> {
        Reconciler {
            executor: Executor {
                vertex: self.parts.vertex,
                entropy: self.parts.entropy,
                clock: self.parts.clock,
                revision: task.policy.revision,
                stop: self.parts.stop,
                asked: self.parts.asked,
                memory: &self.memory,
                claims: task.claims.as_ref().map(|claims| Claims {
                    store: claims.store,
                    holder: claims.holder,
                    takeover: claims.takeover,
                }),
            },
            desired: task.desired,
            places: task.places,
            policy: task.policy,
            settle: task.settle,
            partial: true,
        }
    }

    /// Remembers what failed, and forgets what did not.
    pub(super) fn learn(&mut self, report: &Report) {
        let (now, entropy) = (self.parts.clock.elapsed(), self.parts.entropy);
        for Item { action, outcome } in &report.items {
            let target = Target::of(action);
            match outcome {
                Outcome::Created(_) | Outcome::AlreadyEnded(_) => self.backoff.succeeded(&target),
                Outcome::Refused(refusal) | Outcome::Throttled(refusal) => {
                    self.backoff.failed(target, now, refusal.retry_after, entropy);
                }
                // A run that was asked to stop takes a while; asking again does
                // no harm, and no good.
                Outcome::CancelRequested
                | Outcome::Unknown(_)
                | Outcome::Withheld(_)
                | Outcome::Unclaimed { .. }
                | Outcome::Skipped(Skipped::Mistrust) => {
                    self.backoff.failed(target, now, None, entropy);
                }
                Outcome::Held(_) | Outcome::Skipped(_) => {}
            }
        }
        self.again = report.items.iter().any(|item| item.outcome.is_decided_again());
    }
}
