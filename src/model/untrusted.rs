//! Text that somebody else wrote.

use std::fmt;

use serde::Serialize;

use super::Text;

/// Text that came from the API. It has no `Display`: a person sees it only
/// through [`Untrusted::shown`], a machine only as JSON, which escapes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Untrusted(Text);

impl Untrusted {
    /// Marks `text` as somebody else's.
    pub fn new(text: impl Into<Text>) -> Self {
        Self(text.into())
    }

    /// The text as it came, for comparing and for machine formats.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text for people: one line, with every character that could move the
    /// cursor, reorder or hide text replaced by a visible escape.
    pub fn shown(&self) -> Shown<'_> {
        Shown(&self.0)
    }

    /// As [`Untrusted::shown`], to be gone on with: without the full stop.
    pub fn phrase(&self) -> Shown<'_> {
        Shown(self.0.trim_end().trim_end_matches('.'))
    }
}

/// Displays untrusted text safely.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                // Vertex separates the findings of one refusal by tabs.
                '\t' | '\n' | '\r' => f.write_str(" ")?,
                c if is_hazard(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

/// JSON text in which every character that a terminal would obey or hide is an
/// escape: it may be printed, and says the same to whoever parses it.
pub fn inert_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // JSON's own line breaks; those in its strings are escaped already.
        if c == '\n' || !is_hazard(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// Control characters, bidi controls, separators of lines and annotations, and
/// what Unicode calls default ignorable: characters that show nothing.
pub(crate) fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' | '\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_escape_sequence_survives() {
        let hostile = Untrusted::new("a\u{1b}[31mred\u{1b}[0m\r\n\u{202e}x\u{200b}\u{9b}2J\u{7f}");
        assert_eq!(
            hostile.shown().to_string(),
            "a\\u{1b}[31mred\\u{1b}[0m  \\u{202e}x\\u{200b}\\u{9b}2J\\u{7f}"
        );
    }

    #[test]
    fn json_says_the_same_without_a_character_that_steers() {
        let text = "\u{9b}2J\u{202e}\u{e0101}\u{7f}\n\"\\ \u{fc} \u{65e5}";
        let json = serde_json::json!({ text: [text] });
        let inert = inert_json(&format!("{json:#}\n"));
        assert!(inert.chars().all(|c| c == '\n' || !is_hazard(c)), "{inert}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&inert).unwrap(), json);
        assert!(inert.contains("\u{fc} \u{65e5}"));
    }

    #[test]
    fn what_shows_nothing_is_shown() {
        for c in
            ['\u{3164}', '\u{115f}', '\u{34f}', '\u{180b}', '\u{e0100}', '\u{fe0f}', '\u{ffa0}']
        {
            let shown = Untrusted::new(String::from(c)).shown().to_string();
            assert_eq!(shown, format!("\\u{{{:x}}}", u32::from(c)));
        }
    }

    #[test]
    fn ordinary_text_is_untouched() {
        let text = "Überprüfung: 12 % – 日本語";
        assert_eq!(Untrusted::new(text).shown().to_string(), text);
    }
}
