//! Text that means harm, and what must have become of it.

/// A terminal's title, a cleared screen, a C1 control, a forged line of a
/// workflow, text that is reordered or not there at all, and markup.
pub(crate) const HOSTILE: &str = "A\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\u{7f}\r\n::error file=x::pwned\r::add-mask::pwned\n\
    ##[group]pwned\t\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{e0101}\u{3164}\u{ad}\
    | <img src=x onerror=alert(1)> [a](javascript:alert(1)) @org/team #1 `x` ![b](http://evil.example/b) \
    %0A::stop-commands::x $(id) www.evil.example \u{85}\u{2028}\u{fff9}Z";

/// The same with what YAML takes between double quotes.
pub(crate) fn quoted() -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_ascii_graphic() || c == ' ' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    let text: String = HOSTILE.chars().map(escape).collect();
    format!("\"{text}\"")
}

/// Characters that move a cursor, reorder what is shown or show nothing:
/// control characters and what Unicode calls default ignorable, separators of
/// lines, and annotations. Written down here a second time, on purpose.
pub(crate) fn is_harmful(c: char) -> bool {
    const RANGES: [(u32, u32); 20] = [
        (0x00, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
        (0x10ffff, 0x10ffff),
    ];
    RANGES.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)))
}

/// Whatever is printed for people, or where people's machines read along.
pub(crate) fn assert_inert(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| *c != '\n' && is_harmful(*c)) {
        let line = text.lines().find(|line| line.contains(c)).unwrap_or_default();
        panic!("{what} prints U+{:04X}: {line:?}", u32::from(c));
    }
    // GitHub's runner passes over blanks before it looks for a command.
    for line in text.lines() {
        let command = line.trim_start();
        // `:::` leads to the second place of a finding; no command has that name.
        let own = command.starts_with(":::");
        let forged = command.starts_with("::") && !own || command.starts_with("##[");
        assert!(!forged, "{what} prints a workflow command: {line}");
    }
}

/// As [`assert_inert`], for GitHub's comments: no markup but the table's own.
pub(crate) fn assert_no_markup(what: &str, text: &str) {
    assert_inert(what, text);
    // What is left of an entity is no markup.
    let text = &text.replace("&#", "");
    for sign in ["<img", "](", "@org", "`x`", "#1", "http:", "www.", "javascript:"] {
        assert!(!text.contains(sign), "{what} prints `{sign}`: {text}");
    }
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        assert_eq!(row.matches('|').count(), 5, "{what} has another table: {row}");
    }
}
