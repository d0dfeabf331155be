//! Outputs of a step of GitHub Actions, to be appended to `$GITHUB_OUTPUT`.
//!
//! `MODEL_FIELD` for each field, which no two models share: a model's name has
//! no `_`. And `json`, the whole document, which `fromJSON` reads.

use sha2::{Digest, Sha256};

use super::fields::{FieldError, fields, is_safe};
use super::{Output, document};
use crate::model::inert_json;

/// The outputs of a step.
///
/// # Errors
/// [`FieldError::Unsafe`]: a value that could end its line.
pub fn github(outputs: &[Output]) -> Result<String, FieldError> {
    let mut out = String::new();
    for output in outputs {
        for (field, value) in fields(output) {
            let name = format!("{}_{}", output.key.name, field.to_ascii_lowercase());
            if !is_safe(&value) {
                return Err(FieldError::Unsafe { variable: name });
            }
            out.push_str(&format!("{name}={value}\n"));
        }
    }
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
