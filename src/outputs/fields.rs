//! Outputs as flat names and values, for what knows nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Made, Output};
use crate::model::Name;

/// What every variable begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

/// A text that cannot begin a variable's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("variables cannot begin with it: use A-Z, a-z, 0-9 and `_`, and no digit first")]
pub struct PrefixError;

impl Default for Prefix {
    fn default() -> Self {
        Self("RETUNE_".to_owned())
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let digit = text.bytes().next().is_some_and(|b| b.is_ascii_digit());
        if text.bytes().all(good) && !digit { Ok(Self(text.to_owned())) } else { Err(PrefixError) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why outputs cannot be written as names and values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Two values for one variable.
    #[error("`{first}` and `{second}` both make the variable {variable}")]
    Collision {
        /// The variable.
        variable: String,
        /// The model that has it.
        first: Name,
        /// The model that makes it too.
        second: Name,
    },
    /// Two checkpoints of one model, whose ids differ in what a variable cannot.
    #[error("two checkpoints of `{model}` (`{first}` and `{second}`) make the variable {variable}")]
    Checkpoints {
        /// The variable.
        variable: String,
        /// The model.
        model: Name,
        /// The id of the checkpoint that has it.
        first: String,
        /// The id of the one that makes it too.
        second: String,
    },
    /// A value with a character that is more than itself to a shell.
    #[error("the value of {variable} has a character that a shell would not take as it is")]
    Unsafe {
        /// The variable.
        variable: String,
    },
}

/// The fields of one output, by their stable names. What there is none of is
/// empty, so that nothing is left standing from another time.
pub(super) fn fields(output: &Output) -> Vec<(String, String)> {
    let Output { key: _, spec, status: _, not_ready, made, previous } = output;
    let mut fields = vec![("READY".to_owned(), not_ready.is_none().to_string())];
    fields.push(("SPEC".to_owned(), spec.clone()));
    made_fields("", Some(made), &mut fields);
    for checkpoint in &made.checkpoints {
        let id = variable(&checkpoint.id);
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let mut put = |what: &str, value| fields.push((format!("CHECKPOINT_{id}_{what}"), value));
        put("ID", checkpoint.id.clone());
        put("EPOCH", number(checkpoint.epoch));
        put("STEP", number(checkpoint.step));
        let endpoint = checkpoint.endpoint.as_ref();
        put("ENDPOINT", endpoint.map(|e| e.name.to_string()).unwrap_or_default());
    }
    made_fields("PREVIOUS_", previous.as_ref(), &mut fields);
    fields
}

fn made_fields(prefix: &str, made: Option<&Made>, fields: &mut Vec<(String, String)>) {
    for (_, name, value) in made.unwrap_or(&Made::default()).values() {
        // Of these values only states have blanks.
        let value = value.map(|value| value.replace(' ', "_"));
        fields.push((format!("{prefix}{name}"), value.unwrap_or_default()));
    }
}

/// A name as a part of a variable's: `support-faq` is `SUPPORT_FAQ`.
pub(super) fn variable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// Every variable of all outputs, by name.
///
/// # Errors
/// Two values for one variable, or one that a shell would not take as it is.
pub(super) fn variables(
    outputs: &[Output],
    prefix: &Prefix,
) -> Result<BTreeMap<String, String>, FieldError> {
    let name = |model: &Name, field: &str| format!("{prefix}{}_{field}", variable(model.as_str()));
    Ok(named(outputs, name)?.into_iter().collect())
}

/// Every value of all outputs with the name that `name` makes of its model and
/// field, each name once, in their order.
///
/// # Errors
/// As of [`variables`].
pub(super) fn named(
    outputs: &[Output],
    name: impl Fn(&Name, &str) -> String,
) -> Result<Vec<(String, String)>, FieldError> {
    let mut owners: BTreeMap<String, &Output> = BTreeMap::new();
    let mut all = Vec::new();
    for output in outputs {
        for (field, value) in fields(output) {
            let variable = name(&output.key.name, &field);
            if !is_safe(&value) {
                return Err(FieldError::Unsafe { variable });
            }
            if let Some(first) = owners.insert(variable.clone(), output) {
                return Err(collision(variable, first, output));
            }
            all.push((variable, value));
        }
    }
    Ok(all)
}

/// Of one model only the fields of checkpoints have names that are not ours.
fn collision(variable_name: String, first: &Output, second: &Output) -> FieldError {
    let (one, other) = (&first.key.name, &second.key.name);
    let checkpoints = &second.made.checkpoints;
    let same = checkpoints.iter().enumerate().find_map(|(at, checkpoint)| {
        let mut before = checkpoints.iter().take(at);
        let same = before.find(|before| variable(&before.id) == variable(&checkpoint.id))?;
        Some((same.id.clone(), checkpoint.id.clone()))
    });
    match same.filter(|_| first.key == second.key) {
        Some((first, second)) => {
            let (variable, model) = (variable_name, one.clone());
            FieldError::Checkpoints { variable, model, first, second }
        }
        None => {
            let (first, second) = (one.clone(), other.clone());
            FieldError::Collision { variable: variable_name, first, second }
        }
    }
}

/// Whether no shell, no file of variables and no step's output takes a character
/// of it for more than itself.
pub(super) fn is_safe(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@/%[]".contains(&b))
}
