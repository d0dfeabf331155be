//! Why a claim could not be read or written.

use std::time::Duration;

use super::{Bucket, Malformed};
use crate::google::{CredentialError, TransportError};
use crate::model::Untrusted;

/// Why a claim could not be read or written. Each text is about its own level;
/// the cause is in `source()`, the next step in [`ClaimError::hint`]. With any
/// of them, nothing is created.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// No answer, after all tries.
    #[error("could not reach `{host}` for the claims in `{bucket}`")]
    Unreachable {
        /// The bucket.
        bucket: Bucket,
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
    /// The service asked us to slow down (429).
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
    #[error("there is no usable Google credential for the claims in `{bucket}`")]
    Credential {
        /// The bucket.
        bucket: Bucket,
        /// Why not.
        #[source]
        source: CredentialError,
    },
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
    /// There is no such bucket.
    #[error("the bucket of the claims, `{bucket}`, does not exist")]
    NoBucket {
        /// The bucket.
        bucket: Bucket,
    },
    /// The credential may not do this (403), or the bucket is locked.
    #[error(
        "claims in `{bucket}` may not be {doing}: permission {}denied: {}",
        permission.as_ref().map(|p| format!("`{p}` ")).unwrap_or_default(),
        message.shown()
    )]
    Forbidden {
        /// The bucket.
        bucket: Bucket,
        /// `read` or `written`.
        doing: &'static str,
        /// The IAM permission that is missing, when the service named it.
        permission: Option<String>,
        /// What the service said.
        message: Untrusted,
    },
    /// An object that retune has not written, or a newer one has.
    #[error("`{bucket}/{object}` is not a claim")]
    Foreign {
        /// The bucket.
        bucket: Bucket,
        /// The object's name.
        object: String,
        /// What is wrong with it.
        #[source]
        why: Malformed,
    },
    /// Other runs write the claim as fast as it is read.
    #[error("`{bucket}/{object}` changed each time it was read")]
    Restless {
        /// The bucket.
        bucket: Bucket,
        /// The object's name.
        object: String,
    },
    /// A successful answer that cannot be read.
    #[error("could not read the answer of `{host}`: {what}")]
    Garbled {
        /// The host that was asked.
        host: String,
        /// What is wrong with it.
        what: &'static str,
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
}

impl ClaimError {
    /// The next thing to do, as a sentence that often holds a command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { host, .. } if host.ends_with(".googleapis.com") => {
                Some(format!("check the network with `curl -sI https://{host}`"))
            }
            Self::Unreachable { host, .. } => Some(format!(
                "check that a server listens at `{host}`, or `unset STORAGE_EMULATOR_HOST`"
            )),
            Self::Unavailable { .. } | Self::Throttled { retry_after: None, .. } => {
                Some("try again in a minute".to_owned())
            }
            Self::Throttled { retry_after: Some(wait), .. } => {
                Some(format!("try again in {} s", wait.as_secs().max(1)))
            }
            Self::Credential { source, .. } => source.hint(),
            Self::Unauthenticated { credential: None, .. } => Some(
                "credentials go to https://*.googleapis.com only; `unset STORAGE_EMULATOR_HOST` \
                 to talk to Cloud Storage"
                    .to_owned(),
            ),
            Self::Unauthenticated { credential: Some(credential), .. } => Some(format!(
                "the credential came from {credential}; for a new one run `gcloud auth \
                 application-default login`"
            )),
            Self::NoBucket { bucket } => Some(format!(
                "correct `spec.claims.bucket` of the Workspace, or run `gcloud storage buckets \
                 create {bucket} --uniform-bucket-level-access`"
            )),
            // Reading what may not be there takes `list`, writing over it `delete`.
            Self::Forbidden { bucket, .. } => Some(format!(
                "check `spec.claims.bucket` of the Workspace; claims take storage.objects.get, \
                 list, create and delete: `gcloud storage buckets add-iam-policy-binding {bucket} \
                 --member=MEMBER --role=roles/storage.objectUser`"
            )),
            Self::Foreign { why: Malformed::Newer { .. }, .. } => {
                Some("run the newest retune that works on this bucket".to_owned())
            }
            Self::Foreign { bucket, object, .. } => Some(format!(
                "look at it with `gcloud storage cat '{bucket}/{object}'`; if it is none of \
                 retune's, use a bucket of its own for `spec.claims.bucket`"
            )),
            Self::Restless { .. } => Some("run one retune at a time and try again".to_owned()),
            Self::Garbled { .. } | Self::Refused { .. } => None,
        }
    }
}
