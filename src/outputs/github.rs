//! Outputs of a step of GitHub Actions, to be appended to `$GITHUB_OUTPUT`.
//!
//! `MODEL_FIELD` for each field, which no two models share: a model's name has
//! no `_`. Two checkpoints of one may. And `json`, the whole document, which
//! `fromJSON` reads.

use sha2::{Digest, Sha256};

use super::fields::{FieldError, named};
use super::{Output, document};
use crate::model::inert_json;

/// The outputs of a step.
///
/// # Errors
/// [`FieldError`]: two values for one name, or one that could end its line.
pub fn github(outputs: &[Output]) -> Result<String, FieldError> {
    let fields = named(outputs, |model, field| format!("{model}_{}", field.to_ascii_lowercase()))?;
    let mut out: String = fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let json = inert_json(&format!("{:#}", document(outputs)));
    let delimiter = delimiter(&json);
    out.push_str(&format!("json<<{delimiter}\n{json}\n{delimiter}\n"));
    Ok(out)
}

/// A line that ends the text and is none of its own: a text cannot hold its own
/// digest.
fn delimiter(text: &str) -> String {
    format!("retune_{}", data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())))
}
