//! What a job's data amounts to (proto `TuningDataStats`). The statistics echo
//! rows of training data, so nothing but a number is ever decoded of them.

use serde_json::value::RawValue;

use super::lenient::{self, Int};

/// The tokens of one pass over the data that are billed. They stand near the
/// beginning, and what follows them is the larger part: it is not looked at.
pub(super) fn billable_tokens(stats: Option<&RawValue>) -> Option<i64> {
    // One of them, by the method of tuning.
    const METHODS: [&str; 2] = ["supervisedTuningDataStats", "preferenceOptimizationDataStats"];
    let tokens = METHODS
        .iter()
        .find_map(|method| lenient::at(stats, &[method, "totalBillableTokenCount"]))?;
    let Int(tokens) = lenient::parse(Some(tokens))?;
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
}
