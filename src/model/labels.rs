//! Ownership and identity, written on a job as labels and read back.
//!
//! Vertex takes labels of at most 64 characters of lower-case letters, digits,
//! `_` and `-`, at create only (proto `TuningJob.labels`). Google's general
//! rule says 63 and a letter first; labels are copied to model and endpoint,
//! so the stricter rule holds here.

use super::{Labels, Name, Text};

/// Longest key and longest value.
pub const MAX_LENGTH: usize = 63;

/// Vertex takes 64 labels; nine are retune's own.
pub const MAX_USER_LABELS: usize = 55;

/// The label that says retune made this job.
pub const MANAGED_BY: &str = "managed-by";
/// Its value.
pub const RETUNE: &str = "retune";
/// The Workspace's name.
pub const OWNER: &str = "retune-owner";
/// The manifest's name.
pub const NAME: &str = "retune-name";
/// The rerun, base 10.
pub const RERUN: &str = "retune-rerun";
/// The digest of the training-relevant fields.
pub const SPEC: &str = "retune-spec";
/// The digest of the datasets' contents, when known.
pub const DATA: &str = "retune-data";
/// The source revision, in seconds.
pub const REV: &str = "retune-rev";
/// The attempt, base 10, from 1.
pub const ATTEMPT: &str = "retune-attempt";
/// Sixty-four random bits in hex: names this very create.
pub const RUN: &str = "retune-run";

/// Labels of which nearly every job has its own value.
pub(crate) const NAMES_A_RUN: [&str; 4] = [NAME, SPEC, DATA, RUN];

/// How the run id is written.
pub fn run(bits: u64) -> String {
    format!("{bits:016x}")
}

/// Whether a user may not set this key.
pub fn is_reserved(key: &str) -> bool {
    key == MANAGED_BY || key.starts_with("retune-") || key.starts_with("aiplatform.googleapis.com/")
}

/// Whether `key` is a label key: a letter, then letters, digits, `_`, `-`.
pub fn is_key(key: &str) -> bool {
    key.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && is_value(key)
}

/// Whether `value` is a label value; an empty one is.
pub fn is_value(value: &str) -> bool {
    value.len() <= MAX_LENGTH
        && value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// What retune's labels say of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The Workspace's name.
    pub owner: Name,
    /// The manifest's name.
    pub name: Name,
    /// The rerun; absent or malformed reads as `None`.
    pub rerun: Option<u64>,
    /// The digest with its dialect, as it stands.
    pub spec: Option<Text>,
    /// The digest of the datasets' contents.
    pub data: Option<Text>,
    /// The source revision, in seconds.
    pub rev: Option<i64>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Names the very create.
    pub run: Option<Text>,
}

impl Stamp {
    /// Reads the labels of a job. `None`: not made by retune, or its owner or
    /// name is no [`Name`], which retune never writes.
    pub fn read(labels: &Labels) -> Option<Self> {
        let label = |key: &str| labels.get(key);
        if label(MANAGED_BY) != Some(RETUNE) {
            return None;
        }
        Some(Self {
            owner: Name::new(labels.text(OWNER)?).ok()?,
            name: Name::new(labels.text(NAME)?).ok()?,
            rerun: label(RERUN).and_then(decimal),
            spec: labels.text(SPEC),
            data: labels.text(DATA),
            rev: label(REV).and_then(|text| i64::try_from(decimal(text)?).ok()),
            attempt: label(ATTEMPT)
                .and_then(|text| u32::try_from(decimal(text)?).ok())
                .unwrap_or(1),
            run: labels.text(RUN),
        })
    }
}

/// A number as retune writes it: no sign, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn only_the_whole_triple_is_a_stamp() {
        let ours = [(MANAGED_BY, RETUNE), (OWNER, "acme"), (NAME, "faq"), (RERUN, "2")];
        let stamp = Stamp::read(&labels(&ours)).unwrap();
        assert_eq!((stamp.name.as_str(), stamp.rerun, stamp.attempt), ("faq", Some(2), 1));
        for missing in 0..3 {
            let mut some = ours.to_vec();
            some.remove(missing);
            assert_eq!(Stamp::read(&labels(&some)), None, "without {:?}", ours[missing]);
        }
    }

    #[test]
    fn a_number_retune_never_wrote_is_no_number() {
        for text in ["", "-1", "+1", "01", "1e3", "99999999999999999999"] {
            let stamp = Stamp::read(&labels(&[
                (MANAGED_BY, RETUNE),
                (OWNER, "acme"),
                (NAME, "faq"),
                (RERUN, text),
            ]));
            assert_eq!(stamp.unwrap().rerun, None, "{text}");
        }
    }
}
