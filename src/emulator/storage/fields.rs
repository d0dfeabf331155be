//! The `fields` parameter: partial responses.
//!
//! A client that asks for `fields=name,size` and then reads `generation` works
//! against a service that ignores the parameter, and fails against the real
//! one. So it is not ignored here.

use serde_json::{Map, Value};

/// Keeps of `value` what `selector` names, as in `kind,items(name,size)` or
/// `items/name`.
pub(crate) fn select(value: Value, selector: Option<&str>) -> Value {
    match selector {
        None | Some("" | "*") => value,
        Some(selector) => keep(value, selector),
    }
}

fn keep(value: Value, selector: &str) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| keep(item, selector)).collect(),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for part in split(selector) {
                let (name, inner) = head(part);
                for (key, field) in &fields {
                    if name == key || name == "*" {
                        kept.insert(key.clone(), select(field.clone(), inner));
                    }
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

/// Splits at the commas outside parentheses.
fn split(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    selector
        .split(move |c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// `items/name` and `items(name)` to `items` and what is wanted inside it.
fn head(part: &str) -> (&str, Option<&str>) {
    let end = part.find(['/', '(']).unwrap_or(part.len());
    let (name, rest) = part.split_at(end);
    match rest.strip_prefix('(') {
        Some(inner) => (name, Some(inner.strip_suffix(')').unwrap_or(inner))),
        None => (name, rest.strip_prefix('/')),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_selectors() {
        let list = || json!({"kind": "k", "items": [{"name": "a", "size": "1", "etag": "x"}]});
        for (selector, wanted) in [
            ("kind", json!({"kind": "k"})),
            ("items/name", json!({"items": [{"name": "a"}]})),
            ("items(name,size),nextPageToken", json!({"items": [{"name": "a", "size": "1"}]})),
            ("*", list()),
        ] {
            assert_eq!(select(list(), Some(selector)), wanted, "{selector}");
        }
        assert_eq!(select(list(), None), list());
    }
}
