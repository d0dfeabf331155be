//! Which host serves a location.
//!
//! A location becomes part of a host only after its letters were checked, so
//! no manifest can name a host. Which hosts may see a credential is decided in
//! [`crate::google`], by the URL that is sent.

use std::fmt;

use reqwest::Url;

use crate::google::{AddressError, Base};
use crate::model::{JobName, Place, ResourceName};

/// Where requests go: Google's own hosts, or one other address for all locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    instead: Option<Base>,
}

/// Why an address cannot be an endpoint, or a name cannot be part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// An address that may not be asked.
    #[error(transparent)]
    Address(#[from] AddressError),
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
        Ok(Self { instead: Some(Base::parse(text)?) })
    }

    /// The address that stands for every location, if there is one.
    pub fn address(&self) -> Option<String> {
        self.instead.as_ref().map(ToString::to_string)
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        self.instead.as_ref().is_some_and(Base::is_loopback)
    }

    /// Whether requests are encrypted; without it is for loopback only.
    pub fn is_https(&self) -> bool {
        self.instead.as_ref().is_none_or(Base::is_https)
    }

    /// The address that serves a location: `https://HOST`.
    ///
    /// # Errors
    /// [`EndpointError::Location`].
    pub fn serving(&self, location: &str) -> Result<String, EndpointError> {
        Ok(self.base(location)?.to_string().trim_end_matches('/').to_owned())
    }

    /// The one address of all locations, when there is one.
    pub(super) fn instead(&self) -> Option<&Base> {
        self.instead.as_ref()
    }

    /// The address of a place's jobs, in `version` of the API.
    pub(super) fn jobs(&self, version: &str, place: &Place) -> Result<Url, EndpointError> {
        let path = format!("{version}/{}/tuningJobs", parent(&place.project, &place.location)?);
        Ok(self.base(&place.location)?.join(&path))
    }

    /// The address of a place's models.
    pub(super) fn models(&self, version: &str, place: &Place) -> Result<Url, EndpointError> {
        let path = format!("{version}/{}/models", parent(&place.project, &place.location)?);
        Ok(self.base(&place.location)?.join(&path))
    }

    /// The address of one job; `verb` is `""` or a custom method such as `:cancel`.
    pub(super) fn job(
        &self,
        version: &str,
        job: &JobName,
        verb: &str,
    ) -> Result<Url, EndpointError> {
        let (project, location, id) = (job.project(), job.location(), job.id());
        let id = segment(id)?;
        let path = format!("{version}/{}/tuningJobs/{id}{verb}", parent(project, location)?);
        Ok(self.base(location)?.join(&path))
    }

    /// The address of anything else that has a name; `verb` as for a job.
    pub(super) fn resource(
        &self,
        version: &str,
        name: &ResourceName,
        verb: &str,
    ) -> Result<Url, EndpointError> {
        Ok(self.base(&name.place().location)?.join(&format!("{version}/{name}{verb}")))
    }

    /// The host of a location, as Google's SDKs derive it (google-genai
    /// 2.34.0 `_api_client.py`): the multi-regions `us` and `eu` have hosts of
    /// another shape, and `global` has no prefix.
    fn base(&self, location: &str) -> Result<Base, EndpointError> {
        let location = checked_location(location)?;
        if let Some(url) = &self.instead {
            return Ok(url.clone());
        }
        let host = match location {
            "global" => "aiplatform.googleapis.com".to_owned(),
            "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
            region => format!("{region}-aiplatform.googleapis.com"),
        };
        Ok(Base::parse(&format!("https://{host}"))?)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instead {
            Some(base) => base.fmt(f),
            None => f.write_str("https://{location}-aiplatform.googleapis.com"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::google::takes_credential;

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
    fn what_a_location_is_served_by_is_told() {
        let serving = |endpoint: &Endpoint, location: &str| endpoint.serving(location).ok();
        let google = Endpoint::google();
        let us = "https://aiplatform.us.rep.googleapis.com";
        assert_eq!(serving(&google, "us").as_deref(), Some(us));
        assert_eq!(serving(&google, "evil.com#"), None);
        let here = Endpoint::parse("http://127.0.0.1:9000/v/").unwrap();
        assert_eq!(serving(&here, "us").as_deref(), Some("http://127.0.0.1:9000/v"));
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
        let job = JobName::new("p", "eu", "..");
        assert!(Endpoint::google().job("v1", &job, "").is_err());
    }

    #[test]
    fn a_path_is_kept_as_a_prefix() {
        let prefixed = Endpoint::parse("https://proxy.example/vertex/").unwrap();
        let url = prefixed.jobs("v1", &Place::new("p", "eu")).unwrap();
        assert_eq!(url.path(), "/vertex/v1/projects/p/locations/eu/tuningJobs");
        assert!(!takes_credential(&url));
    }
}
