//! What became of each action.

use crate::model::{JobName, JobState, Untrusted};
use crate::plan::{Action, HoldReason};
use crate::vertex::Refusal;

/// What became of every action of a plan.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "an action may have failed"]
pub struct Report {
    /// The actions in the plan's order.
    pub items: Vec<Item>,
}

/// One action and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The action.
    pub action: Action,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The job exists.
    Created(JobName),
    /// The service said no; nothing exists.
    Refused(Refusal),
    /// The service asked to slow down; nothing exists.
    Throttled(Refusal),
    /// Nobody knows. A job may exist.
    Unknown(Untrusted),
    /// The service took the cancel.
    CancelRequested,
    /// The run had ended, or was ending, before the cancel.
    AlreadyEnded(JobState),
    /// A look right before the cancel spoke against it.
    Withheld(Withheld),
    /// The create could not be claimed, so it was not sent.
    Unclaimed {
        /// What the store said.
        why: Untrusted,
        /// The next thing to do.
        hint: Option<String>,
    },
    /// A rule prevented the create after it was confirmed.
    Held(Box<HoldReason>),
    /// The action was not begun.
    Skipped(Skipped),
}

/// What spoke against a cancel at the last moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Withheld {
    /// The job's labels are not those that the plan saw.
    NotOurs,
    /// The job's state cannot be judged.
    Unclear(JobState),
    /// The run that makes this one superfluous is no longer live or good.
    SurvivorGone(JobName, JobState),
    /// The job, or the survivor, could not be read.
    Unreadable(String),
}

/// Why an action was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The create it follows was not accepted: the older run goes on.
    CreateNotAccepted,
    /// A signal came.
    Interrupted,
    /// A newer look no longer found it due: somebody else did it, or the run
    /// came to another end.
    NoLongerDue,
    /// A newer look asks for something else instead: the plan is another one.
    Changed,
    /// The look that found it due is too old; it is decided again.
    TooLate,
    /// The manifests changed meanwhile; it is decided again.
    Outdated,
    /// Another run of retune took the claim first; it is decided again.
    Overtaken,
    /// The look after the settle window failed.
    NotLooked,
    /// An earlier create of this process came back without our labels.
    Mistrust,
}

impl Outcome {
    /// Whether the action did not do what it was to do.
    pub const fn is_failure(&self) -> bool {
        match self {
            Self::Created(_)
            | Self::CancelRequested
            | Self::AlreadyEnded(_)
            | Self::Skipped(Skipped::NoLongerDue) => false,
            Self::Refused(_)
            | Self::Throttled(_)
            | Self::Unknown(_)
            | Self::Withheld(_)
            | Self::Unclaimed { .. }
            | Self::Held(_)
            | Self::Skipped(_) => true,
        }
    }

    /// Whether nothing became of the action yet: a newer look decides it again.
    pub(crate) const fn is_decided_again(&self) -> bool {
        matches!(self, Self::Skipped(Skipped::TooLate | Skipped::Overtaken | Skipped::Outdated))
    }

    /// The stable code, as in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Refused(_) => "refused",
            Self::Throttled(_) => "throttled",
            Self::Unknown(_) => "outcomeUnknown",
            Self::CancelRequested => "cancelRequested",
            Self::AlreadyEnded(_) => "alreadyEnded",
            Self::Withheld(_) => "withheld",
            Self::Skipped(Skipped::CreateNotAccepted) => "notBegun",
            Self::Skipped(Skipped::Interrupted) => "interrupted",
            Self::Skipped(Skipped::NoLongerDue) => "noLongerDue",
            Self::Skipped(Skipped::Changed) => "changed",
            Self::Unclaimed { .. } => "unclaimed",
            Self::Held(_) => "held",
            Self::Skipped(Skipped::TooLate) => "tooLate",
            Self::Skipped(Skipped::Overtaken) => "overtaken",
            Self::Skipped(Skipped::Outdated) => "outdated",
            Self::Skipped(Skipped::NotLooked) => "notLooked",
            Self::Skipped(Skipped::Mistrust) => "mistrust",
        }
    }
}

impl Report {
    /// Whether every action did what it was to do.
    pub fn is_success(&self) -> bool {
        self.items.iter().all(|item| !item.outcome.is_failure())
    }

    /// Whether anything was sent that may have changed something.
    pub fn has_effects(&self) -> bool {
        self.items.iter().any(|item| {
            matches!(
                item.outcome,
                Outcome::Created(_) | Outcome::CancelRequested | Outcome::Unknown(_)
            )
        })
    }

    /// The jobs that were created.
    pub fn created(&self) -> impl Iterator<Item = (&Action, &JobName)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Outcome::Created(job) => Some((&item.action, job)),
            _ => None,
        })
    }
}
