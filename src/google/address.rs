//! Which addresses may be asked, and which may see a Google credential.
//!
//! # Invariants
//!
//! 1. A credential goes to `https://*.googleapis.com` and nowhere else
//!    ([`takes_credential`]); the rule looks at the parsed URL that is sent.
//! 2. Plain http is for loopback.

use std::fmt;

use reqwest::Url;

/// Why a text cannot be the address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL with a host.
    #[error("`{0}` is not an address: expected `https://HOST` or `http://127.0.0.1:PORT`")]
    NotAUrl(String),
    /// A part that an address never has and that a misread host often does.
    #[error("an endpoint cannot have {0}")]
    Part(&'static str),
    /// Plain http to another machine.
    #[error("plain http is for loopback only, and `{0}` is another machine: use https")]
    PlainHttp(String),
}

/// The address of a service that somebody chose: https, or on loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(Url);

impl Base {
    /// Reads an address. A path is kept as a prefix.
    ///
    /// # Errors
    /// Anything but an https URL or a plain http one on loopback; userinfo, a
    /// query, a fragment, `\` and white space are refused, because URL
    /// parsers disagree about what they do to the host.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        for (bad, name) in [
            ('@', "a user name (`@`)"),
            ('\\', "a backslash"),
            ('#', "a fragment (`#`)"),
            ('?', "a query (`?`)"),
        ] {
            if text.contains(bad) {
                return Err(AddressError::Part(name));
            }
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(AddressError::Part("white space or control characters"));
        }
        let not_a_url = || AddressError::NotAUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| not_a_url())?;
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or_else(not_a_url)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(AddressError::PlainHttp(host.to_owned())),
            _ => return Err(not_a_url()),
        }
        Ok(Self(url))
    }

    /// Cloud Storage: Google's host, or what `STORAGE_EMULATOR_HOST` says.
    /// Google's Python client wants a scheme in it and its Go client none.
    ///
    /// # Errors
    /// As [`Base::parse`].
    pub(crate) fn storage(emulator_host: Option<&str>) -> Result<Self, AddressError> {
        match emulator_host.map(str::trim).filter(|text| !text.is_empty()) {
            None => Self::parse("https://storage.googleapis.com"),
            Some(text) if text.contains("://") => Self::parse(text),
            Some(text) => match Self::parse(&format!("http://{text}")) {
                Err(AddressError::PlainHttp(_)) => Self::parse(&format!("https://{text}")),
                parsed => parsed,
            },
        }
    }

    /// Whether requests stay on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether requests are encrypted.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of `path` below this one. Its parts are escaped already.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{path}"));
        url
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

/// Whether a Google access token may be sent to `url`: https on the usual port
/// of a host below `googleapis.com`, whose labels are plain ASCII.
pub(crate) fn takes_credential(url: &Url) -> bool {
    let Some(host) = url.domain() else { return false };
    let Some(labels) = host.strip_suffix(".googleapis.com") else { return false };
    let label = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    url.scheme() == "https"
        && url.port_or_known_default() == Some(443)
        && url.username().is_empty()
        && url.password().is_none()
        && labels.split('.').all(label)
}

/// Whether requests to `url` stay on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    // `host_str` is what the connector resolves: the parser has turned every
    // spelling of an IPv4 address (`127.1`, `0x7f000001`) into dotted form.
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_goes_to_google_only() {
        for good in [
            "https://us-central1-aiplatform.googleapis.com/v1/x",
            "https://aiplatform.us.rep.googleapis.com",
            "https://AIPLATFORM.googleapis.COM:443/",
        ] {
            assert!(takes_credential(&Url::parse(good).unwrap()), "{good}");
        }
        for bad in [
            "http://aiplatform.googleapis.com",
            "https://googleapis.com",
            "https://.googleapis.com",
            "https://aiplatform.googleapis.com.",
            "https://aiplatform.googleapis.com:8443",
            "https://aiplatform.googleapis.com.evil.example",
            "https://evilgoogleapis.com",
            "https://aiplatform.googleapis.com@evil.example",
            "https://user@aiplatform.googleapis.com",
            "https://evil.example/aiplatform.googleapis.com",
            "https://evil.example?.googleapis.com",
            "https://evil.example#.googleapis.com",
            "https://evil.example\\.googleapis.com",
            "https://evil.example%2f.googleapis.com",
            "https://evil_x.googleapis.com",
            "https://127.0.0.1",
            "https://[::1]",
            "https://localhost",
            "https://googleapis.com.\u{3002}evil.example",
            "ftp://aiplatform.googleapis.com",
        ] {
            let allowed = Url::parse(bad).is_ok_and(|url| takes_credential(&url));
            assert!(!allowed, "{bad}");
        }
        // Full-width letters and dots are folded by the parser: what counts
        // is the host that is connected to.
        let folded = Url::parse("https://aiplatform\u{3002}googleapis\u{ff0e}com").unwrap();
        assert_eq!(folded.host_str(), Some("aiplatform.googleapis.com"));
    }

    #[test]
    fn an_address_is_https_or_loopback() {
        for good in [
            "https://proxy.example",
            "https://proxy.example/vertex/",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://localhost:1",
        ] {
            assert!(Base::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "proxy.example",
            "ftp://proxy.example",
            "file:///etc/passwd",
            "http://proxy.example",
            "http://10.0.0.1",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://[::ffff:127.0.0.1]",
            "http://169.254.169.254",
            "https://user@aiplatform.googleapis.com",
            "https://a:b@proxy.example",
            "https://proxy.example\\@x",
            "https://proxy.example#x",
            "https://proxy.example?x",
            "https://pro xy.example",
            "https://proxy.exa\tmple",
            "https:///",
        ] {
            assert!(Base::parse(bad).is_err(), "{bad}");
        }
    }
    #[test]
    fn storage_is_googles_or_an_emulator_with_or_without_a_scheme() {
        for (host, address) in [
            (None, "https://storage.googleapis.com/"),
            (Some(""), "https://storage.googleapis.com/"),
            (Some("localhost:4443"), "http://localhost:4443/"),
            (Some("127.0.0.1:1"), "http://127.0.0.1:1/"),
            (Some("http://[::1]:4443"), "http://[::1]:4443/"),
            (Some("fake-gcs.example:4443"), "https://fake-gcs.example:4443/"),
            (Some("https://fake-gcs.example/x"), "https://fake-gcs.example/x"),
        ] {
            let base = Base::storage(host).unwrap();
            assert_eq!(base.to_string(), address);
            assert_eq!(takes_credential(&base.join("b")), address.contains("googleapis"));
        }
        for bad in ["http://fake-gcs.example", "a b", "user@localhost:1", "ftp://localhost"] {
            assert!(Base::storage(Some(bad)).is_err(), "{bad}");
        }
    }
}
