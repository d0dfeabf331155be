//! `1 job`, `2 jobs`.

/// A number and what it counts, in the singular or the plural.
pub(super) fn count(number: impl TryInto<u64>, what: &str) -> String {
    match number.try_into() {
        Ok(1) => format!("1 {what}"),
        Ok(number) => format!("{number} {what}s"),
        // Below zero: nothing that is counted is.
        Err(_) => format!("no {what}s"),
    }
}
