//! What a schema cannot say of one tuned model: what its base model takes, and
//! what Google's tuning guide recommends.
//!
//! Each check is named for the code it reports. Checks see documents that fit
//! the schema.

use super::ReadManifest;
use super::code::Code;
use super::document::{Task, TunedModel};
use super::finding::{Finding, Problem};
use super::place::quoted;
use super::suggest::closest;
use super::tree::{Node, Span};
use crate::model::catalog::{self, BaseModel, Status};
use crate::model::{AdapterSize, Place};

/// A document with the tree that says where its fields stand.
pub(crate) struct Subject<'a> {
    pub(crate) document: &'a TunedModel,
    pub(crate) root: &'a Node<'a>,
}

type Check = fn(&Subject<'_>) -> Option<Problem>;

const CHECKS: &[(Code, Check)] = &[
    (Code::UnknownModel, unknown_model),
    (Code::RetiredModel, retired_model),
    (Code::AdapterSize, adapter_size),
    (Code::PreferenceModel, preference_model),
    (Code::ModelEncryption, model_encryption),
    (Code::TaskEpochs, task_epochs),
];

/// Runs all checks.
pub(crate) fn run(subject: &Subject<'_>) -> impl Iterator<Item = Problem> {
    CHECKS.iter().filter_map(|(_, check)| check(subject))
}

impl Subject<'_> {
    fn base_model(&self) -> Option<&'static BaseModel> {
        catalog::lookup(self.document.spec.base_model.as_deref()?)
    }

    /// The value at the end of a path, or the document's start.
    fn span(&self, path: &[&str]) -> Span {
        self.root.find(path).map_or(self.root.span, |entry| entry.value.span)
    }

    /// Both methods' value of something, with where it stands.
    fn hyper<T>(
        &self,
        key: &'static str,
        supervised: impl Fn(&crate::model::HyperParameters) -> Option<T>,
        preference: impl Fn(&crate::model::PreferenceHyperParameters) -> Option<T>,
    ) -> Option<(T, Span)> {
        let spec = &self.document.spec;
        let s = spec.supervised_tuning_spec.as_ref().and_then(|s| s.hyper_parameters.as_ref());
        if let Some(value) = s.and_then(supervised) {
            return Some((
                value,
                self.span(&["spec", "supervisedTuningSpec", "hyperParameters", key]),
            ));
        }
        let p = spec.preference_optimization_spec.as_ref();
        let value = p.and_then(|p| p.hyper_parameters.as_ref()).and_then(preference)?;
        let path = ["spec", "preferenceOptimizationSpec", "hyperParameters", key];
        Some((value, self.span(&path)))
    }
}

fn instead(model: &BaseModel) -> String {
    let names: Vec<String> = model.successors.iter().map(|s| format!("`{s}`")).collect();
    format!("tune {} instead", names.join(" or "))
}

fn unknown_model(subject: &Subject<'_>) -> Option<Problem> {
    let id = subject.document.spec.base_model.as_deref()?;
    if catalog::lookup(id).is_some() {
        return None;
    }
    let table = catalog::catalog();
    let message = format!("{} is no base model known as of {}", quoted(id), table.as_of);
    let span = subject.span(&["spec", "baseModel"]);
    let ids = || table.models.iter().map(|m| m.id.as_str());
    let hint = match closest(id, ids()) {
        Some(near) if likely_misspelt(id, near) => format!("did you mean `{near}`?"),
        _ => {
            let tunable: Vec<&str> = catalog::tunable().map(|m| m.id.as_str()).collect();
            format!("Vertex will say; known to be tunable: {}", tunable.join(", "))
        }
    };
    Some(Problem::new(Code::UnknownModel, span, message).hint(hint))
}

/// Another version number is another model and no slip of the finger.
fn likely_misspelt(id: &str, near: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    digits(id) == digits(near)
}

fn retired_model(subject: &Subject<'_>) -> Option<Problem> {
    let model = subject.base_model()?;
    let id = &model.id;
    let what = match model.status {
        Status::Tunable => return None,
        Status::ReportedRetired => format!("`{id}` is reported to be retired"),
        Status::Unlisted => format!("`{id}` is no longer listed for tuning"),
        Status::Retired => format!("`{id}` is retired"),
    };
    let note = model.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let span = subject.span(&["spec", "baseModel"]);
    Some(Problem::new(Code::RetiredModel, span, what).hint(instead(model) + &note))
}

fn adapter_size(subject: &Subject<'_>) -> Option<Problem> {
    let model = subject.base_model()?;
    let (size, span): (AdapterSize, Span) =
        subject.hyper("adapterSize", |h| h.adapter_size, |h| h.adapter_size)?;
    if model.takes(size) {
        return None;
    }
    let sizes: Vec<String> = model.adapter_sizes.iter().map(u32::to_string).collect();
    let message = format!("`{}` takes no adapter of size {size}", model.id);
    let hint = format!("it takes {}", sizes.join(", "));
    Some(Problem::new(Code::AdapterSize, span, message).hint(hint))
}

fn preference_model(subject: &Subject<'_>) -> Option<Problem> {
    subject.document.spec.preference_optimization_spec.as_ref()?;
    let model = subject.base_model().filter(|m| m.preference_tuning == Some(false))?;
    let listed = catalog::catalog().models.iter().filter(|m| m.preference_tuning == Some(true));
    let names: Vec<String> = listed.map(|m| format!("`{}`", m.id)).collect();
    let message = format!("`{}` is not listed for preference tuning", model.id);
    let span = subject.span(&["spec", "baseModel"]);
    let hint = format!("Google lists {}", names.join(" and "));
    Some(Problem::new(Code::PreferenceModel, span, message).hint(hint))
}

fn model_encryption(subject: &Subject<'_>) -> Option<Problem> {
    subject.document.spec.encryption_spec.as_ref()?;
    let model = subject.base_model().filter(|m| m.customer_keys == Some(false))?;
    let message = format!("`{}` takes no customer-managed key", model.id);
    let span = subject.span(&["spec", "encryptionSpec", "kmsKeyName"]);
    Some(Problem::new(Code::ModelEncryption, span, message).hint("remove `encryptionSpec`"))
}

/// Epochs that Google's tuning guide recommends for every task it speaks of.
const GUIDE_EPOCHS: std::ops::RangeInclusive<i64> = 2..=4;

fn task_epochs(subject: &Subject<'_>) -> Option<Problem> {
    let task = match subject.document.spec.task? {
        Task::Classification => "classification",
        Task::Summarization => "summarization",
        Task::ExtractiveQa => "extractive question answering",
        Task::Chat => "chat",
    };
    let (epochs, span) = subject.hyper("epochCount", |h| h.epoch_count, |h| h.epoch_count)?;
    if GUIDE_EPOCHS.contains(&epochs) {
        return None;
    }
    let message = format!("{epochs} epochs for {task}; Google's tuning guide recommends 2 to 4");
    Some(Problem::new(Code::TaskEpochs, span, message).hint("compare the results of 2, 3 and 4"))
}

/// What can only be said once the place is known.
pub(crate) fn placed(manifest: &ReadManifest, place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let spec = &manifest.document.spec;
    if let Some(job) = &spec.lifecycle.adopt
        && place.location != job.location()
    {
        let message = format!(
            "the job to adopt is in `{}`, the manifest in `{}`",
            job.location(),
            place.location
        );
        findings.push(
            Finding::new(Code::AdoptElsewhere, manifest.location.clone(), message)
                .hint(format!("set `location: {}`, or adopt another job", job.location())),
        );
    }
    let model = spec.base_model.as_deref().and_then(catalog::lookup);
    if let Some(model) = model
        && !model.tuning_regions.is_empty()
        && model.tuning_regions.iter().all(|region| place.location != *region)
    {
        let message = format!("`{}` is not listed for tuning in `{}`", model.id, place.location);
        findings.push(
            Finding::new(Code::ModelLocation, manifest.location.clone(), message)
                .hint(format!("Google lists {}", model.tuning_regions.join(" and "))),
        );
    }
    findings
}
