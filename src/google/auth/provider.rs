//! What our own token providers share: a cache, and HTTP to the places that
//! give out tokens.

use std::sync::Arc;
use std::time::Duration;

use gcp_auth::{Error, Token, TokenProvider};
use tokio::sync::Mutex;

use super::CredentialError;
use super::error::wrapped;

/// Something that gives a fresh token each time.
pub(super) trait Fetch: Send + Sync {
    /// Asks for a token.
    fn fetch(&self) -> impl Future<Output = Result<Token, CredentialError>> + Send;
}

/// Keeps a token until shortly before it expires.
pub(super) struct Cached<F> {
    fetch: F,
    token: Mutex<Option<Arc<Token>>>,
}

impl<F> Cached<F> {
    pub(super) fn new(fetch: F) -> Self {
        Self { fetch, token: Mutex::new(None) }
    }
}

#[async_trait::async_trait]
impl<F: Fetch> TokenProvider for Cached<F> {
    async fn token(&self, _: &[&str]) -> Result<Arc<Token>, Error> {
        // Held while asking, so that many requests renew once.
        let mut kept = self.token.lock().await;
        match &*kept {
            Some(token) if !token.has_expired() => Ok(Arc::clone(token)),
            _ => {
                let token = Arc::new(self.fetch.fetch().await.map_err(wrapped)?);
                *kept = Some(Arc::clone(&token));
                Ok(token)
            }
        }
    }

    async fn project_id(&self) -> Result<Arc<str>, Error> {
        Err(Error::Str("the project comes from the manifests"))
    }
}

/// Longest wait for a token endpoint to connect or to go on answering.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client for token endpoints: no redirects, no retries.
pub(super) fn http() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .timeout(TIMEOUT)
}

/// A network fault on the way to a token.
pub(super) fn network(source_name: &'static str, error: reqwest::Error) -> CredentialError {
    let cause = Some(error.without_url().into());
    CredentialError::Provider { source_name, what: "no answer", cause }
}

/// Reads `{"access_token": …, "expires_in": …}`. What cannot be read is not
/// quoted: it may be a token.
pub(super) fn token(source_name: &'static str, body: &[u8]) -> Result<Token, CredentialError> {
    serde_json::from_slice(body).map_err(|_| CredentialError::Provider {
        source_name,
        what: "the answer holds no token",
        cause: None,
    })
}
