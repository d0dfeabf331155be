//! `NAME=value` lines, for a shell and for `docker --env-file`.
//!
//! A shell takes quotes away and Docker keeps them, so there are none: a value
//! that would need them is refused.

use super::Output;
use super::fields::{FieldError, Prefix, variables};

/// The outputs as lines of a file of variables.
///
/// # Errors
/// [`FieldError`]: two values for one variable, or one that needs quotes.
pub fn env(outputs: &[Output], prefix: &Prefix) -> Result<String, FieldError> {
    let variables = variables(outputs, prefix)?;
    Ok(variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect())
}
