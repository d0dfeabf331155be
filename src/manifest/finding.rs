//! One thing wrong with a manifest: what, where, and the way out.
//!
//! A [`Finding`] carries the source line it speaks of, so that files need not
//! be kept (or read again, when they may have changed) to show it. Text from
//! files passes through [`Untrusted`] here and nowhere else: what a finding
//! holds can be printed as it stands.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::tree::Span;
use crate::model::Untrusted;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is planned while there is one.
    Error,
    /// Likely a mistake; the plan goes on.
    Warning,
    /// What Google's guide recommends.
    Advice,
}

impl Severity {
    /// The word in front of a finding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $severity:ident;)+) => {
        /// What kind of problem a finding is. The texts are public: scripts and
        /// code-scanning services match on them, so none is renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How bad findings of this kind are.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What the code stands for, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    Syntax = "syntax", Error;
    /// A value is of another type than its key takes.
    WrongType = "wrong-type", Error;
    /// A key has no value.
    NullValue = "null-value", Error;
    /// No such key is known here.
    UnknownKey = "unknown-key", Error;
    /// A required key is not there.
    MissingKey = "missing-key", Error;
    /// A key is set twice in one mapping.
    DuplicateKey = "duplicate-key", Error;
    /// Two keys that exclude each other are both set.
    ExclusiveKeys = "exclusive-keys", Error;
    /// A number is outside the range that its key takes.
    OutOfRange = "out-of-range", Error;
    /// A text is longer than its key takes.
    TooLong = "too-long", Error;
    /// A value is none of those that its key takes.
    InvalidValue = "invalid-value", Error;
    /// A name breaks the grammar of names.
    InvalidName = "invalid-name", Error;
    /// A dataset URI is of neither form that Vertex accepts.
    DatasetUri = "dataset-uri", Error;
    /// Vertex does not tune Gemini models in `global`.
    LocationGlobal = "location-global", Error;
    /// A label's key or value breaks the rules for labels.
    InvalidLabel = "invalid-label", Error;
    /// A label's key belongs to retune or to Google.
    ReservedLabel = "reserved-label", Error;
    /// There are more labels than Vertex takes beside retune's own.
    TooManyLabels = "too-many-labels", Error;
    /// Two manifests have the same name.
    DuplicateName = "duplicate-name", Error;
    /// There are two Workspaces.
    DuplicateWorkspace = "duplicate-workspace", Error;
    /// There is no Workspace, and the command needs one.
    MissingWorkspace = "missing-workspace", Error;
    /// No tuned model is declared anywhere in the given paths.
    NoManifests = "no-manifests", Error;
    /// The base model takes no adapter of this size.
    AdapterSize = "adapter-size", Error;
    /// The job to adopt is in another place than the manifest.
    AdoptElsewhere = "adopt-elsewhere", Error;
    /// The base model is in no list that retune knows.
    UnknownModel = "unknown-model", Warning;
    /// The base model can no longer be tuned, or is reported so.
    RetiredModel = "retired-model", Warning;
    /// The base model is not listed for tuning in this location.
    ModelLocation = "model-location", Warning;
    /// The base model is not listed for preference tuning.
    PreferenceModel = "preference-model", Warning;
    /// The base model takes no customer-managed key.
    ModelEncryption = "model-encryption", Warning;
    /// Google's tuning guide recommends another number of epochs for the task.
    TaskEpochs = "task-epochs", Advice;
    /// A merge key (`<<`) is not taken.
    MergeKey = "merge-key", Error;
    /// A YAML tag is not taken.
    Tag = "tag", Error;
    /// A key that is no plain text is not taken.
    ComplexKey = "complex-key", Error;
    /// An alias stands inside the very value it repeats.
    RecursiveAlias = "recursive-alias", Error;
    /// Aliases repeat more than retune is willing to copy.
    AliasBudget = "alias-budget", Error;
    /// The nesting is deeper than retune reads.
    TooDeep = "too-deep", Error;
    /// The file has more values than retune reads.
    TooManyValues = "too-many-values", Error;
    /// The file has more documents than retune reads.
    TooManyDocuments = "too-many-documents", Error;
    /// The file has more findings than are shown.
    TooManyFindings = "too-many-findings", Error;
    /// A text is larger than retune reads.
    ScalarTooLarge = "scalar-too-large", Error;
    /// The file is larger than retune reads.
    FileTooLarge = "file-too-large", Error;
    /// The file holds a NUL byte.
    NulByte = "nul-byte", Error;
    /// The file is not UTF-8.
    NotUtf8 = "not-utf8", Error;
    /// There is nothing at this path.
    NotFound = "not-found", Error;
    /// The path is neither a regular file nor a directory.
    NotAFile = "not-a-file", Error;
    /// A symbolic link leads back to where it came from.
    SymlinkLoop = "symlink-loop", Error;
    /// The system refused to read this.
    Unreadable = "unreadable", Error;
}

impl Code {
    /// Whether nothing of a file was read beyond a finding of this kind.
    pub(crate) const fn ends_reading(self) -> bool {
        matches!(
            self,
            Self::RecursiveAlias
                | Self::AliasBudget
                | Self::TooDeep
                | Self::TooManyValues
                | Self::TooManyDocuments
                | Self::ScalarTooLarge
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

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

/// Characters of a line that are shown on each side of a place, and of the
/// place itself: enough for any line that a person wrote, and 480 bytes in all.
const EXCERPT: usize = 160;

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
        let rest = self.text.get(start..).unwrap_or_default();
        let rest = rest.split(['\n', '\r']).next().unwrap_or_default();
        let mut length = span.end.saturating_sub(start).min(rest.len());
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        let (here, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let here = here.trim_end();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let column = before.chars().count() + 1;
        Spot {
            file: self.file.clone(),
            line: number(line),
            column: number(column),
            end_column: number(column + here.chars().count()),
            excerpt: Some(Excerpt { before: tail(before), here: head(here), after: head(after) }),
        }
    }
}

fn head(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", shown(text.get(..end).unwrap_or(text))),
        None => shown(text),
    }
}

fn tail(text: &str) -> String {
    match text.char_indices().rev().nth(EXCERPT) {
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

/// Another place that a finding speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub spot: Spot,
    /// What is there.
    pub message: String,
}

/// One thing wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of problem.
    pub code: Code,
    /// Where.
    pub spot: Spot,
    /// What is wrong, a fragment in lower case.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The other place, where there is one.
    pub related: Option<Related>,
}

impl Finding {
    /// A finding at `spot`.
    pub fn new(code: Code, spot: Spot, message: impl AsRef<str>) -> Self {
        Self { code, spot, message: shown(message.as_ref()), hint: None, related: None }
    }

    /// The same with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(shown(hint.as_ref()));
        self
    }

    /// The same with another place.
    #[must_use]
    pub fn related(mut self, spot: Spot, message: impl AsRef<str>) -> Self {
        self.related = Some(Related { spot, message: shown(message.as_ref()) });
        self
    }

    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// A finding within one text, before its spans became places.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) related: Option<(Span, &'static str)>,
}

impl Problem {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), hint: None, related: None }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn related(mut self, span: Span, message: &'static str) -> Self {
        self.related = Some((span, message));
        self
    }

    pub(crate) fn placed(self, text: &Text<'_>) -> Finding {
        let Self { code, span, message, hint, related } = self;
        let mut finding = Finding::new(code, text.spot(span), message);
        if let Some(hint) = hint {
            finding = finding.hint(hint);
        }
        if let Some((span, message)) = related {
            finding = finding.related(text.spot(span), message);
        }
        finding
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

    #[test]
    fn codes_are_distinct_kebab_case() {
        let mut texts: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(
            texts
                .iter()
                .all(|t| t.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'8'))
        );
    }
}
