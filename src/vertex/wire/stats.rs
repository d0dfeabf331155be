//! What a job's data amounts to (proto `TuningDataStats`). The statistics echo
//! rows of training data, so nothing but a number is ever decoded of them.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{self, Double, Int, Maybe};
use crate::model::{Bar, DataStats, Distribution, DroppedRow, Measure, Untrusted};

/// One of them, by the method of tuning.
const METHODS: [&str; 2] = ["supervisedTuningDataStats", "preferenceOptimizationDataStats"];

/// The tokens of one pass over the data that are billed. They stand near the
/// beginning, and what follows them is the larger part: it is not looked at.
pub(super) fn billable_tokens(stats: Option<&RawValue>) -> Option<i64> {
    let tokens = METHODS
        .iter()
        .find_map(|method| lenient::at(stats, &[method, "totalBillableTokenCount"]))?;
    let Int(tokens) = lenient::parse(Some(tokens))?;
    (tokens >= 0).then_some(tokens)
}

/// Either method's statistics, less the rows that they echo: those have no
/// field here, so no text of theirs is ever built.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_dataset_example_count: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    tuning_step_count: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    total_tuning_character_count: Option<Int>,
    /// "Truncated" means left out (the field's own description).
    #[serde(default, deserialize_with = "lenient::field")]
    total_truncated_example_count: Option<Int>,
    #[serde(default, deserialize_with = "lenient::field")]
    truncated_example_indices: Option<Vec<Maybe<Int>>>,
    #[serde(default, deserialize_with = "lenient::field")]
    dropped_example_indices: Option<Vec<Maybe<Int>>>,
    #[serde(default, deserialize_with = "lenient::field")]
    dropped_example_reasons: Option<Vec<Maybe<String>>>,
    #[serde(borrow)]
    user_input_token_distribution: Option<&'a RawValue>,
    #[serde(borrow)]
    user_output_token_distribution: Option<&'a RawValue>,
    #[serde(borrow)]
    user_message_per_example_distribution: Option<&'a RawValue>,
    #[serde(borrow)]
    scores_distribution: Option<&'a RawValue>,
    #[serde(borrow)]
    score_variance_per_example_distribution: Option<&'a RawValue>,
}

/// Everything of a job's statistics that may be shown.
pub(super) fn data_stats(stats: Option<&RawValue>) -> Option<DataStats> {
    let of = |method: &&str| lenient::message(lenient::at(stats, &[method]));
    let stats: Stats<'_> = METHODS.iter().find_map(of)?;
    let count = |n: Option<Int>| n.map(|Int(n)| n).filter(|n| *n >= 0);
    let indices = stats.truncated_example_indices.or(stats.dropped_example_indices);
    let mut reasons: VecDeque<_> = stats.dropped_example_reasons.unwrap_or_default().into();
    let dropped_rows: Vec<DroppedRow> = indices
        .unwrap_or_default()
        .into_iter()
        .filter_map(|Maybe(row)| {
            // Taken also where the row cannot be read: they go in parallel.
            let reason = reasons.pop_front().and_then(|Maybe(reason)| reason);
            Some(DroppedRow { row: row?.0, reason: reason.map(Untrusted::new) })
        })
        .collect();
    let distributions = [
        (Measure::InputTokens, stats.user_input_token_distribution),
        (Measure::OutputTokens, stats.user_output_token_distribution),
        (Measure::Messages, stats.user_message_per_example_distribution),
        (Measure::Scores, stats.scores_distribution),
        (Measure::ScoreVariance, stats.score_variance_per_example_distribution),
    ];
    Some(DataStats {
        examples: count(stats.tuning_dataset_example_count),
        steps: count(stats.tuning_step_count),
        characters: count(stats.total_tuning_character_count),
        dropped: count(stats.total_truncated_example_count)
            .or(i64::try_from(dropped_rows.len()).ok().filter(|rows| *rows > 0)),
        dropped_rows,
        distributions: distributions
            .into_iter()
            .filter_map(|(measure, raw)| Some(distribution(measure, lenient::message(raw)?)))
            .collect(),
    })
}

/// Both methods' `…DatasetDistribution`: sums are doubles in one and int64 in
/// the other, and so are the counts of buckets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spread {
    #[serde(default, deserialize_with = "lenient::field")]
    sum: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    billable_sum: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    min: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    max: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    mean: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    median: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    p5: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    p95: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    buckets: Option<Vec<Maybe<Bucket>>>,
}

/// Proto JSON leaves out a bound or a count of 0.
#[derive(Deserialize)]
struct Bucket {
    #[serde(default, deserialize_with = "lenient::field")]
    left: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    right: Option<Double>,
    #[serde(default, deserialize_with = "lenient::field")]
    count: Option<Double>,
}

fn distribution(measure: Measure, spread: Spread) -> Distribution {
    let Spread { sum, billable_sum, min, max, mean, median, p5, p95, buckets } = spread;
    let finite = |n: Option<Double>| n.map(|Double(n)| n).filter(|n| n.is_finite());
    let bar = |Maybe(bucket): Maybe<Bucket>| {
        let Bucket { left, right, count } = bucket?;
        let or_zero = |n: Option<Double>| n.map_or(Some(0.0), |n| finite(Some(n)));
        let bar = Bar { left: or_zero(left)?, right: or_zero(right)?, count: or_zero(count)? };
        (bar.count >= 0.0 && bar.left <= bar.right).then_some(bar)
    };
    Distribution {
        measure,
        sum: finite(sum),
        billable_sum: finite(billable_sum),
        min: finite(min),
        max: finite(max),
        mean: finite(mean),
        median: finite(median),
        p5: finite(p5),
        p95: finite(p95),
        buckets: buckets.unwrap_or_default().into_iter().filter_map(bar).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_from_either_method_and_from_nothing_else() {
        for (stats, tokens) in [
            (r#"{"supervisedTuningDataStats":{"totalBillableTokenCount":"255243"}}"#, Some(255243)),
            (r#"{"preferenceOptimizationDataStats":{"totalBillableTokenCount":7}}"#, Some(7)),
            (
                r#"{"a":[{}],"supervisedTuningDataStats":
                    {"b":"}","totalBillableTokenCount":"1","c":{"totalBillableTokenCount":"2"}}}"#,
                Some(1),
            ),
            (
                r#"{"supervisedTuningDataStats":null,
                    "preferenceOptimizationDataStats":{"totalBillableTokenCount":"3"}}"#,
                Some(3),
            ),
            (r#"{"totalBillableTokenCount":"9"}"#, None),
            (r#"{"supervisedTuningDataStats":{"a":{"totalBillableTokenCount":"9"}}}"#, None),
            (r#"{"supervisedTuningDataStats":{"totalBillableTokenCount":"-1"}}"#, None),
            (r#"{"supervisedTuningDataStats":{"totalBillableTokenCount":[]}}"#, None),
            (r#"{"supervisedTuningDataStats":{"totalBillableCharacterCount":"9"}}"#, None),
            (r#"{"supervisedTuningDataStats":["9"]}"#, None),
            (r#"{"distillationDataStats":{"totalBillableTokenCount":"9"}}"#, None),
            (r#"[{"totalBillableTokenCount":"9"}]"#, None),
            ("null", None),
        ] {
            let raw: Option<&RawValue> = Some(serde_json::from_str(stats).unwrap());
            assert_eq!(billable_tokens(raw), tokens, "{stats}");
        }
    }
    #[test]
    fn everything_but_the_rows_is_read() {
        let stats = r#"{"supervisedTuningDataStats": {
            "tuningDatasetExampleCount": "500", "tuningStepCount": "252",
            "totalTruncatedExampleCount": "7",
            "truncatedExampleIndices": ["3", {}, "12"],
            "droppedExampleReasons": ["too long", "lost", "has \u001b[2J"],
            "userDatasetExamples": [{"role": "user", "parts": [{"text": "a secret row"}]}],
            "userInputTokenDistribution": {
                "sum": "233592", "billableSum": "233592", "min": 25, "max": 2932, "p5": "NaN",
                "buckets": [{"count": 326, "left": 25, "right": 509}, {"right": 9, "count": "x"}, 7,
                            {"count": 1, "left": 5, "right": 2}]}}}"#;
        let raw: &RawValue = serde_json::from_str(stats).unwrap();
        let stats = data_stats(Some(raw)).unwrap();
        assert_eq!((stats.examples, stats.steps, stats.dropped), (Some(500), Some(252), Some(7)));
        let rows: Vec<_> = stats
            .dropped_rows
            .iter()
            .map(|dropped| (dropped.row, dropped.reason.as_ref().map(Untrusted::raw)))
            .collect();
        assert_eq!(rows, [(3, Some("too long")), (12, Some("has \u{1b}[2J"))]);
        let [input] = stats.distributions.as_slice() else { panic!("{stats:?}") };
        assert_eq!((input.sum, input.max, input.p5), (Some(233592.0), Some(2932.0), None));
        let bar = |left, right, count| Bar { left, right, count };
        assert_eq!(input.buckets, [bar(25.0, 509.0, 326.0), bar(0.0, 9.0, 0.0)]);
        assert!(!format!("{stats:?}").contains("secret"));
    }

    #[test]
    fn preference_tuning_counts_what_it_names() {
        let stats = r#"{"preferenceOptimizationDataStats": {"droppedExampleIndices": ["4"],
            "scoresDistribution": {"sum": 2.0, "buckets": [{"count": "2", "right": 1}]}}}"#;
        let raw: &RawValue = serde_json::from_str(stats).unwrap();
        let stats = data_stats(Some(raw)).unwrap();
        assert_eq!(stats.dropped, Some(1));
        assert_eq!(stats.distributions[0].measure, Measure::Scores);
        assert_eq!(data_stats(Some(serde_json::from_str("[]").unwrap())), None);
    }
}
