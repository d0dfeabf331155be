//! How much a model thinks before it answers, and what of that can be asked for
//! (Google's page on thinking: tokens for Gemini 2.5, levels since Gemini 3).

use serde_json::Value;

use crate::emulator::error::Refusal;

/// Tokens of thought, when the model decides by itself.
const FREELY: u64 = 96;

/// The tokens that `base` would think with this `thinkingConfig`.
pub(super) fn tokens(base: &str, config: Option<&Value>) -> Result<u64, Refusal> {
    let level = config.and_then(|c| c.get("thinkingLevel")).and_then(Value::as_str);
    let budget = config.and_then(|c| c.get("thinkingBudget")).and_then(Value::as_i64);
    let old = base.starts_with("gemini-2");
    match (level, budget) {
        (Some(_), Some(_)) => Err(Refusal::invalid(
            "Unable to submit request because thinking_budget and thinking_level cannot be used \
             together.",
        )),
        (Some(_), None) if old => Err(Refusal::invalid(
            "Unable to submit request because thinking_level is not supported by this model.",
        )),
        (Some("MINIMAL"), None) => Ok(0),
        (Some("LOW"), None) => Ok(FREELY / 3),
        (Some("MEDIUM"), None) => Ok(FREELY / 2),
        (Some(_), None) => Ok(FREELY),
        (None, Some(budget)) => of_budget(base, budget),
        // The one whose own choice is the least level there is.
        (None, None) if base == "gemini-3.5-flash-lite" => Ok(0),
        (None, None) => Ok(FREELY),
    }
}

fn of_budget(base: &str, budget: i64) -> Result<u64, Refusal> {
    let (least, most) = if base == "gemini-2.5-pro" { (128, 32_768) } else { (0, 24_576) };
    match budget {
        -1 => Ok(FREELY),
        0 if least > 0 => Err(Refusal::invalid(
            "Unable to submit request because Thinking can't be disabled for this model. Budget 0 \
             is invalid. This model only works in thinking mode.",
        )),
        budget if (least..=most).contains(&budget) => {
            Ok(u64::try_from(budget).unwrap_or_default().min(FREELY))
        }
        budget => Err(Refusal::invalid(format!(
            "Unable to submit request because the thinking budget {budget} is invalid. Please \
             choose a value between {least} and {most}."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_differ_in_what_they_take() {
        for (base, config, thought) in [
            ("gemini-2.5-flash", json!({}), Some(FREELY)),
            ("gemini-2.5-flash", json!({"thinkingBudget": 0}), Some(0)),
            ("gemini-2.5-flash", json!({"thinkingBudget": 12}), Some(12)),
            ("gemini-2.5-flash", json!({"thinkingBudget": -1}), Some(FREELY)),
            ("gemini-2.5-flash", json!({"thinkingLevel": "LOW"}), None),
            ("gemini-2.5-pro", json!({"thinkingBudget": 0}), None),
            ("gemini-2.5-pro", json!({"thinkingBudget": 12}), None),
            ("gemini-2.5-pro", json!({"thinkingBudget": 128}), Some(FREELY)),
            ("gemini-3.5-flash", json!({"thinkingLevel": "MINIMAL"}), Some(0)),
            ("gemini-3.5-flash", json!({"thinkingLevel": "HIGH"}), Some(FREELY)),
            ("gemini-3.5-flash", json!({"thinkingLevel": "LOW", "thinkingBudget": 1}), None),
            ("gemini-3.5-flash-lite", json!({}), Some(0)),
        ] {
            assert_eq!(tokens(base, Some(&config)).ok(), thought, "{base} {config}");
        }
    }
}
