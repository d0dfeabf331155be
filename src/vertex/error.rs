//! Why something could not be read, named for what the reader can do about it.

use std::time::Duration;

use super::endpoint::EndpointError;
use super::wire::WireError;
use crate::google::{CredentialError, TransportError};
use crate::model::{JobName, Place, ResourceName, Untrusted};

/// Why something could not be read. Each text is about its own level; the
/// cause is in `source()`, the next step in [`ReadError::hint`].
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No answer, after all tries.
    #[error("could not reach `{host}`")]
    Unreachable {
        /// The host that was asked.
        host: String,
        /// What went wrong.
        #[source]
        source: TransportError,
    },
    /// The service is there and does not serve now (5xx, 408), after all tries.
    #[error("`{host}` is unavailable (HTTP {status}): {}", message.shown())]
    Unavailable {
        /// The host that was asked.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What the service said.
        message: Untrusted,
    },
    /// The service asked us to slow down, after all tries (429).
    #[error("`{host}` asked us to slow down: {}", message.shown())]
    Throttled {
        /// The host that was asked.
        host: String,
        /// What the service said.
        message: Untrusted,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// There is no credential, or it gives no token.
    #[error("there is no usable Google credential")]
    Credential(#[from] CredentialError),
    /// The service does not take the credential (401), also not a fresh one.
    #[error("`{host}` does not accept the credential: {}", message.shown())]
    Unauthenticated {
        /// The host that was asked.
        host: String,
        /// Where the credential came from; `None` when none was sent, because
        /// the host is not Google's.
        credential: Option<&'static str>,
        /// What the service said.
        message: Untrusted,
    },
    /// The credential may not do this (403).
    #[error(
        "permission {}denied in `{place}`: {}",
        permission.as_ref().map(|p| format!("`{p}` ")).unwrap_or_default(),
        message.shown()
    )]
    Forbidden {
        /// Where.
        place: Place,
        /// The IAM permission that is missing, when the service named it.
        permission: Option<String>,
        /// What the service said.
        message: Untrusted,
    },
    /// The job does not exist (404).
    #[error("there is no job `{job}`")]
    NotFound {
        /// The job that was asked for.
        job: JobName,
    },
    /// What has this name is not there (404), or not any more.
    #[error("`{host}` has no `{name}`: {}", message.shown())]
    NoSuchResource {
        /// The host that was asked.
        host: String,
        /// What was asked for.
        name: ResourceName,
        /// What the service said.
        message: Untrusted,
    },
    /// The project or the location does not exist, or the address is not the
    /// API's (404 to a listing).
    #[error("`{host}` knows no tuning jobs in `{place}`: {}", message.shown())]
    NoSuchPlace {
        /// The host that was asked.
        host: String,
        /// Where.
        place: Place,
        /// What the service said.
        message: Untrusted,
    },
    /// Any other refusal, redirects among them.
    #[error("`{host}` refused the request (HTTP {status}): {}", message.shown())]
    Refused {
        /// The host that was asked.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What the service said.
        message: Untrusted,
    },
    /// A page of a listing failed, so the listing as a whole is unknown.
    #[error("the listing of `{place}` is incomplete: page {page} is missing")]
    Incomplete {
        /// The place that was listed.
        place: Place,
        /// The page, from 1.
        page: u32,
        /// Why.
        #[source]
        why: Box<ReadError>,
    },
    /// Pages that never end or go in circles.
    #[error("the listing of `{place}` does not end: {why}")]
    Endless {
        /// The place that was listed.
        place: Place,
        /// What was seen.
        why: &'static str,
    },
    /// A successful answer that cannot be read.
    #[error("could not read the answer of `{host}`")]
    Garbled {
        /// The host that was asked.
        host: String,
        /// What is wrong with it.
        #[source]
        source: WireError,
    },
    /// A place or a job whose name cannot be asked for.
    #[error("no request can be made")]
    Name(#[from] EndpointError),
}

impl ReadError {
    /// How long the service asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            Self::Incomplete { why, .. } => why.retry_after(),
            _ => None,
        }
    }

    /// The next thing to do, as a sentence that often holds a command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Credential(error) => error.hint(),
            Self::Unauthenticated { credential: None, .. } => Some(
                "credentials go to https://*.googleapis.com only; leave out --endpoint to talk \
                 to Vertex AI"
                    .to_owned(),
            ),
            Self::Unauthenticated { credential: Some(credential), .. } => Some(format!(
                "the credential came from {credential}; for a new one run `gcloud auth \
                 application-default login`"
            )),
            Self::Forbidden { place, permission, .. } => Some(match permission {
                Some(permission) => format!(
                    "grant a role with `{permission}`, such as roles/aiplatform.user: `gcloud \
                     projects add-iam-policy-binding {} --member=MEMBER \
                     --role=roles/aiplatform.user`",
                    place.project
                ),
                None => format!(
                    "check that the API is enabled: `gcloud services enable \
                     aiplatform.googleapis.com --project={}`",
                    place.project
                ),
            }),
            Self::NoSuchPlace { place, .. } => Some(format!(
                "check the location, and the project with `gcloud projects describe {}`",
                place.project
            )),
            Self::Unreachable { host, .. } if host.ends_with(".googleapis.com") => {
                Some(format!("check the network with `curl -sI https://{host}`"))
            }
            Self::Unreachable { host, .. } => {
                Some(format!("check that a server listens at `{host}`"))
            }
            Self::Throttled { retry_after: Some(wait), .. } => {
                Some(format!("try again in {} s", wait.as_secs().max(1)))
            }
            Self::Throttled { retry_after: None, .. } | Self::Unavailable { .. } => {
                Some("try again in a minute".to_owned())
            }
            Self::Incomplete { why, .. } => why.hint(),
            Self::Name(_)
            | Self::NotFound { .. }
            | Self::NoSuchResource { .. }
            | Self::Refused { .. }
            | Self::Endless { .. }
            | Self::Garbled { .. } => None,
        }
    }
}
