//! The second look: what the user set against what the job echoes.

use super::TuningSpec;
use super::table::{Field, Value, set_fields};

/// A field that a manifest sets otherwise than the job was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which field.
    pub field: Field,
    /// What the job was asked; `None` when it echoes nothing.
    pub old: Option<Value>,
    /// What the manifest sets; `None` when it no longer sets the field.
    pub new: Option<Value>,
}

/// Whether every field that `wanted` sets equals the job's effective one. What
/// the server filled in beside that is never a difference.
pub fn equivalent(wanted: &TuningSpec, echo: &TuningSpec) -> bool {
    set_fields(wanted).iter().all(|(field, value)| agrees(value, (field.get)(echo).as_ref()))
}

/// The fields that `wanted` sets otherwise than the job echoes, in table order.
/// A source or method that `wanted` no longer names is one too: it makes room
/// for another.
pub fn differences(wanted: &TuningSpec, echo: &TuningSpec) -> Vec<Difference> {
    super::table::FIELDS
        .iter()
        .filter_map(|field| {
            let (new, old) = ((field.get)(wanted), (field.get)(echo));
            let differs = match &new {
                Some(value) => !agrees(value, old.as_ref()),
                None => old.is_some() && is_choice(field),
            };
            differs.then_some(Difference { field: *field, old, new })
        })
        .collect()
}

/// Which fields the manifest stopped setting since the job was made: adding
/// exactly these back, with the echoed values, gives the job's own digest.
/// `None` when no such set exists, as when the manifest spells out a default.
pub fn removed_fields(wanted: &TuningSpec, echo: &TuningSpec, label: &str) -> Option<Vec<Field>> {
    // Only dialect h1 exists; another one is asked by the label it wrote.
    let hash = label.strip_prefix(super::H1).filter(|_| super::is_known(label))?;
    let set = set_fields(wanted);
    let candidates: Vec<(Field, Value)> = set_fields(echo)
        .into_iter()
        .filter(|(field, _)| set.iter().all(|(known, _)| known != field))
        .take(MAX_CANDIDATES)
        .collect();
    // Fewest fields first: one removed field is the common case.
    let mut masks: Vec<u32> = (1..1u32 << candidates.len()).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    masks.into_iter().find_map(|mask| {
        let chosen: Vec<_> = candidates
            .iter()
            .enumerate()
            .filter(|(bit, _)| mask & (1 << bit) != 0)
            .map(|(_, candidate)| candidate.clone())
            .collect();
        let mut all = [set.clone(), chosen.clone()].concat();
        all.sort_by_key(|(field, _)| field.tag);
        (super::h1::digest(&all) == hash).then(|| chosen.into_iter().map(|(f, _)| f).collect())
    })
}

/// An echo holds at most seven fields a user may have left out; 2^8 digests
/// are 0.1 ms.
const MAX_CANDIDATES: usize = 8;

fn agrees(wanted: &Value, echoed: Option<&Value>) -> bool {
    match echoed {
        // Proto-JSON leaves a default out of the answer.
        None => wanted.is_default(),
        Some(echoed) => match (wanted, echoed) {
            (Value::Text(a), Value::Text(b)) => same_text(a, b),
            (a, b) => a == b,
        },
    }
}

/// Vertex answers resource names with the project's number for its id.
fn same_text(a: &str, b: &str) -> bool {
    let tail = |text: &str| -> Option<String> {
        let (project, tail) = text.strip_prefix("projects/")?.split_once('/')?;
        let number = project.bytes().all(|b| b.is_ascii_digit());
        Some(format!("{number} {tail}"))
    };
    if a == b {
        return true;
    }
    match (tail(a), tail(b)) {
        (Some(a), Some(b)) => match (a.split_once(' '), b.split_once(' ')) {
            (Some((kind_a, tail_a)), Some((kind_b, tail_b))) => {
                kind_a != kind_b && tail_a == tail_b
            }
            _ => false,
        },
        _ => false,
    }
}

/// Fields of which a job has one of several: leaving it out means the other.
fn is_choice(field: &Field) -> bool {
    matches!(
        field.path,
        "baseModel"
            | "preTunedModel.tunedModelName"
            | "supervisedTuningSpec.trainingDatasetUri"
            | "preferenceOptimizationSpec.trainingDatasetUri"
    )
}
