//! YAML text to a tree of values that know where they stand.
//!
//! This is the only parser: findings and typed documents are both made from
//! the one tree, so no second reader can see another document than the one
//! that was checked. It reads one pass of events and stops at its caps, so
//! hostile text costs no more than a large honest file.
//!
//! What YAML offers beyond JSON's values is refused with a finding: tags,
//! merge keys and keys that are not text. Anchors and aliases work within a
//! document, up to a budget of copies.

use std::borrow::Cow;

use granit_parser::Parser;

use super::code::Code;
use super::finding::{Problem, enough};

mod builder;

use builder::Builder;

/// Deepest nesting. The schema needs six levels.
const MAX_DEPTH: usize = 32;
/// Documents of one file. A file of 1 MiB with 1 KiB a manifest holds as many.
const MAX_DOCUMENTS: usize = 1000;
/// Values and keys of one file: a hundred for each of the documents. A value
/// takes about 100 bytes of memory, so this is 10 MB.
const MAX_NODES: usize = 100_000;
/// Values that anchors and aliases of one file may copy.
const MAX_COPIES: usize = 10_000;
/// Longest text, in bytes. The longest that anyone writes is a description.
const MAX_SCALAR: usize = 64 * 1024;

/// A range of bytes in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node<'s> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'s>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind<'s> {
    Scalar {
        text: Cow<'s, str>,
        /// Unquoted, so that it may be a number, a truth value or null.
        plain: bool,
    },
    Sequence(Vec<Node<'s>>),
    Mapping {
        entries: Vec<Entry<'s>>,
        /// A refused key was left out, so what seems missing may be in it.
        partial: bool,
    },
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'s> {
    pub(crate) key: Cow<'s, str>,
    pub(crate) key_span: Span,
    pub(crate) value: Node<'s>,
}

impl<'s> Node<'s> {
    /// The entry of that key, when this is a mapping that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry<'s>> {
        match &self.kind {
            Kind::Mapping { entries, .. } => entries.iter().find(|e| e.key == key),
            Kind::Scalar { .. } | Kind::Sequence(_) => None,
        }
    }

    /// The entry at the end of a path of keys.
    pub(crate) fn find(&self, path: &[&str]) -> Option<&Entry<'s>> {
        let (last, parents) = path.split_last()?;
        let parent = parents.iter().try_fold(self, |node, key| Some(&node.entry(key)?.value))?;
        parent.entry(last)
    }

    /// Whether nothing is written here: a document of comments only.
    fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { plain: true, .. }) && self.span.start >= self.span.end
    }
}

/// What a text holds.
#[derive(Debug, Default)]
pub(crate) struct Parsed<'s> {
    /// The documents that were read to their end, less empty ones.
    pub(crate) documents: Vec<Node<'s>>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads all documents of `text`.
pub(crate) fn parse(text: &str) -> Parsed<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
        simple_key_max_lookahead: 1024,
    };
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some(next) = parser.next() {
        let step = match next {
            Ok((event, span)) => {
                let range = span.byte_range().unwrap_or(0..0);
                let tagged = span.tag_span().and_then(|tag| tag.byte_range());
                builder.event(event, Span { start: range.start, end: range.end }, tagged)
            }
            Err(error) => Err(scan_problem(&error, text)),
        };
        if let Err(problem) = step {
            let broken = problem.code == Code::Syntax;
            builder.parsed.problems.push(problem);
            builder.abandon();
            // A broken document hides nothing of the next one; a cap ends it all.
            if !broken
                || enough(&builder.parsed.problems)
                || !matches!(parser.proceed_next_document(), Ok(true))
            {
                break;
            }
        }
    }
    builder.parsed
}

fn scan_problem(error: &granit_parser::ScanError, text: &str) -> Problem {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let span = Span { start, end: start + 1 };
    let line_start = text.get(..start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let indentation = text.get(line_start..start).unwrap_or_default();
    if matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded) {
        return too_deep(start);
    }
    let problem = Problem::new(Code::Syntax, span, format!("not YAML: {}", error.info()));
    if matches!(error.kind(), granit_parser::ErrorKind::UnknownAnchor) {
        return problem.hint("define the anchor before the alias, in the same document");
    }
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with('\t') || indentation.contains('\t') {
        return problem.hint("indent with spaces; YAML takes no tabs there");
    }
    problem.hint(way_out(&error.info(), rest))
}

/// The way out of what people do most: the scanner knows the rule, and not
/// what was meant.
fn way_out(info: &str, rest: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| info.contains(word));
    match rest.chars().next() {
        _ if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|marker| rest.starts_with(marker)) => {
            "finish the merge: these are the marks of a conflict"
        }
        Some('@' | '`' | '%') if says(&["unexpected character"]) => {
            "put the value into quotes: no plain text starts so"
        }
        Some(c) if c.is_control() && says(&["unexpected character"]) => {
            "remove the character, or write it as an escape in double quotes"
        }
        _ if says(&["escape", "hexadecimal", "surrogate"]) => {
            "in double quotes a `\\` starts an escape: write `\\\\`, or use single quotes"
        }
        _ if says(&["simple key"]) => "write `key: value`, with a space after the colon",
        _ if says(&["mapping values"]) => {
            "put a value with `: ` in it into quotes, or indent this key as its neighbours"
        }
        _ => "check the indentation, quotes and brackets here and on the lines before",
    }
}

fn too_deep(start: usize) -> Problem {
    let span = Span { start, end: start + 1 };
    let message = format!("nested more than {MAX_DEPTH} levels deep");
    Problem::new(Code::TooDeep, span, message)
        .hint("no field is nested so deeply; is a bracket or an indentation too much?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<Code> {
        parse(text).problems.iter().map(|p| p.code).collect()
    }

    #[test]
    fn spans_are_bytes_of_the_text() {
        let text = "a: {b: [1, \"zwei\"]}\n---\nä: ok # c\n";
        let parsed = parse(text);
        assert!(parsed.problems.is_empty(), "{:?}", parsed.problems);
        let [first, second] = parsed.documents.as_slice() else { panic!("{parsed:?}") };
        let b = first.find(&["a", "b"]).unwrap();
        let at = |span: Span| text.get(span.start..span.end).unwrap();
        assert_eq!(at(b.key_span), "b");
        assert_eq!(at(b.value.span), "[1, \"zwei\"]");
        let ok = second.entry("ä").unwrap();
        assert_eq!(at(ok.value.span), "ok");
    }

    #[test]
    fn empty_documents_are_none() {
        for text in ["", "\n", "# only a comment\n", "---\n---\n# x\n", "---\n...\n"] {
            let parsed = parse(text);
            assert!(parsed.documents.is_empty() && parsed.problems.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn an_alias_repeats_a_value_and_a_bomb_is_refused() {
        let parsed = parse("a: &x [1, 2]\nb: *x\n");
        let b = &parsed.documents[0].entry("b").unwrap().value;
        assert!(matches!(&b.kind, Kind::Sequence(items) if items.len() == 2));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..30 {
            let last = format!("*a{}, ", i - 1).repeat(9);
            bomb.push_str(&format!("a{i}: &a{i} [{last}]\n"));
        }
        assert_eq!(codes(&bomb), [Code::AliasBudget]);
        assert_eq!(codes("a: &a [*a]\n"), [Code::RecursiveAlias]);
        assert_eq!(codes("a: *nowhere\n"), [Code::Syntax]);
    }

    #[test]
    fn what_people_do_most_has_a_way_out_of_its_own() {
        for (text, way_out) in [
            ("a: @b\n", "into quotes"),
            ("a: \u{1b}\n", "remove the character"),
            ("a: \"\\-\"\n", "starts an escape"),
            ("a: 1\nb:2\nc: 3\n", "space after the colon"),
            ("a: b: c\n", "with `: ` in it"),
            ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\n", "finish the merge"),
            ("a:\n\tb: 1\n", "no tabs"),
            ("a: [1\n", "brackets"),
        ] {
            let hint = parse(text).problems[0].hint.clone().unwrap();
            assert!(hint.contains(way_out), "{text:?}: {hint}");
        }
    }

    #[test]
    fn caps_end_the_reading() {
        assert_eq!(codes(&"[".repeat(100_000)), [Code::TooDeep]);
        assert_eq!(codes(&"- ".repeat(100_000)), [Code::TooDeep]);
        assert_eq!(codes(&format!("a: {}", "x".repeat(MAX_SCALAR + 1))), [Code::ScalarTooLarge]);
        assert_eq!(codes(&format!("[{}]", "a,".repeat(MAX_NODES + 1))), [Code::TooManyValues]);
        assert_eq!(codes(&"--- a\n".repeat(MAX_DOCUMENTS + 1)), [Code::TooManyDocuments]);
        assert_eq!(parse(&"--- a\n".repeat(MAX_DOCUMENTS)).documents.len(), MAX_DOCUMENTS);
    }

    #[test]
    fn a_broken_document_does_not_hide_the_next() {
        let parsed = parse("a: [1\n---\nb: 1\n---\nc: }\n---\nd: 1\nd: 2\n");
        let codes: Vec<Code> = parsed.problems.iter().map(|p| p.code).collect();
        assert_eq!(codes, [Code::Syntax, Code::Syntax, Code::DuplicateKey]);
        assert_eq!(parsed.documents.len(), 2);
    }

    #[test]
    fn what_is_not_json_is_refused() {
        assert_eq!(codes("a: !!str 1\n"), [Code::Tag]);
        assert_eq!(codes("a: !mine {b: 1}\n"), [Code::Tag]);
        assert_eq!(codes("x: &x {a: 1}\ny:\n  <<: *x\n  b: 1\n"), [Code::MergeKey]);
        assert_eq!(codes("? [a, b]\n: 1\n"), [Code::ComplexKey]);
    }

    #[test]
    fn duplicate_keys_are_found_in_small_and_large_mappings() {
        assert_eq!(codes("a: 1\nb: 2\na: 3\n"), [Code::DuplicateKey]);
        let mut large: String = (0..100).map(|i| format!("k{i}: {i}\n")).collect();
        large.push_str("k3: again\nk99: again\n");
        assert_eq!(codes(&large), [Code::DuplicateKey, Code::DuplicateKey]);
    }
}
