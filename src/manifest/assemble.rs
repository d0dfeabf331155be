//! All documents together: which Workspace applies, where each model is tuned,
//! whose labels it carries, and whether two manifests claim one name.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use regex::Regex;

use super::code::{Code, Severity};
use super::document::{
    ClaimsDocument, LOCATION_PATTERN, PROJECT_PATTERN, PlaceDocument, TunedModel,
    TunedModelMetadata, TunedModelSpec, WorkspaceDocument, WorkspaceMetadata, WorkspaceSpec,
};
use super::finding::Finding;
use super::place::{Spot, quoted, shown};
use super::{DEFAULT_OWNER, ReadManifest, ReadWorkspace, Setting, Settings, UsageError, checks};
use crate::model::{Desired, Key, Name, Place, Source, TuningSpec, Workspace, labels};

pub(super) struct Input<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) settings: &'a Settings,
    /// Documents in the paths, broken ones too.
    pub(super) documents: usize,
    pub(super) manifests: Vec<ReadManifest>,
    pub(super) workspaces: Vec<ReadWorkspace>,
    pub(super) broken_workspace: bool,
}

pub(super) struct Assembled {
    pub(super) desired: Vec<Desired>,
    pub(super) workspace: Option<Workspace>,
    pub(super) usage: Option<UsageError>,
}

pub(super) fn assemble(input: Input<'_>, findings: &mut Vec<Finding>) -> Assembled {
    let Input { paths, settings, documents, manifests, workspaces, broken_workspace } = input;
    let mut usage = malformed(settings);
    let whole = || {
        let path = paths.first().map_or_else(|| PathBuf::from("."), Clone::clone);
        Spot::whole(Arc::from(path))
    };
    let enough = settings.may_be_none && !workspaces.is_empty();
    if manifests.is_empty() && !enough && !findings.iter().any(|f| f.severity() == Severity::Error)
    {
        findings.push(
            Finding::new(Code::NoManifests, whole(), "no document of kind `TunedModel` here")
                .hint("name the directory of the manifests, or start with `retune init`"),
        );
    }
    // Where there is no document at all, that is what to say.
    let needed = settings.require_workspace && documents > 0;
    if needed && workspaces.is_empty() && !broken_workspace {
        findings.push(
            Finding::new(
                Code::MissingWorkspace,
                whole(),
                "no Workspace says who owns these models",
            )
            .hint("run `retune init`, or add a document of kind `Workspace`"),
        );
    }
    let mut workspaces = workspaces.into_iter();
    let first = workspaces.next();
    for second in workspaces {
        let finding = Finding::new(Code::DuplicateWorkspace, second.name, "a second Workspace")
            .hint("keep one; a path with two cannot say who owns its models");
        findings.push(match &first {
            Some(first) => finding.related(first.name.clone(), "the first one"),
            None => finding,
        });
    }
    duplicate_names(&manifests, findings);
    let shared = first.as_ref().map(Shared::of).unwrap_or_default();
    let owner = first.as_ref().map_or(DEFAULT_OWNER, |w| &w.document.metadata.name);
    let mut desired = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let place = shared.place(&manifest, settings, broken_workspace, findings, &mut usage);
        let Some(place) = place else { continue };
        findings.extend(checks::placed(&manifest, &place));
        if let Some(one) = one(manifest, place, owner, &shared.labels, findings) {
            desired.push(one);
        }
    }
    desired.sort_by(|a, b| a.key.cmp(&b.key));
    Assembled { desired, workspace: first.and_then(workspace), usage }
}

fn duplicate_names(manifests: &[ReadManifest], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, &Spot> = HashMap::with_capacity(manifests.len());
    for manifest in manifests {
        let name = manifest.document.metadata.name.as_str();
        match seen.get(name) {
            Some(first) => findings.push(
                Finding::new(
                    Code::DuplicateName,
                    manifest.name.clone(),
                    format!("another manifest is called {} too", quoted(name)),
                )
                .hint("rename one of the two; commands and jobs know a model by its name alone")
                .related((*first).clone(), "first used here"),
            ),
            None => drop(seen.insert(name, &manifest.name)),
        }
    }
}

/// What the Workspace gives to manifests that do not say it themselves.
#[derive(Default)]
struct Shared {
    project: Option<(String, Spot)>,
    location: Option<(String, Spot)>,
    labels: BTreeMap<String, String>,
}

impl Shared {
    fn of(workspace: &ReadWorkspace) -> Self {
        let spec = &workspace.document.spec;
        let with = |value: &Option<String>, spot: &Spot| value.clone().map(|v| (v, spot.clone()));
        Self {
            project: with(&spec.project, &workspace.project),
            location: with(&spec.location, &workspace.location),
            labels: spec.labels.clone(),
        }
    }

    /// Where the manifest's jobs run, unless nothing says so.
    fn place(
        &self,
        manifest: &ReadManifest,
        settings: &Settings,
        broken_workspace: bool,
        findings: &mut Vec<Finding>,
        usage: &mut Option<UsageError>,
    ) -> Option<Place> {
        let mut one = |part: &Part, own: &Option<String>, spot: &Spot, shared, setting| {
            let found = part.decide(own.as_deref().map(|v| (v, spot)), shared, setting, usage);
            // A Workspace that cannot be read may well say it.
            if found.is_none() && !broken_workspace {
                findings.push(part.missing(spot.clone()));
            }
            found
        };
        let spec = &manifest.document.spec;
        let project =
            one(&PROJECT, &spec.project, &manifest.project, &self.project, &settings.project);
        let location =
            one(&LOCATION, &spec.location, &manifest.location, &self.location, &settings.location);
        Some(Place::new(project?, location?))
    }
}

/// One half of a place.
struct Part {
    key: &'static str,
    flag: &'static str,
    variable: &'static str,
    pattern: &'static str,
    expected: &'static str,
}

const PROJECT: Part = Part {
    key: "project",
    flag: "--project",
    variable: "GOOGLE_CLOUD_PROJECT",
    pattern: PROJECT_PATTERN,
    expected: "a project id, such as `acme-ml`",
};

const LOCATION: Part = Part {
    key: "location",
    flag: "--location",
    variable: "GOOGLE_CLOUD_LOCATION",
    pattern: LOCATION_PATTERN,
    expected: "a region that tunes Gemini models, such as `us-central1`",
};

impl Part {
    /// Manifest, Workspace, flag, environment: the first that is set. A flag that
    /// says something else than what is set is an error of usage, so that a stray
    /// `--project` can never recreate a directory elsewhere.
    fn decide(
        &self,
        own: Option<(&str, &Spot)>,
        shared: &Option<(String, Spot)>,
        setting: &Setting,
        usage: &mut Option<UsageError>,
    ) -> Option<String> {
        let written = own.or(shared.as_ref().map(|(value, spot)| (value.as_str(), spot)));
        if let (Some((set, spot)), Some(flag)) = (written, &setting.flag)
            && flag != set
            && usage.is_none()
        {
            *usage = Some(UsageError::Disagrees {
                flag: self.flag,
                value: shown(flag),
                set: set.to_owned(),
                place: spot.shown(),
            });
        }
        let written = written.map(|(value, _)| value.to_owned());
        written.or_else(|| setting.flag.clone()).or_else(|| setting.environment.clone())
    }

    fn missing(&self, spot: Spot) -> Finding {
        let Self { key, flag, variable, .. } = self;
        let message = format!("nothing says the {key} of this model");
        Finding::new(Code::MissingKey, spot, message).hint(format!(
            "set `spec.{key}` in the Workspace or here, pass `{flag}`, or set `{variable}`"
        ))
    }

    fn check(&self, setting: &Setting) -> Option<UsageError> {
        if setting.flag.is_none() && setting.environment.is_none() {
            // Compiling the pattern takes longer than reading a small file.
            return None;
        }
        let fits = Regex::new(self.pattern).ok()?;
        let flag = setting.flag.as_ref().map(|value| (self.flag, value));
        let variable = setting.environment.as_ref().map(|value| (self.variable, value));
        let (origin, value) = flag
            .into_iter()
            .chain(variable)
            .find(|(_, value)| !fits.is_match(value) || value.as_str() == "global")?;
        Some(UsageError::Malformed { origin, value: shown(value), expected: self.expected })
    }
}

pub(super) fn malformed(settings: &Settings) -> Option<UsageError> {
    PROJECT.check(&settings.project).or_else(|| LOCATION.check(&settings.location))
}

/// The desired model of a manifest. Every field of the document is named here,
/// so that a new one cannot be forgotten.
fn one(
    manifest: ReadManifest,
    place: Place,
    owner: &str,
    shared: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Option<Desired> {
    let TunedModel { api_version: _, kind: _, metadata, spec } = manifest.document;
    let TunedModelMetadata { name, labels } = metadata;
    let TunedModelSpec {
        // The place was decided with the Workspace and the settings.
        project: _,
        location: _,
        base_model,
        pre_tuned_model,
        tuned_model_display_name,
        description,
        supervised_tuning_spec,
        preference_optimization_spec,
        encryption_spec,
        service_account,
        // Advice was given; Vertex never hears of it.
        task: _,
        lifecycle,
    } = spec;
    let mut all = shared.clone();
    all.extend(labels);
    if all.len() > labels::MAX_USER_LABELS {
        let message = format!("{} labels with the Workspace's; at most 55", all.len());
        findings.push(
            Finding::new(Code::TooManyLabels, manifest.labels, message)
                .hint("Vertex takes 64 labels, and nine are retune's own; remove some"),
        );
    }
    let key =
        Key { place, owner: owner.parse().ok()?, name: name.parse().ok()?, rerun: lifecycle.rerun };
    let spec = TuningSpec {
        base_model,
        pre_tuned_model,
        tuned_model_display_name,
        description,
        labels: all,
        supervised_tuning_spec,
        preference_optimization_spec,
        encryption_spec,
        service_account,
    };
    Some(Desired { key, spec, lifecycle, source: manifest.source })
}

fn workspace(read: ReadWorkspace) -> Option<Workspace> {
    let WorkspaceDocument { api_version: _, kind: _, metadata, spec } = read.document;
    let WorkspaceMetadata { name } = metadata;
    let WorkspaceSpec { project, location, also_list, labels, limits, claims } = spec;
    let ClaimsDocument { bucket, settle } = claims;
    let claims = bucket.map(|text| text.parse()).transpose().ok()?;
    let owner: Name = name.parse().ok()?;
    let place = |PlaceDocument { project, location }| Place { project, location };
    let source: Source = read.source;
    Some(Workspace {
        owner,
        project,
        location,
        also_list: also_list.into_iter().map(place).collect(),
        labels,
        limits: limits.into(),
        settle,
        claims,
        source,
    })
}
