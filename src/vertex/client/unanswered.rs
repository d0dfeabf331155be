//! What is said of a request that brought nothing.

use reqwest::Url;

use crate::google::{Answer, ApiError, Refused, Unread, chain, host};
use crate::model::{JobName, Place, ResourceName, Untrusted};
use crate::vertex::Refusal;
use crate::vertex::error::ReadError;

/// What is being read, for errors.
pub(in crate::vertex) enum Subject<'a> {
    Place(&'a Place),
    Job(&'a JobName),
    Resource(&'a ResourceName),
}

/// The error of a read that gave nothing.
pub(in crate::vertex) fn read_error(
    url: &Url,
    subject: &Subject<'_>,
    failure: Unread,
) -> ReadError {
    let host = host(url);
    let Refused { status, said, retry_after, credential } = match failure {
        Unread::Credential(error) => return ReadError::Credential(error),
        Unread::Transport(source) => return ReadError::Unreachable { host, source },
        Unread::Refused(refused) => refused,
    };
    let ApiError { status: _, message, permission, retry_delay: _, foreign } = said;
    match (status, subject) {
        (401, _) => ReadError::Unauthenticated { host, credential, message },
        (403, subject) => ReadError::Forbidden { place: subject.place(), permission, message },
        (404, Subject::Job(job)) => ReadError::NotFound { job: (*job).clone() },
        // Somebody else's page says nothing about what the service has.
        (404, Subject::Resource(name)) if !foreign => {
            ReadError::NoSuchResource { host, name: (*name).clone(), message }
        }
        (404, Subject::Place(place)) => {
            ReadError::NoSuchPlace { host, place: (*place).clone(), message }
        }
        (429, _) => ReadError::Throttled { host, message, retry_after },
        (408 | 500.., _) => ReadError::Unavailable { host, status, message },
        _ => ReadError::Refused { host, status, message },
    }
}

/// Whether an error can mean that the service knows no such filter. Were it
/// about something else, the listing without a filter will say so.
pub(super) fn may_refuse_a_filter(error: &ReadError) -> bool {
    match error {
        ReadError::Refused { status: 400, .. } | ReadError::Unavailable { status: 501, .. } => true,
        ReadError::Incomplete { why, .. } => may_refuse_a_filter(why),
        _ => false,
    }
}

/// A write without an answer.
pub(super) enum NoAnswer {
    /// No byte was written.
    NotSent(Refusal),
    /// The request may have arrived.
    Unknown(Untrusted),
}

impl NoAnswer {
    pub(super) fn not_sent(error: &dyn std::error::Error) -> Self {
        let message = Untrusted::new(chain(error));
        Self::NotSent(Refusal { status: 0, message, retry_after: None })
    }
}

impl Subject<'_> {
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Place(place) => (*place).clone(),
            Self::Job(job) => Place::new(job.project(), job.location()),
            Self::Resource(name) => name.place().clone(),
        }
    }
}

pub(super) fn refusal(answer: &Answer, body: &[u8]) -> Refusal {
    let Refused { status, said, retry_after, credential: _ } = Refused::new(answer, body, None);
    Refusal { status, message: said.message, retry_after }
}

pub(super) fn unclear(refusal: Refusal) -> Untrusted {
    Untrusted::new(format!("HTTP {}: {}", refusal.status, refusal.message.raw()))
}
