//! What a claim's object is called.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{Key, Name, Place};

/// What is escaped in one part of a name: all but RFC 3986's unreserved
/// characters. A slash in a part can so never become one between parts, and
/// the name means the same in a URL, a shell and a lifecycle rule.
pub(super) const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands for a data label that is not known. Real ones start with `c1-`.
const NO_DATA: &str = "none";

/// The object of one claim:
/// `claims/v1/OWNER/PROJECT/LOCATION/NAME/RERUN/SPEC/DATA/ATTEMPT.json`.
///
/// Two creates have the same path exactly when they would pay for the same run
/// twice: everything that makes a run another one is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimPath {
    object: String,
    attempt: u32,
}

impl ClaimPath {
    /// The claim to the `attempt`-th run of a tuned model with these labels,
    /// `retune-spec` and, where it is known, `retune-data`.
    pub fn new(key: &Key, spec: &str, data: Option<&str>, attempt: u32) -> Self {
        let Key { place, owner, name, rerun } = key;
        let part = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let data = match data {
            None => NO_DATA.to_owned(),
            // Another name than that of no data at all.
            Some(NO_DATA) => "%6Eone".to_owned(),
            Some(data) => part(data),
        };
        let object = format!(
            "{}{}/{rerun}/{}/{data}/{attempt}.json",
            Self::prefix(owner, place),
            part(name.as_str()),
            part(spec),
        );
        Self { object, attempt }
    }

    /// What the objects of an owner's claims in a place begin with.
    pub(super) fn prefix(owner: &Name, place: &Place) -> String {
        let part = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
        let (owner, project) = (part(owner.as_str()), part(&place.project));
        format!("claims/v1/{owner}/{project}/{}/", part(&place.location))
    }

    /// The claim that an object of this name is.
    pub(super) fn of_object(object: &str) -> Option<Self> {
        let (_, file) = object.rsplit_once('/')?;
        let attempt = file.strip_suffix(".json")?.parse().ok()?;
        Some(Self { object: object.to_owned(), attempt })
    }

    /// The object's name.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Which run of its spec it claims, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.object)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Place;

    fn key(project: &str, location: &str, name: &str, rerun: u64) -> Key {
        let place = Place::new(project, location);
        let (owner, name) = ("acme".parse().unwrap(), name.parse().unwrap());
        Key { place, owner, name, rerun }
    }

    #[test]
    fn a_path_is_made_of_all_that_makes_a_run_another_one() {
        let key = key("acme-ml", "us-central1", "faq", 2);
        assert_eq!(
            ClaimPath::new(&key, "h1-abc", None, 1).to_string(),
            "claims/v1/acme/acme-ml/us-central1/faq/2/h1-abc/none/1.json"
        );
        assert_eq!(
            ClaimPath::new(&key, "h1-abc", Some("c1-def"), 3).object(),
            "claims/v1/acme/acme-ml/us-central1/faq/2/h1-abc/c1-def/3.json"
        );
    }

    #[test]
    fn different_runs_have_different_paths_whatever_they_are_called() {
        let mut paths = BTreeSet::new();
        let mut runs = 0;
        for project in ["p", "example.com:p", "p/l", "p%2Fl", "..", "ä", ""] {
            for location in ["l", "l/n", ""] {
                for spec in ["h1-a", "h1-a/none", "h1-a\n"] {
                    for data in [None, Some("none"), Some("%6Eone"), Some("c1-a"), Some("")] {
                        for attempt in [1, 11] {
                            let key = key(project, location, "n", 1);
                            let path = ClaimPath::new(&key, spec, data, attempt);
                            assert_eq!(path.object().split('/').count(), 10, "{path}");
                            assert!(path.object().is_ascii());
                            paths.insert(path);
                            runs += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(paths.len(), runs);
    }

    #[test]
    fn the_longest_names_there_are_fit_into_an_object_name() {
        let longest = "a".repeat(63);
        let key = key(&longest, &longest, &longest, u64::MAX);
        let path = ClaimPath::new(&key, &longest, Some(&longest), u32::MAX);
        assert!(path.object().len() <= 1024, "{}", path.object().len());
    }
}
