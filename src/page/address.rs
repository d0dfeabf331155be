//! Where a model's own view is: a path of the daemon, or a place in the file.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::shell::Form;
use crate::model::{Key, Name, Place};

/// Everything but what is unreserved in a URL (RFC 3986, 2.3).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A tuned model, by what its own view is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address<'a> {
    /// Where its jobs run.
    pub place: &'a Place,
    /// Its name.
    pub name: &'a Name,
}

impl<'a> Address<'a> {
    /// That of `key`, whatever its rerun.
    pub fn of(key: &'a Key) -> Self {
        Self { place: &key.place, name: &key.name }
    }

    /// The id of the element that is its own view.
    pub(super) fn id(&self) -> String {
        format!("model/{}", self.path())
    }

    /// The id of its row.
    pub(super) fn row_id(&self) -> String {
        format!("row/{}", self.path())
    }

    /// The link to it from the list.
    pub(super) fn link(&self, form: Form) -> String {
        match form {
            // Relative: a proxy may serve the page below a path of its own.
            Form::Served => format!("models/{}", self.path()),
            Form::File => format!("#{}", self.id()),
        }
    }

    /// An element's id is compared with a fragment once it is decoded; without
    /// anything to decode, both are the same text.
    fn path(&self) -> String {
        let part = |text| utf8_percent_encode(text, PATH);
        let Place { project, location } = self.place;
        format!("{}/{}/{}", part(project), part(location), self.name)
    }
}
