//! A point in time as the world stores it: microseconds, like the service's
//! own time stamps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(i64);

impl Moment {
    pub(crate) fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::MAX)
    }

    /// This moment and `seconds` more. A float to int cast saturates, so an
    /// absurdly slow emulator ends far in the future instead of in the past.
    pub(crate) fn plus(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * 1e6) as i64))
    }

    pub(crate) fn seconds_until(self, later: Moment) -> f64 {
        later.0.saturating_sub(self.0) as f64 / 1e6
    }

    /// RFC 3339 with six digits, as in the service's answers.
    pub(crate) fn rfc3339(self) -> String {
        format!("{:.6}", self.timestamp())
    }
}
