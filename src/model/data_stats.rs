//! What Vertex counted in a job's dataset (proto `TuningDataStats`): numbers
//! and reasons, never a row of it.

use super::{Grouped, Untrusted};

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

    /// A number of it, for people.
    pub fn figure(self, n: f64) -> String {
        match self {
            _ if n.abs() >= LONG => format!("{n:.2e}"),
            // Interpolated between two examples, it may have a half.
            Self::InputTokens | Self::OutputTokens | Self::Messages => {
                Grouped(n.round()).to_string()
            }
            Self::Scores | Self::ScoreVariance => format!("{n:.2}"),
        }
    }
}

/// From here on neighbouring numbers are an eighth apart, and digits say nothing.
const LONG: f64 = 1e15;

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

/// A bucket as it is drawn. Every number is finite, and from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Where it begins, between the smallest and the largest value of all.
    pub left: f64,
    /// Where it ends, and never before it begins.
    pub right: f64,
    /// How high it is beside the highest.
    pub height: f64,
}

impl Distribution {
    /// The buckets with anything in them, as they are drawn; none where there
    /// is no room between the smallest value and the largest.
    pub fn shares(&self) -> Vec<Share> {
        // By halves, of which no difference is infinite: only shares matter here.
        let half = |n: f64| n / 2.0;
        let (Some(min), Some(max)) = (self.min.map(half), self.max.map(half)) else {
            return Vec::new();
        };
        let room = max - min;
        let highest = self.buckets.iter().map(|bar| bar.count).fold(0.0, f64::max);
        // Half of the smallest number is none.
        if !room.is_finite() || room <= 0.0 {
            return Vec::new();
        }
        let bars = self.buckets.iter().filter(|bar| bar.count > 0.0);
        bars.map(|bar| {
            let left = ((half(bar.left) - min) / room).clamp(0.0, 1.0);
            // The largest value of a bucket is in it.
            let right = ((half(bar.right) - min) / room).clamp(left, 1.0);
            Share { left, right, height: bar.count / highest }
        })
        .collect()
    }
}

#[cfg(test)]
impl Distribution {
    /// Scores between these, in bars of left, right and count.
    pub(crate) fn of_bars(min: f64, max: f64, bars: &[(f64, f64, f64)]) -> Self {
        let bar = |&(left, right, count): &(f64, f64, f64)| Bar { left, right, count };
        Self {
            measure: Measure::Scores,
            sum: None,
            billable_sum: None,
            min: Some(min),
            max: Some(max),
            mean: None,
            median: None,
            p5: None,
            p95: None,
            buckets: bars.iter().map(bar).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_finite_and_in_their_place_whatever_the_numbers() {
        let plain =
            Distribution::of_bars(0.0, 8.0, &[(0.0, 2.0, 4.0), (2.0, 4.0, 0.0), (6.0, 8.0, 1.0)]);
        let share = |left, right, height| Share { left, right, height };
        assert_eq!(plain.shares(), [share(0.0, 0.25, 1.0), share(0.75, 1.0, 0.25)]);

        let wide =
            Distribution::of_bars(-1e308, 1e308, &[(-1e308, 0.0, 1e308), (0.0, 1e308, 1e308)]);
        assert_eq!(wide.shares(), [share(0.0, 0.5, 1.0), share(0.5, 1.0, 1.0)]);

        assert_eq!(Distribution::of_bars(0.0, 5e-324, &[(0.0, 5e-324, 1.0)]).shares(), []);
        assert_eq!(Distribution::of_bars(1.0, 1.0, &[(1.0, 1.0, 1.0)]).shares(), []);

        // Buckets that lie elsewhere than the ends say, and backwards.
        for share in
            Distribution::of_bars(0.0, 1e-323, &[(1e308, -1e308, 1.0), (-1e308, 1e308, 1.0)])
                .shares()
        {
            let Share { left, right, height } = share;
            assert!(0.0 <= left && left <= right && right <= 1.0 && height == 1.0, "{share:?}");
        }
    }
}
