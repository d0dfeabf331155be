//! The bucket that claims are kept in.

use std::fmt;
use std::str::FromStr;

/// A bucket, written `gs://NAME`, with no path below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket(String);

impl Bucket {
    /// The pattern of the grammar, for a schema. Each dot has something after it.
    pub const PATTERN: &str = r"^gs://[a-z0-9](\.?[a-z0-9_-]){1,61}[a-z0-9]$";

    /// The bucket's name, without `gs://`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A text that is not a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Without `gs://`.
    #[error("`{0}` is not a bucket: write `gs://NAME`")]
    Scheme(String),
    /// With something below the bucket.
    #[error("`{text}` has a path, and claims have their own: write `gs://{name}`")]
    Path {
        /// What was written.
        text: String,
        /// The part that names the bucket.
        name: String,
    },
    /// With letters or a length that no bucket has.
    #[error(
        "`{0}` is not a bucket: its name has 3 to 63 of a-z, 0-9, `-` and `_`, with single dots \
         between them, and starts and ends with a letter or digit"
    )]
    Name(String),
}

impl FromStr for Bucket {
    type Err = BucketError;

    fn from_str(text: &str) -> Result<Self, BucketError> {
        let name = text.strip_prefix("gs://").ok_or_else(|| BucketError::Scheme(text.into()))?;
        if let Some((name, _)) = name.split_once('/')
            && !name.is_empty()
        {
            return Err(BucketError::Path { text: text.into(), name: name.into() });
        }
        let edge = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = name.as_bytes();
        let dots = bytes.iter().filter(|&&b| b == b'.').count();
        let good = (3..=63).contains(&(bytes.len() - dots))
            && bytes.iter().all(|&b| edge(b) || b"-_.".contains(&b))
            && bytes.first().is_some_and(|&b| edge(b))
            && matches!(bytes, [.., before, last] if edge(*last) && *before != b'.')
            && !name.contains("..");
        if good { Ok(Self(name.to_owned())) } else { Err(BucketError::Name(text.into())) }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_name_and_no_path() {
        let dotted = format!("gs://a{}", ".a".repeat(61) + "a");
        for good in ["gs://acme-ml-retune", "gs://a.bc", "gs://0_0", dotted.as_str()] {
            assert_eq!(good.parse::<Bucket>().unwrap().to_string(), good);
        }
        let long = format!("gs://{}", "a".repeat(64));
        for (bad, says) in [
            ("acme", "write `gs://NAME`"),
            ("s3://acme", "write `gs://NAME`"),
            ("GS://acme", "write `gs://NAME`"),
            ("gs://acme/claims", "write `gs://acme`"),
            ("gs://acme/", "write `gs://acme`"),
            ("gs:///x", "not a bucket"),
            ("gs://", "not a bucket"),
            ("gs://ab", "3 to 63"),
            ("gs://Acme", "a-z, 0-9"),
            ("gs://a..bc", "not a bucket"),
            ("gs://abc.d", "not a bucket"),
            ("gs://-acme", "starts and ends"),
            ("gs://acme?x", "not a bucket"),
            ("gs://acme ", "not a bucket"),
            ("gs://acm%2e", "not a bucket"),
            (long.as_str(), "3 to 63"),
        ] {
            let error = bad.parse::<Bucket>().unwrap_err().to_string();
            assert!(error.contains(says), "{bad}: {error}");
        }
    }

    /// A bucket that fitted the schema and could not be read would be no bucket
    /// at all, and nothing would be claimed.
    #[test]
    fn the_pattern_and_the_parser_agree() {
        let pattern = regex::Regex::new(Bucket::PATTERN).unwrap();
        let letters = ['a', '0', '-', '_', '.', 'A', '/', ' '];
        let mut names = vec![String::new()];
        for _ in 0..6 {
            let longer = names.iter().flat_map(|name| letters.map(|l| format!("{name}{l}")));
            names = longer.collect();
            // All of the short ones, every seventh of the long ones.
            for name in names.iter().step_by(if names.len() > 5_000 { 7 } else { 1 }) {
                let text = format!("gs://{name}");
                assert_eq!(text.parse::<Bucket>().is_ok(), pattern.is_match(&text), "{text}");
            }
        }
        for length in 60..67 {
            for text in
                ["a".repeat(length), format!("{}.b", "a".repeat(length)), ".a".repeat(length)]
            {
                let text = format!("gs://a{text}");
                assert_eq!(text.parse::<Bucket>().is_ok(), pattern.is_match(&text), "{text}");
            }
        }
    }
}
