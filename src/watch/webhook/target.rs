//! The address, most of which nobody sees.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Url};

use super::WebhookError;
use crate::google::{Kind, Secret, host, is_loopback};

/// One try as a whole. A receiver only takes a note; Slack answers in 0.2 s.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where events go. Shown as scheme and host.
pub(super) struct Target(Url);

impl Target {
    /// Reads an address. White space around it is what an editor or a secret's
    /// file leaves.
    pub(super) fn parse(url: &Secret) -> Result<Self, WebhookError> {
        let text = url.expose().trim();
        // The parser drops line breaks and tabs, and takes `\` for `/`.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(WebhookError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| WebhookError::NotAUrl)?;
        if url.host_str().is_none_or(str::is_empty) || !matches!(url.scheme(), "http" | "https") {
            return Err(WebhookError::NotAUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::Userinfo { host: host(&url) });
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(WebhookError::PlainHttp { host: host(&url) });
        }
        Ok(Self(url))
    }

    /// The client for it. It keeps no connection: hours pass between events.
    pub(super) fn client(&self) -> Result<Client, reqwest::Error> {
        let https = self.0.scheme() == "https";
        let kind = Kind { loopback: is_loopback(&self.0), https, timeout: TIMEOUT };
        kind.builder().pool_max_idle_per_host(0).build()
    }

    /// The whole address, for the one place that sends.
    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), host(&self.0))
    }
}
