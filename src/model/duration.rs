//! Durations as people write and read them: `24h`, `1h30m`, `42m`.

use std::fmt;
use std::time::Duration;

/// The units, longest first: letter and seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write numbers with d, h, m or s, such as `24h` or `1h30m`")]
pub struct DurationError(String);

/// Reads `24h`, `1h30m`, `90s`, `2d`. A number without a unit is refused:
/// whether it meant seconds or hours is worth money.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.to_owned());
    let mut seconds: u64 = 0;
    let mut number: Option<u64> = None;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let so_far = number.unwrap_or(0);
            let longer = so_far.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
            number = Some(longer.ok_or_else(error)?);
            continue;
        }
        let (_, unit) = UNITS.iter().find(|(letter, _)| *letter == c).ok_or_else(error)?;
        let part = number.take().and_then(|n| n.checked_mul(*unit)).ok_or_else(error)?;
        seconds = seconds.checked_add(part).ok_or_else(error)?;
    }
    if number.is_some() || text.is_empty() {
        Err(error())
    } else {
        Ok(Duration::from_secs(seconds))
    }
}

/// Shows a duration by its two largest units: `42m`, `3h 12m`, `2d 4h`.
#[derive(Debug, Clone, Copy)]
pub struct Pretty(pub Duration);

impl fmt::Display for Pretty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_secs();
        let mut shown = 0;
        for (letter, unit) in UNITS {
            let count = rest / unit;
            rest %= unit;
            if count > 0 {
                let space = if shown > 0 { " " } else { "" };
                write!(f, "{space}{count}{letter}")?;
                shown += 1;
            } else if shown > 0 {
                // `2d 0h` says no more than `2d`.
                break;
            }
            if shown == 2 {
                break;
            }
        }
        if shown == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_show() {
        for (text, seconds, shown) in [
            ("24h", 86_400, "1d"),
            ("1h30m", 5_400, "1h 30m"),
            ("90s", 90, "1m 30s"),
            ("0s", 0, "0s"),
            ("2d4h5m", 187_500, "2d 4h"),
        ] {
            let read = parse_duration(text).unwrap();
            assert_eq!(read, Duration::from_secs(seconds), "{text}");
            assert_eq!(Pretty(read).to_string(), shown);
        }
        for bad in ["", "24", "h", "1.5h", "-1h", "1h30", "1w", "99999999999999999999h", "1 h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
