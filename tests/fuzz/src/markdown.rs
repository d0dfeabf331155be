//! A plan in a pull-request comment is a table and nothing else, and fits.

use retune::plan::show;

use super::bytes::Bytes;
use super::plans;

/// Checks the Markdown of a hostile plan, whole and cut.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let (full, emulator) = (bytes.coin(), bytes.coin());
    let most = 40 * bytes.below(256) + bytes.below(256);
    let plan = plans::hostile(&mut bytes);
    let whole = show::markdown(&plan, full, usize::MAX, emulator, "");
    let cut = show::markdown(&plan, full, most, emulator, "");
    let bare = show::markdown(&plan, full, 0, emulator, "");
    let (whole, all) = table(&whole);
    let (_, some) = table(&cut);
    assert!(table(&bare).1.is_empty());
    assert!(cut.len() <= most.max(bare.len()), "{} bytes of {most}", cut.len());
    assert!(all.starts_with(&some), "a row was cut");
    let said: usize = cut
        .lines()
        .find_map(|line| line.split_once(" more row")?.0.parse().ok())
        .unwrap_or_default();
    assert_eq!(said, all.len() - some.len(), "{cut}");
    assert!(!whole.contains(" more row"));
    // The next row would not have fitted.
    if let Some(next) = all.get(some.len()) {
        assert!(cut.len() + next.len() + 40 > most, "{} of {most}: {next}", cut.len());
    }
}

/// The lines outside of the table, and its rows.
fn table(markdown: &str) -> (String, Vec<&str>) {
    let (mut outside, mut rows) = (String::new(), Vec::new());
    for line in markdown.lines() {
        let known = line.is_empty()
            || line.starts_with("### retune")
            || line.starts_with("Digest: `sha256:")
            || line.ends_with("`retune plan` shows all.")
            || line == "| | model | action | why |"
            || line == "|---|---|---|---|";
        if known {
            outside.push_str(line);
            outside.push('\n');
        } else {
            row(line);
            rows.push(line);
        }
    }
    assert!(!markdown.contains('\r'));
    (outside, rows)
}

/// Four cells of plain text.
fn row(line: &str) {
    let cells = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    let cells: Vec<&str> = cells.unwrap_or_else(|| panic!("no row: {line}")).split(" | ").collect();
    assert_eq!(cells.len(), 4, "{line}");
    assert!(["+", "x", "!", "…", "?", "i", "="].contains(&cells[0]), "{line}");
    for cell in &cells[1..] {
        let text = decoded(cell);
        super::terminal::harmless(&text);
        no_reference(&text, line);
    }
}

/// A cell as it reads once rendered: of all that Markdown and HTML know there
/// may be numeric entities and retune's own line breaks.
fn decoded(cell: &str) -> String {
    let mut rest = cell;
    let mut text = String::new();
    while let Some(at) = rest.find(['&', '<']) {
        plain(&rest[..at], cell);
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("<br>", " "), ("&minus;", "-"), ("&plus;", "+")];
        if let Some((markup, is)) = known.iter().find(|(markup, _)| rest.starts_with(markup)) {
            text.push_str(is);
            rest = &rest[markup.len()..];
            continue;
        }
        let entity = rest.strip_prefix("&#").and_then(|rest| rest.split_once(';'));
        let c = entity.and_then(|(digits, _)| char::from_u32(digits.parse().ok()?));
        // The zero-width space stands between what would be a reference.
        match c.unwrap_or_else(|| panic!("markup in {cell}")) {
            '\u{200b}' => text.push('\u{b7}'),
            c => text.push(c),
        }
        rest = entity.map_or("", |(_, rest)| rest);
    }
    plain(rest, cell);
    text + rest
}

fn plain(text: &str, cell: &str) {
    let markup = |c: char| "\\`*_{}[]<>()#+!|~&@:\"'$".contains(c) || c.is_control();
    assert!(!text.contains(markup), "markup in {cell}");
    assert!(!text.to_ascii_lowercase().contains("www."), "a link in {cell}");
}

/// GitHub looks for mentions, references and addresses in the *rendered* text,
/// where an entity is the character that it stands for.
fn no_reference(text: &str, line: &str) {
    let lower = text.to_ascii_lowercase();
    for (at, c) in lower.char_indices() {
        let next = lower[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            '@' => assert!(!next.is_alphanumeric() && next != '_', "a mention: {line}"),
            '#' => assert!(!next.is_ascii_digit(), "a reference: {line}"),
            ':' => assert!(next != '/', "a link: {line}"),
            _ => {}
        }
        let rest = &lower[at..];
        let after = |prefix: &str| rest.strip_prefix(prefix).and_then(|rest| rest.chars().next());
        assert!(!after("www.").is_some_and(char::is_alphanumeric), "a link: {line}");
        assert!(!after("gh-").is_some_and(|c| c.is_ascii_digit()), "a reference: {line}");
    }
}
