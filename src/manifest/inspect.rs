//! Checks a tree against the schema: every departure is a problem with a place.

use std::borrow::Cow;

use serde_json::Value;

use super::code::Code;
use super::finding::{Problem, enough};
use super::place::quoted;
use super::scalar::{Scalar, resolve};
use super::shape::{self, Shape, Types};
use super::suggest::{camel_case, closest, did_you_mean, home_of, missing_hint};
use super::tree::{Entry, Kind, Node, Span};

/// Checks one document.
pub(crate) fn document(root: &Node<'_>, problems: &mut Vec<Problem>) {
    let base = shape::manifest();
    let kind = root.entry("kind").and_then(|entry| match &entry.value.kind {
        Kind::Scalar { text, plain } => match resolve(text, *plain) {
            Scalar::Text(text) => base.kinds.iter().find(|(kind, _)| kind == text),
            _ => None,
        },
        Kind::Sequence(_) | Kind::Mapping { .. } => None,
    });
    let at = first_line(root);
    if matches!(root.kind, Kind::Mapping { .. })
        && root.entry("apiVersion").or(root.entry("kind")).is_none()
    {
        // Some other tool's file: naming each of its keys would help nobody.
        let message = "neither `apiVersion` nor `kind`: not a manifest of retune";
        problems.push(Problem::new(Code::MissingKey, at, message).hint(
            "start with `apiVersion: retune.dev/v1` and `kind: TunedModel`, or keep other YAML out \
             of this directory",
        ));
        return;
    }
    let shape = kind.map_or(base, |(_, shape)| shape);
    let mut inspector = Inspector { whole: shape, path: Vec::new(), problems };
    inspector.value(root, at, shape);
}

/// Where a problem of a whole document is shown: at its first key.
fn first_line(root: &Node<'_>) -> Span {
    match &root.kind {
        Kind::Mapping { entries, .. } => entries.first().map_or(root.span, |e| e.key_span),
        Kind::Scalar { .. } | Kind::Sequence(_) => root.span,
    }
}

struct Inspector<'a> {
    /// The shape of the whole document, to say where a misplaced key belongs.
    whole: &'a Shape,
    path: Vec<Cow<'a, str>>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Inspector<'a> {
    fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What the value is called in a message: its key, or "the document".
    fn subject(&self) -> String {
        match self.path.as_slice() {
            [] => "the document".to_owned(),
            [.., parent, last] if last.starts_with('[') => quoted(&format!("{parent}{last}")),
            [.., last] => quoted(last),
        }
    }

    /// The mapping in a message: "in `spec.lifecycle`".
    fn inside(&self) -> String {
        match self.path.as_slice() {
            [] => "at the top of a document".to_owned(),
            path => format!("in {}", quoted(&path.join(".").replace(".[", "["))),
        }
    }

    /// `at` is the span of the key, or of the value where there is no key.
    fn value(&mut self, node: &'a Node<'_>, at: Span, shape: &Shape) {
        match &node.kind {
            Kind::Scalar { text, plain } => {
                // Nothing is written where a null stands: the key is what can be seen.
                let span = if node.span.start >= node.span.end { at } else { node.span };
                self.scalar(resolve(text, *plain), text, span, shape);
            }
            Kind::Sequence(items) => {
                if !shape.types.is_any() && !shape.types.has(Types::ARRAY) || is_text_only(shape) {
                    return self.wrong_type("a list", at, shape);
                }
                if let Some(max) = shape.max_items
                    && items.len() > max
                {
                    let message =
                        format!("{} has {} items; at most {max}", self.subject(), items.len());
                    let hint = format!("remove {} of them", items.len() - max);
                    self.add(Problem::new(Code::OutOfRange, at, message).hint(hint));
                }
                if let Some(item_shape) = &shape.items {
                    for (i, item) in items.iter().enumerate() {
                        if enough(self.problems) {
                            return;
                        }
                        self.path.push(Cow::Owned(format!("[{i}]")));
                        self.value(item, item.span, item_shape);
                        self.path.pop();
                    }
                }
            }
            Kind::Mapping { entries, partial } => {
                if !shape.types.is_any() && !shape.types.has(Types::OBJECT) || is_text_only(shape) {
                    return self.wrong_type("a mapping", at, shape);
                }
                self.mapping(entries, *partial, at, shape);
            }
        }
    }

    fn wrong_type(&mut self, found: &str, span: Span, shape: &Shape) {
        let expected = if is_text_only(shape) { "one of its values" } else { shape.types.words() };
        let message = format!("{} is {found}; expected {expected}", self.subject());
        let problem = Problem::new(Code::WrongType, span, message);
        let hint = match found {
            "a list" if self.path.is_empty() => {
                "write each item as a document of its own, parted by a line of `---`".to_owned()
            }
            "a list" | "a mapping" => format!("write {expected} there"),
            "text" if shape.types.has(Types::OBJECT) && self.path.is_empty() => {
                "start with `apiVersion: retune.dev/v1` and `kind: TunedModel`".to_owned()
            }
            "text" if shape.types.has(Types::OBJECT) => {
                "write its keys on the next lines, indented by two more spaces".to_owned()
            }
            "text" if shape.types.has(Types::ARRAY) => "put it into `[` and `]`".to_owned(),
            "text" if shape.types.has(Types::BOOL) => {
                "write `true` or `false`, unquoted".to_owned()
            }
            "text" => "write the number alone, unquoted".to_owned(),
            _ if shape.types.has(Types::STRING) && !shape.types.has(Types::INTEGER) => {
                "put it into quotes to make it text".to_owned()
            }
            _ => format!("write {expected} there"),
        };
        self.add(problem.hint(hint));
    }

    fn scalar(&mut self, value: Scalar<'_>, text: &str, span: Span, shape: &Shape) {
        let types = shape.types;
        if !shape.values.is_empty() {
            return self.one_of_values(value, text, span, shape);
        }
        match value {
            Scalar::Null => self.null(span),
            Scalar::Bool(_) if types.is_any() || types.has(Types::BOOL) => {}
            Scalar::Bool(_) => self.wrong_type("a truth value", span, shape),
            Scalar::Integer(n) if types.has(Types::INTEGER) || types.has(Types::NUMBER) => {
                #[expect(clippy::cast_precision_loss, reason = "only compared with small bounds")]
                self.range(n as f64, text, span, shape);
            }
            Scalar::Float(n) if types.has(Types::NUMBER) || types.has(Types::INTEGER) => {
                // JSON Schema takes 3.0 as a whole number, and so does Vertex. Infinity
                // has no fraction: what is wrong with it is the range.
                if types.has(Types::NUMBER) || n.fract() == 0.0 || !n.is_finite() {
                    self.range(n, text, span, shape);
                } else {
                    self.wrong_type("a number with a fraction", span, shape);
                }
            }
            Scalar::Integer(_) | Scalar::Float(_) if types.is_any() => {}
            Scalar::Integer(_) | Scalar::Float(_) => self.wrong_type("a number", span, shape),
            Scalar::Text(text) if types.is_any() || types.has(Types::STRING) => {
                self.text(text, span, shape);
            }
            Scalar::Text(_) => self.wrong_type("text", span, shape),
        }
    }

    fn null(&mut self, span: Span) {
        let message = format!("{} has no value", self.subject());
        self.add(
            Problem::new(Code::NullValue, span, message).hint("give it one, or remove the key"),
        );
    }

    fn range(&mut self, n: f64, text: &str, span: Span, shape: &Shape) {
        let low = shape.minimum.is_some_and(|min| n < min);
        let not_above = shape.above.is_some_and(|min| n <= min);
        let high = shape.maximum.is_some_and(|max| n > max);
        // Infinite and not-a-number are in no range, and JSON has neither.
        if !(low || not_above || high) && n.is_finite() {
            return;
        }
        let range = match (shape.minimum, shape.above, shape.maximum) {
            (Some(min), _, Some(max)) => format!("{min} to {max}"),
            (_, Some(min), Some(max)) => format!("more than {min}, and at most {max}"),
            _ => "another number".to_owned(),
        };
        let message = format!("{} is {}; expected {range}", self.subject(), quoted(text));
        self.add(
            Problem::new(Code::OutOfRange, span, message)
                .hint("write a number in that range, or leave the key out for the default"),
        );
    }

    fn text(&mut self, text: &str, span: Span, shape: &Shape) {
        if shape.refused.iter().any(|refused| refused == text) {
            let message = format!("Vertex tunes no Gemini model in {}", quoted(text));
            let hint = "choose a region, such as `us-central1` or `europe-west4`";
            return self.add(Problem::new(Code::LocationGlobal, span, message).hint(hint));
        }
        let length = text.chars().count();
        if length < shape.min_length {
            let message = format!("{} is empty", self.subject());
            let hint = "write something, or remove the key";
            return self.add(Problem::new(Code::InvalidValue, span, message).hint(hint));
        }
        if let Some(max) = shape.max_length
            && length > max
        {
            let message = format!("{} has {length} characters; at most {max}", self.subject());
            let hint = format!("shorten it by {}", length - max);
            return self.add(Problem::new(Code::TooLong, span, message).hint(hint));
        }
        let Some(pattern) = &shape.pattern else { return };
        if pattern.regex.is_match(text) {
            return;
        }
        match pattern.phrase {
            Some(phrase) => {
                let message =
                    format!("{} is {}; expected {}", self.subject(), quoted(text), phrase.expected);
                self.add(Problem::new(phrase.code, span, message).hint(phrase.hint));
            }
            // A number written as text, which the API does too.
            None => match text.parse::<f64>() {
                Ok(n) if n.fract() == 0.0 && !in_range(n, shape) => {
                    self.range(n, text, span, shape);
                }
                _ => {
                    let message =
                        format!("{} is {}; expected a whole number", self.subject(), quoted(text));
                    let hint = "write the digits alone, such as `3`";
                    self.add(Problem::new(Code::WrongType, span, message).hint(hint));
                }
            },
        }
    }

    fn one_of_values(&mut self, value: Scalar<'_>, text: &str, span: Span, shape: &Shape) {
        let taken = shape.values.iter().any(|known| match (known, value) {
            (Value::String(known), Scalar::Text(text)) => known == text,
            #[expect(clippy::cast_precision_loss, reason = "enumerated numbers are small")]
            (Value::Number(known), Scalar::Integer(n)) => known.as_f64() == Some(n as f64),
            (Value::Number(known), Scalar::Float(n)) => known.as_f64() == Some(n),
            _ => false,
        });
        if taken {
            return;
        }
        if value == Scalar::Null {
            return self.null(span);
        }
        // Digit strings stand beside the numbers they spell; one of the two is enough to show.
        let shown: Vec<String> = shape
            .values
            .iter()
            .filter(|v| v.as_str().is_none_or(|s| s.parse::<f64>().is_err()))
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect();
        let expected = match shown.as_slice() {
            [only] => format!("expected `{only}`"),
            several => format!("expected one of {}", several.join(", ")),
        };
        let message = format!("{} is {}; {expected}", self.subject(), quoted(text));
        // A number is no misspelling of another one.
        let word = text.parse::<f64>().is_err().then_some(text);
        let near = word.and_then(|text| closest(text, shown.iter().map(String::as_str)));
        let hint = match (near, shown.as_slice()) {
            (Some(near), _) => did_you_mean(near, text),
            (None, [only]) => format!("write `{only}`"),
            (None, _) => "write one of these values".to_owned(),
        };
        self.add(Problem::new(Code::InvalidValue, span, message).hint(hint));
    }

    fn mapping(&mut self, entries: &'a [Entry<'_>], partial: bool, at: Span, shape: &Shape) {
        if let Some(max) = shape.max_entries
            && entries.len() > max
        {
            let message = format!("{} labels; at most {max}", entries.len());
            let hint = "Vertex takes 64 labels, and nine are retune's own; remove some";
            self.add(Problem::new(Code::TooManyLabels, at, message).hint(hint));
        }
        let mut meant: Vec<&str> = Vec::new();
        for entry in entries {
            if enough(self.problems) {
                return;
            }
            if let Some(keys) = &shape.keys {
                self.key(&entry.key, entry.key_span, keys);
            }
            let found = shape.property(&entry.key).or(shape.others.as_deref());
            match found {
                Some(value_shape) => {
                    self.path.push(Cow::Borrowed(&*entry.key));
                    self.value(&entry.value, entry.key_span, value_shape);
                    self.path.pop();
                }
                None if shape.closed => meant.extend(self.unknown_key(entry, shape)),
                None => {}
            }
        }
        if partial {
            return;
        }
        let has = |key: &str| entries.iter().any(|e| e.key == key);
        for key in &shape.required {
            // A misspelt key was reported as such; it is not missing too.
            if !has(key) && !meant.contains(&key.as_str()) {
                let message = format!("`{key}` is missing {}", self.inside());
                let hint = missing_hint(key, shape);
                self.add(Problem::new(Code::MissingKey, at, message).hint(hint));
            }
        }
        for group in &shape.one_of {
            self.exactly_one(group, entries, &meant, at);
        }
    }

    fn exactly_one(&mut self, group: &[String], entries: &[Entry<'_>], meant: &[&str], at: Span) {
        let mut set = entries.iter().filter(|e| group.iter().any(|key| *key == e.key));
        let either = group.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
        match (set.next(), set.next()) {
            (None, _) if group.iter().any(|key| meant.contains(&key.as_str())) => {}
            (None, _) => {
                let message = format!("{either} is missing {}", self.inside());
                let hint = "set one of the two".to_owned();
                self.add(Problem::new(Code::MissingKey, at, message).hint(hint));
            }
            (Some(first), Some(second)) => {
                let message = format!("`{}` and `{}` exclude each other", first.key, second.key);
                self.add(
                    Problem::new(Code::ExclusiveKeys, second.key_span, message)
                        .hint("remove one of the two")
                        .related(first.key_span, "the other one"),
                );
            }
            (Some(_), None) => {}
        }
    }

    /// A label's key.
    fn key(&mut self, key: &str, span: Span, shape: &Shape) {
        if shape.refused_pattern.as_ref().is_some_and(|reserved| reserved.is_match(key)) {
            let message = format!("the label {} is retune's own", quoted(key));
            let hint = "choose another key: `managed-by` and `retune-*` say whose a job is";
            return self.add(Problem::new(Code::ReservedLabel, span, message).hint(hint));
        }
        if let Some(pattern) = &shape.pattern
            && !pattern.regex.is_match(key)
            && let Some(phrase) = pattern.phrase
        {
            let message = format!("{} is not {}", quoted(key), phrase.expected);
            self.add(Problem::new(phrase.code, span, message).hint(phrase.hint));
        }
    }

    /// Reports a key that is not known here; returns the one that was meant.
    fn unknown_key<'s>(&mut self, entry: &Entry<'_>, shape: &'s Shape) -> Option<&'s str> {
        let key = &*entry.key;
        let names = || shape.properties.iter().map(|(name, _)| name.as_str());
        let camel = camel_case(key);
        let snake = names().find(|name| *name == camel);
        let near = snake.or_else(|| closest(key, names()));
        let hint = match (snake, near, home_of(&camel, self.whole)) {
            (Some(name), ..) => format!("keys are in camelCase here: write `{name}`"),
            (None, _, Some(home)) => format!("it belongs in `{home}`"),
            (None, Some(name), None) => did_you_mean(name, key),
            (None, None, None) => {
                format!("known here: {}", names().collect::<Vec<_>>().join(", "))
            }
        };
        let message = format!("unknown key {} {}", quoted(key), self.inside());
        self.add(Problem::new(Code::UnknownKey, entry.key_span, message).hint(hint));
        near
    }
}

/// Whether only listed values are taken, none of which is a list or a mapping.
fn is_text_only(shape: &Shape) -> bool {
    !shape.values.is_empty()
}

fn in_range(n: f64, shape: &Shape) -> bool {
    shape.minimum.is_none_or(|min| n >= min) && shape.maximum.is_none_or(|max| n <= max)
}
