//! An event as it is sent and kept.

use serde::{Deserialize, Serialize};

use crate::clock::Entropy;
use crate::watch::news::{News, Severity};

/// Raised when a reader of an older version would misread the body.
pub(super) const FORMAT_VERSION: u32 = 1;

/// Most characters of a message. Slack cuts at 40,000 and people long before;
/// Vertex echoes whole dataset rows in some refusals.
const MESSAGE: usize = 2_000;

/// One event: the JSON body, and the file in the state directory. A fact that
/// there is none of is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    pub(super) format_version: u32,
    /// 128 random bits, the same over all tries.
    pub(super) id: String,
    /// When it was seen.
    pub(super) time: String,
    #[serde(with = "severity")]
    pub(super) severity: Severity,
    /// The code of what happened.
    pub(super) event: String,
    pub(super) name: Option<String>,
    pub(super) project: Option<String>,
    pub(super) location: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) rerun: Option<u64>,
    pub(super) job: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) message: String,
}

impl Event {
    pub(super) fn new(news: &News, entropy: &dyn Entropy) -> Self {
        let News { severity, code, key, job, reason, message, at } = news;
        let place = key.as_ref().map(|key| &key.place);
        Self {
            format_version: FORMAT_VERSION,
            id: format!("{:016x}{:016x}", entropy.bits(), entropy.bits()),
            time: at.to_string(),
            severity: *severity,
            event: (*code).to_owned(),
            name: key.as_ref().map(|key| key.name.to_string()),
            project: place.map(|place| place.project.to_string()),
            location: place.map(|place| place.location.to_string()),
            owner: key.as_ref().map(|key| key.owner.to_string()),
            rerun: key.as_ref().map(|key| key.rerun),
            job: job.as_ref().map(ToString::to_string),
            reason: reason.map(str::to_owned),
            message: shortened(message),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A severity as its word.
mod severity {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::watch::news::Severity;

    pub(super) fn serialize<S: Serializer>(value: &Severity, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(value.word())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
        let word = String::deserialize(from)?;
        let all = [Severity::Info, Severity::Warning, Severity::Error];
        let found = all.into_iter().find(|severity| severity.word() == word);
        found.ok_or_else(|| D::Error::custom("no severity"))
    }
}
