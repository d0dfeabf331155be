//! Why there is no token.

use std::path::PathBuf;

use crate::model::Untrusted;

/// Why there is no token. No variant holds the text of a credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// Nothing anywhere.
    #[error(
        "found none in GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_APPLICATION_CREDENTIALS, gcloud's files, \
         the metadata server or gcloud"
    )]
    Missing,
    /// A credential file that cannot be read.
    #[error("could not read `{}` ({named_by})", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What names it.
        named_by: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A credential file that is none.
    #[error("`{}` ({named_by}) is not a credential file: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What names it.
        named_by: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A credential file of a kind that this version does not read.
    #[error("`{}` ({named_by}) is of type `{}`, which is not supported", path.display(), kind.shown())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What names it.
        named_by: &'static str,
        /// Its `type`.
        kind: Untrusted,
    },
    /// Google does not renew the credential: revoked, or too old.
    #[error("Google no longer accepts the credential from {source_name}")]
    Revoked {
        /// Where it came from.
        source_name: &'static str,
    },
    /// A token request that was refused or not answered.
    #[error("could not get a token from {source_name}: {what}")]
    Provider {
        /// Where the credential came from.
        source_name: &'static str,
        /// What failed.
        what: &'static str,
        /// The fault below it, when it is one of the network or the machine.
        #[source]
        cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// No token in time.
    #[error("{source_name} gave no token in time")]
    Slow {
        /// Where the credential came from.
        source_name: &'static str,
    },
    /// A token with characters that no header takes, or none at all.
    #[error("{source_name} holds no token: it is empty or has spaces or line breaks in it")]
    NotAToken {
        /// Where it came from.
        source_name: &'static str,
    },
    /// A quota project with characters that no header takes.
    #[error("GOOGLE_CLOUD_QUOTA_PROJECT is not a project")]
    QuotaProject,
}

/// How the metadata server is called.
pub(super) const METADATA: &str = "the metadata server";

const LOGIN: &str = "run `gcloud auth application-default login`";

impl CredentialError {
    /// The command that mends it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Slow { source_name: METADATA } | Self::Provider { source_name: METADATA, .. } => {
                Some(format!("give this machine a service account, or {LOGIN}"))
            }
            Self::Missing | Self::Revoked { .. } | Self::Slow { .. } | Self::Provider { .. } => {
                Some(LOGIN.to_owned())
            }
            Self::Unreadable { named_by, .. } | Self::Malformed { named_by, .. } => {
                Some(match *named_by {
                    "GOOGLE_APPLICATION_CREDENTIALS" => format!(
                        "`unset GOOGLE_APPLICATION_CREDENTIALS` and {LOGIN}, or name a file that \
                         is a credential"
                    ),
                    _ => LOGIN.to_owned(),
                })
            }
            Self::Unsupported { .. } => Some(
                "run `export GOOGLE_OAUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"`; in \
                 GitHub Actions give google-github-actions/auth `token_format: access_token` and \
                 put its output `access_token` there"
                    .to_owned(),
            ),
            Self::NotAToken { source_name: "GOOGLE_OAUTH_ACCESS_TOKEN" } => Some(
                "run `export GOOGLE_OAUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"`"
                    .to_owned(),
            ),
            Self::NotAToken { .. } => Some(LOGIN.to_owned()),
            Self::QuotaProject => {
                Some("run `export GOOGLE_CLOUD_QUOTA_PROJECT=PROJECT_ID`".to_owned())
            }
        }
    }

    /// What gcp_auth said, less what may hold a secret: the text of a JSON
    /// error quotes what it could not read.
    pub(super) fn of_provider(source_name: &'static str, error: gcp_auth::Error) -> Self {
        use gcp_auth::Error;

        let (what, cause): (_, Option<Box<dyn std::error::Error + Send + Sync>>) = match error {
            Error::Http(what, cause) => (what, Some(Box::new(cause))),
            Error::Io(what, cause) => (what, Some(Box::new(cause))),
            Error::Other(what, cause) => match cause.downcast::<Self>() {
                // One of our own providers: it has said it better.
                Ok(own) => return *own,
                Err(cause) => (what, Some(cause).filter(|_| what == "HTTP request failed")),
            },
            Error::Json(what, _) | Error::Str(what) => (what, None),
            Error::NoAuthMethod(..) => return Self::Missing,
        };
        Self::Provider { source_name, what, cause }
    }
}

/// Our own error in the coat of the trait's.
pub(super) fn wrapped(error: CredentialError) -> gcp_auth::Error {
    gcp_auth::Error::Other("credential", Box::new(error))
}
