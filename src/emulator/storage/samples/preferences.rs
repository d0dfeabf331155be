//! Pairs of answers to the same question, the better one marked.

use serde_json::{Value, json};

use super::draw::{Draw, turn};
use super::support;

const SYSTEM: &str = "You answer customers of Birchwood, an online shop for kitchen goods.";

/// Answers nobody wants to get.
const POOR: [&str; 6] = [
    "Please read the help pages. Everything is explained there.",
    "We have received your message and will handle it in due course.",
    "This is not our fault. Contact the manufacturer.",
    "Your request could be many things. Can you explain it again from the start, with all details?",
    "As stated in section 7 of our terms and conditions, there is nothing we can do at this time.",
    "Hi! Great question! We love questions! Our team is super happy that you wrote to us today!",
];

/// A question with two answers.
pub(super) fn row(draw: &mut Draw) -> Value {
    let (question, good) = support::exchange(draw);
    let poor = draw.pick(&POOR);
    let mut completions = vec![
        json!({"score": 1, "completion": turn("model", &good)}),
        json!({"score": 0, "completion": turn("model", poor)}),
    ];
    // The order must not give the better one away.
    if draw.fraction() < 0.5 {
        completions.reverse();
    }
    json!({
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": [turn("user", &question)],
        "completions": completions,
    })
}
