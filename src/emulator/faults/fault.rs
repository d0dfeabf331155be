//! What can happen to a request.

use serde::{Deserialize, Serialize};

use super::asked::Operation;

/// What happens to a request. The table in [`super`] says more of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// A definite no; the end of a connection where there is no request yet.
    Refuse {
        /// A status from 400 to 499.
        #[serde(default = "forbidden")]
        code: u16,
    },
    /// A status instead of the request's effect.
    Status {
        /// A status from 400 to 599.
        code: u16,
        /// Seconds, in the header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// Seconds, in a `RetryInfo` of the body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_info: Option<u64>,
    },
    /// A quota that is used up.
    Quota {
        /// Seconds, in the header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A proxy's page instead of the request's effect.
    Html {
        /// A status from 200 to 599.
        #[serde(default = "bad_gateway")]
        code: u16,
    },
    /// No answer and no effect.
    Drop,
    /// The effect and no answer.
    ProcessThenDrop,
    /// The effect, and a status that denies it.
    ProcessThenStatus {
        /// A status from 400 to 599.
        #[serde(default = "unavailable")]
        code: u16,
        /// Seconds, in the header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
        /// Seconds, in a `RetryInfo` of the body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_info: Option<u64>,
    },
    /// The effect, and a proxy's page.
    ProcessThenHtml {
        /// A status from 200 to 599.
        #[serde(default = "bad_gateway")]
        code: u16,
    },
    /// The effect, and an answer that breaks off.
    Truncate {
        /// How much of the body arrives; half of it by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<usize>,
    },
    /// The effect, and half a JSON text as if it were whole.
    InvalidJson,
    /// The effect, and an answer that says nothing.
    EmptyJson,
    /// No answer now, and the effect later.
    Late {
        /// How much later.
        seconds: f64,
    },
    /// Time before the request is looked at.
    Delay {
        /// How much of it.
        millis: u64,
    },
    /// Time between the effect and the answer.
    DelayAnswer {
        /// How much of it.
        millis: u64,
    },
    /// The request waits until a test lets it go.
    Hold,
    /// The answer waits until a test lets it go.
    HoldAnswer,
    /// Half of the answer arrives, and the rest waits until a test lets it go.
    HoldMiddle,
    /// A list from the past.
    Stale {
        /// How old it is.
        seconds: f64,
    },
    /// A list without the page that was asked for.
    LostPage,
    /// A list without end.
    RepeatToken,
    /// A list that takes no notice of its filter.
    FilterIgnored,
    /// A list whose filter matches nothing.
    FilterMatchesNothing,
    /// A cancellation that comes to nothing.
    CancelLoses,
    /// A new job that is answered without its labels.
    LabelsNotEchoed,
}

impl Fault {
    /// As the grammar calls it.
    pub fn name(&self) -> String {
        let written = serde_json::to_value(self).unwrap_or_default();
        written.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned()
    }

    pub(super) fn fits(&self, operation: Operation) -> bool {
        match self {
            Self::Refuse { .. } => true,
            Self::Late { .. } | Self::LabelsNotEchoed => operation == Operation::Create,
            Self::CancelLoses => operation == Operation::Cancel,
            Self::Stale { .. }
            | Self::LostPage
            | Self::RepeatToken
            | Self::FilterIgnored
            | Self::FilterMatchesNothing => operation.is_list(),
            _ => operation != Operation::Connect,
        }
    }

    /// Whether it decides over the answer: then there can be only one.
    pub(super) fn decides(&self) -> bool {
        match self {
            Self::Refuse { .. }
            | Self::Status { .. }
            | Self::Quota { .. }
            | Self::Html { .. }
            | Self::Drop
            | Self::ProcessThenDrop
            | Self::ProcessThenStatus { .. }
            | Self::ProcessThenHtml { .. }
            | Self::Truncate { .. }
            | Self::InvalidJson
            | Self::EmptyJson
            | Self::HoldMiddle
            | Self::Late { .. } => true,
            Self::Delay { .. }
            | Self::DelayAnswer { .. }
            | Self::Hold
            | Self::HoldAnswer
            | Self::Stale { .. }
            | Self::LostPage
            | Self::RepeatToken
            | Self::FilterIgnored
            | Self::FilterMatchesNothing
            | Self::CancelLoses
            | Self::LabelsNotEchoed => false,
        }
    }
}

fn forbidden() -> u16 {
    403
}

fn bad_gateway() -> u16 {
    502
}

fn unavailable() -> u16 {
    503
}
