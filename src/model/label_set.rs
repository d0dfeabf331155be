//! The labels of one job or model.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Text;

/// Labels by key, sorted. A copy takes no memory until it is changed: of
/// thousands of jobs and models, many have the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Labels(Arc<[(Text, Text)]>);

impl Labels {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.find(key).ok()?;
        self.0.get(at).map(|(_, value)| value.as_str())
    }

    /// As [`Labels::get`], to be kept.
    pub fn text(&self, key: &str) -> Option<Text> {
        let at = self.find(key).ok()?;
        self.0.get(at).map(|(_, value)| value.clone())
    }

    /// Whether there is a label with this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: impl Into<Text>, value: impl Into<Text>) {
        self.extend([(key, value)]);
    }

    /// Every key with its value.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The same, to be shared.
    pub fn texts(&self) -> &[(Text, Text)] {
        &self.0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Text>, V: Into<Text>> Extend<(K, V)> for Labels {
    /// What comes later wins.
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, labels: I) {
        let mut all = self.0.to_vec();
        all.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        // Of equal keys the last one first, and then it alone.
        all.reverse();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(a, _), (b, _)| a == b);
        self.0 = all.into();
    }
}

impl<K: Into<Text>, V: Into<Text>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(labels: I) -> Self {
        let mut all = Self::default();
        all.extend(labels);
        all
    }
}

impl<K: Into<Text>, V: Into<Text>, const N: usize> From<[(K, V); N]> for Labels {
    fn from(labels: [(K, V); N]) -> Self {
        labels.into_iter().collect()
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<Text, Text>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_wins_and_keys_are_sorted() {
        let mut labels = Labels::from([("b", "1"), ("a", "2"), ("b", "3")]);
        labels.insert("c", "4");
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "2"), ("b", "3"), ("c", "4")]);
        assert_eq!((labels.get("c"), labels.get("d")), (Some("4"), None));
        assert_eq!(serde_json::to_string(&labels).unwrap(), r#"{"a":"2","b":"3","c":"4"}"#);
    }
}
