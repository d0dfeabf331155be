//! List filters: `labels.key=value`, `labels.key:*`, `state="X"` and other
//! plain fields, joined by AND. Anything else is refused rather than guessed,
//! so that a client never takes a filter for applied that was not.
//!
//! `labels.*` is documented for models.list and endpoints.list (discovery
//! document, revision 20261106); tuningJobs.list promises "the standard list
//! filter" and is known to take `state`.

use serde_json::{Map, Value};

use super::error::Refusal;
use super::schema::{JOB_STATES, snake_case};

pub(crate) struct Filter(Vec<Term>);

struct Term {
    field: Field,
    wanted: Wanted,
}

enum Field {
    Label(String),
    /// A top-level field of the answer, in camelCase.
    Plain(String),
}

enum Wanted {
    Present,
    Equal(String),
    Unequal(String),
}

impl Filter {
    /// `fields` are the plain fields that may be compared, in camelCase.
    pub(crate) fn parse(filter: &str, fields: &[&str]) -> Result<Self, Refusal> {
        let refuse = || Refusal::invalid(format!("Invalid filter expression: `{filter}`."));
        let mut rest = filter.trim();
        let mut terms = Vec::new();
        while !rest.is_empty() {
            if !terms.is_empty() {
                rest = rest
                    .strip_prefix("AND")
                    .filter(|rest| rest.starts_with(char::is_whitespace))
                    .ok_or_else(refuse)?
                    .trim_start();
            }
            let (term, after) = parse_term(rest, fields).ok_or_else(refuse)?;
            terms.push(term);
            rest = after.trim_start();
        }
        Ok(Self(terms))
    }

    /// Whether every resource passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a resource, as it would be answered, passes.
    pub(crate) fn admits(&self, resource: &Map<String, Value>) -> bool {
        self.0.iter().all(|Term { field, wanted }| {
            let found = match field {
                Field::Label(key) => resource.get("labels").and_then(|labels| labels.get(key)),
                Field::Plain(name) => resource.get(name),
            };
            match (wanted, found.and_then(Value::as_str)) {
                (Wanted::Present, found) => found.is_some(),
                (Wanted::Equal(wanted), found) => found.unwrap_or_default() == wanted,
                (Wanted::Unequal(wanted), found) => found.unwrap_or_default() != wanted,
            }
        })
    }
}

fn parse_term<'a>(text: &'a str, fields: &[&str]) -> Option<(Term, &'a str)> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))?;
    let (name, rest) = text.split_at_checked(end)?;
    let field = match name.strip_prefix("labels.") {
        Some("") => return None,
        Some(key) => Field::Label(key.to_owned()),
        None => {
            let known = fields.iter().find(|field| **field == name || snake_case(field) == name)?;
            Field::Plain((*known).to_owned())
        }
    };
    let rest = rest.trim_start();
    if let Some(rest) = rest.strip_prefix(":*") {
        return Some((Term { field, wanted: Wanted::Present }, rest));
    }
    let (unequal, rest) = match rest.strip_prefix("!=") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('=')?),
    };
    let (value, rest) = parse_value(rest.trim_start())?;
    // A state that does not exist would never match, and look like "none".
    if matches!(&field, Field::Plain(name) if name == "state")
        && !JOB_STATES.contains(&value.as_str())
    {
        return None;
    }
    let wanted = if unequal { Wanted::Unequal(value) } else { Wanted::Equal(value) };
    Some((Term { field, wanted }, rest))
}

/// A quoted string with `\` escapes, or a bare word.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        let plain = !word.is_empty() && !word.contains(['"', '(', ')', '=', ':', '*']);
        return plain.then(|| (word.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}
