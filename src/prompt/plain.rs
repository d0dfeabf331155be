//! A model's text for people.

/// Makes a text that comes in pieces inert, and keeps its lines: control
/// characters and what reorders or hides text are left out, and no line is a
/// command to a workflow runner that reads along (`::add-mask::`, `##[group]`).
///
/// The joiners and variation selectors that writing and pictures are made of
/// stay: they hide nothing that stands beside them.
#[derive(Debug)]
pub struct Plain {
    /// Only blanks so far in this line.
    at_start: bool,
    /// What may become a command, held back until it is known.
    held: String,
}

/// What GitHub's runner obeys, blanks before it passed over.
const COMMANDS: [&str; 2] = ["::", "##["];

impl Default for Plain {
    fn default() -> Self {
        Self { at_start: true, held: String::new() }
    }
}

impl Plain {
    /// A text that has all come.
    pub fn whole(text: &str) -> String {
        let mut plain = Self::default();
        let mut out = plain.push(text);
        out.push_str(&plain.finish());
        out
    }

    /// The next piece, as it may be printed.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars().filter_map(inert) {
            if c == '\n' {
                out.push_str(&self.finish());
                self.at_start = true;
                out.push(c);
                continue;
            }
            if !self.at_start || (self.held.is_empty() && c.is_whitespace()) {
                out.push(c);
                continue;
            }
            self.held.push(c);
            if COMMANDS.contains(&self.held.as_str()) {
                let mut letters = self.held.chars();
                let first = letters.next().map(u32::from).unwrap_or_default();
                out.push_str(&format!("\\u{{{first:x}}}{}", letters.as_str()));
                self.held.clear();
                self.at_start = false;
            } else if !COMMANDS.iter().any(|command| command.starts_with(&self.held)) {
                out.push_str(&std::mem::take(&mut self.held));
                self.at_start = false;
            }
        }
        out
    }

    /// What was held back at the end.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// The character as it is printed; `None` when it is not.
fn inert(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        // Other ends of lines than the one that terminals know.
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => Some(c),
        c if crate::model::is_hazard(c) => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_is_left_out_and_lines_stay() {
        for (text, plain) in [
            ("a\n\tb\r\nc", "a\n\tb\nc"),
            ("\u{1b}[31mred\u{1b}[0m\u{9b}2J\u{7}\u{8}", "[31mred[0m2J"),
            ("\u{202e}abc\u{2066}\u{200b}\u{e0041}", "abc"),
            ("👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم", "👩\u{200d}💻 ❤\u{fe0f} می\u{200c}خواهم"),
            ("::error::x", "\\u{3a}:error::x"),
            ("a\n  ##[group]x", "a\n  \\u{23}#[group]x"),
            ("a\r::stop-commands::x", "a::stop-commands::x"),
            ("a\u{2028}::stop-commands::x", "a\n\\u{3a}:stop-commands::x"),
            ("\u{1b}::x", "\\u{3a}:x"),
            ("a::b\n: c\n## d\n##", "a::b\n: c\n## d\n##"),
        ] {
            assert_eq!(Plain::whole(text), plain, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn where_a_text_is_cut_changes_nothing(
            pieces in prop::collection::vec("[ \n:#\\[a\u{1b}é\r]{0,5}", 0..8),
        ) {
            let mut plain = Plain::default();
            let mut out: String = pieces.iter().map(|piece| plain.push(piece)).collect();
            out.push_str(&plain.finish());
            prop_assert_eq!(&out, &Plain::whole(&pieces.concat()));
            for line in out.lines() {
                let line = line.trim_start();
                prop_assert!(!line.starts_with("::") && !line.starts_with("##["), "{line:?}");
            }
        }
    }
}
