//! Numbers as people and programs read them.

/// Significant digits of a value: what a chart can show, and two losses that
/// agree in four of them are the same.
const DIGITS: i32 = 4;

/// A value in a few digits: `0.4127`, `12300`, `1.2e-7`, `NaN`.
pub fn number(value: f64) -> String {
    if let Some(word) = not_finite(value) {
        return word.to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    if size >= 1000.0 {
        return format!("{:.0}", value);
    }
    let digits = (DIGITS - 1 - size.log10().floor() as i32).clamp(0, 7);
    let text = format!("{value:.*}", digits as usize);
    trimmed(&text).to_owned()
}

/// The word for a value that is no number: `NaN`, `Infinity` or `-Infinity`.
pub(super) fn not_finite(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_finite() => None,
        value if value.is_nan() => Some("NaN"),
        value if value > 0.0 => Some("Infinity"),
        _ => Some("-Infinity"),
    }
}

/// Without zeros at the end of the fraction.
fn trimmed(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

/// A tick's label: as many decimals as its neighbours need to differ.
pub(super) fn tick(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    if !(1e-4..1e6).contains(&size) {
        // `-0` is no number that people write.
        return format!("{:.1e}", if value == 0.0 { 0.0 } else { value });
    }
    let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        text.trim_start_matches('-').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_four_digits() {
        for (value, text) in [
            (0.412_74, "0.4127"),
            (2.5, "2.5"),
            (12_345.6, "12346"),
            (0.000_012, "1.20e-5"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (-0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (1e300, "1.00e300"),
            (999.96, "1000"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn ticks_differ_by_their_step() {
        assert_eq!(tick(0.25, 0.05), "0.25");
        assert_eq!(tick(0.0, 0.5), "0.0");
        assert_eq!(tick(-0.0, 0.5), "0.0");
        assert_eq!(tick(1000.0, 500.0), "1000");
        assert_eq!(tick(2e9, 1e9), "2.0e9");
    }
}
