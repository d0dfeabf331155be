//! The manifest loader over any bytes, and its parser against another one.
//!
//! The loader's tree comes from `granit-parser`; `yaml_serde` (libyaml) reads
//! the same text. Where both take it, they must see the same values.

use retune::fuzzing;
use retune::manifest::{Code, Finding, Report, Settings, render};
use serde::Deserialize;
use serde_yaml::{Number, Value};

use super::terminal::harmless;

/// Checks `data` as the bytes of a file.
pub fn check(data: &[u8]) {
    let loaded = fuzzing::manifest(data, &Settings::default());
    report(loaded.report(), data);
    let has_errors = loaded.report().has_errors();
    let codes: Vec<Code> = loaded.report().findings.iter().map(|f| f.code).collect();
    let manifests = loaded.into_result();
    assert_eq!(manifests.is_err(), has_errors, "{codes:?}");
    let Ok(text) = std::str::from_utf8(data) else {
        return assert_eq!(codes, [Code::NotUtf8]);
    };
    if text.contains('\0') {
        return assert_eq!(codes, [Code::NulByte]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Ok(manifests) = &manifests {
        assert!(!manifests.desired.is_empty());
        assert!(fuzzing::yaml(text).is_some(), "models of what is no YAML");
    }
    same_values(text);
}

/// Every finding has a place within the file, a way out, and harmless words.
fn report(report: &Report, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(report.findings.len() <= 101, "{} findings", report.findings.len());
    let places: Vec<_> = report.findings.iter().map(|f| (f.spot.line, f.spot.column)).collect();
    assert!(places.is_sorted(), "{places:?}");
    for finding in &report.findings {
        place(finding, &lines);
        assert!(finding.hint.is_some(), "no way out: {finding:?}");
        harmless(&finding.message);
    }
    for text in [render::text(&report.findings, false), render::github(&report.findings)] {
        text.lines().for_each(harmless);
    }
}

fn place(finding: &Finding, lines: &[&str]) {
    let spot = &finding.spot;
    let line = spot.line.checked_sub(1).and_then(|i| lines.get(i as usize));
    let line = line.unwrap_or_else(|| panic!("no such line: {finding:?}"));
    let columns = line.chars().count() as u32 + 1;
    assert!((1..=columns).contains(&spot.column), "no such column: {finding:?}");
    assert!(spot.end_column >= spot.column, "{finding:?}");
    let Some(excerpt) = &spot.excerpt else { return };
    assert!(spot.end_column <= columns, "{finding:?}");
    // A line that is shown as it stands is shown whole.
    if line.len() <= 60 && line.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let shown = [&*excerpt.before, &excerpt.here, &excerpt.after].concat();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(squeezed(&shown), squeezed(line), "{finding:?}");
        assert_eq!(excerpt.before.len() as u32 + 1, spot.column, "{finding:?}");
    }
}

/// Both parsers see the same documents, where both see any.
fn same_values(text: &str) {
    let Some(ours) = fuzzing::yaml(text) else { return };
    if known_difference(text) {
        return;
    }
    let mut theirs = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Value::deserialize(document) {
            Ok(value) => theirs.push(value),
            Err(_) => return,
        }
    }
    // An empty document is none for one of them, and null for the other.
    let some = |values: Vec<Value>| values.into_iter().filter(|v| !v.is_null()).collect::<Vec<_>>();
    let (ours, theirs) = (some(ours), some(theirs));
    let same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| same(a, b));
    assert!(same, "{text:?}\n  ours: {ours:?}\ntheirs: {theirs:?}");
}

/// Texts that the two read differently for a reason that is no fault of ours.
fn known_difference(text: &str) -> bool {
    // Line breaks of YAML 1.1 alone, which libyaml reads.
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return true;
    }
    // An anchor's name may hold a colon since YAML 1.2.
    let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
    let mut names = text.match_indices(['&', '*']).map(|(at, _)| &text[at + 1..]);
    names.any(|rest| rest.split(ends).next().is_some_and(|name| name.contains(':')))
}

fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let nan = |n: &Number| n.as_f64().is_some_and(f64::is_nan);
            // Beyond `i64` ours is a float, and their `u64` is none.
            (a.is_i64() == b.is_i64() && a.as_f64() == b.as_f64()) || (nan(a) && nan(b))
        }
        (Value::Sequence(a), Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Mapping(a), Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|((key_a, a), (key_b, b))| same_key(key_a, key_b) && same(a, b))
        }
        _ => ours == theirs,
    }
}

/// A key is text for us whatever it looks like; for them `1` is a number.
fn same_key(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(ours), Value::String(theirs)) => ours == theirs,
        (Value::String(ours), theirs) => {
            let read: Result<Value, _> = serde_yaml::from_str(ours);
            read.is_ok_and(|read| same(&read, theirs))
        }
        _ => false,
    }
}
