//! The part of AIP-160 filters that lists contexts.
//!
//! `schema_title="system.ExperimentRun" AND parent_contexts:"…/contexts/x"`,
//! with `OR` (which binds closer than `AND`), `NOT`, parentheses, and lists of
//! values behind `:`. What is not understood is refused: a filter that is
//! ignored lists other jobs' runs.

use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::Value;

/// A condition on a resource.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    /// Each holds; with none, everything does.
    All(Vec<Filter>),
    /// One holds.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A field has this value, or for lists has it among its values.
    Has { field: &'static str, value: String },
}

/// The fields that can be asked for, and their names in JSON.
const FIELDS: [(&str, &str); 5] = [
    ("name", "name"),
    ("display_name", "displayName"),
    ("schema_title", "schemaTitle"),
    ("schema_version", "schemaVersion"),
    ("parent_contexts", "parentContexts"),
];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(&'static str),
}

type Tokens = Peekable<IntoIter<Token>>;

impl Filter {
    /// Reads a filter; an empty one lets everything through.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = tokens(text)?.into_iter().peekable();
        if tokens.peek().is_none() {
            return Ok(Self::All(Vec::new()));
        }
        let filter = conjunction(&mut tokens)?;
        match tokens.next() {
            None => Ok(filter),
            Some(token) => Err(format!("Invalid filter: unexpected {token:?}.")),
        }
    }

    /// Whether a resource passes.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(resource)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(resource)),
            Self::Not(part) => !part.matches(resource),
            Self::Has { field, value } => match resource.get(*field) {
                Some(Value::Array(values)) => values.iter().any(|found| same(found, value)),
                Some(found) => same(found, value),
                None => false,
            },
        }
    }
}

/// Names are the same whether the project is an id or a number in them.
fn same(found: &Value, wanted: &str) -> bool {
    let place =
        |text: &str| text.find("/locations/").and_then(|at| text.get(at..)).map(str::to_owned);
    let Some(found) = found.as_str() else { return false };
    found == wanted || place(found).is_some_and(|found| place(wanted) == Some(found))
}

fn conjunction(tokens: &mut Tokens) -> Result<Filter, String> {
    let mut parts = vec![disjunction(tokens)?];
    while tokens.next_if_eq(&Token::Word("AND".to_owned())).is_some() {
        parts.push(disjunction(tokens)?);
    }
    Ok(single(parts, Filter::All))
}

fn disjunction(tokens: &mut Tokens) -> Result<Filter, String> {
    let mut parts = vec![term(tokens)?];
    while tokens.next_if_eq(&Token::Word("OR".to_owned())).is_some() {
        parts.push(term(tokens)?);
    }
    Ok(single(parts, Filter::Any))
}

fn single(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn term(tokens: &mut Tokens) -> Result<Filter, String> {
    match tokens.next() {
        Some(Token::Word(word)) if word == "NOT" => Ok(Filter::Not(Box::new(term(tokens)?))),
        Some(Token::Mark("(")) => {
            let inner = conjunction(tokens)?;
            match tokens.next() {
                Some(Token::Mark(")")) => Ok(inner),
                _ => Err("Invalid filter: a parenthesis is not closed.".to_owned()),
            }
        }
        Some(Token::Word(field)) => restriction(&field, tokens),
        other => Err(format!("Invalid filter: a field is missing at {other:?}.")),
    }
}

fn restriction(field: &str, tokens: &mut Tokens) -> Result<Filter, String> {
    let known = FIELDS.iter().find(|(snake, camel)| field == *snake || field == *camel);
    let Some((_, field)) = known else {
        return Err(format!("Invalid filter: unsupported field {field}."));
    };
    let negated = match tokens.next() {
        Some(Token::Mark("=" | ":")) => false,
        Some(Token::Mark("!=")) => true,
        _ => return Err(format!("Invalid filter: {field} needs =, != or :.")),
    };
    let mut values = Vec::new();
    loop {
        let (Some(Token::Text(value)) | Some(Token::Word(value))) = tokens.next() else {
            return Err(format!("Invalid filter: {field} is compared with nothing."));
        };
        values.push(Filter::Has { field, value });
        if tokens.next_if_eq(&Token::Mark(",")).is_none() {
            break;
        }
    }
    let has = single(values, Filter::All);
    Ok(if negated { Filter::Not(Box::new(has)) } else { has })
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mark = match c {
            c if c.is_whitespace() => continue,
            '(' => "(",
            ')' => ")",
            '=' => "=",
            ':' => ":",
            ',' => ",",
            '!' if chars.next_if_eq(&'=').is_some() => "!=",
            '"' | '\'' => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\\') => value.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => value.push(other),
                        None => return Err("Invalid filter: a text is not closed.".to_owned()),
                    }
                }
                tokens.push(Token::Text(value));
                continue;
            }
            c => {
                let mut word = String::from(c);
                while let Some(more) =
                    chars.next_if(|c| !c.is_whitespace() && !"()=:,!\"'".contains(*c))
                {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
                continue;
            }
        };
        tokens.push(Token::Mark(mark));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_of_the_sdk() {
        let context = json!({
            "schemaTitle": "system.ExperimentRun",
            "parentContexts": ["projects/12/locations/l/metadataStores/default/contexts/e"],
        });
        for (filter, passes) in [
            ("", true),
            (r#"schema_title="system.ExperimentRun""#, true),
            (r#"schema_title="system.Experiment""#, false),
            (r#"schema_title!="system.Experiment""#, true),
            (r#"NOT schema_title="system.ExperimentRun""#, false),
            (r#"(schema_title="system.Run" OR schema_title="system.ExperimentRun")"#, true),
            (
                r#"schema_title="system.ExperimentRun" AND parent_contexts:"projects/acme/locations/l/metadataStores/default/contexts/e""#,
                true,
            ),
            (
                r#"parent_contexts:"projects/12/locations/l/metadataStores/default/contexts/e","projects/12/locations/l/metadataStores/default/contexts/f""#,
                false,
            ),
            (
                r#"parent_contexts:"projects/12/locations/other/metadataStores/default/contexts/e""#,
                false,
            ),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().matches(&context), passes, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for filter in [
            "create_time>1",
            "schema_title",
            "schema_title=",
            "(name=a",
            "name=\"a",
            "name=a name=b",
            "AND",
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
