//! Credential files, by their `type`.

use std::path::Path;
use std::sync::Arc;

use gcp_auth::{CustomServiceAccount, Token};
use serde::Deserialize;

use super::provider::{self, Cached, Fetch};
use super::{CredentialError, Found, Secret};
use crate::model::Untrusted;

/// Where a user's refresh token is turned into an access token.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// Longest credential file, in bytes: a service account key is 2.4 KB.
const MAX_FILE: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
    quota_project_id: Option<String>,
}

/// Opens the file at `path`, which `named_by` names.
pub(super) async fn open(path: &Path, named_by: &'static str) -> Result<Found, CredentialError> {
    let malformed = |what: &str| CredentialError::Malformed {
        path: path.to_owned(),
        named_by,
        what: what.to_owned(),
    };
    let text = read(path).await.map_err(|source| CredentialError::Unreadable {
        path: path.to_owned(),
        named_by,
        source,
    })?;
    // A JSON error would quote what it could not read.
    let place = |e: serde_json::Error| malformed(&format!("see line {}", e.line().max(1)));
    let Kind { kind, quota_project_id: quota_project } =
        serde_json::from_str(&text).map_err(place)?;
    let found = |provider| Found { provider, source: named_by, quota_project };
    match kind.as_deref() {
        Some("service_account") => CustomServiceAccount::from_json(&text)
            .map(|account| found(Arc::new(account)))
            .map_err(|_| malformed("its service account key cannot be used")),
        Some("authorized_user") => {
            let user = serde_json::from_str::<WireUser>(&text).map_err(place)?;
            let WireUser { client_id, client_secret, refresh_token } = user;
            Ok(found(Arc::new(Cached::new(AuthorizedUser {
                client_id,
                client_secret: Secret::new(client_secret),
                refresh_token: Secret::new(refresh_token),
                token_url: TOKEN_URL.to_owned(),
                source_name: named_by,
            }))))
        }
        Some(kind) => Err(CredentialError::Unsupported {
            path: path.to_owned(),
            named_by,
            kind: Untrusted::new(kind),
        }),
        None => Err(malformed("it has no `type`")),
    }
}

async fn read(path: &Path) -> std::io::Result<String> {
    use tokio::io::AsyncReadExt;

    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(MAX_FILE).read_to_string(&mut text).await?;
    Ok(text)
}

#[derive(Deserialize)]
struct WireUser {
    client_id: String,
    client_secret: String,
    refresh_token: String,
}

/// A person's login, as `gcloud auth application-default login` writes it.
/// gcp_auth reads it from one fixed path only.
pub(super) struct AuthorizedUser {
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) refresh_token: Secret,
    pub(super) token_url: String,
    pub(super) source_name: &'static str,
}

impl Fetch for AuthorizedUser {
    async fn fetch(&self) -> Result<Token, CredentialError> {
        let network = |error| provider::network(self.source_name, error);
        let http = provider::http().build().map_err(network)?;
        let answer = http
            .post(&self.token_url)
            .json(&serde_json::json!({
                "grant_type": "refresh_token",
                "client_id": self.client_id,
                "client_secret": self.client_secret.expose(),
                "refresh_token": self.refresh_token.expose(),
            }))
            .send()
            .await
            .map_err(network)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(network)?;
        if status.is_success() {
            return provider::token(self.source_name, &body);
        }
        // `invalid_grant`: revoked, expired, or the organisation wants a new login.
        if status.is_client_error() {
            return Err(CredentialError::Revoked { source_name: self.source_name });
        }
        let what = "the token service is unavailable";
        Err(CredentialError::Provider { source_name: self.source_name, what, cause: None })
    }
}
