//! Claims: who may send a create, when more than one run of retune could.
//!
//! `tuningJobs.create` has no idempotency: two runs that find the same model
//! missing at the same time would pay for it twice, and a run that dies between
//! request and answer leaves its successor guessing. With a bucket configured,
//! a create is preceded by an object in Cloud Storage that says "I am about to",
//! written on the condition that nobody else has written it meanwhile.
//!
//! The order, for each create that is due:
//!
//! 1. [`look`] at the claim: somebody's, or [`Vacant`].
//! 2. List again, completely, *after* the look. The other order lets the holder
//!    finish in between and be seen by neither.
//! 3. [`acquire`]: write the claim, on condition of what the look has seen.
//! 4. While [`Claimed::is_fresh`], send the create, once.
//! 5. [`Claimed::done`], [`Claimed::release`] or [`Claimed::abandon`].
//!
//! # Invariants
//!
//! 1. A claim is taken only if it is absent, released, or pending for longer
//!    than [`TAKEOVER`]; of any number of takers one wins.
//! 2. How old a claim is, the server's clock alone says: the `Date` of the
//!    answer less the time the object was written.
//! 3. What cannot be read, or is not a claim, is an error and never "absent".
//! 4. A dead holder costs the next one [`TAKEOVER`] and no person's time.
//!
//! What no claim can do: the service does not know of it, so a holder that
//! sleeps between its last look at the clock and its request (a suspended
//! machine) may create beside the one that took over. Deduplication is for that.

mod claim;
mod decide;
mod error;
mod gcs;
mod path;
mod protocol;

pub use claim::{Claim, ClaimState, Malformed};
pub use decide::{Next, Settled, TAKEOVER, next, settle_put};
pub use error::ClaimError;
pub use gcs::{ClaimsOptions, ClaimsSetupError, GcsClaims};
pub use path::ClaimPath;
pub use protocol::{Claimed, FRESH, NotClaimed, Recorded, Vacant, acquire, look};

use std::time::Duration;

use jiff::Timestamp;

pub use crate::model::{Bucket, BucketError};

use crate::model::{JobName, Name, Place, Untrusted};

/// Where claims are kept.
pub trait ClaimStore: Send + Sync {
    /// Reads a claim. `None`: there is none.
    ///
    /// # Errors
    /// Whatever leaves open whether there is one, and an object that is no
    /// claim of retune's.
    fn read(
        &self,
        path: &ClaimPath,
    ) -> impl Future<Output = Result<Option<Held>, ClaimError>> + Send;

    /// Jobs that finished claims of an owner in a place name, a few of them, to
    /// tell an empty listing from one that lost everything.
    ///
    /// # Errors
    /// As [`ClaimStore::read`].
    fn done(
        &self,
        owner: &Name,
        place: &Place,
    ) -> impl Future<Output = Result<Vec<JobName>, ClaimError>> + Send {
        let _ = (owner, place);
        std::future::ready(Ok(Vec::new()))
    }

    /// Writes a claim if what is there is what is expected. The request is
    /// sent at most once: what became of it is in the outcome.
    fn put(
        &self,
        path: &ClaimPath,
        claim: &Claim,
        expect: Expect,
    ) -> impl Future<Output = PutOutcome> + Send;
}

/// A claim as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What it says.
    pub claim: Claim,
    /// Which writing of it this is.
    pub generation: u64,
    /// When it was written, by the server's clock.
    pub updated: Timestamp,
    /// When it was read, by the server's clock.
    pub date: Timestamp,
}

impl Held {
    /// How old it was when it was read. Clocks of two of the service's
    /// machines may disagree a little: what is from the future is new.
    pub fn age(&self) -> Duration {
        Duration::try_from(self.date.duration_since(self.updated)).unwrap_or_default()
    }
}

/// What has to be there for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Absent,
    /// This very writing.
    Generation(u64),
}

/// What became of a write.
#[derive(Debug)]
pub enum PutOutcome {
    /// It is written.
    Written {
        /// Which writing it is.
        generation: u64,
    },
    /// Something else was there than expected; nothing was written.
    Conflict,
    /// No answer, or one that does not tell: it may be written, now or later.
    Unknown(Untrusted),
    /// Nothing was written.
    Refused(ClaimError),
}

/// No store: creates wait for a settle window instead.
#[derive(Debug, Clone, Copy)]
pub enum NoClaims {}

impl ClaimStore for NoClaims {
    async fn read(&self, _: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        match *self {}
    }

    async fn put(&self, _: &ClaimPath, _: &Claim, _: Expect) -> PutOutcome {
        match *self {}
    }
}

#[cfg(test)]
mod tests;
