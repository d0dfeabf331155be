//! gcloud's own login, when nothing better is there.

use std::sync::Arc;

use futures_util::FutureExt;
use gcp_auth::{Error, GCloudAuthorizedUser, Token, TokenProvider};

use super::provider::{Cached, Fetch};
use super::{CredentialError, TOKEN};

const NAME: &str = "gcloud";

struct Gcloud;

/// Asks gcloud for a token. `None`: it is not installed, or nobody is logged in.
pub(super) async fn probe() -> Result<Option<Arc<dyn TokenProvider>>, CredentialError> {
    let provider = Cached::new(Gcloud);
    match tokio::time::timeout(TOKEN, provider.token(&[])).await {
        Ok(Ok(_)) => Ok(Some(Arc::new(provider))),
        Ok(Err(_)) => Ok(None),
        Err(_) => Err(CredentialError::Slow { source_name: NAME }),
    }
}

impl Fetch for Gcloud {
    async fn fetch(&self) -> Result<Token, CredentialError> {
        let failed = |what| CredentialError::Provider { source_name: NAME, what, cause: None };
        // gcp_auth runs the command and waits for it inside an async function,
        // which would hold up everything else on the thread. Its future is
        // therefore always ready at once, on a thread that may be held up.
        let ask = || -> Result<Arc<Token>, Error> {
            let not_ready = || Error::Str("gcloud was not ready");
            let gcloud = GCloudAuthorizedUser::new().now_or_never().ok_or_else(not_ready)??;
            gcloud.token(&[]).now_or_never().ok_or_else(not_ready)?
        };
        let asked = tokio::task::spawn_blocking(ask).await;
        let asked = asked.map_err(|_| failed("it did not run to its end"))?;
        let token = asked.map_err(|e| CredentialError::of_provider(NAME, e))?;
        Ok((*token).clone())
    }
}
