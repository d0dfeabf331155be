//! What a scalar is: YAML 1.2's core schema as `serde_yaml` reads it, so that
//! `no` and `010` are texts. A test compares the two.

use serde_yaml::{Number, Value};

/// A scalar's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    /// A whole number of any size that a tuning job could need.
    Integer(i64),
    /// A number with a fraction, an exponent, or beyond `i64`.
    Float(f64),
    Text(&'a str),
}

/// Reads a scalar; only a plain one can be anything but text.
pub(crate) fn resolve(text: &str, plain: bool) -> Scalar<'_> {
    if !plain {
        return Scalar::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    // Most scalars are words: only these can start a number.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Scalar::Text(text);
    }
    match number(text) {
        Some(Numeric::Whole(n)) => Scalar::Integer(n),
        Some(Numeric::Other(n)) => Scalar::Float(n),
        None => Scalar::Text(text),
    }
}

enum Numeric {
    Whole(i64),
    Other(f64),
}

fn number(text: &str) -> Option<Numeric> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            if digits.starts_with(['+', '-']) {
                return None;
            }
            return i128::from_str_radix(digits, radix).ok().map(|n| whole(n, negative));
        }
    }
    // A leading zero makes it text: nobody knows whether `010` meant eight.
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if let Ok(n) = digits.parse::<i128>() {
        return Some(whole(n, negative));
    }
    let float = match digits {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if digits.len() == text.len() => f64::NAN,
        _ => digits.parse::<f64>().ok().filter(|n| n.is_finite())?,
    };
    Some(Numeric::Other(if negative { -float } else { float }))
}

fn whole(n: i128, negative: bool) -> Numeric {
    let n = if negative { -n } else { n };
    // Beyond `i64` only the size still matters: every range is far smaller.
    #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
    i64::try_from(n).map_or(Numeric::Other(n as f64), Numeric::Whole)
}

impl Scalar<'_> {
    /// The value as `serde_yaml` has it.
    pub(crate) fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Integer(n) => Value::Number(Number::from(n)),
            Self::Float(n) => Value::Number(Number::from(n)),
            Self::Text(text) => Value::String(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(text: &str) -> Result<(), String> {
        // As the value of a key, where `-` and `---` are no syntax.
        let theirs = match serde_yaml::from_str::<Value>(&format!("a: {text}\n")) {
            Ok(mapping) => mapping.get("a").cloned().unwrap_or_default(),
            Err(_) => return Ok(()),
        };
        let ours = resolve(text, true).value();
        let same = match (&ours, &theirs) {
            (Value::Number(a), Value::Number(b)) => {
                let nan = |n: &Number| n.as_f64().is_some_and(f64::is_nan);
                // Beyond `i64` ours is a float, and their `u64` is none.
                let kind = a.is_i64() == b.is_i64();
                kind && a.as_f64() == b.as_f64() || nan(a) && nan(b)
            }
            _ => ours == theirs,
        };
        if same { Ok(()) } else { Err(format!("{text:?}: {ours:?} and {theirs:?}")) }
    }

    #[test]
    fn the_corners_are_read_as_serde_yaml_reads_them() {
        for text in [
            "no",
            "yes",
            "on",
            "y",
            "010",
            "0o10",
            "0x1F",
            "-0x1f",
            "0b11",
            "1_000",
            "1e3",
            "1E-3",
            "+1",
            "-1",
            "--1",
            "+-1",
            "0",
            "00",
            "-0",
            "-01",
            "1.",
            ".5",
            "-.5",
            "1.0",
            ".inf",
            "-.INF",
            "+.inf",
            ".nan",
            "-.nan",
            "~",
            "Null",
            "nUll",
            "True",
            "tRue",
            "FALSE",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999",
            "infinity",
            "NaN",
            "0x",
            "0xg",
            "0x-1",
            "12:30",
            "2026-01-01",
            "1e999",
            "e3",
            "1 2",
            "=",
            "0.0",
            "999999999999999999999999999999999999999999999",
        ] {
            agrees(text).unwrap();
        }
    }

    proptest! {
        #[test]
        fn any_word_is_read_as_serde_yaml_reads_it(text in "[-+.0-9exobnaifNAI_~]{1,12}") {
            agrees(&text).map_err(TestCaseError::fail)?;
        }
    }
}
