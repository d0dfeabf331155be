//! One thing wrong with a manifest: what, where, and the way out.

use super::code::{Code, Severity};
use super::place::{Spot, Text, shown};
use super::tree::Span;

/// Findings of one file that are reported. A person mends the first few and
/// looks again; a machine learns that there are more.
pub(crate) const MAX_FINDINGS: usize = 100;

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

/// Whether there are enough problems to stop looking for more.
pub(crate) fn enough(problems: &[Problem]) -> bool {
    problems.len() > MAX_FINDINGS
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
