//! What a claim that was read allows. Pure: no clock, no network.

use std::time::Duration;

use super::{ClaimState, Expect, Held};
use crate::model::{JobName, Untrusted};
use crate::mutant::{Mutant, is};

/// Longest time from the last look at the clock to the first byte of a create:
/// a token that has to be renewed.
pub(crate) const TOKEN: Duration = Duration::from_secs(20);

/// Longest time a create waits for its answer, connecting included.
pub(crate) const ANSWERED: Duration = Duration::from_secs(60);

/// Longest time that the service may still carry out a create whose sender
/// has gone.
pub(crate) const APPLIED: Duration = Duration::from_secs(120);

/// Longest time after its creation that a listing may still not show a job.
pub(crate) const LISTED: Duration = Duration::from_secs(60);

/// What the clocks of two of the service's machines may differ by, and the
/// second by which an HTTP date is rounded down.
const SKEW: Duration = Duration::from_secs(35);

/// How long a pending claim keeps everybody else from creating. After it, the
/// create of its holder is in a listing or will never be:
///
/// | after the claim was written | at most |
/// |---|---|
/// | its holder looks at the clock ([`super::FRESH`]) | 5 s |
/// | its holder gets a token | 20 s |
/// | the create is sent, and waits for its answer | 60 s |
/// | the service still carries it out | 120 s |
/// | a listing shows the job | 60 s |
/// | clocks disagree | 35 s |
///
/// The service promises none of its own, so the sum is 300 s, what EC2 tells
/// its clients for the same question. It is paid only after a holder died or
/// lost its answer.
pub const TAKEOVER: Duration = Duration::from_secs(
    super::FRESH.as_secs()
        + TOKEN.as_secs()
        + ANSWERED.as_secs()
        + APPLIED.as_secs()
        + LISTED.as_secs()
        + SKEW.as_secs(),
);

/// What may be done about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It may be taken, on this condition.
    Take(Expect),
    /// Somebody else is about to create, or died trying.
    WaitElsewhere {
        /// How long until it may be taken over.
        remaining: Duration,
        /// Who it is, in their own words.
        holder: Untrusted,
        /// Names their create.
        run: u64,
    },
    /// The job exists. If it is not listed, it is to be read by its name; it is
    /// never to be created again under this claim.
    Done {
        /// Which job.
        job: JobName,
    },
}

/// What may be done about a claim that was read, where a pending one is taken
/// over after `wait`.
pub fn next(held: Option<&Held>, wait: Duration) -> Next {
    let Some(held) = held else { return Next::Take(Expect::Absent) };
    let wait = match wait {
        _ if is(Mutant::TakeoverAtOnce) => Duration::ZERO,
        _ if is(Mutant::TakeoverNever) => Duration::MAX,
        wait if is(Mutant::TakeoverHalf) => wait / 2,
        wait => wait,
    };
    match &held.claim.state {
        ClaimState::Done { .. } if is(Mutant::DoneIgnored) => {
            Next::Take(Expect::Generation(held.generation))
        }
        ClaimState::Done { job } => Next::Done { job: job.clone() },
        ClaimState::Released => Next::Take(Expect::Generation(held.generation)),
        ClaimState::Pending => match wait.checked_sub(held.age()) {
            None | Some(Duration::ZERO) => Next::Take(Expect::Generation(held.generation)),
            Some(remaining) => Next::WaitElsewhere {
                remaining,
                holder: held.claim.holder.clone(),
                run: held.claim.run,
            },
        },
    }
}

/// Whether a write without a clear answer was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was.
    Ours {
        /// Which writing it is.
        generation: u64,
    },
    /// It was not, or not yet.
    NotOurs,
}

/// Whether the pending claim with the nonce `run` was written, by what is
/// there afterwards: nobody else can have written this nonce.
pub fn settle_put(held: Option<&Held>, run: u64) -> Settled {
    match held {
        Some(held) if held.claim.run == run && held.claim.state == ClaimState::Pending => {
            Settled::Ours { generation: held.generation }
        }
        _ => Settled::NotOurs,
    }
}
