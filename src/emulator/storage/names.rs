//! What buckets and objects may be called.

use super::refusal::Refusal;

/// 3 to 63 lower-case letters, digits, `-`, `_` and `.`, with a letter or
/// digit at both ends; with dots, up to 222. Keeps names usable as directory
/// names too: none is `..` or has a slash.
pub(super) fn is_bucket_name(name: &str) -> bool {
    let longest = if name.contains('.') { 222 } else { 63 };
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=longest).contains(&name.len())
        && name.chars().all(|c| edge(c) || matches!(c, '-' | '_' | '.'))
        && name.starts_with(edge)
        && name.ends_with(edge)
        && !name.contains("..")
}

/// 1 to 1024 bytes without line ends, and not `.` or `..`.
pub(super) fn check_object_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::Invalid("Required parameter: name".to_owned()));
    }
    if name.len() > 1024 || name.contains(['\r', '\n']) || matches!(name, "." | "..") {
        return Err(Refusal::Invalid("The specified object name is not valid.".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        for name in ["acme", "a.b", "0-0_0"] {
            assert!(is_bucket_name(name), "{name}");
        }
        for name in ["ab", "Acme", "..", "a..b", "-acme", "acme.", "a/b/c"] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }

    #[test]
    fn object_names() {
        for name in ["a", "a/b", ".../x", "ü 1"] {
            assert!(check_object_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a\nb", &"x".repeat(1025)] {
            assert!(check_object_name(name).is_err(), "{name}");
        }
    }
}
