//! Places in files, and source lines that can be shown.
//!
//! A [`Spot`] carries the line it speaks of, so that files need not be kept, or
//! read again when they may have changed. Text from files and paths is made
//! safe to print here ([`shown`]) and nowhere else.

use std::path::Path;
use std::sync::Arc;

use super::tree::Span;
use crate::model::Untrusted;

/// A place in a file, with the text that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file as the user named it.
    pub file: Arc<Path>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The column after the last character on this line, so at least `column`.
    pub end_column: u32,
    /// The line, or the part of it around the place; none for a whole file.
    pub excerpt: Option<Excerpt>,
}

/// A source line that can be printed: no control characters, not too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What stands before the place.
    pub before: String,
    /// The place itself.
    pub here: String,
    /// What follows it on the line.
    pub after: String,
}

/// Characters of a line that are kept on each side of a place: enough for any
/// line that a person wrote.
const AROUND: usize = 160;

/// Characters of the place itself: its start is what the eye looks for, and the
/// underline fits 80 columns.
const HERE: usize = 60;

impl Spot {
    /// A file or directory as a whole.
    pub fn whole(file: Arc<Path>) -> Self {
        Self { file, line: 1, column: 1, end_column: 1, excerpt: None }
    }

    /// `FILE:LINE:COLUMN`, safe to print.
    pub fn shown(&self) -> String {
        format!("{}:{}:{}", shown(&self.file.to_string_lossy()), self.line, self.column)
    }
}

/// A file's text with the starts of its lines, to turn spans into places.
pub(crate) struct Text<'s> {
    pub(crate) file: Arc<Path>,
    pub(crate) text: &'s str,
    line_starts: Vec<usize>,
}

impl<'s> Text<'s> {
    pub(crate) fn new(file: Arc<Path>, text: &'s str) -> Self {
        let after_breaks =
            text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        Self { file, text, line_starts }
    }

    /// The line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The place of a span. A span over several lines is cut at its first.
    pub(crate) fn spot(&self, span: Span) -> Spot {
        let mut start = span.start.min(self.text.len());
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        let line = self.line_starts.partition_point(|at| *at <= start);
        let from = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let before = self.text.get(from..start).unwrap_or_default();
        // The next line's start says where this one ends: a line may be the whole file.
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let rest = self.text.get(start..end).unwrap_or_default();
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        let mut length = span.end.saturating_sub(start).min(rest.len());
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        let (here, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let here = here.trim_end();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let column = before.chars().count() + 1;
        let cut = here.chars().count() > HERE;
        Spot {
            file: self.file.clone(),
            line: number(line),
            column: number(column),
            end_column: number(column + here.chars().count()),
            excerpt: Some(Excerpt {
                before: tail(before),
                here: head(here, HERE),
                // What is cut has nothing after it.
                after: if cut { String::new() } else { head(after, AROUND) },
            }),
        }
    }
}

fn head(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", shown(text.get(..end).unwrap_or(text))),
        None => shown(text),
    }
}

fn tail(text: &str) -> String {
    match text.char_indices().rev().nth(AROUND) {
        Some((start, _)) => format!("…{}", shown(text.get(start..).unwrap_or(text))),
        None => shown(text),
    }
}

/// Text from a file or a path, safe to print on one line.
pub(crate) fn shown(text: &str) -> String {
    Untrusted::new(text).shown().to_string()
}

/// Text from a file between backticks, cut when long.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or(text)),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str, start: usize, end: usize) -> Spot {
        Text::new(Path::new("f.yaml").into(), text).spot(Span { start, end })
    }

    #[test]
    fn columns_count_characters_and_a_span_ends_with_its_line() {
        let spot = spot("a: 1\nnäme: x\nz: 2\n", 12, 20);
        assert_eq!((spot.line, spot.column, spot.end_column), (2, 7, 8));
        let excerpt = spot.excerpt.unwrap();
        assert_eq!((&*excerpt.before, &*excerpt.here, &*excerpt.after), ("näme: ", "x", ""));
    }

    #[test]
    fn a_long_line_is_cut_and_control_characters_are_shown() {
        let text = format!("{}\u{1b}[31m{}", "x".repeat(5000), "y".repeat(5000));
        let excerpt = spot(&text, 5000, 5005).excerpt.unwrap();
        assert_eq!(excerpt.here, "\\u{1b}[31m");
        assert!(excerpt.before.chars().count() < 200 && excerpt.after.chars().count() < 200);
    }

    #[test]
    fn no_place_is_outside_the_text() {
        for (start, end) in [(0, 0), (3, 1), (4, 4), (99, 100), (1, 2)] {
            let spot = spot("ä\nb", start, end);
            assert!(spot.line <= 2 && spot.end_column >= spot.column, "{start}..{end}");
        }
    }
}
