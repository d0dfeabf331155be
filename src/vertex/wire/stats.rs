//! What a job's data amounts to (proto `TuningDataStats`). The statistics echo
//! rows of training data, so nothing but a number is ever decoded of them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{self, Int};

/// One of them, by the method of tuning.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats<'a> {
    #[serde(borrow)]
    supervised_tuning_data_stats: Option<&'a RawValue>,
    #[serde(borrow)]
    preference_optimization_data_stats: Option<&'a RawValue>,
}

/// Protos `SupervisedTuningDataStats` and `PreferenceOptimizationDataStats`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Totals<'a> {
    #[serde(borrow)]
    total_billable_token_count: Option<&'a RawValue>,
}

/// The tokens of one pass over the data that are billed.
pub(super) fn billable_tokens(stats: Option<&RawValue>) -> Option<i64> {
    let Stats { supervised_tuning_data_stats, preference_optimization_data_stats } =
        lenient::message(stats)?;
    let stats = supervised_tuning_data_stats.or(preference_optimization_data_stats);
    let Totals { total_billable_token_count } = lenient::message(stats)?;
    let Int(tokens) = lenient::parse(total_billable_token_count)?;
    (tokens >= 0).then_some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_from_either_method_and_from_nothing_else() {
        for (stats, tokens) in [
            (r#"{"supervisedTuningDataStats":{"totalBillableTokenCount":"255243"}}"#, Some(255243)),
            (r#"{"preferenceOptimizationDataStats":{"totalBillableTokenCount":7}}"#, Some(7)),
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
}
