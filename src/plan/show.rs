//! A plan as text, JSON and Markdown. All three carry the same values; the
//! words are in `words` alone.
//!
//! Whatever came from the API is shown through
//! [`Untrusted::shown`](crate::model::Untrusted::shown) or escaped here.

mod cure;
mod json;
mod markdown;
pub mod status;
mod text;
mod words;

pub use cure::{Cure, cure};
pub use json::json;
pub use markdown::markdown;
pub use text::{TextOptions, text, wrapped};
pub use words::{held as hold, in_flight, in_sync, orphan, remark, why};

use super::Plan;

/// A command to type next. `same_service` are the flags that lead it to the same
/// service: they stand behind it, each with a space before it.
pub fn command(what: &str, same_service: &str) -> String {
    format!("`retune {what}{same_service}`")
}

/// One line of a plan, of whatever kind.
pub(crate) struct Row {
    pub(crate) symbol: char,
    pub(crate) name: String,
    pub(crate) verb: &'static str,
    pub(crate) why: String,
    /// Old and new of a long text, shown below the row.
    pub(crate) details: Vec<(String, String)>,
}

/// How many of each; only the first two are changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Creates.
    pub create: usize,
    /// Cancels.
    pub cancel: usize,
    /// Holds.
    pub held: usize,
    /// Runs under way.
    pub in_flight: usize,
    /// Models that are what their manifests say.
    pub in_sync: usize,
    /// Active runs without a manifest.
    pub orphaned: usize,
    /// Ended runs without a manifest.
    pub orphaned_ended: usize,
}

impl Plan {
    /// How many of each.
    pub fn summary(&self) -> Summary {
        Summary {
            create: self.creates().count(),
            cancel: self.cancels().count(),
            held: self.held.len(),
            in_flight: self.in_flight.len(),
            in_sync: self.in_sync.len(),
            orphaned: self.orphaned.len(),
            orphaned_ended: self.orphaned_ended,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (self.create, "to create"),
            (self.cancel, "to cancel"),
            (self.held, "held"),
            (self.in_flight, "in flight"),
            (self.in_sync, "in sync"),
            (self.orphaned, "orphaned"),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if parts.is_empty() { f.write_str("nothing") } else { f.write_str(&parts.join(", ")) }
    }
}

/// The rows of a plan in the order in which people read them: changes by key,
/// then what is held, under way, orphaned and remarked; `full` adds what is in
/// sync.
pub(crate) fn rows(plan: &Plan, full: bool, same_service: &str) -> Vec<Row> {
    let places = plan.places.len() > 1;
    let name = |key: &crate::model::Key| {
        if places { format!("{} ({})", key.name, key.place) } else { key.name.to_string() }
    };
    let mut rows: Vec<Row> = plan.actions.iter().map(|a| words::action(a, name(a.key()))).collect();
    rows.extend(plan.held.iter().map(|held| Row {
        symbol: '!',
        name: name(&held.key),
        verb: "held",
        why: words::held(held, same_service),
        details: Vec::new(),
    }));
    rows.extend(plan.in_flight.iter().map(|run| Row {
        symbol: '…',
        name: name(&run.key),
        verb: "in flight",
        why: words::in_flight(run),
        details: Vec::new(),
    }));
    rows.extend(plan.orphaned.iter().map(|orphan| Row {
        symbol: '?',
        name: name(&orphan.key),
        verb: "orphaned",
        why: words::orphan(orphan, same_service),
        details: Vec::new(),
    }));
    rows.extend(plan.diagnostics.iter().map(|diagnostic| Row {
        symbol: 'i',
        name: name(&diagnostic.key),
        verb: "note",
        why: words::remark(&diagnostic.remark),
        details: Vec::new(),
    }));
    if full {
        rows.extend(plan.in_sync.iter().map(|model| Row {
            symbol: '=',
            name: name(&model.key),
            verb: "in sync",
            why: words::in_sync(model),
            details: Vec::new(),
        }));
    }
    rows
}
