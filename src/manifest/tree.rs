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
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle};

use super::finding::{Code, Problem, quoted};

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
            builder.stack.clear();
            // A broken document hides nothing of the next one; a cap ends it all.
            if !broken || !matches!(parser.proceed_next_document(), Ok(true)) {
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
    if text.get(start..).is_some_and(|t| t.starts_with('\t')) || indentation.contains('\t') {
        return problem.hint("indent with spaces; YAML takes no tabs there");
    }
    problem.hint("check the indentation, quotes and brackets here and on the lines before")
}

fn too_deep(start: usize) -> Problem {
    let span = Span { start, end: start + 1 };
    let message = format!("nested more than {MAX_DEPTH} levels deep");
    Problem::new(Code::TooDeep, span, message)
        .hint("no field is nested so deeply; is a bracket or an indentation too much?")
}

/// A collection that is still being read.
struct Open<'s> {
    start: usize,
    anchor: usize,
    /// Values in it so far, itself included.
    weight: usize,
    content: Content<'s>,
}

enum Content<'s> {
    Sequence(Vec<Node<'s>>),
    Mapping {
        entries: Vec<Entry<'s>>,
        /// The key whose value comes next. `None` inside: a refused key.
        key: Option<Option<(Cow<'s, str>, Span)>>,
        /// The keys, once there are too many to look through one by one.
        seen: HashSet<Cow<'s, str>>,
        partial: bool,
    },
}

/// Mappings up to this size are looked through for a duplicate key.
const LOOK_THROUGH: usize = 16;

#[derive(Default)]
struct Builder<'s> {
    parsed: Parsed<'s>,
    stack: Vec<Open<'s>>,
    anchors: HashMap<usize, (Node<'s>, usize)>,
    documents: usize,
    nodes: usize,
    copies: usize,
}

type Step = Result<(), Problem>;

impl<'s> Builder<'s> {
    /// Takes one event; a problem ends the reading.
    fn event(&mut self, event: Event<'s>, span: Span, tag: Option<std::ops::Range<usize>>) -> Step {
        if let Some(tag) = tag {
            self.parsed.problems.push(
                Problem::new(
                    Code::Tag,
                    Span { start: tag.start, end: tag.end },
                    "tags are not taken",
                )
                .hint("remove it; quote the value if it is meant as text"),
            );
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > MAX_DOCUMENTS {
                    let message = format!("more than {MAX_DOCUMENTS} documents in one file");
                    return Err(
                        Problem::new(Code::TooManyDocuments, span, message).hint("split the file")
                    );
                }
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, _) => {
                if text.len() > MAX_SCALAR {
                    let message = format!("a text of {} bytes; at most {MAX_SCALAR}", text.len());
                    let here = Span { start: span.start, end: span.start + 1 };
                    return Err(Problem::new(Code::ScalarTooLarge, here, message)
                        .hint("shorten it: no field takes so much"));
                }
                let plain = matches!(style, ScalarStyle::Plain);
                let node = Node { span, kind: Kind::Scalar { text, plain } };
                self.close(node, anchor, 1)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(span, anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                let (entries, seen) = (Vec::new(), HashSet::new());
                self.open(
                    span,
                    anchor,
                    Content::Mapping { entries, key: None, seen, partial: false },
                )
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { start, anchor, weight, content }) = self.stack.pop() else {
                    return Ok(());
                };
                let kind = match content {
                    Content::Sequence(items) => Kind::Sequence(items),
                    Content::Mapping { entries, partial, .. } => Kind::Mapping { entries, partial },
                };
                let span = Span { start, end: span.end.max(start) };
                self.close(Node { span, kind }, anchor, weight)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn open(&mut self, span: Span, anchor: usize, content: Content<'s>) -> Step {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(span.start));
        }
        self.stack.push(Open { start: span.start, anchor, weight: 1, content });
        Ok(())
    }

    /// A value was read to its end.
    fn close(&mut self, node: Node<'s>, anchor: usize, weight: usize) -> Step {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file");
            return Err(
                Problem::new(Code::TooManyValues, node.span, message).hint("split the file")
            );
        }
        if anchor != 0 {
            self.copy(weight, node.span)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        self.put(node, weight)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Step {
        let Some((_, weight)) = self.anchors.get(&anchor) else {
            let message = "an alias inside the value that it repeats";
            return Err(Problem::new(Code::RecursiveAlias, span, message)
                .hint("write out what is meant; a value cannot contain itself"));
        };
        let weight = *weight;
        self.copy(weight, span)?;
        match self.anchors.get(&anchor) {
            Some((node, _)) => {
                let node = Node { span, kind: node.kind.clone() };
                self.put(node, weight)
            }
            None => Ok(()),
        }
    }

    /// Pays for a copy before it is made.
    fn copy(&mut self, weight: usize, span: Span) -> Step {
        self.copies = self.copies.saturating_add(weight);
        if self.copies > MAX_COPIES {
            let message = format!("aliases repeat more than {MAX_COPIES} values");
            return Err(Problem::new(Code::AliasBudget, span, message)
                .hint("write out what is meant instead of repeating it by alias"));
        }
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn put(&mut self, node: Node<'s>, weight: usize) -> Step {
        let Some(open) = self.stack.last_mut() else {
            if !node.is_nothing() {
                self.parsed.documents.push(node);
            }
            return Ok(());
        };
        open.weight += weight;
        let (entries, key, seen, partial) = match &mut open.content {
            Content::Sequence(items) => {
                items.push(node);
                return Ok(());
            }
            Content::Mapping { entries, key, seen, partial } => (entries, key, seen, partial),
        };
        let problems = &mut self.parsed.problems;
        match key.take() {
            // The value of a key.
            Some(Some((key, key_span))) => entries.push(Entry { key, key_span, value: node }),
            // The value of a refused key.
            Some(None) => {}
            // A key.
            None => {
                let span = node.span;
                let (text, plain) = match node.kind {
                    Kind::Scalar { text, plain } => (text, plain),
                    Kind::Sequence(_) | Kind::Mapping { .. } => {
                        problems.push(
                            Problem::new(Code::ComplexKey, span, "a key that is no plain text")
                                .hint("a key is a word; is a `{` or `[` missing its quotes?"),
                        );
                        *partial = true;
                        *key = Some(None);
                        return Ok(());
                    }
                };
                if plain && text == "<<" {
                    problems.push(
                        Problem::new(Code::MergeKey, span, "merge keys (`<<`) are not taken")
                            .hint("write the keys out, or repeat a whole value with an alias"),
                    );
                    *partial = true;
                    *key = Some(None);
                    return Ok(());
                }
                let many = entries.len() > LOOK_THROUGH;
                if many && seen.is_empty() {
                    seen.extend(entries.iter().map(|e| e.key.clone()));
                }
                let may_be_there = if many { !seen.insert(text.clone()) } else { true };
                if may_be_there && let Some(first) = entries.iter().find(|e| e.key == text) {
                    let message = format!("{} is set twice", quoted(&text));
                    problems.push(
                        Problem::new(Code::DuplicateKey, span, message)
                            .hint("remove one of the two")
                            .related(first.key_span, "first set here"),
                    );
                    *key = Some(None);
                    return Ok(());
                }
                *key = Some(Some((text, span)));
            }
        }
        Ok(())
    }
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
