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

    /// RFC 3339 with as many groups of three digits as it takes: none, three
    /// or six, as proto JSON prints time stamps.
    pub(crate) fn rfc3339(self) -> String {
        let timestamp = self.timestamp();
        match self.0 {
            whole if whole % 1_000_000 == 0 => format!("{timestamp:.0}"),
            milli if milli % 1_000 == 0 => format!("{timestamp:.3}"),
            _ => format!("{timestamp:.6}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_come_in_threes() {
        for text in
            ["2026-11-20T10:01:00Z", "2026-11-20T10:01:00.120Z", "2026-11-20T10:01:00.120300Z"]
        {
            let moment = Moment::from_timestamp(text.parse().unwrap());
            assert_eq!(moment.rfc3339(), text);
        }
    }
}
