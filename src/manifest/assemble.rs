//! All documents together: which Workspace applies, where each model is tuned,
//! whose labels it carries, and whether two manifests claim one name.

use std::collections::HashMap;
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
use crate::model::{
    Desired, Key, Labels, Name, Place, Prices, Source, Text, Texts, TuningSpec, Wanted, Workspace,
    labels,
};

pub(super) struct Input<'a, M> {
    pub(super) paths: &'a [PathBuf],
    pub(super) settings: &'a Settings,
    /// Documents in the paths, broken ones too.
    pub(super) documents: usize,
    pub(super) manifests: Vec<M>,
    pub(super) workspaces: Vec<ReadWorkspace>,
    pub(super) broken_workspace: bool,
}

pub(super) struct Assembled {
    pub(super) desired: Vec<Desired>,
    pub(super) workspace: Option<Workspace>,
    pub(super) usage: Option<UsageError>,
}

/// A manifest among all others.
pub(super) trait Candidate {
    /// What it calls its model.
    fn name(&self) -> &str;

    /// Where it does.
    fn named_at(&self) -> Spot;

    /// What becomes of it with what applies to all. What many models have in
    /// common is taken from `texts`.
    fn make(self, common: &Arc<Common>, texts: &mut Texts) -> Made;
}

impl Candidate for ReadManifest {
    fn name(&self) -> &str {
        &self.document.metadata.name
    }

    fn named_at(&self) -> Spot {
        self.name.clone()
    }

    fn make(self, common: &Arc<Common>, texts: &mut Texts) -> Made {
        common.make(self, texts)
    }
}

/// What becomes of one manifest. It depends on the manifest and on [`Common`]
/// alone.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) desired: Option<Desired>,
    pub(super) findings: Vec<Finding>,
    pub(super) usage: Option<UsageError>,
}

pub(super) fn assemble<M: Candidate>(
    input: Input<'_, M>,
    findings: &mut Vec<Finding>,
) -> Assembled {
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
    let common = Arc::new(Common::of(first.as_ref(), settings, broken_workspace));
    let mut desired = Vec::with_capacity(manifests.len());
    let mut texts = Texts::default();
    for manifest in manifests {
        let made = manifest.make(&common, &mut texts);
        findings.extend(made.findings);
        desired.extend(made.desired);
        usage = usage.or(made.usage);
    }
    desired.sort_by(|a, b| a.key.cmp(&b.key));
    Assembled { desired, workspace: first.and_then(workspace), usage }
}

fn duplicate_names<M: Candidate>(manifests: &[M], findings: &mut Vec<Finding>) {
    let mut seen: HashMap<&str, &M> = HashMap::with_capacity(manifests.len());
    for manifest in manifests {
        let name = manifest.name();
        match seen.get(name) {
            Some(first) => findings.push(
                Finding::new(
                    Code::DuplicateName,
                    manifest.named_at(),
                    format!("another manifest is called {} too", quoted(name)),
                )
                .hint("rename one of the two; commands and jobs know a model by its name alone")
                .related(first.named_at(), "first used here"),
            ),
            None => drop(seen.insert(name, manifest)),
        }
    }
}

/// What applies to all manifests: what the Workspace and the settings give to
/// those that do not say it themselves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Common {
    owner: Option<Name>,
    project: Option<(Text, Spot)>,
    location: Option<(Text, Spot)>,
    labels: Labels,
    settings: Settings,
    broken_workspace: bool,
}

impl Common {
    fn of(workspace: Option<&ReadWorkspace>, settings: &Settings, broken_workspace: bool) -> Self {
        let mut common = Self {
            owner: DEFAULT_OWNER.parse().ok(),
            project: None,
            location: None,
            labels: Labels::default(),
            settings: settings.clone(),
            broken_workspace,
        };
        if let Some(workspace) = workspace {
            let WorkspaceDocument { metadata, spec, .. } = &workspace.document;
            let with = |value: &Option<Text>, spot: &Spot| value.clone().map(|v| (v, spot.clone()));
            common.owner = metadata.name.parse().ok();
            common.project = with(&spec.project, &workspace.project);
            common.location = with(&spec.location, &workspace.location);
            common.labels.clone_from(&spec.labels);
        }
        common
    }

    /// What becomes of a manifest.
    pub(super) fn make(&self, manifest: ReadManifest, texts: &mut Texts) -> Made {
        let Made { mut findings, mut usage, .. } = Made::default();
        let place = self.place(&manifest, &mut findings, &mut usage);
        let desired = place.and_then(|place| {
            findings.extend(checks::placed(&manifest, &place));
            let owner = self.owner.clone()?;
            one(manifest, place, owner, &self.labels, texts, &mut findings)
        });
        Made { desired, findings, usage }
    }

    /// Where the manifest's jobs run, unless nothing says so.
    fn place(
        &self,
        manifest: &ReadManifest,
        findings: &mut Vec<Finding>,
        usage: &mut Option<UsageError>,
    ) -> Option<Place> {
        let Self { settings, broken_workspace, .. } = self;
        let mut one = |part: &Part, own: &Option<Text>, spot: &Spot, shared, setting| {
            let found = part.decide(own.as_ref().map(|v| (v, spot)), shared, setting, usage);
            // A Workspace that cannot be read may well say it.
            if found.is_none() && !*broken_workspace {
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
        own: Option<(&Text, &Spot)>,
        shared: &Option<(Text, Spot)>,
        setting: &Setting,
        usage: &mut Option<UsageError>,
    ) -> Option<Text> {
        let written = own.or(shared.as_ref().map(|(value, spot)| (value, spot)));
        if let (Some((set, spot)), Some(flag)) = (written, &setting.flag)
            && flag.as_str() != set.as_str()
            && usage.is_none()
        {
            *usage = Some(UsageError::Disagrees {
                flag: self.flag,
                value: shown(flag),
                set: set.to_string(),
                place: spot.shown(),
            });
        }
        let set = || setting.flag.as_ref().or(setting.environment.as_ref()).map(Text::from);
        written.map(|(value, _)| value.clone()).or_else(set)
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

/// The desired model of a manifest to which nothing else applies: its place says
/// only what the manifest says.
pub(super) fn bare(manifest: ReadManifest) -> Option<Desired> {
    let TunedModelSpec { project, location, .. } = &manifest.document.spec;
    let own = |part: &Option<Text>| part.clone().unwrap_or_default();
    let place = Place::new(own(project), own(location));
    let owner = DEFAULT_OWNER.parse().ok()?;
    one(manifest, place, owner, &Labels::default(), &mut Texts::default(), &mut Vec::new())
}

/// The desired model of a manifest. Every field of the document is named here,
/// so that a new one cannot be forgotten.
fn one(
    manifest: ReadManifest,
    place: Place,
    owner: Name,
    shared: &Labels,
    texts: &mut Texts,
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
    let mut take = |text: &str| texts.take(text);
    let mut all = shared.clone();
    all.extend(labels.iter().map(|(key, value)| (take(key), take(value))));
    if all.len() > labels::MAX_USER_LABELS {
        let message = format!("{} labels with the Workspace's; at most 55", all.len());
        findings.push(
            Finding::new(Code::TooManyLabels, manifest.labels, message)
                .hint("Vertex takes 64 labels, and nine are retune's own; remove some"),
        );
    }
    let key = Key { place, owner, name: name.parse().ok()?, rerun: lifecycle.rerun };
    let spec = TuningSpec {
        base_model: base_model.as_deref().map(&mut take),
        pre_tuned_model,
        tuned_model_display_name,
        description: description.as_deref().map(&mut take),
        labels: all,
        supervised_tuning_spec,
        preference_optimization_spec,
        encryption_spec,
        service_account: service_account.as_deref().map(&mut take),
    };
    Some(Wanted { key, spec, lifecycle, source: manifest.source }.into())
}

fn workspace(read: ReadWorkspace) -> Option<Workspace> {
    let WorkspaceDocument { api_version: _, kind: _, metadata, spec } = read.document;
    let WorkspaceMetadata { name } = metadata;
    let WorkspaceSpec { project, location, also_list, labels, limits, prices, claims } = spec;
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
        prices: Prices::new(prices),
        settle,
        claims,
        source,
    })
}
