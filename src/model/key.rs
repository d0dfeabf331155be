//! What names a tuned model: its place, owner, name and rerun.

use std::fmt;
use std::str::FromStr;

use super::Text;

/// A project and a location: the unit that Vertex lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The project id (or number) as the user wrote it.
    pub project: Text,
    /// A region such as `us-central1`.
    pub location: Text,
}

impl Place {
    /// A place from its two parts.
    pub fn new(project: impl Into<Text>, location: impl Into<Text>) -> Self {
        Self { project: project.into(), location: location.into() }
    }

    /// The parent of its tuning jobs: `projects/P/locations/L`.
    pub fn parent(&self) -> String {
        format!("projects/{}/locations/{}", self.project, self.location)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.location)
    }
}

/// A manifest's or an owner's name: `a-z0-9-`, starts with a letter, ends with
/// a letter or digit, at most 63 characters, so that it is a label value as it
/// stands and no lossy mapping exists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Text);

impl Name {
    /// The pattern of the grammar, as the JSON Schema states it.
    pub const PATTERN: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";

    /// A name of that text.
    ///
    /// # Errors
    /// When the text is none.
    pub fn new(text: Text) -> Result<Self, NameError> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let bytes = text.as_bytes();
        let starts = bytes.first().is_some_and(u8::is_ascii_lowercase);
        let ends = bytes.last().is_some_and(|&b| b != b'-');
        if starts && ends && bytes.len() <= 63 && bytes.iter().all(|&b| inner(b)) {
            Ok(Self(text))
        } else {
            Err(NameError(text.to_string()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name: use a-z, 0-9 and `-`, start with a letter, end with a letter or digit, \
     at most 63 characters"
)]
pub struct NameError(String);

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes a tuned model the one it is. Two manifests with the same key are
/// an error; two jobs with the same key are runs of one tuned model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where its jobs run.
    pub place: Place,
    /// The Workspace that owns it.
    pub owner: Name,
    /// The manifest's name.
    pub name: Name,
    /// Raised by a person to train again.
    pub rerun: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_label_values_as_they_stand() {
        let longest = "a".repeat(63);
        for good in ["a", "a1", "support-faq", longest.as_str()] {
            assert_eq!(good.parse::<Name>().map(|n| n.to_string()), Ok(good.to_owned()));
        }
        let too_long = "a".repeat(64);
        for bad in ["", "1a", "-a", "a-", "A", "a_b", "a.b", "ä", too_long.as_str()] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
