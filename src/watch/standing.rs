//! How each tuned model stood after the last pass, and what is new.
//!
//! Words change with every look, for they hold ages and waits; what counts as a
//! change is the state, its reason and the run it speaks of.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::news::{News, Severity};
use crate::model::{JobName, JobState, Key, Name, Place};
use crate::plan::{Action, ClaimedBy, HoldReason, Plan, show};

/// How many models may come to one state in one pass before they are told of in
/// one line: a limit that trips holds every create.
const ONE_BY_ONE: usize = 5;

/// Names in that one line.
const NAMES: usize = 5;

/// What is said of a tuned model: one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Run,
    Hold,
    Drift,
    Orphan,
    Remark,
}

/// A state, by what makes it another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    code: &'static str,
    reason: Option<&'static str>,
    job: Option<JobName>,
    rerun: u64,
}

/// What a plan says of one tuned model, but for the words.
struct Seen<'a> {
    key: &'a Key,
    severity: Severity,
    code: &'static str,
    reason: Option<&'static str>,
    job: Option<&'a JobName>,
}

type Subject = (Place, Name, Side, Option<JobName>, &'static str);

/// How each tuned model stood.
#[derive(Debug, Default)]
pub(super) struct Standings {
    last: Option<BTreeMap<Subject, State>>,
}

impl Standings {
    /// What is new in `plan`. The first one is where everything begins: only
    /// what is held, adrift or orphaned is told of it. `acts` says whether the
    /// plan's actions are carried out, so that they are no news by themselves;
    /// `same_service` are the flags that lead a command to the same service.
    pub(super) fn news(
        &mut self,
        plan: &Plan,
        acts: bool,
        at: Timestamp,
        same_service: &str,
    ) -> Vec<News> {
        let mut now = BTreeMap::new();
        let mut news: Vec<News> = Vec::new();
        let first = self.last.is_none();
        let last = self.last.take().unwrap_or_default();
        // Words are made for news alone: of ten thousand models hardly one has any.
        let mut tell = |side: Side, seen: Seen<'_>, words: &dyn Fn() -> String| {
            let Seen { key, severity, code, reason, job } = seen;
            let part = match side {
                Side::Orphan | Side::Drift => job.cloned(),
                Side::Run | Side::Hold | Side::Remark => None,
            };
            let kind = if side == Side::Remark { code } else { "" };
            let subject = (key.place.clone(), key.name.clone(), side, part, kind);
            let state = State { code, reason, job: job.cloned(), rerun: key.rerun };
            let known = last.get(&subject) == Some(&state);
            now.insert(subject, state);
            let untold = first && matches!(side, Side::Run | Side::Remark);
            if !known && !untold {
                let (key, job) = (Some(key.clone()), job.cloned());
                news.push(News { severity, code, key, job, reason, message: words(), at });
            }
        };
        let model = |key, severity, code, reason, job| Seen { key, severity, code, reason, job };
        for run in &plan.in_flight {
            let code = running(&run.state);
            let seen = model(&run.key, Severity::Info, code, None, Some(&run.job));
            tell(Side::Run, seen, &|| run.job.short());
        }
        for tuned in &plan.in_sync {
            let good = tuned.job.is_some() || tuned.tuned_model.is_some();
            let code = if good { "tuned" } else { "stopped" };
            let seen = model(&tuned.key, Severity::Info, code, None, tuned.job.as_ref());
            tell(Side::Run, seen, &|| show::in_sync(tuned));
        }
        let mut unseen = BTreeSet::new();
        for held in &plan.held {
            // A place that cannot be listed is told of once, not for each model.
            if matches!(held.reason, HoldReason::ListIncomplete { .. }) {
                unseen.insert((&held.key.place, &held.key.name));
                continue;
            }
            let (severity, code) = weight(&held.reason);
            let reason = Some(held.reason.code());
            let seen = model(&held.key, severity, code, reason, held.reason.job());
            tell(Side::Hold, seen, &|| show::hold(held, same_service));
        }
        for orphan in &plan.orphaned {
            let (severity, job) = (Severity::Warning, Some(&orphan.job));
            let seen = model(&orphan.key, severity, "orphaned", None, job);
            tell(Side::Orphan, seen, &|| show::orphan(orphan, same_service));
        }
        for action in plan.actions.iter().filter(|_| !acts) {
            let words = || format!("to {}: {}", action.verb(), show::why(action));
            let (key, reason) = (action.key(), Some(action.reason_code()));
            let job = match action {
                Action::Create(_) => None,
                Action::Cancel(cancel) => Some(&cancel.job),
            };
            tell(Side::Drift, model(key, Severity::Warning, "drift", reason, job), &words);
        }
        for diagnostic in &plan.diagnostics {
            let seen = model(&diagnostic.key, Severity::Info, diagnostic.remark.code(), None, None);
            tell(Side::Remark, seen, &|| show::remark(&diagnostic.remark));
        }
        // Of what could not be seen, nothing is new, and nothing is forgotten.
        for (subject, state) in last {
            if unseen.contains(&(&subject.0, &subject.1)) {
                now.entry(subject).or_insert(state);
            }
        }
        self.last = Some(now);
        gathered(news, at)
    }
}

/// Many of one kind in one line.
fn gathered(news: Vec<News>, at: Timestamp) -> Vec<News> {
    let mut groups: BTreeMap<(&'static str, Option<&'static str>), Vec<News>> = BTreeMap::new();
    for item in news {
        groups.entry((item.code, item.reason)).or_default().push(item);
    }
    let mut out = Vec::new();
    for ((code, reason), items) in groups {
        if items.len() <= ONE_BY_ONE {
            out.extend(items);
            continue;
        }
        let severity = items.iter().map(|item| item.severity).max().unwrap_or(Severity::Info);
        let names = items.iter().filter_map(|item| Some(item.key.as_ref()?.name.to_string()));
        let names: Vec<String> = names.take(NAMES).collect();
        let first = items.first().map(|item| item.message.as_str()).unwrap_or_default();
        let (count, more) = (items.len(), items.len() - names.len());
        let message = format!("{count} models: {} and {more} more: {first}", names.join(", "));
        out.push(News { severity, code, key: None, job: None, reason, message, at });
    }
    out.sort_by(|a, b| a.key.cmp(&b.key));
    out
}

/// The code of a run that goes on.
fn running(state: &JobState) -> &'static str {
    match state {
        JobState::Queued => "queued",
        JobState::Pending => "pending",
        JobState::Updating => "updating",
        _ => "running",
    }
}

/// How much to mind a hold, and what it is called: a run that came to a bad end
/// is told of by that.
fn weight(reason: &HoldReason) -> (Severity, &'static str) {
    match reason {
        HoldReason::LastRunFailed { retry_in: None, .. } => (Severity::Error, "failed"),
        HoldReason::LastRunFailed { retry_in: Some(_), .. } => (Severity::Warning, "failed"),
        HoldReason::LastRunCancelled { .. } => (Severity::Warning, "cancelled"),
        HoldReason::Settling { .. }
        | HoldReason::ConcurrencyLimit { .. }
        | HoldReason::Cancelling { .. }
        | HoldReason::Suspended
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. } => {
            (Severity::Info, "held")
        }
        HoldReason::CreateLimit { .. }
        | HoldReason::CancelLimit { .. }
        | HoldReason::UnknownDialect { .. }
        | HoldReason::ImplausibleListing { .. }
        | HoldReason::SameSpecElsewhere { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Done { .. }, .. } => {
            (Severity::Error, "held")
        }
        HoldReason::AmbiguousCreate { .. }
        | HoldReason::ListIncomplete { .. }
        | HoldReason::UnknownState { .. }
        | HoldReason::StaleRevision { .. } => (Severity::Warning, "held"),
    }
}

#[cfg(test)]
impl Standings {
    pub(super) fn len(&self) -> usize {
        self.last.as_ref().map_or(0, BTreeMap::len)
    }
}
