//! Vertex AI: tuning jobs, and what they made.
//!
//! [`Vertex`] is all that the executor knows of it; the HTTP client, [`Client`],
//! is one implementation, a simulator's world another. What [`Client`] has
//! beside it (curves, endpoints, questions to a model) changes no job, and is
//! for commands and the page. Outcomes are named for what a caller can do about
//! them.
//!
//! # Invariants
//!
//! 1. A create is written to the wire at most once, and what became of it is in
//!    its [`CreateOutcome`]: unless the service said no or nothing was sent, a
//!    job may exist.
//! 2. A [`Listing`] has every page, or it is a [`ReadError`].
//! 3. A Google token goes to `https://*.googleapis.com` and nowhere else, over
//!    no redirect, and is in no error.
//! 4. Decisions rest on v1 of the API; [`Vertex::progress`] alone looks further.

mod client;
mod curves;
mod endpoint;
mod error;
mod generate;
pub(crate) mod known;
pub(crate) mod listing;
mod made;
mod models;
mod verified;
pub(crate) mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

pub use client::{Client, ClientError, ClientOptions};
pub use curves::{Charted, Head, Reach};
pub use endpoint::{Endpoint, EndpointError};
pub use error::ReadError;
pub use generate::{Pieces, StreamError};
pub use made::{Made, Presence};
pub use verified::VerifiedJob;
pub use wire::{TooLong, WireError};

pub use crate::google::{
    AddressError, Counters, Counts, CredentialError, Environment, Secret, TransportError,
};

use crate::model::{FoundModel, JobName, Key, Listing, Name, Observed, Place, Progress, Untrusted};

/// Which jobs of a listing to hand on; the others are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Every job.
    All,
    /// Jobs with retune's labels, of any owner, and these by name.
    Retune {
        /// Jobs that a manifest adopts.
        adopted: BTreeSet<JobName>,
    },
    /// The same ones, and of each only what a plan rests on or shows: no
    /// checkpoints and no experiment. For whoever holds them for months.
    Lasting {
        /// Jobs that a manifest adopts.
        adopted: BTreeSet<JobName>,
    },
}

/// A tuning service.
pub trait Vertex: Send + Sync {
    /// Reads every page of a place's jobs.
    ///
    /// # Errors
    /// A page that cannot be read, or a page token that repeats: a listing is
    /// complete or it is an error.
    fn list(
        &self,
        place: &Place,
        keep: &Keep,
    ) -> impl Future<Output = Result<Listing, ReadError>> + Send;

    /// As [`Vertex::list`], and asks the service to leave out what does not
    /// carry the labels of this owner. A hint for where to look closer, and
    /// never proof that a job does not exist: that labels can be filtered by
    /// is not documented, so that jobs may be missing or the whole place may
    /// come, other owners' jobs with it. Adopted jobs have no such labels and
    /// are missing where the filter works. `None`: the service takes no such
    /// filter.
    ///
    /// # Errors
    /// As [`Vertex::list`].
    fn list_ours(
        &self,
        place: &Place,
        owner: &Name,
        keep: &Keep,
    ) -> impl Future<Output = Result<Option<Listing>, ReadError>> + Send {
        let _ = owner;
        async { self.list(place, keep).await.map(Some) }
    }

    /// Reads one job as it is now.
    ///
    /// # Errors
    /// As [`Vertex::list`]; a job that does not exist is [`ReadError::NotFound`].
    fn get(&self, job: &JobName) -> impl Future<Output = Result<Observed, ReadError>> + Send;

    /// Finds the models whose labels are those of a run of this key: in the
    /// key's place and, unless the base model is older than Gemini 3, in the
    /// multi-region to which Vertex moves the models of newer ones. A service
    /// without a model registry has none.
    ///
    /// # Errors
    /// As [`Vertex::list`].
    fn models(
        &self,
        key: &Key,
        base_model: Option<&str>,
    ) -> impl Future<Output = Result<Vec<FoundModel>, ReadError>> + Send {
        let _ = (key, base_model);
        std::future::ready(Ok(Vec::new()))
    }

    /// Asks for a job. The body is written to the wire at most once: what
    /// became of it is in the outcome, and nothing here tries again.
    fn create(&self, place: &Place, body: &Value) -> impl Future<Output = CreateOutcome> + Send;

    /// Asks a job to stop. The service stops it later, or not at all.
    fn cancel(&self, job: VerifiedJob) -> impl Future<Output = CancelOutcome> + Send;

    /// How far an active job is, for display only.
    ///
    /// # Errors
    /// As [`Vertex::get`].
    fn progress(&self, job: &JobName) -> impl Future<Output = Result<Progress, ReadError>> + Send;
}

/// What became of a create.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateOutcome {
    /// The job exists.
    Created(Box<Observed>),
    /// The service said no, or the request provably never left: nothing exists.
    Refused(Refusal),
    /// The service asked to slow down: nothing exists.
    Throttled(Refusal),
    /// No answer, or one that does not tell: a job may exist. Never to be
    /// repeated before a complete listing was read.
    OutcomeUnknown(Untrusted),
}

/// What became of a cancel.
#[derive(Debug, Clone, PartialEq)]
pub enum CancelOutcome {
    /// The service took the request.
    Requested,
    /// The job had already ended.
    AlreadyEnded,
    /// The service said no.
    Refused(Refusal),
    /// No answer, or one that does not tell. Asking again does no harm.
    OutcomeUnknown(Untrusted),
}

/// A refusal in the service's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The HTTP status; 0 when the request never left.
    pub status: u16,
    /// What the service said, one finding a line.
    pub message: Untrusted,
    /// How long it asked us to wait.
    pub retry_after: Option<Duration>,
}
