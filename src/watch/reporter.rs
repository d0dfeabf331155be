//! Hears what becomes of each action, while a pass carries them out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::Metrics;
use super::news::{News, Severity};
use crate::apply::{Event, Observer, Outcome, Skipped, Withheld};
use crate::clock::Clock;
use crate::model::{Key, labels};
use crate::plan::{Action, show};

/// Somebody who hears the news.
pub trait Listener: Sync {
    /// Something changed.
    fn hear(&self, news: &News);
}

/// Nobody.
impl Listener for () {
    fn hear(&self, _: &News) {}
}

/// The creates and cancels that are on their way, for whoever has to stop.
#[derive(Debug, Default)]
pub struct OnTheWire {
    open: Mutex<BTreeMap<(Key, Option<String>), String>>,
    fewer: Notify,
}

impl OnTheWire {
    /// Waits until nothing is on its way. The caller polls the pass beside it.
    pub async fn is_done(&self) {
        while !self.is_empty() {
            self.fewer.notified().await;
        }
    }

    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// What is on its way, in words: manifest and spec, or the job.
    pub fn words(&self) -> Vec<String> {
        self.lock().values().cloned().collect()
    }

    fn begun(&self, action: &Action) {
        let words = match action {
            Action::Create(create) => {
                let spec = create.request.labels.get(labels::SPEC);
                let spec = spec.unwrap_or_default();
                format!("create {} ({spec})", create.key.name)
            }
            Action::Cancel(cancel) => {
                format!("cancel {} ({})", cancel.key.name, cancel.job.short())
            }
        };
        self.lock().insert(id(action), words);
    }

    fn done(&self, action: &Action) {
        self.lock().remove(&id(action));
        self.fewer.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Key, Option<String>), String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id(action: &Action) -> (Key, Option<String>) {
    match action {
        Action::Create(create) => (create.key.clone(), None),
        Action::Cancel(cancel) => (cancel.key.clone(), Some(cancel.job.to_string())),
    }
}

/// Turns what happens into news and counts.
pub(super) struct Reporter<'a, C> {
    pub(super) clock: &'a C,
    pub(super) listener: &'a dyn Listener,
    pub(super) metrics: &'a Metrics,
    pub(super) wire: &'a OnTheWire,
    /// What was told of an action that failed: the same again is no news.
    pub(super) told: &'a Told,
    /// The flags that lead a command to the same service.
    pub(super) same_service: &'a str,
}

/// What was last told of each action that failed.
pub(super) type Told = Mutex<BTreeMap<(Key, Option<String>), String>>;

impl<C: Clock> Observer for Reporter<'_, C> {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Begun(action) => self.wire.begun(action),
            Event::Done(action, outcome) => {
                self.wire.done(action);
                self.metrics.acted(action.verb(), outcome.code());
                let Some(news) = news(action, outcome, self.clock.now(), self.same_service) else {
                    return;
                };
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                let last = if outcome.is_failure() {
                    told.insert(id(action), news.message.clone())
                } else {
                    told.remove(&id(action))
                };
                if last.as_ref() != Some(&news.message) {
                    self.listener.hear(&news);
                }
            }
            // A pass waits for nothing.
            Event::Seen { .. }
            | Event::Stopped { .. }
            | Event::Settling { .. }
            | Event::ClaimedElsewhere { .. }
            | Event::LookFailed { .. } => {}
        }
    }
}

impl<C: Clock> Reporter<'_, C> {
    /// What came too late leaves the wire without an outcome.
    pub(super) fn forget(&self, action: &Action) {
        self.wire.done(action);
    }
}

/// What to tell of an outcome; nothing of what a later pass decides again.
fn news(action: &Action, outcome: &Outcome, at: Timestamp, same_service: &str) -> Option<News> {
    let jobs = || show::command("jobs", same_service);
    let (severity, message) = match outcome {
        Outcome::Created(job) => {
            (Severity::Info, format!("{}: {}", job.short(), show::why(action)))
        }
        Outcome::CancelRequested => (Severity::Info, show::why(action)),
        Outcome::AlreadyEnded(_) => (Severity::Info, "it had ended before the cancel".to_owned()),
        Outcome::Refused(refusal) => {
            (Severity::Error, format!("{}; nothing was changed", refusal.message.phrase()))
        }
        Outcome::Throttled(refusal) => {
            (Severity::Warning, format!("{}; nothing was changed", refusal.message.phrase()))
        }
        Outcome::Unknown(why) => {
            let text = format!("{}; looking for it before anything else is done", why.phrase());
            (Severity::Warning, text)
        }
        Outcome::Unclaimed { why, hint } => {
            let hint = hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            (Severity::Error, format!("it could not be claimed: {}{hint}", why.phrase()))
        }
        Outcome::Withheld(withheld) => (Severity::Warning, against(withheld, &jobs())),
        Outcome::Skipped(Skipped::Mistrust) => {
            let text = format!(
                "the service did not echo our labels, and nothing more is created; look with {}, \
                 then start retune again",
                jobs()
            );
            (Severity::Error, text)
        }
        Outcome::Held(_) | Outcome::Skipped(_) => return None,
    };
    let job = match (action, outcome) {
        (Action::Create(_), Outcome::Created(job)) => Some(job.clone()),
        (Action::Create(_), _) => None,
        (Action::Cancel(cancel), _) => Some(cancel.job.clone()),
    };
    let code = match (action, outcome) {
        (Action::Create(_), Outcome::Refused(_)) => "createRefused",
        (Action::Create(_), Outcome::Throttled(_)) => "createThrottled",
        (Action::Create(_), Outcome::Unknown(_)) => "createUnknown",
        (Action::Cancel(_), Outcome::Refused(_)) => "cancelRefused",
        (Action::Cancel(_), Outcome::Throttled(_)) => "cancelThrottled",
        (Action::Cancel(_), Outcome::Unknown(_)) => "cancelUnknown",
        (_, outcome) => outcome.code(),
    };
    let (key, reason) = (Some(action.key().clone()), Some(action.reason_code()));
    Some(News { severity, code, key, job, reason, message, at })
}

fn against(withheld: &Withheld, jobs: &str) -> String {
    match withheld {
        Withheld::NotOurs => format!("its labels are not ours any more; look with {jobs}"),
        Withheld::Unclear(state) => format!("its state cannot be judged ({})", state.word()),
        Withheld::SurvivorGone(job, state) => {
            format!("{}, which was to survive it, is {} by now", job.short(), state.word())
        }
        Withheld::Unreadable(why) => format!("it could not be read right before: {why}"),
    }
}
