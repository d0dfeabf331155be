//! The metadata server of Google's machines (Compute Engine, Cloud Run, GKE).
//!
//! gcp_auth has one too, but it takes five seconds to find out that there is
//! none and cannot be pointed elsewhere, so it is asked here.

use std::sync::Arc;
use std::time::Duration;

use gcp_auth::{Token, TokenProvider};

use super::CredentialError;
use super::error::METADATA;
use super::provider::{self, Cached, Fetch};

/// The server's address on every machine of Google's. The name
/// `metadata.google.internal` is the same, and takes a DNS look-up that can
/// hang elsewhere.
const ADDRESS: &str = "169.254.169.254";

/// How long the server may take to show that it is there. It is on the same
/// machine and answers within milliseconds; a missing credential is to be
/// reported in under two seconds.
const PROBE: Duration = Duration::from_millis(750);

struct Metadata {
    http: reqwest::Client,
    base: String,
}

/// Asks whether there is a metadata server.
pub(super) async fn probe(
    host: Option<&str>,
) -> Result<Option<Arc<dyn TokenProvider>>, CredentialError> {
    let base = format!("http://{}", host.unwrap_or(ADDRESS));
    // The address is link-local: no proxy can reach the one that is meant.
    // Without TLS there is no need to load root certificates, which takes time.
    let http = provider::http().no_proxy().tls_certs_only([]).build();
    let http = http.map_err(|e| provider::network(METADATA, e))?;
    let asked = http.get(&base).header("Metadata-Flavor", "Google").timeout(PROBE).send().await;
    // Other clouds have a server at this address; Google's says that it is.
    let google = asked.is_ok_and(|answer| {
        answer.headers().get("Metadata-Flavor").is_some_and(|flavor| flavor == "Google")
    });
    Ok(google.then(|| Arc::new(Cached::new(Metadata { http, base })) as Arc<dyn TokenProvider>))
}

impl Fetch for Metadata {
    async fn fetch(&self) -> Result<Token, CredentialError> {
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        let url = format!("{}{path}", self.base);
        let request = self.http.get(url).header("Metadata-Flavor", "Google");
        let answer = request.send().await.map_err(|e| provider::network(METADATA, e))?;
        if !answer.status().is_success() {
            let what = "it has no service account for this machine";
            return Err(CredentialError::Provider { source_name: METADATA, what, cause: None });
        }
        let body = answer.bytes().await.map_err(|e| provider::network(METADATA, e))?;
        provider::token(METADATA, &body)
    }
}
