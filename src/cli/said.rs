//! What a command that needs no service has to say.

use super::exit::Exit;

/// Output and exit code as plain values; the caller prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Data, for stdout. May hold terminal styles, for the printer to keep or strip.
    pub data: String,
    /// Everything else, for stderr. May hold terminal styles.
    pub narration: String,
    /// The exit code.
    pub code: Exit,
}
