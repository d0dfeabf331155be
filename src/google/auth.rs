//! Where a Google access token comes from, and to whom it is shown.
//!
//! In order: `GOOGLE_OAUTH_ACCESS_TOKEN`, then Application Default
//! Credentials: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's
//! own file, the metadata server; then gcloud itself. The first that is there
//! is used, also when it then gives no token: a broken credential is never
//! papered over by another identity.
//!
//! # Invariants
//!
//! 1. A token leaves this module only for an address that
//!    [`takes_credential`], as a header that is marked sensitive.
//! 2. Nothing is looked for before such an address is asked.
//! 3. No error holds a token, a key, or the text of a credential file.

mod error;
mod file;
mod gcloud;
mod metadata;
mod provider;
mod secret;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gcp_auth::TokenProvider;
use reqwest::Url;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

pub use error::CredentialError;
pub use secret::Secret;

use super::address::takes_credential;

/// What every Vertex AI method takes (discovery `aiplatform.v1`, `auth`).
const SCOPES: [&str; 1] = ["https://www.googleapis.com/auth/cloud-platform"];

/// Longest time to get a token from a source that is there: gcp_auth tries
/// five times within 1 s of waits, gcloud starts a Python interpreter.
const TOKEN: Duration = Duration::from_secs(20);

/// What the environment says of credentials. The command line fills it: no
/// other part of the program reads environment variables.
#[derive(Default)]
pub struct Environment {
    /// `GOOGLE_OAUTH_ACCESS_TOKEN`: a token as it stands, for about an hour.
    pub access_token: Option<Secret>,
    /// `GOOGLE_APPLICATION_CREDENTIALS`: a credential file.
    pub credentials_file: Option<PathBuf>,
    /// `GOOGLE_CLOUD_QUOTA_PROJECT`: who pays for the requests.
    pub quota_project: Option<String>,
    /// gcloud's directory: `CLOUDSDK_CONFIG`, else `~/.config/gcloud`.
    pub gcloud_config: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: another metadata server, `HOST[:PORT]`.
    pub metadata_host: Option<String>,
    /// `NO_GCE_CHECK` is `true`: this is no machine of Google's, do not look.
    pub no_metadata: bool,
    /// Never starts the gcloud command.
    pub no_gcloud: bool,
}

/// What goes along with a request to Google.
pub(crate) struct Authorization {
    /// `Bearer …`, marked sensitive.
    pub(crate) bearer: HeaderValue,
    /// The project that pays.
    pub(crate) quota_project: Option<HeaderValue>,
    /// Where the token came from, in words.
    pub(crate) source: &'static str,
    /// Whether asking again can give another token.
    pub(crate) renewable: bool,
}

/// Finds a credential once and takes tokens from it.
pub(crate) struct Credentials {
    environment: Environment,
    found: Mutex<Option<Found>>,
    /// [`takes_credential`]; a test of what happens with a credential has only
    /// loopback to send it to.
    may_see: fn(&Url) -> bool,
}

/// A source of tokens. Another kind of credential file is one more
/// [`TokenProvider`] in `file::open`.
#[derive(Clone)]
struct Found {
    provider: Arc<dyn TokenProvider>,
    source: &'static str,
    quota_project: Option<String>,
}

impl Credentials {
    pub(crate) fn new(mut environment: Environment) -> Self {
        // An empty variable is how a shell says that there is none.
        let Environment { access_token, credentials_file, quota_project, .. } = &mut environment;
        access_token.take_if(|token| token.expose().trim().is_empty());
        credentials_file.take_if(|path| path.as_os_str().is_empty());
        quota_project.take_if(|project| project.is_empty());
        Self { environment, found: Mutex::new(None), may_see: takes_credential }
    }

    #[cfg(test)]
    pub(crate) fn shown_to_anybody(mut self) -> Self {
        self.may_see = |_| true;
        self
    }

    /// The authorization of a request to `url`; `None` when none may go there.
    /// `renew` forgets what is cached: the service did not take it.
    ///
    /// # Errors
    /// No credential, or one that gives no token. The former is known in under
    /// two seconds.
    pub(crate) async fn authorize(
        &self,
        url: &Url,
        renew: bool,
    ) -> Result<Option<Authorization>, CredentialError> {
        if !(self.may_see)(url) {
            return Ok(None);
        }
        let (source, token, quota_project) = match &self.environment.access_token {
            Some(token) => {
                let source = "GOOGLE_OAUTH_ACCESS_TOKEN";
                (source, bearer(source, token.expose())?, None)
            }
            None => {
                let Found { provider, source, quota_project } = self.found(renew).await?;
                let token = tokio::time::timeout(TOKEN, provider.token(&SCOPES)).await;
                let token = token
                    .map_err(|_| CredentialError::Slow { source_name: source })?
                    .map_err(|e| CredentialError::of_provider(source, e))?;
                (source, bearer(source, token.as_str())?, quota_project)
            }
        };
        let quota_project = self.environment.quota_project.clone().or(quota_project);
        let quota_project = quota_project.map(|project| {
            HeaderValue::from_str(&project).map_err(|_| CredentialError::QuotaProject)
        });
        let renewable = self.environment.access_token.is_none();
        let quota_project = quota_project.transpose()?;
        Ok(Some(Authorization { bearer: token, quota_project, source, renewable }))
    }

    async fn found(&self, renew: bool) -> Result<Found, CredentialError> {
        // Held while looking, so that a hundred requests look once.
        let mut found = self.found.lock().await;
        if renew {
            *found = None;
        }
        if let Some(found) = &*found {
            return Ok(found.clone());
        }
        let looked = self.look().await?;
        *found = Some(looked.clone());
        Ok(looked)
    }

    async fn look(&self) -> Result<Found, CredentialError> {
        let environment = &self.environment;
        if let Some(path) = &environment.credentials_file {
            return file::open(path, "GOOGLE_APPLICATION_CREDENTIALS").await;
        }
        if let Some(directory) = &environment.gcloud_config {
            let path = directory.join("application_default_credentials.json");
            if tokio::fs::try_exists(&path).await.unwrap_or(false) {
                return file::open(&path, "gcloud's application default credentials").await;
            }
        }
        if !environment.no_metadata
            && let Some(provider) = metadata::probe(environment.metadata_host.as_deref()).await?
        {
            return Ok(Found { provider, source: error::METADATA, quota_project: None });
        }
        if !environment.no_gcloud
            && let Some(provider) = gcloud::probe().await?
        {
            let source = "gcloud";
            return Ok(Found { provider, source, quota_project: None });
        }
        Err(CredentialError::Missing)
    }
}

/// The header, or an error for a token with characters that no header takes,
/// such as the line break of a here-document.
fn bearer(source_name: &'static str, token: &str) -> Result<HeaderValue, CredentialError> {
    let token = token.trim();
    let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    let mut value = plain
        .then(|| HeaderValue::from_str(&format!("Bearer {token}")).ok())
        .flatten()
        .ok_or(CredentialError::NotAToken { source_name })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
