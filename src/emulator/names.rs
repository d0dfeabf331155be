//! Resource names. Projects may be asked for by id or by number and mean the
//! same; answers always carry the number.

use sha2::{Digest, Sha256};

use super::error::Refusal;

/// Where a resource lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) project: u64,
    pub(crate) location: String,
}

impl Place {
    pub(crate) fn parse(project: &str, location: &str) -> Result<Self, Refusal> {
        Ok(Self { project: project_number(project)?, location: parse_location(location)? })
    }

    pub(crate) fn name(&self, collection: &str, id: &str) -> String {
        format!("projects/{}/locations/{}/{collection}/{id}", self.project, self.location)
    }
}

/// The twelve-digit number of a project, derived from its id; a number stands
/// for itself.
pub(crate) fn project_number(project: &str) -> Result<u64, Refusal> {
    const LOWEST: u64 = 100_000_000_000;
    const RANGE: u64 = 900_000_000_000;
    if let Ok(number) = project.parse::<u64>() {
        return Ok(number);
    }
    // "example.com:project" is the form of domain-scoped projects.
    let plausible = !project.is_empty()
        && project.len() <= 100
        && project.starts_with(|c: char| c.is_ascii_lowercase())
        && project
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c));
    if !plausible {
        return Err(Refusal::invalid(format!(
            "Invalid resource field value in the request: project `{project}`."
        )));
    }
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(Sha256::digest(project.as_bytes())) {
        *to = from;
    }
    Ok(LOWEST + u64::from_be_bytes(first) % RANGE)
}

/// Regions such as `us-central1`, the multi-regions `us` and `eu`, `global`.
fn parse_location(location: &str) -> Result<String, Refusal> {
    let region = || {
        let (area, rest) = location.split_once('-')?;
        let place = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        (is_word(area) && is_word(place) && place.len() < rest.len()).then_some(())
    };
    match location {
        "us" | "eu" | "global" => Ok(location.to_owned()),
        _ if region().is_some() => Ok(location.to_owned()),
        _ => Err(Refusal::invalid(format!("Unsupported region `{location}`."))),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase())
}

/// `projects/{p}/locations/{l}/{collection}/{id}` to the place and the id.
pub(crate) fn parse(name: &str, collection: &str) -> Option<(Place, String)> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["projects", project, "locations", location, found, id]
            if *found == collection && !id.is_empty() =>
        {
            Some((Place::parse(project, location).ok()?, (*id).to_owned()))
        }
        _ => None,
    }
}
