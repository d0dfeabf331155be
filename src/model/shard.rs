//! A part of the tuned models, for one of several processes.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::Name;

/// `2/3`: the second of three parts. Which part a name is in depends on the name
/// and on how many parts there are, and on nothing else: no manifest that comes
/// or goes moves another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    index: NonZeroU32,
    of: NonZeroU32,
}

/// A text that is no part of anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard: expected I/N with 1 <= I <= N, such as 1/3")]
pub struct ShardError(String);

impl Shard {
    /// Whether a name is in this part.
    pub fn contains(&self, name: &Name) -> bool {
        let hash = Sha256::digest(name.as_str().as_bytes());
        let first = hash.iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        first % u64::from(self.of.get()) == u64::from(self.index.get() - 1)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parse = || {
            let (index, of) = text.split_once('/')?;
            let (index, of): (NonZeroU32, NonZeroU32) = (index.parse().ok()?, of.parse().ok()?);
            (index <= of).then_some(Self { index, of })
        };
        parse().ok_or_else(|| ShardError(text.to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_exactly_one_part() {
        let parts: Vec<Shard> = (1..=5).map(|i| format!("{i}/5").parse().unwrap()).collect();
        let mut sizes = [0; 5];
        for n in 0..1000 {
            let name: Name = format!("model-{n}").parse().unwrap();
            let of: Vec<_> = (0..5).filter(|&i| parts[i].contains(&name)).collect();
            assert_eq!(of.len(), 1, "{name}");
            sizes[of[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (150..250).contains(size)), "{sizes:?}");
    }

    #[test]
    fn where_a_name_belongs_never_changes() {
        let part = |i: u32| format!("{i}/3").parse::<Shard>().unwrap();
        let of = |name: &str| (1..=3).find(|i| part(*i).contains(&name.parse().unwrap()));
        assert_eq!(
            ["faq", "router", "triage", "summariser"].map(of),
            [Some(1), Some(2), Some(3), Some(2)]
        );
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["", "1", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/3/3", " 1/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
