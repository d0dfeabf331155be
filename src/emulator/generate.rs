//! `generateContent`, `streamGenerateContent` and `countTokens`. There is no
//! model behind them; the answers say so, and which model would have spoken. What
//! else a prompt can bring about is in [`script`].

mod script;
mod thinking;

use serde_json::{Map, Value, json};

use self::script::Script;
use super::call::{Call, Reply};
use super::catalog;
use super::chance;
use super::datasets::tokens;
use super::error::{Refusal, Violation};
use super::names::Place;
use super::world::World;

/// Whom a prompt is for.
pub(crate) struct Target {
    /// How the answer introduces itself.
    speaker: String,
    model_version: String,
    /// What it was tuned from, or is.
    base: String,
}

/// The model that an endpoint serves.
pub(crate) fn tuned(world: &World, place: &Place, id: &str) -> Result<Target, Refusal> {
    let missing = || {
        Refusal::not_found(format!("The Endpoint `{}` was not found.", place.name("endpoints", id)))
    };
    let endpoint = world.endpoint(place, id).ok_or_else(missing)?;
    let deployed = endpoint.deployed.first().ok_or_else(missing)?;
    let name = format!("{}@{}", place.name("models", &deployed.model), deployed.version);
    let base = world
        .model(place, &deployed.model)
        .and_then(|model| model.versions.iter().find(|version| version.number == deployed.version))
        .map_or("an unknown model", |version| version.base_model.as_str());
    let checkpoint = deployed
        .checkpoint
        .as_ref()
        .map(|checkpoint| format!(", checkpoint {checkpoint}"))
        .unwrap_or_default();
    Ok(Target {
        speaker: format!(
            "the tuned model \"{}\" ({name}{checkpoint}, tuned from {base})",
            endpoint.display_name
        ),
        base: base.to_owned(),
        model_version: name,
    })
}

/// A base model of Google's.
pub(crate) fn base(id: &str) -> Result<Target, Refusal> {
    let base = catalog::find(id).ok_or_else(|| {
        Refusal::not_found(format!(
            "Publisher Model `publishers/google/models/{id}` was not found."
        ))
    })?;
    Ok(Target {
        speaker: format!("the base model {}", base.id),
        model_version: base.id.to_owned(),
        base: base.id.to_owned(),
    })
}

/// `publishers/google/models` and one of them.
pub(crate) fn publisher_models(rest: &[&str]) -> Result<Value, Refusal> {
    let show = |id: &str| json!({"name": format!("publishers/google/models/{id}"), "versionId": "default", "launchStage": "GA"});
    match rest {
        [] => Ok(
            json!({"publisherModels": catalog::all().map(|model| show(model.id)).collect::<Vec<_>>()}),
        ),
        [id] => base(id).map(|_| show(id)),
        _ => Err(Refusal::not_found("The publisher model was not found.")),
    }
}

pub(crate) fn answer(target: &Target, verb: &str, call: &Call) -> Result<Reply, Refusal> {
    if verb == "countTokens" {
        let request = call.read_body("CountTokensRequest")?;
        let prompt = check_contents(&request)?;
        return Ok(Reply::Json(json!({
            "totalTokens": tokens(prompt.characters),
            "totalBillableCharacters": prompt.characters,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens(prompt.characters)}],
        })));
    }
    let request = call.read_body("GenerateContentRequest")?;
    let prompt = check_contents(&request)?;
    let limit = check_config(&request)?;
    let wanted = thinking::tokens(&target.base, thinking_config(&request))?;
    let script = script::asked(&prompt.ending);
    let full = match script {
        Some(Script::Hostile) => script::HOSTILE.to_owned(),
        _ => format!(
            "This is the retune emulator speaking for {}. No model has read your prompt of {} tokens, which ends: {}",
            target.speaker,
            tokens(prompt.characters),
            prompt.ending
        ),
    };
    let limit = limit.unwrap_or(usize::MAX);
    // Thoughts come first, and count.
    let thought = wanted.min(limit as u64);
    let room = limit.saturating_sub(usize::try_from(thought).unwrap_or(usize::MAX));
    // A token is four characters here, so that a limit cuts as it counts.
    let text: String = full.chars().take(room.saturating_mul(4)).collect();
    let finish = if text.len() < full.len() { "MAX_TOKENS" } else { "STOP" };
    const BEGINNING: usize = 24;
    let (text, finish) = match script {
        Some(Script::Safety) => (text.chars().take(BEGINNING).collect(), "SAFETY"),
        Some(Script::Recitation) => (String::new(), "RECITATION"),
        Some(Script::Empty | Script::Call) => (String::new(), "STOP"),
        Some(Script::Blocked | Script::Hostile) | None => (text, finish),
    };
    let blocked = script == Some(Script::Blocked);
    let (asked, said) = (tokens(prompt.characters), tokens(text.chars().count()));
    let said = if blocked { 0 } else { said };
    let thought = if blocked { 0 } else { thought };
    let response_id = format!("emulator-{:016x}", chance::bits(asked, &prompt.ending, said));
    let usage = usage(asked, said, thought);
    let chunk = |text: &str, last: bool| {
        let mut candidate = Map::new();
        let part = match script {
            Some(Script::Call) => Some(json!({"functionCall": {"name": "look_up", "args": {}}})),
            _ => (!text.is_empty()).then(|| json!({"text": text})),
        };
        let mut content = json!({"role": "model"});
        if let (Some(part), Some(content)) = (part, content.as_object_mut()) {
            content.insert("parts".to_owned(), json!([part]));
        }
        candidate.insert("content".to_owned(), content);
        if last {
            candidate.insert("finishReason".to_owned(), Value::from(finish));
            candidate.insert("avgLogprobs".to_owned(), json!(-0.125));
        }
        let mut chunk = Map::new();
        if blocked {
            let feedback = json!({
                "blockReason": "PROHIBITED_CONTENT",
                "blockReasonMessage": "The emulator blocks what asks for it.",
            });
            chunk.insert("promptFeedback".to_owned(), feedback);
        } else {
            chunk.insert("candidates".to_owned(), json!([candidate]));
        }
        if last {
            chunk.insert("usageMetadata".to_owned(), usage.clone());
        }
        chunk.insert("modelVersion".to_owned(), Value::from(target.model_version.as_str()));
        chunk.insert("createTime".to_owned(), Value::from(call.now.rfc3339()));
        chunk.insert("responseId".to_owned(), Value::from(response_id.as_str()));
        Value::Object(chunk)
    };
    if verb == "generateContent" {
        return Ok(Reply::Json(chunk(&text, true)));
    }
    if text.is_empty() || blocked {
        let events = call.query("alt") == Some("sse");
        return Ok(Reply::Stream { chunks: vec![chunk("", true)], events });
    }
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    const CHUNK_WORDS: usize = 12;
    let pieces: Vec<String> = words.chunks(CHUNK_WORDS).map(|words| words.concat()).collect();
    let last = pieces.len().saturating_sub(1);
    let chunks = pieces.iter().enumerate().map(|(at, piece)| chunk(piece, at == last)).collect();
    Ok(Reply::Stream { chunks, events: call.query("alt") == Some("sse") })
}

fn thinking_config(request: &Map<String, Value>) -> Option<&Value> {
    request.get("generationConfig")?.get("thinkingConfig")
}

fn usage(asked: u64, said: u64, thought: u64) -> Value {
    let mut usage = json!({
        "promptTokenCount": asked,
        "totalTokenCount": asked + said + thought,
        "trafficType": "ON_DEMAND",
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}],
    });
    if let Some(usage) = usage.as_object_mut() {
        // What is nothing is left out, as proto JSON does.
        if said > 0 {
            usage.insert("candidatesTokenCount".to_owned(), Value::from(said));
            let details = json!([{"modality": "TEXT", "tokenCount": said}]);
            usage.insert("candidatesTokensDetails".to_owned(), details);
        }
        if thought > 0 {
            usage.insert("thoughtsTokenCount".to_owned(), Value::from(thought));
        }
    }
    usage
}

struct Prompt {
    characters: usize,
    /// The last words of the last turn.
    ending: String,
}

fn check_contents(request: &Map<String, Value>) -> Result<Prompt, Refusal> {
    let contents =
        request.get("contents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if contents.is_empty() {
        return Err(Refusal::invalid("at least one contents field is required"));
    }
    let mut characters = 0;
    let mut last = "";
    for content in contents {
        let role = content.get("role").and_then(Value::as_str).unwrap_or_default();
        if !["user", "model", "function", ""].contains(&role)
            || (role.is_empty() && contents.len() > 1)
        {
            return Err(Refusal::invalid("Please use a valid role: user, model."));
        }
        let (length, text) = check_parts(content)?;
        characters += length;
        last = text;
    }
    if let Some(system) = request.get("systemInstruction") {
        characters += check_parts(system)?.0;
    }
    const ENDING: usize = 200;
    let skip = last.chars().count().saturating_sub(ENDING);
    Ok(Prompt { characters, ending: last.chars().skip(skip).collect() })
}

fn check_parts(content: &Value) -> Result<(usize, &str), Refusal> {
    let parts =
        content.get("parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if parts.is_empty() {
        return Err(Refusal::invalid(
            "Unable to submit request because it must include at least one parts field.",
        ));
    }
    const DATA: &[&str] = &[
        "text",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "executableCode",
        "codeExecutionResult",
    ];
    // About what a picture costs: 258 tokens.
    const MEDIA: usize = 1032;
    let (mut length, mut last) = (0, "");
    for part in parts {
        if !DATA.iter().any(|field| part.get(*field).is_some()) {
            return Err(Refusal::invalid(
                "Unable to submit request because a part must have one initialized field.",
            ));
        }
        match part.get("text").and_then(Value::as_str) {
            Some(text) => {
                length += text.chars().count();
                last = text;
            }
            None => length += MEDIA,
        }
    }
    Ok((length, last))
}

/// Ranges of the generation config; `maxOutputTokens` comes back.
fn check_config(request: &Map<String, Value>) -> Result<Option<usize>, Refusal> {
    let Some(config) = request.get("generationConfig") else { return Ok(None) };
    const RANGES: &[(&str, f64, f64)] = &[
        ("temperature", 0.0, 2.0),
        ("topP", 0.0, 1.0),
        ("topK", 1.0, 40.0),
        ("candidateCount", 1.0, 8.0),
        ("maxOutputTokens", 1.0, 65_536.0),
        ("presencePenalty", -2.0, 2.0),
        ("frequencyPenalty", -2.0, 2.0),
    ];
    let mut violations = Vec::new();
    for (field, from, to) in RANGES {
        let Some(value) = config.get(*field) else { continue };
        if !value.as_f64().is_some_and(|value| (*from..=*to).contains(&value)) {
            let name = super::schema::snake_case(field);
            violations.push(Violation::new(
                format!("generation_config.{name}"),
                format!("Unable to submit request because {name} must be from {from} to {to}, found {value}."),
            ));
        }
    }
    if violations.is_empty() {
        let limit = config.get("maxOutputTokens").and_then(Value::as_u64);
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()))
    } else {
        Err(Refusal::found_errors(violations))
    }
}
