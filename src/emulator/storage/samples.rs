//! Sample datasets, so that a first manifest has something to train on.
//!
//! The rows are put together from phrases by a seed: the same seed gives the
//! same bytes, generations and checksums in every process. Names follow where
//! people look: `gs://cloud-samples-data/…` is what Google's notebooks train
//! on (the rows there are ours, not Google's), `gs://retune-samples/…` is what
//! retune's own examples name.
//!
//! `gs://retune-samples/faults/…` and `…/curves/…` hold ordinary rows; the
//! emulator decides by the name how a job trained on them ends, and what its
//! curves are like.

mod draw;
mod preferences;
mod summaries;
mod support;
mod tickets;

use std::sync::OnceLock;

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::Value;

pub(crate) use self::draw::Draw;
use super::object::{Object, Settings, checksums};

/// When the samples were made, as far as their metadata says: 2026-01-05.
const MADE: Timestamp = Timestamp::constant(1_767_571_200, 0);

const GOOGLE: &str = "cloud-samples-data";
const OWN: &str = "retune-samples";

/// One sample object: its bucket, its name, how many rows, and what they are.
type Entry = (&'static str, &'static str, usize, fn(&mut Draw) -> Value);

/// Every sample, by bucket and name, both in order: listings rely on it.
///
/// Training sets have the few hundred rows that Google recommends as a start,
/// validation sets a quarter to a third of that.
const CATALOGUE: [Entry; 20] = [
    (GOOGLE, "ai-platform/generative_ai/gemini-2_0/text/sft_train_data.jsonl", 500, summaries::row),
    (
        GOOGLE,
        "ai-platform/generative_ai/gemini-2_0/text/sft_validation_data.jsonl",
        100,
        summaries::row,
    ),
    (GOOGLE, "ai-platform/generative_ai/sft_train_data.jsonl", 500, summaries::row),
    (GOOGLE, "ai-platform/generative_ai/sft_validation_data.jsonl", 100, summaries::row),
    (OWN, "curves/in-cloud-storage.jsonl", 100, support::row),
    (OWN, "curves/long.jsonl", 100, support::row),
    (OWN, "curves/nan.jsonl", 100, support::row),
    (OWN, "curves/no-experiment.jsonl", 100, support::row),
    (OWN, "curves/overfit.jsonl", 100, support::row),
    (OWN, "faults/expire.jsonl", 100, support::row),
    (OWN, "faults/fail-with-model.jsonl", 100, support::row),
    (OWN, "faults/fail.jsonl", 100, support::row),
    (OWN, "faults/internal.jsonl", 100, support::row),
    (OWN, "preferences/train.jsonl", 200, preferences::row),
    (OWN, "summaries/train.jsonl", 300, summaries::row),
    (OWN, "summaries/validation.jsonl", 100, summaries::row),
    (OWN, "support-faq/train.jsonl", 320, support::row),
    (OWN, "support-faq/validation.jsonl", 100, support::row),
    (OWN, "ticket-router/train.jsonl", 400, tickets::row),
    (OWN, "ticket-router/validation.jsonl", 100, tickets::row),
];

/// The sample buckets. An object is built when it is first looked at.
#[derive(Debug)]
pub(crate) struct Samples {
    seed: u64,
    built: [OnceLock<(Object, Bytes)>; CATALOGUE.len()],
}

impl Samples {
    /// The samples of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, built: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// Whether a bucket is one of the sample buckets.
    pub(crate) fn has(&self, bucket: &str) -> bool {
        self.buckets().any(|(name, _)| name == bucket)
    }

    /// The buckets and when they were made.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&'static str, Timestamp)> + use<> {
        [GOOGLE, OWN].into_iter().map(|bucket| (bucket, MADE))
    }

    /// The names in a bucket, in order.
    pub(crate) fn names(&self, bucket: &str) -> impl Iterator<Item = &'static str> {
        CATALOGUE.iter().filter(move |entry| entry.0 == bucket).map(|entry| entry.1)
    }

    /// An object and its content.
    pub(crate) fn get(&self, bucket: &str, name: &str) -> Option<(Object, Bytes)> {
        let wanted = |entry: &Entry| entry.0 == bucket && entry.1 == name;
        let index = CATALOGUE.iter().position(wanted)?;
        let (entry, cell) = CATALOGUE.get(index).zip(self.built.get(index))?;
        Some(cell.get_or_init(|| build(self.seed, entry)).clone())
    }
}

fn build(seed: u64, (bucket, name, rows, row): &Entry) -> (Object, Bytes) {
    let mut draw = Draw::new(seed, name);
    let mut content = String::new();
    for _ in 0..*rows {
        content.push_str(&row(&mut draw).to_string());
        content.push('\n');
    }
    let content = Bytes::from(content);
    let (crc32c, md5) = checksums(&content);
    let object = Object {
        bucket: (*bucket).to_owned(),
        name: (*name).to_owned(),
        // Differs with the seed, because the content does.
        generation: (MADE.as_microsecond() as u64).wrapping_add(seed % 1_000_000),
        metageneration: 1,
        size: content.len() as u64,
        crc32c,
        md5: Some(md5),
        time_created: MADE,
        updated: MADE,
        settings: Settings {
            content_type: Some("application/jsonl".to_owned()),
            ..Settings::default()
        },
    };
    (object, content)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rows(name: &str) -> Vec<Value> {
        let (_, content) = Samples::new(7).get(OWN, name).unwrap();
        content
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn catalogue_is_in_order() {
        assert!(CATALOGUE.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn same_seed_same_bytes() {
        let get = |seed| Samples::new(seed).get(OWN, "support-faq/train.jsonl").unwrap();
        assert_eq!(get(1), get(1));
        assert_ne!(get(1).0.crc32c, get(2).0.crc32c);
        let other = Samples::new(1).get(OWN, "support-faq/validation.jsonl").unwrap();
        assert_ne!(get(1).1.get(..2000), other.1.get(..2000));
    }

    #[test]
    fn rows_are_what_tuning_takes() {
        for (_, name, count, _) in
            CATALOGUE.iter().filter(|entry| entry.0 == OWN && entry.1 != "preferences/train.jsonl")
        {
            let rows = rows(name);
            assert_eq!(rows.len(), *count);
            for row in &rows {
                assert!(row["systemInstruction"]["parts"][0]["text"].is_string());
                let turns: Vec<_> = row["contents"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|turn| turn["role"].as_str().unwrap())
                    .collect();
                assert_eq!(turns.first(), Some(&"user"));
                assert_eq!(turns.last(), Some(&"model"));
            }
            let different: BTreeSet<_> = rows.iter().map(Value::to_string).collect();
            assert!(
                different.len() * 10 >= rows.len() * 9,
                "{name}: {} of {}",
                different.len(),
                rows.len()
            );
        }
    }

    #[test]
    fn preferences_have_one_of_each_score() {
        for row in rows("preferences/train.jsonl") {
            assert_eq!(row["contents"].as_array().unwrap().last().unwrap()["role"], "user");
            let mut scores: Vec<_> = row["completions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["score"].as_i64())
                .collect();
            scores.sort();
            assert_eq!(scores, [Some(0), Some(1)]);
        }
    }
}
