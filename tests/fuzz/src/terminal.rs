//! Text that others wrote never steers a terminal, whatever it holds.

use retune::model::Untrusted;
use retune::plan::show::{self, TextOptions};

use super::bytes::Bytes;
use super::plans;

/// Checks `data` as one text, and as the texts of a plan.
pub fn check(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let text = Untrusted::new(&*raw);
    let shown = text.shown().to_string();
    harmless(&shown);
    // A character takes at most as much as `\u{7f}`, and one of more bytes less
    // than that for each of them.
    assert!(shown.len() <= 6 * raw.len(), "{} bytes of {}", shown.len(), raw.len());
    assert_eq!(Untrusted::new(&*shown).shown().to_string(), shown, "showing twice changes it");
    assert!(shown.starts_with(&text.phrase().to_string()));
    assert_eq!(text.raw(), raw);
    // What was harmless is untouched.
    if raw.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        assert_eq!(shown, raw);
    }

    let mut bytes = Bytes::new(data);
    let width = [None, Some(0), Some(40), Some(80)][bytes.below(4)];
    let plan = plans::hostile(&mut bytes);
    let text = show::text(&plan, TextOptions { full: true, width, ..TextOptions::default() });
    for line in without_styles(&text).lines() {
        harmless(line);
    }
}

/// Nothing moves the cursor, reorders or hides.
pub(crate) fn harmless(line: &str) {
    if let Some(c) = line.chars().find(|c| c.is_control() || invisible(*c)) {
        panic!("U+{:04X} in {line:?}", u32::from(c));
    }
}

/// What Unicode 17 calls default-ignorable, and what separates lines,
/// reorders or annotates. By its tables, and not by those of the product.
fn invisible(c: char) -> bool {
    const RANGES: [(u32, u32); 20] = [
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x2064),
        (0x2065, 0x2065),
        (0x2066, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfff8),
        (0xfff9, 0xfffb),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
    ];
    RANGES.iter().any(|(from, to)| (*from..=*to).contains(&u32::from(c)))
}

/// The text less the styles that retune itself writes: `ESC [ digits ; m`.
fn without_styles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let (before, style) = rest.split_at(at);
        out.push_str(before);
        let body = &style[2..];
        let end = body.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(body.len());
        assert!(body[end..].starts_with('m') && end <= 8, "a sequence of another kind: {style:?}");
        rest = &body[end + 1..];
    }
    out + rest
}
