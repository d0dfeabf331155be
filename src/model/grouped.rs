//! Numbers as people read them.

use std::fmt;

/// The digits of a whole number in groups of three: `1,160,722`.
#[derive(Debug, Clone, Copy)]
pub struct Grouped<T>(pub T);

impl<T: fmt::Display> fmt::Display for Grouped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let digits = text.trim_start_matches('-').len();
        for (at, c) in text.trim_start_matches('-').chars().enumerate() {
            if at == 0 && text.starts_with('-') {
                f.write_str("-")?;
            }
            if at > 0 && (digits - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            fmt::Write::write_char(f, c)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Grouped;

    #[test]
    fn groups_of_three() {
        for (n, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(Grouped(n).to_string(), shown);
        }
    }
}
