//! What Vertex counted in a job's dataset (proto `TuningDataStats`): numbers
//! and reasons, never a row of it.

use super::Untrusted;

/// The statistics of a dataset, of either method of tuning. Anything that the
/// answer lacks is `None`, or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataStats {
    /// Examples that are trained on.
    pub examples: Option<i64>,
    /// Steps of the whole run.
    pub steps: Option<i64>,
    /// Characters of one pass over the data.
    pub characters: Option<i64>,
    /// Examples that were left out. Preference tuning gives no number, so it
    /// is at least that of the rows below.
    pub dropped: Option<i64>,
    /// Some of them.
    pub dropped_rows: Vec<DroppedRow>,
    /// How long examples are, in the order of [`Measure`].
    pub distributions: Vec<Distribution>,
}

/// A row of the dataset that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedRow {
    /// Its number in the file, from 1.
    pub row: i64,
    /// Why, in the service's words.
    pub reason: Option<Untrusted>,
}

/// What is distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Tokens of what the user says in an example.
    InputTokens,
    /// Tokens of what the model is to say.
    OutputTokens,
    /// Messages of an example.
    Messages,
    /// Scores of completions, of preference tuning.
    Scores,
    /// How far the scores of one example are apart.
    ScoreVariance,
}

impl Measure {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::InputTokens => "input tokens",
            Self::OutputTokens => "output tokens",
            Self::Messages => "messages",
            Self::Scores => "scores",
            Self::ScoreVariance => "score variance",
        }
    }

    /// For programs.
    pub fn key(self) -> &'static str {
        match self {
            Self::InputTokens => "inputTokens",
            Self::OutputTokens => "outputTokens",
            Self::Messages => "messages",
            Self::Scores => "scores",
            Self::ScoreVariance => "scoreVariance",
        }
    }
}

/// How a measure of the examples is distributed. Every number is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// Of what.
    pub measure: Measure,
    /// All of it.
    pub sum: Option<f64>,
    /// What of it is billed, for one pass.
    pub billable_sum: Option<f64>,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
    /// The median.
    pub median: Option<f64>,
    /// The 5th percentile.
    pub p5: Option<f64>,
    /// The 95th percentile.
    pub p95: Option<f64>,
    /// The histogram, from left to right. Buckets without examples may be
    /// left out (a recorded answer of the service jumps from 1963 to 2449).
    pub buckets: Vec<Bar>,
}

/// A bucket of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// The smallest value in it.
    pub left: f64,
    /// The largest.
    pub right: f64,
    /// How many examples.
    pub count: f64,
}
