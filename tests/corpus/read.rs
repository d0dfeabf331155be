//! Reads the cases; their form is described in `tests/corpus.rs`.

use std::fs;

use super::folder;

/// One hostile manifest.
pub(crate) struct Case {
    /// The file and the case's name.
    pub(crate) title: String,
    /// `CODE@LINE` of everything that is found.
    pub(crate) expected: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

/// The sound manifest of each file of cases.
pub(crate) fn bases() -> Vec<(String, String)> {
    files().into_iter().map(|(file, text)| (file, parts(&text).0)).collect()
}

/// Every case of every file.
pub(crate) fn all() -> Vec<Case> {
    let mut all = Vec::new();
    for (file, text) in files() {
        let (base, cases) = parts(&text);
        for (header, body) in cases {
            let title = format!("{file}: {header}");
            let (_, expected) = header.split_once(" => ").unwrap_or_else(|| panic!("{title}"));
            let expected = expected.split(' ').map(str::to_owned).collect();
            let text = edited(&base, &body, &title);
            all.push(Case { bytes: bytes(&text, &title), title, expected });
        }
    }
    all
}

fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, String::from_utf8(fs::read(path).unwrap()).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The base, and each case's header and body.
fn parts(text: &str) -> (String, Vec<(String, String)>) {
    let mut base = fs::read(folder().join("base.yaml")).unwrap();
    let mut cases = Vec::new();
    // What stands before the first is about the file.
    for part in text.split("\n=== ").skip(1) {
        let (header, body) = part.split_once('\n').unwrap_or((part, ""));
        let body = body.trim_end_matches('\n').to_owned() + "\n";
        match header.strip_prefix("case: ") {
            Some(header) => cases.push((header.to_owned(), body)),
            None => {
                assert_eq!(header, "base");
                base = body.into_bytes();
            }
        }
    }
    (String::from_utf8(base).unwrap(), cases)
}

/// The base with the changes of a body, or the body itself.
fn edited(base: &str, body: &str, title: &str) -> String {
    let first = body.lines().next().unwrap_or_default();
    if !["< ", "> "].iter().any(|sign| first.starts_with(sign)) {
        return body.to_owned();
    }
    let mut text = base.to_owned();
    let mut lines = body.lines().peekable();
    while lines.peek().is_some() {
        let mut block = |sign: &str| {
            let mut block = Vec::new();
            while let Some(line) = lines.peek().and_then(|line| line.strip_prefix(sign)) {
                block.push(line.strip_prefix(' ').unwrap_or(line));
                lines.next();
            }
            (!block.is_empty()).then(|| block.join("\n"))
        };
        let (old, new) = (block("<"), block(">"));
        text = match (old, new) {
            (Some(old), Some(new)) => replaced(&text, &old, &new, title),
            (Some(old), None) => replaced(&text, &format!("{old}\n"), "", title),
            (None, Some(new)) => text + &new + "\n",
            (None, None) => panic!("{title}: neither `<` nor `>`"),
        };
    }
    text
}

fn replaced(text: &str, old: &str, new: &str, title: &str) -> String {
    assert!(text.contains(old), "{title}: the base has no {old:?}");
    text.replacen(old, new, 1)
}

/// The text with what stands between `«` and `»` in full.
fn bytes(text: &str, title: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('«') {
        out.extend(before.as_bytes());
        let (inside, after) = from.split_once('»').unwrap_or_else(|| panic!("{title}: no »"));
        let repeated = inside.rsplit_once('*').and_then(|(t, n)| Some((t, n.parse().ok()?)));
        match repeated {
            Some((text, times)) => out.extend(repeat(text, times).into_bytes()),
            None => out.extend(inside.split(' ').filter(|hex| !hex.is_empty()).map(|hex| {
                u8::from_str_radix(hex, 16).unwrap_or_else(|_| panic!("{title}: {inside}"))
            })),
        }
        rest = after;
    }
    out.extend(rest.as_bytes());
    out
}

/// `%` counts, `%i%` is as many spaces, and `\n` is a line break.
fn repeat(text: &str, times: usize) -> String {
    let text = text.replace("\\n", "\n");
    if !text.contains('%') {
        return text.repeat(times);
    }
    let one = |i: usize| text.replace("%i%", &" ".repeat(i)).replace('%', &i.to_string());
    (0..times).map(one).collect()
}
