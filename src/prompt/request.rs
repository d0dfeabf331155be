//! `GenerateContentRequest`, from what the user set.

use serde_json::{Map, Value, json};

use super::media::Media;
use super::thinking::Thinking;

/// How a model is asked. What is not set is not sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// What the model is told before the first turn.
    pub system: Option<String>,
    /// How freely it chooses its words.
    pub temperature: Option<f64>,
    /// From how much of the likely it chooses.
    pub top_p: Option<f64>,
    /// From how many words it chooses.
    pub top_k: Option<f64>,
    /// The most tokens it may answer with, thoughts included.
    pub max_output_tokens: Option<u32>,
    /// What makes its choices come again.
    pub seed: Option<i32>,
    /// How much it may think.
    pub thinking: Thinking,
}

/// One turn of a user: files first, as Google's guides put them, then words.
pub fn turn(text: &str, media: &[Media]) -> Value {
    let mut parts: Vec<Value> = media.iter().map(Media::part).collect();
    if !text.is_empty() || parts.is_empty() {
        parts.push(json!({"text": text}));
    }
    json!([{"role": "user", "parts": parts}])
}

/// The request of these turns to a model tuned from `base_model`. `own` are
/// fields that a line of a file brings itself; they come before the settings.
pub fn body(
    contents: &Value,
    settings: &Settings,
    base_model: Option<&str>,
    own: Map<String, Value>,
) -> Value {
    let Settings { system, temperature, top_p, top_k, max_output_tokens, seed, thinking } =
        settings;
    let mut request = own;
    request.insert("contents".to_owned(), contents.clone());
    if let Some(system) = system {
        let system = json!({"parts": [{"text": system}]});
        request.entry("systemInstruction").or_insert(system);
    }
    // Each by both names that the service's parser takes.
    let set = [
        ("temperature", "temperature", temperature.map(Value::from)),
        ("topP", "top_p", top_p.map(Value::from)),
        ("topK", "top_k", top_k.map(Value::from)),
        ("maxOutputTokens", "max_output_tokens", max_output_tokens.map(Value::from)),
        ("seed", "seed", seed.map(Value::from)),
        ("thinkingConfig", "thinking_config", thinking.config(base_model)),
    ];
    let config = request.entry("generationConfig").or_insert_with(|| json!({}));
    if let Some(config) = config.as_object_mut() {
        for (field, other, value) in set {
            if let Some(value) = value.filter(|_| !config.contains_key(other)) {
                config.entry(field).or_insert(value);
            }
        }
    }
    if config.as_object().is_some_and(Map::is_empty) {
        request.remove("generationConfig");
    }
    Value::Object(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = body(&turn("hi", &[]), &Settings::default(), None, Map::new());
        assert_eq!(request, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));
    }

    #[test]
    fn what_is_set_is_sent_in_the_apis_names() {
        let settings = Settings {
            system: Some("be brief".into()),
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(40.0),
            max_output_tokens: Some(64),
            seed: Some(-7),
            thinking: Thinking::Lowest,
        };
        let media = ["gs://b/a.png".parse().unwrap()];
        let request = body(&turn("what?", &media), &settings, Some("gemini-2.5-flash"), Map::new());
        let expected = json!({
            "contents": [{"role": "user", "parts": [
                {"fileData": {"mimeType": "image/png", "fileUri": "gs://b/a.png"}},
                {"text": "what?"},
            ]}],
            "systemInstruction": {"parts": [{"text": "be brief"}]},
            "generationConfig": {
                "temperature": 0.5, "topP": 0.9, "topK": 40.0, "maxOutputTokens": 64, "seed": -7,
                "thinkingConfig": {"thinkingBudget": 0},
            },
        });
        assert_eq!(request, expected);
    }

    #[test]
    fn what_a_line_brings_itself_comes_before_the_settings() {
        let settings =
            Settings { temperature: Some(0.5), system: Some("s".into()), ..Settings::default() };
        let own = json!({
            "systemInstruction": {"parts": [{"text": "own"}]},
            "generationConfig": {"temperature": 1.5, "seed": 1},
        });
        let own = own.as_object().cloned().unwrap();
        let request = body(&turn("x", &[]), &settings, None, own);
        assert_eq!(request["systemInstruction"]["parts"][0]["text"], "own");
        assert_eq!(request["generationConfig"], json!({"temperature": 1.5, "seed": 1}));
    }

    #[test]
    fn a_lines_own_setting_in_the_other_spelling_is_the_same_setting() {
        let settings = Settings {
            top_p: Some(0.9),
            top_k: Some(40.0),
            max_output_tokens: Some(64),
            seed: Some(7),
            thinking: Thinking::Lowest,
            ..Settings::default()
        };
        let config = json!({"top_p": 0.5, "top_k": 3, "max_output_tokens": 8,
            "thinking_config": {"thinking_budget": 128}});
        let own = json!({"generationConfig": config});
        let own = own.as_object().cloned().unwrap();
        let request = body(&turn("x", &[]), &settings, Some("gemini-2.5-flash"), own);
        let mut expected = config;
        expected["seed"] = json!(7);
        assert_eq!(request["generationConfig"], expected);
    }
}
