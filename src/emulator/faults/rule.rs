//! What a rule is, and which rules make sense.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asked::{Asked, Operation};
use super::fault::Fault;

/// Which requests meet which fault, and how often.
///
/// It is also read from text: see the grammar of [`super`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The requests it is about.
    pub on: On,
    /// Which of them.
    #[serde(rename = "match", default, skip_serializing_if = "Match::is_empty")]
    pub matching: Match,
    /// What happens to them.
    pub fault: Fault,
    /// Matching requests to let pass first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after: u64,
    /// Of the matching requests then, each how many-th it fires for.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub every: u64,
    /// How likely it is to fire for each of those.
    #[serde(default = "certain", skip_serializing_if = "is_certain")]
    pub probability: f64,
    /// How often it fires at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

/// The requests a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum On {
    /// All of them.
    Any,
    /// No request but a new connection.
    Connect,
    /// Creating a tuning job.
    Create,
    /// Getting a tuning job.
    Get,
    /// Listing tuning jobs or models.
    List,
    /// Listing tuning jobs.
    ListJobs,
    /// Listing models.
    ListModels,
    /// Cancelling a tuning job.
    Cancel,
    /// Reading from storage.
    StorageGet,
    /// Writing to storage.
    StoragePut,
    /// What is none of these.
    Other,
}

/// What must hold besides; nothing at all by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// Labels of the job concerned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// A part of the URL or of the job's display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why a rule makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The fault has no meaning for these requests.
    #[error("`{fault}` does nothing to `{on}`")]
    Pointless {
        /// The fault's name.
        fault: String,
        /// The requests' name.
        on: String,
    },
    /// A status that the fault does not come with.
    #[error("{0} is not a status that this fault can answer with")]
    Code(u16),
    /// A time that is not one.
    #[error("{0} is not a number of seconds")]
    Seconds(f64),
    /// A probability outside of `0..=1`.
    #[error("{0} is not a probability; it is a number from 0 to 1")]
    Probability(f64),
    /// There is no 0th request.
    #[error("a rule cannot fire for every 0th request")]
    EveryZeroth,
}

impl Rule {
    /// Something that happens to all requests of a kind.
    pub fn new(on: On, fault: Fault) -> Self {
        Self {
            on,
            matching: Match::default(),
            fault,
            after: 0,
            every: 1,
            probability: 1.0,
            times: None,
        }
    }

    /// Refuses a rule that cannot fire, or not as it says.
    pub fn check(&self) -> Result<(), RuleError> {
        let Self { on, matching: _, fault, after: _, every, probability, times: _ } = self;
        if !Operation::ALL.iter().any(|operation| on.covers(*operation) && fault.fits(*operation)) {
            return Err(RuleError::Pointless { fault: fault.name(), on: name_of(on) });
        }
        if *every == 0 {
            return Err(RuleError::EveryZeroth);
        }
        if !(0.0..=1.0).contains(probability) {
            return Err(RuleError::Probability(*probability));
        }
        let (code, lowest, highest) = match fault {
            Fault::Refuse { code } => (*code, 400, 499),
            Fault::Status { code, .. } | Fault::ProcessThenStatus { code, .. } => (*code, 400, 599),
            Fault::Html { code } | Fault::ProcessThenHtml { code } => (*code, 200, 599),
            _ => (400, 400, 400),
        };
        if !(lowest..=highest).contains(&code) {
            return Err(RuleError::Code(code));
        }
        match fault {
            Fault::Late { seconds } | Fault::Stale { seconds }
                if !seconds.is_finite() || *seconds < 0.0 =>
            {
                Err(RuleError::Seconds(*seconds))
            }
            _ => Ok(()),
        }
    }

    /// Whether a request counts for this rule.
    pub(super) fn wants(&self, asked: &Asked) -> bool {
        self.on.covers(asked.operation)
            && self.fault.fits(asked.operation)
            && asked.matches(&self.matching)
    }
}

impl Match {
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.name.is_none()
    }
}

impl On {
    fn covers(self, operation: Operation) -> bool {
        match self {
            Self::Any => operation != Operation::Connect,
            Self::Connect => operation == Operation::Connect,
            Self::Create => operation == Operation::Create,
            Self::Get => operation == Operation::Get,
            Self::List => operation.is_list(),
            Self::ListJobs => operation == Operation::ListJobs,
            Self::ListModels => operation == Operation::ListModels,
            Self::Cancel => operation == Operation::Cancel,
            Self::StorageGet => operation == Operation::StorageGet,
            Self::StoragePut => operation == Operation::StoragePut,
            Self::Other => operation == Operation::Other,
        }
    }
}

fn name_of(on: &On) -> String {
    let written = serde_json::to_value(on).unwrap_or_default();
    written.as_str().unwrap_or_default().to_owned()
}

fn one() -> u64 {
    1
}

fn certain() -> f64 {
    1.0
}

fn is_default(number: &u64) -> bool {
    *number == 0
}

fn is_one(number: &u64) -> bool {
    *number == 1
}

fn is_certain(probability: &f64) -> bool {
    *probability == 1.0
}
