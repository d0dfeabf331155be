//! The claims of a plan's creates, where there is a claim store.
//!
//! The order is that of [`crate::claims`]: look at the claims, list again, and
//! only then take them, each right before its create.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};

use super::{Broken, Executor, Look, Outcome, Skipped};
use crate::claims::{ClaimPath, ClaimStore, Claimed, NotClaimed, Recorded, Vacant, acquire, look};
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{JobName, Place, Untrusted, labels};
use crate::mutant::{Mutant, is};
use crate::plan::{Action, ClaimedBy, Create, HoldReason, Plan, Settling};
use crate::vertex::{CreateOutcome, Vertex};

/// How many claims are looked at at a time; a look is one or two requests.
const LOOKS_AT_A_TIME: usize = 8;

/// A claim store, and who we are in it.
#[derive(Debug)]
pub struct Claims<'a, S> {
    /// Where claims are kept.
    pub store: &'a S,
    /// Who writes them, for people: host and process.
    pub holder: &'a str,
    /// After how long a pending claim is taken over.
    pub takeover: Duration,
}

/// A plan of which every create may be sent: it was due at two looks a settle
/// window apart, or its claim was free before the look that found it due.
#[derive(Debug)]
pub struct Ready {
    pub(super) plan: Plan,
    pub(super) look: Look,
    /// What the look asks for beside what may be done.
    pub(super) beside: Vec<Action>,
    /// Why creates were left out: the claims could not be read.
    pub(super) unclaimed: Option<Broken>,
    /// The claims that were free. Empty without a store.
    vacant: Mutex<BTreeMap<ClaimPath, Vacant>>,
}

impl Ready {
    /// What may be sent where there is no claim store.
    pub(super) fn settled(plan: Plan, look: Look) -> Self {
        Self { plan, look, beside: Vec::new(), unclaimed: None, vacant: Mutex::default() }
    }

    /// What may be sent although the claims could not be read: cancels that
    /// follow no create.
    pub(super) fn without_creates(mut plan: Plan, look: Look, why: Broken) -> Self {
        plan.actions.retain(|action| match action {
            Action::Create(_) => false,
            Action::Cancel(cancel) => cancel.after.is_none(),
        });
        Self { unclaimed: Some(why), ..Self::settled(plan, look) }
    }

    pub(super) fn with(self, beside: Vec<Action>) -> Self {
        Self { beside, ..self }
    }

    fn take(&self, path: &ClaimPath) -> Option<Vacant> {
        self.vacant.lock().unwrap_or_else(PoisonError::into_inner).remove(path)
    }
}

/// The claims of the creates that are due, as they were before the jobs were
/// listed again.
#[derive(Debug, Default)]
pub(super) struct Looked(BTreeMap<ClaimPath, (Place, Result<Vacant, ClaimedBy>)>);

impl Looked {
    /// Holds the creates whose claim is not free, and those that were not due
    /// when the claims were looked at.
    pub(super) fn hold(self, mut plan: Plan, seen: Look) -> Ready {
        let mut vacant = BTreeMap::new();
        let mut held = BTreeMap::new();
        for (path, (_, claim)) in self.0 {
            match claim {
                Ok(free) => drop(vacant.insert(path, free)),
                Err(by) => drop(held.insert(path, by)),
            }
        }
        plan.hold(|create| {
            let path = path(create);
            let deferred = Box::new(create.clone());
            match held.remove(&path) {
                Some(claim) => Some(HoldReason::ClaimedElsewhere { claim, deferred }),
                None if vacant.contains_key(&path) => None,
                // Due only since: its claim is looked at in the next round.
                None => {
                    let (why, remaining) = (Settling::Unclaimed, Duration::ZERO);
                    Some(HoldReason::Settling { why, remaining, deferred })
                }
            }
        });
        Ready { plan, look: seen, beside: Vec::new(), unclaimed: None, vacant: Mutex::new(vacant) }
    }

    /// The jobs that claims name, with the place in whose listing they should be.
    pub(super) fn done(&self) -> impl Iterator<Item = (&Place, &JobName)> {
        self.0.values().filter_map(|(place, claim)| match claim {
            Err(ClaimedBy::Done { job }) => Some((place, job)),
            Ok(_) | Err(ClaimedBy::Pending { .. }) => None,
        })
    }
}

/// The object that claims this very create.
fn path(create: &Create) -> ClaimPath {
    let label = |name: &str| create.request.labels.get(name);
    let spec = label(labels::SPEC).unwrap_or_default();
    let attempt = label(labels::ATTEMPT).and_then(|text| text.parse().ok()).unwrap_or(1);
    ClaimPath::new(&create.key, spec, label(labels::DATA), attempt)
}

impl<S: ClaimStore> Claims<'_, S> {
    /// Looks at the claims of these creates.
    ///
    /// # Errors
    /// A store that does not say. Nothing may be created then.
    pub(super) async fn look<'c>(
        &self,
        creates: impl Iterator<Item = &'c Create>,
        clock: &impl Clock,
    ) -> Result<Looked, crate::claims::ClaimError> {
        let looks = creates.map(async |create| {
            let path = path(create);
            let claim = match look(self.store, path.clone(), self.takeover, clock).await {
                Ok(vacant) => Some(Ok(vacant)),
                Err(NotClaimed::Elsewhere { remaining, holder, run }) => {
                    Some(Err(ClaimedBy::Pending { holder, run: labels::run(run), remaining }))
                }
                Err(NotClaimed::Done { job }) => Some(Err(ClaimedBy::Done { job })),
                Err(NotClaimed::Store(error)) => return Err(error),
                // What a look never says; without a claim the create is held.
                Err(
                    NotClaimed::Overtaken
                    | NotClaimed::Unsettled { .. }
                    | NotClaimed::ListedTooEarly,
                ) => None,
            };
            Ok(claim.map(|claim| (path, (create.key.place.clone(), claim))))
        });
        let looks: Vec<_> = futures_util::stream::iter(looks)
            .buffer_unordered(LOOKS_AT_A_TIME)
            .try_collect()
            .await?;
        Ok(Looked(looks.into_iter().flatten().collect()))
    }
}

impl<V: Vertex, E: Entropy, C: Clock, S: ClaimStore> Executor<'_, V, E, C, S> {
    /// Takes the claim of a create. `None`: there is no store.
    ///
    /// # Errors
    /// What becomes of the create without the claim.
    pub(super) async fn claim(
        &self,
        create: &Create,
        ready: &Ready,
    ) -> Result<Option<Claimed>, Outcome> {
        let Some(claims) = &self.claims else { return Ok(None) };
        if is(Mutant::ClaimNotTaken) {
            return Ok(None);
        }
        let again = Outcome::Skipped(Skipped::Overtaken);
        let Some(vacant) = ready.take(&path(create)) else { return Err(again) };
        let (run, listed) = (self.entropy.bits(), ready.look.began);
        match acquire(claims.store, vacant, run, claims.holder, listed, self.clock).await {
            Ok(claimed) => Ok(Some(claimed)),
            Err(
                NotClaimed::Elsewhere { .. }
                | NotClaimed::Overtaken
                | NotClaimed::ListedTooEarly
                | NotClaimed::Done { .. },
            ) => Err(again),
            Err(error @ (NotClaimed::Unsettled { .. } | NotClaimed::Store(_))) => {
                let why = Untrusted::new(chain(&error));
                Err(Outcome::Unclaimed { why, hint: error.hint() })
            }
        }
    }

    /// Says in the claim what became of its create.
    pub(super) async fn record(&self, claimed: Claimed, outcome: &CreateOutcome) {
        let Some(claims) = &self.claims else { return };
        match outcome {
            CreateOutcome::Created(_) if is(Mutant::PlainLock) => self.release(claimed).await,
            CreateOutcome::Created(job) => {
                if claimed.done(claims.store, &job.name).await == Recorded::TakenOver {
                    let job = job.name.short();
                    tracing::warn!(job, "the claim was taken over while the job was created");
                }
            }
            CreateOutcome::Refused(_) | CreateOutcome::Throttled(_) => self.release(claimed).await,
            CreateOutcome::OutcomeUnknown(_) if is(Mutant::ReleasedAfterUnknown) => {
                self.release(claimed).await;
            }
            CreateOutcome::OutcomeUnknown(_) => claimed.abandon(),
        }
    }

    /// Gives a claim back under which nothing was sent, or nothing accepted.
    pub(super) async fn release(&self, claimed: Claimed) {
        let Some(claims) = &self.claims else { return };
        if let Recorded::No(why) = claimed.release(claims.store).await {
            tracing::warn!(why = %why.shown(), "the claim could not be given back");
        }
    }
}
