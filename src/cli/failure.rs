//! Why a command ended early.

use super::exit::Exit;

/// An error, the exit code it gets, and the next thing to type.
#[derive(Debug)]
pub struct Failure {
    pub(super) exit: Exit,
    pub(super) error: Box<dyn std::error::Error + Send + Sync>,
    pub(super) hint: Option<String>,
}

impl Failure {
    pub(super) fn new(
        exit: Exit,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text.into())
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::new(Exit::Refused, text.into())
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// `faq`, did you mean `support-faq`?
pub(super) fn did_you_mean<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let close = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, name)| *likeness > 0.75 || name.contains(wrong))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    close.map(|(_, name)| format!("did you mean `{name}`?"))
}
