//! Events to trees: what is open, what it has cost so far, and what is refused.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, ScalarStyle};

use super::{
    Entry, Kind, MAX_COPIES, MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES, MAX_SCALAR, Node, Parsed, Span,
    too_deep,
};
use crate::manifest::code::Code;
use crate::manifest::finding::{Problem, enough};
use crate::manifest::place::quoted;

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
pub(super) struct Builder<'s> {
    pub(super) parsed: Parsed<'s>,
    stack: Vec<Open<'s>>,
    anchors: HashMap<usize, (Node<'s>, usize)>,
    documents: usize,
    nodes: usize,
    copies: usize,
}

/// Keeps a problem, unless a file full of them is being read.
fn note(problems: &mut Vec<Problem>, problem: Problem) {
    if !enough(problems) {
        problems.push(problem);
    }
}

type Step = Result<(), Problem>;

impl<'s> Builder<'s> {
    /// Forgets the document that was begun.
    pub(super) fn abandon(&mut self) {
        self.stack.clear();
    }

    /// Takes one event; a problem ends the reading.
    pub(super) fn event(
        &mut self,
        event: Event<'s>,
        span: Span,
        tag: Option<std::ops::Range<usize>>,
    ) -> Step {
        if let Some(tag) = tag {
            note(
                &mut self.parsed.problems,
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
                        note(
                            problems,
                            Problem::new(Code::ComplexKey, span, "a key that is no plain text")
                                .hint("a key is a word; is a `{` or `[` missing its quotes?"),
                        );
                        *partial = true;
                        *key = Some(None);
                        return Ok(());
                    }
                };
                if plain && text == "<<" {
                    note(
                        problems,
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
                    note(
                        problems,
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
