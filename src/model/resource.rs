//! The full resource name of anything that Vertex keeps in a place.

use std::fmt;
use std::str::FromStr;

use super::Place;

/// `projects/P/locations/L/COLLECTION/ID…`: an endpoint, a model's version, a
/// context, a TensorBoard. Its own location says which host serves it, which
/// need not be the region of the job it came from: what a tuned Gemini 3 model
/// leaves is in `us` or `eu`.
///
/// It comes from answers, so it holds only letters that mean themselves in a
/// path: no query, no escape, nothing that a URL parser would resolve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    place: Place,
    /// `endpoints/12`
    rest: String,
}

impl ResourceName {
    /// Where it is, the project as the name has it: Vertex writes the number.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The name within its place: `endpoints/12`.
    pub fn within(&self) -> &str {
        &self.rest
    }

    /// The last segment.
    pub fn id(&self) -> &str {
        self.rest.rsplit('/').next().unwrap_or(&self.rest)
    }

    /// What is below it.
    ///
    /// # Errors
    /// A segment with letters that no name has.
    pub fn child(&self, rest: &str) -> Result<Self, ResourceNameError> {
        format!("{self}/{rest}").parse()
    }
}

/// A text that is not a full resource name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a resource name: expected `projects/P/locations/L/…`", super::Untrusted::new(&*.0).shown())]
pub struct ResourceNameError(String);

impl FromStr for ResourceName {
    type Err = ResourceNameError;

    fn from_str(text: &str) -> Result<Self, ResourceNameError> {
        let refused = || ResourceNameError(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let ["projects", project, "locations", location, rest @ ..] = parts.as_slice() else {
            return Err(refused());
        };
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@".contains(&b);
        let means_itself = |part: &&str| {
            part.bytes().all(good) && part.bytes().any(|b| b != b'.') && !part.contains(':')
        };
        let named = rest.len() >= 2 && rest.iter().all(means_itself);
        // A project may be `domain.com:name`.
        let placed = project.bytes().all(good) && project.bytes().any(|b| b != b'.');
        if !named || !placed || !means_itself(location) {
            return Err(refused());
        }
        Ok(Self { place: Place::new(*project, *location), rest: rest.join("/") })
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { project, location } = &self.place;
        write!(f, "projects/{project}/locations/{location}/{}", self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_place_and_the_rest() {
        let name: ResourceName = "projects/4/locations/us/models/7@2".parse().unwrap();
        assert_eq!(name.place(), &Place::new("4", "us"));
        assert_eq!((name.within(), name.id()), ("models/7@2", "7@2"));
        assert_eq!(name.to_string(), "projects/4/locations/us/models/7@2");
        assert_eq!(name.child("versions/3").unwrap().id(), "3");
    }

    #[test]
    fn nothing_else_is_one() {
        for bad in [
            "",
            "endpoints/1",
            "projects/a/locations/b",
            "projects/a/locations/b/endpoints",
            "projects/a/locations/b/endpoints/",
            "projects/a/locations/b/endpoints/..",
            "projects/../locations/b/endpoints/1",
            "projects/a/locations/b/endpoints/1?x=y",
            "projects/a/locations/b/endpoints/1%2f",
            "projects/a/locations/b/endpoints/1:predict",
            "projects/a/locations/evil.com#/endpoints/1",
        ] {
            assert!(bad.parse::<ResourceName>().is_err(), "{bad}");
        }
        assert!(
            "projects/a/locations/b/endpoints/1"
                .parse::<ResourceName>()
                .unwrap()
                .child("../x")
                .is_err()
        );
    }
}
