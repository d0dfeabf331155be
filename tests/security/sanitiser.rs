//! X7: what the one type for foreign text promises, for any text.

use proptest::prelude::*;
use retune::model::{Untrusted, inert_json};

use crate::hostile::{HOSTILE, is_harmful};

#[test]
fn every_character_is_itself_or_a_visible_escape() {
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let shown = Untrusted::new(String::from(c)).shown().to_string();
        let expected = match c {
            '\t' | '\n' | '\r' => " ".to_owned(),
            c if is_harmful(c) => format!("\\u{{{:x}}}", u32::from(c)),
            c => c.to_string(),
        };
        assert_eq!(shown, expected, "U+{:04X}", u32::from(c));
    }
}

proptest! {
    #[test]
    fn shown_text_is_one_inert_line_that_loses_nothing(
        texts in prop::collection::vec(
            prop_oneof![any::<String>(), Just(HOSTILE.to_owned()), "[\u{0}-\u{9f}]{0,20}"],
            0..4,
        )
    ) {
        let text = texts.concat();
        let untrusted = Untrusted::new(text.as_str());
        let shown = untrusted.shown().to_string();
        prop_assert!(shown.chars().all(|c| !is_harmful(c)), "{shown:?}");
        prop_assert!(shown.chars().count() >= text.chars().count());
        prop_assert_eq!(untrusted.raw(), text.as_str());
        // Showing it twice is showing it once.
        prop_assert_eq!(Untrusted::new(shown.as_str()).shown().to_string(), shown);
        let json = serde_json::json!({ "key": text, text.as_str(): [text] });
        let inert = inert_json(&format!("{json:#}"));
        prop_assert!(inert.chars().all(|c| c == '\n' || !is_harmful(c)), "{inert:?}");
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&inert).unwrap(), json);
    }
}
