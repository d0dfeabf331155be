//! Where training datasets are, and what the service learns from one: how
//! many examples, how many tokens, and whether a row cannot be used.
//!
//! Which bad rows the service drops and which fail the job is documented for
//! over-long ones only (dropped; more than a tenth of them fail the job). Here
//! a row that is not an example at all fails the job.

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Value, json};

use super::chance;
use super::storage::ObjectStore;

/// Google's supervised tuning page: tokens per example, input and output.
const LONGEST_EXAMPLE: u64 = 131_072;
/// How many examples and indices an answer samples.
const SAMPLE: usize = 3;

/// The training data a job may name.
pub(crate) struct Datasets {
    pub(crate) objects: Arc<ObjectStore>,
    pub(crate) assume: bool,
}

impl Datasets {
    /// Whether `uri` is a dataset: a JSONL object that is there, or the name
    /// of a Vertex multimodal dataset.
    pub(crate) fn has(&self, uri: &str) -> bool {
        let parts: Vec<&str> = uri.split('/').collect();
        if let ["projects", project, "locations", location, "datasets", id] = parts.as_slice() {
            return !project.is_empty() && !location.is_empty() && !id.is_empty();
        }
        let Some((bucket, name)) = split_gs(uri).filter(|(_, name)| name.ends_with(".jsonl"))
        else {
            return false;
        };
        let assumed = self.assume && !self.objects.has_bucket(bucket);
        assumed || self.objects.object(bucket, name).is_some()
    }

    pub(crate) fn bytes(&self, uri: &str) -> Option<Bytes> {
        let (bucket, name) = split_gs(uri)?;
        self.objects.bytes(bucket, name)
    }
}

fn split_gs(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix("gs://")?
        .split_once('/')
        .filter(|(bucket, name)| !bucket.is_empty() && !name.is_empty())
}

/// What a dataset holds.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) examples: u64,
    /// Why the service refuses the dataset once it has read it.
    pub(crate) defect: Option<String>,
    /// Row numbers from 1.
    dropped: Vec<u64>,
    characters: u64,
    input: Vec<u64>,
    output: Vec<u64>,
    messages: Vec<u64>,
    sample: Vec<Value>,
}

/// Four characters make about one token in Google's rule of thumb.
pub(crate) fn tokens(characters: usize) -> u64 {
    (characters as u64).div_ceil(4)
}

impl Facts {
    /// Reads JSON lines as supervised (or preference) tuning examples.
    pub(crate) fn read(bytes: &[u8], preference: bool) -> Self {
        let mut facts = Self::empty();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match Example::read(line, preference) {
                Ok(example) => facts.add(number, example),
                Err(why) => {
                    facts.defect = Some(format!("Dataset row {number} is invalid: {why}"));
                    return facts;
                }
            }
        }
        let dropped = facts.dropped.len() as u64;
        if facts.examples == 0 {
            facts.defect = Some("The dataset has no examples that can be used.".to_owned());
        } else if dropped * 10 > facts.examples + dropped {
            facts.defect = Some(format!(
                "{dropped} of {} examples exceed the maximum token count; more than 10% were dropped.",
                facts.examples + dropped
            ));
        }
        facts
    }

    /// Plausible facts about a dataset that the emulator cannot see; the same
    /// address always has the same.
    pub(crate) fn invent(uri: &str, seed: u64) -> Self {
        let mut facts = Self::empty();
        let examples = 100 + chance::bits(seed, uri, 0) % 900;
        for number in 1..=examples {
            let input = 20 + chance::bits(seed, uri, number) % 800;
            let output = 3 + chance::bits(seed, uri, number + examples) % 120;
            facts.examples += 1;
            facts.characters += (input + output) * 4;
            facts.input.push(input);
            facts.output.push(output);
            facts.messages.push(2);
        }
        facts.sample = vec![
            json!({"role": "user", "parts": [{"text": "An example the emulator made up."}]}),
            json!({"role": "model", "parts": [{"text": "Its answer."}]}),
        ];
        facts
    }

    fn empty() -> Self {
        Self {
            examples: 0,
            defect: None,
            dropped: Vec::new(),
            characters: 0,
            input: Vec::new(),
            output: Vec::new(),
            messages: Vec::new(),
            sample: Vec::new(),
        }
    }

    fn add(&mut self, number: u64, example: Example) {
        let Example { input, output, messages, contents } = example;
        if tokens(input + output) > LONGEST_EXAMPLE {
            self.dropped.push(number);
            return;
        }
        self.examples += 1;
        self.characters += (input + output) as u64;
        self.input.push(tokens(input));
        self.output.push(tokens(output));
        self.messages.push(messages);
        if self.sample.is_empty() {
            self.sample = contents.into_iter().take(SAMPLE).collect();
        }
    }

    /// `tuningDataStats` of an answer, in the shapes of the discovery document.
    pub(crate) fn stats(&self, steps: u64, preference: bool) -> Value {
        let billable = self.input.iter().sum::<u64>() + self.output.iter().sum::<u64>();
        let mut stats = json!({
            "tuningDatasetExampleCount": self.examples.to_string(),
            "totalBillableTokenCount": billable.to_string(),
            "tuningStepCount": steps.to_string(),
        });
        let Some(fields) = stats.as_object_mut() else { return stats };
        let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        let indices: Vec<String> = self.dropped.iter().take(SAMPLE).map(u64::to_string).collect();
        let reasons = vec!["Example exceeds the maximum token count."; indices.len()];
        if preference {
            set("userInputTokenDistribution", distribution(&self.input, Shape::Preference));
            set("userOutputTokenDistribution", distribution(&self.output, Shape::Preference));
            set("scoresDistribution", distribution(&[0, 1], Shape::Preference));
            if !indices.is_empty() {
                set("droppedExampleIndices", json!(indices));
                set("droppedExampleReasons", json!(reasons));
            }
            return json!({"preferenceOptimizationDataStats": stats});
        }
        set("totalTuningCharacterCount", json!(self.characters.to_string()));
        set("userInputTokenDistribution", distribution(&self.input, Shape::Supervised));
        set("userOutputTokenDistribution", distribution(&self.output, Shape::Supervised));
        set("userMessagePerExampleDistribution", distribution(&self.messages, Shape::Supervised));
        if !self.sample.is_empty() {
            set("userDatasetExamples", json!(self.sample));
        }
        if !indices.is_empty() {
            set("totalTruncatedExampleCount", json!(self.dropped.len().to_string()));
            set("truncatedExampleIndices", json!(indices));
            set("droppedExampleReasons", json!(reasons));
        }
        json!({"supervisedTuningDataStats": stats})
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// `SupervisedTuningDatasetDistribution`: sums are int64, counts doubles.
    Supervised,
    /// `DatasetDistribution`: the sum is a double, counts are int64.
    Preference,
}

fn distribution(values: &[u64], shape: Shape) -> Value {
    const BUCKETS: u64 = 5;
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else { return json!({}) };
    let at =
        |percent: usize| sorted.get((sorted.len() - 1) * percent / 100).copied().unwrap_or(max);
    let sum: u64 = sorted.iter().sum();
    let width = ((max - min + 1).div_ceil(BUCKETS)).max(1);
    let buckets: Vec<Value> = (0..BUCKETS)
        .filter_map(|bucket| {
            let left = min + bucket * width;
            let right = (left + width - 1).min(max);
            let count = sorted.iter().filter(|value| (left..=right).contains(*value)).count();
            let count_json = match shape {
                Shape::Supervised => json!(count),
                Shape::Preference => json!(count.to_string()),
            };
            let bucket = json!({"count": count_json, "left": left, "right": right});
            (count > 0).then(|| without_zeroes(bucket))
        })
        .collect();
    let mean = sum as f64 / sorted.len() as f64;
    let rest = json!({
        "min": min, "max": max, "mean": mean, "median": at(50), "p5": at(5), "p95": at(95), "buckets": buckets,
    });
    let mut whole = match shape {
        Shape::Supervised => json!({"sum": sum.to_string(), "billableSum": sum.to_string()}),
        Shape::Preference => json!({"sum": sum}),
    };
    if let (Some(whole), Value::Object(rest)) = (whole.as_object_mut(), rest) {
        whole.extend(rest);
    }
    without_zeroes(whole)
}

/// Proto JSON leaves zeroes out.
fn without_zeroes(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| value.as_f64() != Some(0.0));
    }
    value
}

struct Example {
    /// Characters.
    input: usize,
    output: usize,
    messages: u64,
    contents: Vec<Value>,
}

impl Example {
    fn read(line: &[u8], preference: bool) -> Result<Self, String> {
        let line = line.trim_ascii();
        let row: Value = serde_json::from_slice(line).map_err(|_| "it is not a JSON object.")?;
        let contents = row
            .get("contents")
            .and_then(Value::as_array)
            .filter(|contents| !contents.is_empty())
            .ok_or("`contents` is missing, empty or not a list.")?;
        let mut example = Self { input: 0, output: 0, messages: 0, contents: contents.clone() };
        for content in contents {
            let role = content.get("role").and_then(Value::as_str).unwrap_or_default();
            if !["user", "model", "function", "tool"].contains(&role) {
                return Err(format!("role `{role}` is not `user` or `model`."));
            }
            let length = text_length(content)?;
            example.messages += 1;
            if role == "model" { example.output += length } else { example.input += length }
        }
        if let Some(system) = row.get("systemInstruction").or_else(|| row.get("system_instruction"))
        {
            example.input += text_length(system)?;
        }
        let last = contents.last().and_then(|content| content.get("role")).and_then(Value::as_str);
        match (preference, last) {
            (false, Some("model")) => {}
            (false, _) => return Err("the last turn is not the model's.".to_owned()),
            (true, Some("user")) => example.output += completions(&row)?,
            (true, _) => return Err("the last turn is not the user's.".to_owned()),
        }
        Ok(example)
    }
}

fn completions(row: &Value) -> Result<usize, String> {
    let completions = row.get("completions").and_then(Value::as_array).map(Vec::as_slice);
    let Some([first, second]) = completions else {
        return Err("there are not exactly two `completions`.".to_owned());
    };
    let mut length = 0;
    for one in [first, second] {
        length += text_length(one.get("completion").unwrap_or(&Value::Null))?;
    }
    Ok(length)
}

fn text_length(content: &Value) -> Result<usize, String> {
    let parts = content
        .get("parts")
        .and_then(Value::as_array)
        .filter(|parts| !parts.is_empty())
        .ok_or("`parts` is missing, empty or not a list.")?;
    Ok(parts
        .iter()
        .map(|part| match part.get("text").and_then(Value::as_str) {
            Some(text) => text.chars().count(),
            // Media and function calls: about a picture's 258 tokens.
            None => 1032,
        })
        .sum())
}
