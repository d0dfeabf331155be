//! Which host serves a location, and which hosts may see a Google credential.
//!
//! # Invariants
//!
//! 1. A credential goes to `https://*.googleapis.com` and nowhere else
//!    ([`takes_credential`]); the rule looks at the parsed URL that is sent.
//! 2. A location becomes part of a host only after its letters were checked,
//!    so no manifest can name a host.
//! 3. Plain http is for loopback.

use std::fmt;

use reqwest::Url;

use crate::model::{JobName, Place};

/// Where requests go: Google's own hosts, or one other address for all locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    instead: Option<Url>,
}

/// Why an address cannot be an endpoint, or a name cannot be part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with a host.
    #[error("`{0}` is not an address: expected `https://HOST` or `http://127.0.0.1:PORT`")]
    NotAUrl(String),
    /// A part that an endpoint never has and that a misread host often does.
    #[error("an endpoint cannot have {0}")]
    Part(&'static str),
    /// Plain http to another machine.
    #[error("plain http is for loopback only, and `{0}` is another machine: use https")]
    PlainHttp(String),
    /// A location with letters that no region has.
    #[error("`{0}` is not a location: expected a region such as `us-central1`")]
    Location(String),
    /// A project or job id with letters that none has.
    #[error("`{0}` cannot be part of a resource name")]
    Name(String),
}

impl Endpoint {
    /// Google's own hosts, one for each location.
    pub fn google() -> Self {
        Self { instead: None }
    }

    /// Reads `--endpoint` or `GOOGLE_VERTEX_BASE_URL`: an address that stands
    /// for every location. A path is kept as a prefix.
    ///
    /// # Errors
    /// Anything but an https URL or a plain http one on loopback; userinfo, a
    /// query, a fragment, `\` and white space are refused, because URL
    /// parsers disagree about what they do to the host.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        for (bad, name) in [
            ('@', "a user name (`@`)"),
            ('\\', "a backslash"),
            ('#', "a fragment (`#`)"),
            ('?', "a query (`?`)"),
        ] {
            if text.contains(bad) {
                return Err(EndpointError::Part(name));
            }
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(EndpointError::Part("white space or control characters"));
        }
        let not_a_url = || EndpointError::NotAUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| not_a_url())?;
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or_else(not_a_url)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(EndpointError::PlainHttp(host.to_owned())),
            _ => return Err(not_a_url()),
        }
        Ok(Self { instead: Some(url) })
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        self.instead.as_ref().is_some_and(is_loopback)
    }

    /// Whether requests are encrypted; without it is for loopback only.
    pub fn is_https(&self) -> bool {
        self.instead.as_ref().is_none_or(|url| url.scheme() == "https")
    }

    /// The address of a place's jobs, in `version` of the API.
    pub(super) fn jobs(&self, version: &str, place: &Place) -> Result<Url, EndpointError> {
        let path = format!("{version}/{}/tuningJobs", parent(&place.project, &place.location)?);
        Ok(with_path(self.base(&place.location)?, &path))
    }

    /// The address of one job; `verb` is `""` or a custom method such as `:cancel`.
    pub(super) fn job(
        &self,
        version: &str,
        job: &JobName,
        verb: &str,
    ) -> Result<Url, EndpointError> {
        let JobName { project, location, id } = job;
        let id = segment(id)?;
        let path = format!("{version}/{}/tuningJobs/{id}{verb}", parent(project, location)?);
        Ok(with_path(self.base(location)?, &path))
    }

    /// The host of a location, as Google's SDKs derive it (google-genai
    /// 2.34.0 `_api_client.py`): the multi-regions `us` and `eu` have hosts of
    /// another shape, and `global` has no prefix.
    fn base(&self, location: &str) -> Result<Url, EndpointError> {
        let location = checked_location(location)?;
        if let Some(url) = &self.instead {
            return Ok(url.clone());
        }
        let host = match location {
            "global" => "aiplatform.googleapis.com".to_owned(),
            "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
            region => format!("{region}-aiplatform.googleapis.com"),
        };
        Url::parse(&format!("https://{host}")).map_err(|_| EndpointError::NotAUrl(host))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instead {
            Some(url) => f.write_str(url.as_str()),
            None => f.write_str("https://{location}-aiplatform.googleapis.com"),
        }
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

fn is_loopback(url: &Url) -> bool {
    // `host_str` is what the connector resolves: the parser has turned every
    // spelling of an IPv4 address (`127.1`, `0x7f000001`) into dotted form.
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Longest location: with `-aiplatform` it must still be one DNS label of 63.
const MAX_LOCATION: usize = 63 - "-aiplatform".len();

fn checked_location(location: &str) -> Result<&str, EndpointError> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = location.len() <= MAX_LOCATION
        && location.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && location.bytes().all(inner)
        && !location.ends_with('-');
    if good { Ok(location) } else { Err(EndpointError::Location(location.to_owned())) }
}

/// A part of a path that means itself: no slash, no escape, no dots that a URL
/// parser would resolve.
fn segment(text: &str) -> Result<&str, EndpointError> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    let dots = text.bytes().all(|b| b == b'.');
    if !dots && text.bytes().all(good) { Ok(text) } else { Err(EndpointError::Name(text.into())) }
}

fn parent(project: &str, location: &str) -> Result<String, EndpointError> {
    let (project, location) = (segment(project)?, checked_location(location)?);
    Ok(format!("projects/{project}/locations/{location}"))
}

fn with_path(mut base: Url, path: &str) -> Url {
    let prefix = base.path().trim_end_matches('/').to_owned();
    base.set_path(&format!("{prefix}/{path}"));
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_location_has_its_host() {
        for (location, host) in [
            ("us-central1", "us-central1-aiplatform.googleapis.com"),
            ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
            ("us", "aiplatform.us.rep.googleapis.com"),
            ("eu", "aiplatform.eu.rep.googleapis.com"),
            ("global", "aiplatform.googleapis.com"),
        ] {
            let url = Endpoint::google().jobs("v1", &Place::new("acme", location)).unwrap();
            let path = format!("projects/acme/locations/{location}/tuningJobs");
            assert_eq!(url.as_str(), format!("https://{host}/v1/{path}"));
            assert!(takes_credential(&url));
        }
    }

    #[test]
    fn no_name_becomes_a_host_or_another_path() {
        for location in
            ["", "evil.com/", "evil.com#", "a@b", "us_central1", "US", "-x", "x-", "x.", "é", "a b"]
        {
            let place = Place::new("acme", location);
            assert!(Endpoint::google().jobs("v1", &place).is_err(), "{location}");
        }
        for project in ["", "..", ".", "a/b", "a%2fb", "a?b", "a#b", "a b"] {
            let place = Place::new(project, "us-central1");
            assert!(Endpoint::google().jobs("v1", &place).is_err(), "{project}");
        }
        let job = JobName { project: "p".into(), location: "eu".into(), id: "..".into() };
        assert!(Endpoint::google().job("v1", &job, "").is_err());
    }

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
    fn an_endpoint_is_https_or_loopback() {
        for good in [
            "https://proxy.example",
            "https://proxy.example/vertex/",
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://localhost:1",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
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
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        let prefixed = Endpoint::parse("https://proxy.example/vertex/").unwrap();
        let url = prefixed.jobs("v1", &Place::new("p", "eu")).unwrap();
        assert_eq!(url.path(), "/vertex/v1/projects/p/locations/eu/tuningJobs");
        assert!(!takes_credential(&url));
    }
}
