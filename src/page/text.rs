//! Text in HTML: the one place where it is decided what is escaped.

use std::fmt::Write;

use maud::{Escaper, Render};

use crate::model::Untrusted;

/// Somebody else's text: escaped, and with every character that hides or
/// reorders text made visible.
pub(super) struct Told<'a>(pub(super) &'a str);

impl Render for Told<'_> {
    fn render_to(&self, out: &mut String) {
        let text = Untrusted::new(self.0);
        // Writing to a string cannot fail.
        let _ = write!(Escaper::new(out), "{}", text.shown());
    }
}

/// Any text that displays itself, escaped.
pub(super) struct Said<T>(pub(super) T);

impl<T: std::fmt::Display> Render for Said<T> {
    fn render_to(&self, out: &mut String) {
        let _ = write!(Escaper::new(out), "{}", self.0);
    }
}

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
