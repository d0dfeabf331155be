//! Why a command ended early.

use std::collections::BTreeSet;

use super::exit::Exit;

/// An error, the exit code it gets, and the next thing to type.
#[derive(Debug)]
pub struct Failure {
    pub(super) exit: Exit,
    pub(super) error: Box<dyn std::error::Error + Send + Sync>,
    pub(super) hint: Option<String>,
}

/// What could not be done, and what the system said to it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
struct Caused {
    what: String,
    source: std::io::Error,
}

impl Failure {
    /// Of what the system refused. `what` does not repeat `source`.
    pub(super) fn caused(exit: Exit, what: impl Into<String>, source: std::io::Error) -> Self {
        Self::new(exit, Caused { what: what.into(), source })
    }

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

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        self.hint_if(Some(hint))
    }

    /// With the next thing to type, where there is one.
    pub(super) fn hint_if(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }
}

/// Names that fit into one hint.
const FEW: usize = 8;

/// Did you mean `support-faq`? Else the names there are, when they are few,
/// or the command that lists them.
pub(super) fn meant<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
    lister: &str,
) -> String {
    let known: BTreeSet<&str> = known.into_iter().collect();
    let likeness = |name: &&str| strsim::jaro_winkler(wrong, name);
    let close = known.iter().copied().filter(|name| likeness(name) > 0.75 || name.contains(wrong));
    match close.max_by(|a, b| likeness(a).total_cmp(&likeness(b))) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() || known.len() > FEW => format!("{lister} lists the names"),
        None => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            let names_are = if names.len() == 1 { "the only name is" } else { "the names are" };
            format!("{names_are} {}", names.join(", "))
        }
    }
}
