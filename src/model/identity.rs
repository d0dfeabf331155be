//! Whether two specs are the same training run.
//!
//! The digest covers the fields a user set that change what comes out of a
//! run, through the frozen `table` and the encoding of `h1`: never a
//! struct, a `Debug` text, the YAML or a proto. Absent fields are encoded by
//! nothing at all, so a field added later moves no digest.
//!
//! A digest that differs is not yet a change: `compare` looks at the job's
//! echo field by field first.

mod compare;
mod h1;
mod table;

pub use compare::{Difference, differences, equivalent, removed_fields};
pub use table::{Field, Value};

use super::{Text, TuningSpec};

/// Every training-relevant field that either side has: its path, what `spec`
/// sets and what `echo` says, as text.
pub fn fields(
    spec: &TuningSpec,
    echo: Option<&TuningSpec>,
) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let shown = |value: Option<Value>| value.map(|value| value.to_string());
    let rows = table::FIELDS.iter().map(|field| {
        let echoed = echo.and_then(|echo| (field.get)(echo));
        (field.path, shown((field.get)(spec)), shown(echoed))
    });
    rows.filter(|(_, set, echoed)| set.is_some() || echoed.is_some()).collect()
}

/// The prefix of the newest dialect.
const H1: &str = "h1-";

/// The digest of `spec` in the newest dialect: `h1-` and 52 characters.
pub fn digest(spec: &TuningSpec) -> String {
    format!("{H1}{}", h1::digest(&table::set_fields(spec)))
}

/// The digests of one spec, hashed once and compared with every run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    h1: Text,
}

impl Digests {
    /// The digests of `spec` in every dialect that this version knows.
    pub fn of(spec: &TuningSpec) -> Self {
        Self { h1: digest(spec).into() }
    }

    /// The digest in the newest dialect.
    pub fn newest(&self) -> &str {
        &self.h1
    }

    /// Whether a job's label is the digest of this spec, in the label's own
    /// dialect: an upgrade never turns an old job into another run.
    pub fn agree_with(&self, label: &str) -> bool {
        self.h1 == label
    }
}

/// Whether a job's label is a digest in a dialect that this version knows.
/// Over any other nothing may be decided.
pub fn is_known(label: &str) -> bool {
    label.strip_prefix(H1).is_some_and(|hash| {
        hash.len() == h1::LENGTH && hash.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
    })
}

#[cfg(test)]
mod tests;
