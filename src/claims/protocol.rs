//! Taking a claim, and giving it back.
//!
//! [`Vacant`] and [`Claimed`] have no public constructor: a create that takes a
//! [`Claimed`] cannot be sent without the look, the listing and the write
//! before it, in this order.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Claim, ClaimError, ClaimPath, ClaimState, ClaimStore, Expect, Next, PutOutcome, Settled, next,
    settle_put,
};
use crate::clock::Clock;
use crate::model::{JobName, Pretty, Untrusted};
use crate::mutant::{Mutant, is};

/// Longest time from the start of a claim's write to the first byte of the
/// create. The write takes tens of milliseconds and so does a connection; a
/// process that stood still for longer cannot know what happened meanwhile.
pub const FRESH: Duration = Duration::from_secs(5);

/// A claim that may be taken, as of a moment.
#[derive(Debug)]
#[must_use = "what is vacant is not yet claimed"]
pub struct Vacant {
    path: ClaimPath,
    expect: Expect,
    wait: Duration,
    /// On the monotonic clock: a listing that counts starts later.
    looked: Duration,
}

/// Proof that a claim is held. Dropped, it stays pending, as after a crash.
#[derive(Debug)]
#[must_use = "a claim that is neither done nor released keeps others waiting"]
pub struct Claimed {
    path: ClaimPath,
    claim: Claim,
    generation: u64,
    /// On the monotonic clock, before the write was sent.
    started: Duration,
    /// On the wall clock, for the time that a suspended machine slept.
    started_wall: Timestamp,
}

/// Why a claim is not held. With any of them, nothing is to be created.
#[derive(Debug, thiserror::Error)]
pub enum NotClaimed {
    /// Somebody else is about to create, or died trying.
    #[error(
        "claimed elsewhere, by {} (retune-run {run:016x}); free in {} at the latest",
        holder.shown(), Pretty(*remaining)
    )]
    Elsewhere {
        /// How long until it may be taken over.
        remaining: Duration,
        /// Who it is, in their own words.
        holder: Untrusted,
        /// Names their create.
        run: u64,
    },
    /// The job exists already.
    #[error("created already: {}", job.short())]
    Done {
        /// Which job; to be read by its name when it is not listed.
        job: JobName,
    },
    /// Another run was quicker, and is finished with it by now.
    #[error("another run of retune was quicker")]
    Overtaken,
    /// The write was not answered, and nothing is there; it may come yet.
    #[error("the claim was sent and is not there: {}", why.shown())]
    Unsettled {
        /// What became of the write.
        why: Untrusted,
    },
    /// The listing was begun before the look at the claim, so the holder could
    /// have finished in between and be seen by neither.
    #[error("the jobs were listed before the claim was read")]
    ListedTooEarly,
    /// The store does not say.
    #[error("the claim cannot be read or written")]
    Store(#[from] ClaimError),
}

impl NotClaimed {
    /// The next thing to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Elsewhere { remaining, .. } => Some(format!(
                "nothing has to be done: if that run is dead, `retune apply` goes ahead in {}",
                Pretty(*remaining)
            )),
            Self::Unsettled { .. } => Some(format!(
                "run `retune apply` again; it may have to wait {}",
                Pretty(super::TAKEOVER)
            )),
            Self::Overtaken | Self::ListedTooEarly => Some("run `retune apply` again".to_owned()),
            Self::Done { .. } => None,
        }
    }
}

/// What became of the last word on a claim. None of it is a failure: what is
/// not recorded is found in the next listing, or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is written.
    Yes,
    /// Somebody else has taken the claim over: beside the create that was sent
    /// under it there may be another one.
    TakenOver,
    /// It is not, or nobody knows.
    No(Untrusted),
}

/// Looks at a claim, where a pending one may be taken over after `wait`.
///
/// # Errors
/// Any claim that is not free.
pub async fn look(
    store: &impl ClaimStore,
    path: ClaimPath,
    wait: Duration,
    clock: &impl Clock,
) -> Result<Vacant, NotClaimed> {
    let mut held = store.read(&path).await?;
    if let Some(held) = held.as_mut().filter(|_| is(Mutant::ClientClock)) {
        held.date = clock.now();
    }
    let expect = free(next(held.as_ref(), wait))?;
    Ok(Vacant { path, expect, wait, looked: clock.elapsed() })
}

/// Takes a vacant claim. `listed` is [`Clock::elapsed`] at the start of a
/// complete listing that has shown the create to be still due; `run` is drawn
/// for this call and never used again.
///
/// # Errors
/// A listing that is too old, another run that was quicker, and a write of
/// which nobody knows whether it happened.
pub async fn acquire(
    store: &impl ClaimStore,
    vacant: Vacant,
    run: u64,
    holder: &str,
    listed: Duration,
    clock: &impl Clock,
) -> Result<Claimed, NotClaimed> {
    let Vacant { path, expect, wait, looked } = vacant;
    if listed < looked && !is(Mutant::ListBeforeClaim) {
        return Err(NotClaimed::ListedTooEarly);
    }
    let claim = Claim::pending(run, holder, path.attempt());
    let (started, started_wall) = (clock.elapsed(), clock.now());
    let unanswered = match store.put(&path, &claim, expect).await {
        PutOutcome::Written { generation } => {
            return Ok(Claimed { path, claim, generation, started, started_wall });
        }
        PutOutcome::Refused(error) => return Err(NotClaimed::Store(error)),
        PutOutcome::Conflict => None,
        PutOutcome::Unknown(_) if is(Mutant::UnknownPutIsOurs) => {
            return Ok(Claimed { path, claim, generation: 0, started, started_wall });
        }
        PutOutcome::Unknown(why) => Some(why),
    };
    let held = store.read(&path).await?;
    if let Some(held) = held.as_ref().filter(|_| is(Mutant::ConflictOverwritten))
        && let now = Expect::Generation(held.generation)
        && let PutOutcome::Written { generation } = store.put(&path, &claim, now).await
    {
        return Ok(Claimed { path, claim, generation, started, started_wall });
    }
    if let Settled::Ours { generation } = settle_put(held.as_ref(), run) {
        return Ok(Claimed { path, claim, generation, started, started_wall });
    }
    let now = held.as_ref().map_or(Expect::Absent, |held| Expect::Generation(held.generation));
    match unanswered {
        // What was expected is still there, so the write may come yet.
        Some(why) if now == expect => Err(NotClaimed::Unsettled { why }),
        _ => Err(match free(next(held.as_ref(), wait)) {
            Ok(_) => NotClaimed::Overtaken,
            Err(taken) => taken,
        }),
    }
}

fn free(next: Next) -> Result<Expect, NotClaimed> {
    match next {
        Next::Take(expect) => Ok(expect),
        Next::WaitElsewhere { remaining, holder, run } => {
            Err(NotClaimed::Elsewhere { remaining, holder, run })
        }
        Next::Done { job } => Err(NotClaimed::Done { job }),
    }
}

impl Claimed {
    /// The number that names this create: its label `retune-run`.
    pub fn run(&self) -> u64 {
        self.claim.run
    }

    /// What is claimed.
    pub fn path(&self) -> &ClaimPath {
        &self.path
    }

    /// Whether the create may still be sent: no more than [`FRESH`] after the
    /// write was begun. The monotonic clock of many systems stands still while
    /// the machine sleeps, so the wall clock, against itself, has a say too.
    pub fn is_fresh(&self, clock: &impl Clock) -> bool {
        let awake = clock.elapsed().saturating_sub(self.started);
        let slept = clock.now().duration_since(self.started_wall).unsigned_abs();
        let slept = slept > FRESH && !is(Mutant::SleepUnnoticed);
        (awake <= FRESH && !slept) || is(Mutant::FreshIgnored)
    }

    /// The create was accepted. Fails without harm: the job is in a listing
    /// before the claim may be taken over.
    pub async fn done(self, store: &impl ClaimStore, job: &JobName) -> Recorded {
        self.record(store, ClaimState::Done { job: job.clone() }).await
    }

    /// The create was refused, or never sent: whoever comes next need not
    /// wait. Never to be called when a job may exist.
    pub async fn release(self, store: &impl ClaimStore) -> Recorded {
        self.record(store, ClaimState::Released).await
    }

    /// Nobody knows whether the create was carried out: the claim stays as it
    /// is until a listing tells.
    pub fn abandon(self) {
        tracing::debug!(path = %self.path, "the claim stays pending");
    }

    async fn record(self, store: &impl ClaimStore, state: ClaimState) -> Recorded {
        let Self { path, claim, generation, .. } = self;
        let expect = Expect::Generation(generation);
        match store.put(&path, &claim.with(state), expect).await {
            PutOutcome::Written { .. } => Recorded::Yes,
            PutOutcome::Conflict => Recorded::TakenOver,
            PutOutcome::Unknown(why) => Recorded::No(why),
            PutOutcome::Refused(error) => {
                Recorded::No(Untrusted::new(crate::google::chain(&error)))
            }
        }
    }
}
