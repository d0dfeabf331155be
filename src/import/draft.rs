//! One job's manifest.

use std::collections::BTreeSet;

use super::asked::asked;
use super::naming::{Names, is_generated};
use super::yaml::{Node, Scalar, render};
use super::{Around, Imported, Job};
use crate::manifest::document::API_VERSION;
use crate::manifest::{self, Rejected, Setting, Settings, Severity};
use crate::model::{
    AdapterSize, Desired, EncryptionSpec, HyperParameters, JobName, Name, Observed, PreTunedModel,
    PreferenceHyperParameters, PreferenceOptimizationSpec, SupervisedTuningSpec, TuningSpec,
    Untrusted, labels,
};

/// What keeps a plan from changing anything over a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Guard {
    /// Nothing has to.
    None,
    /// Runs of other specs go on.
    Keep,
    /// Nothing at all is changed.
    Suspend,
}

/// A manifest that is not settled yet.
#[derive(Debug, Clone)]
pub(super) struct Draft<'a> {
    job: &'a Job,
    around: Around<'a>,
    name: Name,
    adopt: bool,
    /// What was set, where the digest on the job says so.
    asked: Option<TuningSpec>,
    /// Fields of the job that no manifest takes as they are.
    refused: BTreeSet<&'static str>,
    guard: Guard,
    text: String,
    desired: Desired,
}

/// Fields without which a manifest is one as well.
const OPTIONAL: &[&str] = &[
    "tunedModelDisplayName",
    "description",
    "checkpointId",
    "validationDatasetUri",
    "exportLastCheckpointOnly",
    "epochCount",
    "adapterSize",
    "learningRateMultiplier",
    "beta",
    "kmsKeyName",
    "serviceAccount",
];

/// Why a comment is one.
const LEFT_TO_VERTEX: &str = "left to Vertex, which chose this";
const NOT_TAKEN: &str = "no manifest takes this";

impl<'a> Draft<'a> {
    /// A manifest for the job, or why there is none.
    pub(super) fn of(job: &'a Job, around: &Around<'a>, names: &mut Names) -> Result<Self, String> {
        let observed = &job.observed;
        let stamp = observed.stamp.as_ref();
        let echo = &observed.echo;
        if echo.supervised_tuning_spec.is_none() && echo.preference_optimization_spec.is_none() {
            let kind = job.rest.first().map(|path| format!(": `{}`", path.shown()));
            return Err(format!(
                "it is tuned in a way that no manifest has{}",
                kind.unwrap_or_default()
            ));
        }
        let ours = stamp.filter(|s| s.owner == around.policy.owner && s.rerun.is_some());
        let own = ours.and_then(|stamp| names.own(&stamp.name));
        let adopt = own.is_none();
        let name = own.or_else(|| names.new_for(observed)).ok_or("no name is left for it")?;
        let label = stamp.and_then(|stamp| stamp.spec.as_deref());
        let asked = label.and_then(|label| asked(echo, label, &observed.place));
        let mut refused = BTreeSet::new();
        let draw = |refused: &BTreeSet<&'static str>| {
            Self::drawn(job, *around, &name, adopt, asked.as_ref(), refused, Guard::None)
        };
        let (text, desired) = match draw(&refused) {
            Ok(drawn) => drawn,
            Err(_) => {
                refused.extend(OPTIONAL);
                let mut drawn = draw(&refused)?;
                for field in OPTIONAL {
                    refused.remove(field);
                    match draw(&refused) {
                        Ok(fits) => drawn = fits,
                        Err(_) => drop(refused.insert(field)),
                    }
                }
                drawn
            }
        };
        let around = *around;
        let guard = Guard::None;
        Ok(Self { job, around, name, adopt, asked, refused, guard, text, desired })
    }

    /// What a plan makes of it.
    pub(super) fn desired(&self) -> &Desired {
        &self.desired
    }

    pub(super) fn observed(&self) -> &'a Observed {
        &self.job.observed
    }

    /// The next stronger guard; `false`: there is none.
    pub(super) fn guard_more(&mut self, guard: Guard) -> bool {
        if guard <= self.guard {
            return false;
        }
        let Self { job, around, name, adopt, asked, refused, .. } = self;
        let drawn = Self::drawn(job, *around, name, *adopt, asked.as_ref(), refused, guard);
        let Ok((text, desired)) = drawn else { return false };
        (self.text, self.desired, self.guard) = (text, desired, guard);
        true
    }

    pub(super) fn guard(&self) -> Guard {
        self.guard
    }

    pub(super) fn imported(self) -> Imported {
        let mut remarks: Vec<String> = Vec::new();
        let rest = self.job.rest.iter();
        remarks.extend(
            rest.map(|path| format!("asked for `{}`, which no manifest has", path.shown())),
        );
        let commented = self.refused.iter().filter(|field| {
            // Of those that were never there nothing is a comment.
            self.text.contains(&format!("# {field}: "))
                || self.text.contains(&format!(" {field}: "))
        });
        remarks.extend(commented.map(|field| {
            format!("its `{field}` is none that a manifest takes: it stands as a comment")
        }));
        match self.guard {
            Guard::None => {}
            Guard::Keep => {
                remarks.push("other runs of its name go on: `onSupersede: keep`".to_owned())
            }
            Guard::Suspend => {
                remarks.push("a plan would change something over it: `suspend: true`".to_owned());
            }
        }
        let Self { job, name, text, .. } = self;
        Imported { name, job: job.observed.name.clone(), text, remarks }
    }

    /// The text, and what is read of it.
    fn drawn(
        job: &Job,
        around: Around<'_>,
        name: &Name,
        adopt: bool,
        asked: Option<&TuningSpec>,
        refused: &BTreeSet<&'static str>,
        guard: Guard,
    ) -> Result<(String, Desired), String> {
        let fields = Fields { asked, refused };
        let mut nodes = header(job, adopt);
        nodes.push(Node::Set("apiVersion".to_owned(), Scalar::text(API_VERSION)));
        nodes.push(Node::Set("kind".to_owned(), Scalar::text("TunedModel")));
        let mut metadata = vec![Node::Set("name".to_owned(), Scalar::text(name.as_str()))];
        metadata.push(Node::Map("labels", user_labels(&job.observed, around)));
        nodes.push(Node::Map("metadata", metadata));
        let mut spec = place(&job.observed, around);
        spec.extend(fields.spec(&job.observed.echo));
        spec.push(Node::Map("lifecycle", lifecycle(&job.observed, adopt, guard)));
        nodes.push(Node::Map("spec", spec));
        let text = render(&nodes);
        let desired = read(&text, job, around)?;
        Ok((text, desired))
    }
}

/// What the manifest is for.
fn header(job: &Job, adopt: bool) -> Vec<Node> {
    let Job { observed, rest } = job;
    let created = observed.create_time.map(|time| time.strftime(", created %Y-%m-%d %H:%M UTC"));
    let created = created.map(|created| created.to_string()).unwrap_or_default();
    let state = observed.state.word();
    let (short, place) = (observed.name.short(), &observed.place);
    let mut lines = vec![format!("{short} in {place}: {state}{created}.")];
    match &observed.stamp {
        Some(stamp) => lines.push(format!("Made by retune, for {}/{}.", stamp.owner, stamp.name)),
        None => lines.push("Not made by retune, which never changes it.".to_owned()),
    }
    if adopt && observed.stamp.is_some() {
        lines.push("It has another name or owner here, so that it is adopted.".to_owned());
    }
    let rest = rest
        .iter()
        .map(|path| format!("It was also asked for `{}`, which no manifest has.", path.shown()));
    lines.extend(rest);
    lines.into_iter().map(Node::Remark).collect()
}

/// The job's place, as far as the Workspace does not say it.
fn place(job: &Observed, around: Around<'_>) -> Vec<Node> {
    let shared = |of: fn(&crate::model::Workspace) -> &Option<String>| {
        around.workspace.and_then(|w| of(w).as_deref())
    };
    let parts = [
        ("project", &job.place.project, shared(|w| &w.project)),
        ("location", &job.place.location, shared(|w| &w.location)),
    ];
    let own = parts.into_iter().filter(|(_, part, shared)| *shared != Some(part.as_str()));
    own.map(|(key, part, _)| Node::Set(key.to_owned(), Scalar::text(part))).collect()
}

/// The job's labels, as far as the Workspace does not give them.
fn user_labels(job: &Observed, around: Around<'_>) -> Vec<Node> {
    let shared = around.workspace.map(|workspace| &workspace.labels);
    let is_shared =
        |key: &String, value: &String| shared.is_some_and(|all| all.get(key) == Some(value));
    let retunes_own = |key: &str| {
        job.stamp.is_some() && (key == labels::MANAGED_BY || key.starts_with("retune-"))
    };
    let mut room =
        labels::MAX_USER_LABELS.saturating_sub(shared.map_or(0, std::collections::BTreeMap::len));
    let all = job.echo.labels.iter();
    let own = all.filter(|(key, value)| !is_shared(key, value) && !retunes_own(key));
    own.map(|(key, value)| {
        let taken = labels::is_key(key) && labels::is_value(value) && !labels::is_reserved(key);
        if !taken || room == 0 {
            return Node::Unset(key.clone(), Scalar::text(value), NOT_TAKEN);
        }
        room -= 1;
        Node::Set(key.clone(), Scalar::text(value))
    })
    .collect()
}

fn lifecycle(job: &Observed, adopt: bool, guard: Guard) -> Vec<Node> {
    let rerun =
        job.stamp.as_ref().and_then(|stamp| stamp.rerun).filter(|rerun| *rerun > 0 && !adopt);
    let mut nodes: Vec<Node> = Vec::new();
    nodes.extend(rerun.map(|rerun| Node::Set("rerun".to_owned(), Scalar::of(rerun))));
    match guard {
        Guard::None => {}
        Guard::Keep => {
            let why = "Other runs of this name are under way; without this a plan would stop them.";
            nodes.push(Node::Remark(why.to_owned()));
            nodes.push(Node::Set("onSupersede".to_owned(), Scalar::text("keep")));
        }
        Guard::Suspend => {
            let why =
                "Without this a plan would change something: look at it before you take it out.";
            nodes.push(Node::Remark(why.to_owned()));
            nodes.push(Node::Set("suspend".to_owned(), Scalar::of(true)));
        }
    }
    if adopt {
        // The project as the user writes it; the listing has its number.
        let name = JobName { project: job.place.project.clone(), ..job.name.clone() };
        nodes.push(Node::Set("adopt".to_owned(), Scalar::text(&name.to_string())));
    }
    nodes
}

/// Which fields are set, and which only shown.
struct Fields<'a> {
    asked: Option<&'a TuningSpec>,
    refused: &'a BTreeSet<&'static str>,
}

impl Fields<'_> {
    /// A field: what was asked for, else what the job echoes.
    fn field(
        &self,
        key: &'static str,
        asked: Option<Scalar>,
        echo: Option<Scalar>,
    ) -> Option<Node> {
        let node = match (asked, echo) {
            (Some(value), _) | (None, Some(value)) if self.refused.contains(key) => {
                Node::Unset(key.to_owned(), value, NOT_TAKEN)
            }
            (Some(value), _) => Node::Set(key.to_owned(), value),
            (None, Some(value)) if self.asked.is_some() => {
                Node::Unset(key.to_owned(), value, LEFT_TO_VERTEX)
            }
            (None, Some(value)) => Node::Set(key.to_owned(), value),
            (None, None) => return None,
        };
        Some(node)
    }

    /// A field that the service does not fill in.
    fn own(&self, key: &'static str, value: Option<Scalar>) -> Option<Node> {
        self.field(key, value, None)
    }

    fn spec(&self, echo: &TuningSpec) -> Vec<Node> {
        let TuningSpec {
            base_model,
            pre_tuned_model: _,
            tuned_model_display_name,
            description,
            // They are metadata.
            labels: _,
            supervised_tuning_spec: _,
            preference_optimization_spec: _,
            encryption_spec: _,
            service_account,
        } = echo;
        let spec = self.asked.unwrap_or(echo);
        let text = |text: &Option<String>| text.as_deref().map(Scalar::text);
        let mut nodes: Vec<Node> = Vec::new();
        nodes.extend(self.own("baseModel", text(base_model)));
        if let (Some(asked), Some(echo)) = (&spec.pre_tuned_model, &echo.pre_tuned_model) {
            nodes.push(Node::Map("preTunedModel", self.pre_tuned(asked, echo)));
        }
        let display_name = text(tuned_model_display_name);
        match tuned_model_display_name {
            Some(name) if is_generated(name, base_model.as_deref()) => {
                nodes.extend(display_name.map(|name| {
                    Node::Unset("tunedModelDisplayName".to_owned(), name, "given by Vertex")
                }));
            }
            _ => nodes.extend(self.own("tunedModelDisplayName", display_name)),
        }
        nodes.extend(self.own("description", text(description)));
        if let (Some(asked), Some(echo)) =
            (&spec.supervised_tuning_spec, &echo.supervised_tuning_spec)
        {
            nodes.push(Node::Map("supervisedTuningSpec", self.supervised(asked, echo)));
        }
        if let (Some(asked), Some(echo)) =
            (&spec.preference_optimization_spec, &echo.preference_optimization_spec)
        {
            nodes.push(Node::Map("preferenceOptimizationSpec", self.preference(asked, echo)));
        }
        if let Some(EncryptionSpec { kms_key_name }) = &spec.encryption_spec {
            let key = self.own("kmsKeyName", Some(Scalar::text(kms_key_name)));
            nodes.push(Node::Map("encryptionSpec", key.into_iter().collect()));
        }
        nodes.extend(self.own("serviceAccount", text(service_account)));
        nodes
    }

    fn pre_tuned(&self, asked: &PreTunedModel, echo: &PreTunedModel) -> Vec<Node> {
        let PreTunedModel { tuned_model_name, checkpoint_id } = asked;
        let text = |text: &Option<String>| text.as_deref().map(Scalar::text);
        let name = self.own("tunedModelName", Some(Scalar::text(tuned_model_name)));
        let checkpoint = self.field("checkpointId", text(checkpoint_id), text(&echo.checkpoint_id));
        name.into_iter().chain(checkpoint).collect()
    }

    fn supervised(&self, asked: &SupervisedTuningSpec, echo: &SupervisedTuningSpec) -> Vec<Node> {
        let SupervisedTuningSpec {
            training_dataset_uri,
            validation_dataset_uri,
            export_last_checkpoint_only,
            hyper_parameters,
        } = asked;
        let data = (training_dataset_uri, validation_dataset_uri, *export_last_checkpoint_only);
        let hyper = |hyper: &Option<HyperParameters>| {
            let hyper = hyper.clone().unwrap_or_default();
            let HyperParameters { epoch_count, adapter_size, learning_rate_multiplier } = hyper;
            (epoch_count, adapter_size, learning_rate_multiplier, None)
        };
        self.method(data, hyper(hyper_parameters), hyper(&echo.hyper_parameters))
    }

    fn preference(
        &self,
        asked: &PreferenceOptimizationSpec,
        echo: &PreferenceOptimizationSpec,
    ) -> Vec<Node> {
        let PreferenceOptimizationSpec {
            training_dataset_uri,
            validation_dataset_uri,
            export_last_checkpoint_only,
            hyper_parameters,
        } = asked;
        let data = (training_dataset_uri, validation_dataset_uri, *export_last_checkpoint_only);
        let hyper = |hyper: &Option<PreferenceHyperParameters>| {
            let hyper = hyper.clone().unwrap_or_default();
            let PreferenceHyperParameters {
                epoch_count,
                adapter_size,
                learning_rate_multiplier,
                beta,
            } = hyper;
            (epoch_count, adapter_size, learning_rate_multiplier, beta)
        };
        self.method(data, hyper(hyper_parameters), hyper(&echo.hyper_parameters))
    }

    /// Both methods have these fields, the last one of preference tuning alone.
    fn method(
        &self,
        (training, validation, last_only): (&String, &Option<String>, Option<bool>),
        asked: Hyper,
        echo: Hyper,
    ) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        nodes.extend(self.own("trainingDatasetUri", Some(Scalar::text(training))));
        nodes.extend(self.own("validationDatasetUri", validation.as_deref().map(Scalar::text)));
        nodes.extend(self.own("exportLastCheckpointOnly", last_only.map(Scalar::of)));
        let size = |size: Option<AdapterSize>| size.map(|size| Scalar::of(size.size()));
        let hyper = [
            self.field("epochCount", asked.0.map(Scalar::of), echo.0.map(Scalar::of)),
            self.field("adapterSize", size(asked.1), size(echo.1)),
            self.field("learningRateMultiplier", asked.2.map(Scalar::of), echo.2.map(Scalar::of)),
            self.field("beta", asked.3.map(Scalar::of), echo.3.map(Scalar::of)),
        ];
        let hyper: Vec<Node> = hyper.into_iter().flatten().collect();
        if self.asked.is_none() && !hyper.is_empty() {
            let why = "As the job ran: Vertex does not say which of these it chose itself.";
            nodes.push(Node::Remark(why.to_owned()));
        }
        nodes.push(Node::Map("hyperParameters", hyper));
        nodes
    }
}

/// Epochs, adapter size, learning rate multiplier and beta.
type Hyper = (Option<i64>, Option<AdapterSize>, Option<f64>, Option<f64>);

/// The desired model that the text asks for, or what is wrong with it.
fn read(text: &str, job: &Job, around: Around<'_>) -> Result<Desired, String> {
    let place = &job.observed.place;
    let known = |part: &str| Setting { flag: None, environment: Some(part.to_owned()) };
    let settings = Settings {
        project: known(&place.project),
        location: known(&place.location),
        ..Settings::default()
    };
    let loaded = manifest::load_bytes(text.as_bytes().to_vec(), &settings);
    let manifests = loaded.into_result().map_err(|rejected| match rejected {
        Rejected::Usage(error) => Untrusted::new(error.to_string()).shown().to_string(),
        Rejected::Invalid(report) => {
            let mut errors = report.findings.iter().filter(|f| f.severity() == Severity::Error);
            errors.next().map(|finding| finding.message.clone()).unwrap_or_default()
        }
    })?;
    let mut desired = manifests.desired.into_iter().next().ok_or("it makes no manifest")?;
    desired.key.owner = around.policy.owner.clone();
    let own = std::mem::take(&mut desired.spec.labels);
    let shared = around.workspace.map(|workspace| workspace.labels.clone()).unwrap_or_default();
    desired.spec.labels = shared.into_iter().chain(own).collect();
    Ok(desired)
}
