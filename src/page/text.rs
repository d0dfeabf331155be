//! Text in HTML: the one place where it is decided what is escaped.

use std::fmt::Write;

use maud::{Escaper, Markup, Render, html};

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

/// A text for people in which backticks mark what is to be typed, as in a
/// terminal; one without its pair is a backtick.
pub(super) fn quoted(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    html! {
        @for (at, part) in parts.into_iter().enumerate() {
            @if at % 2 == 0 { (Told(part)) }
            @else if at == last { "`" (Told(part)) }
            @else { code { (Told(part)) } }
        }
    }
}
