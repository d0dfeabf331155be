//! One job's manifest.

use std::collections::BTreeSet;

use super::asked::asked;
use super::fields::{Fields, NOT_TAKEN};
use super::naming::Names;
use super::yaml::{Node, Scalar, render};
use super::{Around, Imported, Job};
use crate::manifest::document::API_VERSION;
use crate::manifest::{self, Rejected, Setting, Settings, Severity};
use crate::model::{
    Desired, JobName, Labels, Name, Observed, Text, TuningSpec, Untrusted, Workspace, labels,
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
        remarks.extend(self.refused.iter().map(|field| {
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
        let mut nodes = header(job, around, adopt);
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
fn header(job: &Job, around: Around<'_>, adopt: bool) -> Vec<Node> {
    let Job { observed, rest } = job;
    let created = observed.create_time.map(|time| time.strftime(", created %Y-%m-%d %H:%M UTC"));
    let created = created.map(|created| created.to_string()).unwrap_or_default();
    let state = observed.state.word();
    let on = if around.emulator { " (emulator)" } else { "" };
    let (short, place) = (observed.name.short(), &observed.place);
    let mut lines = vec![format!("{short} in {place}{on}: {state}{created}.")];
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
    let shared =
        |of: fn(&Workspace) -> &Option<Text>| around.workspace.and_then(|w| of(w).as_deref());
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
    let is_shared = |key: &str, value: &str| shared.is_some_and(|all| all.get(key) == Some(value));
    let retunes_own = |key: &str| {
        job.stamp.is_some() && (key == labels::MANAGED_BY || key.starts_with("retune-"))
    };
    let mut room = labels::MAX_USER_LABELS.saturating_sub(shared.map_or(0, Labels::len));
    let all = job.echo.labels.iter();
    let own = all.filter(|(key, value)| !is_shared(key, value) && !retunes_own(key));
    own.map(|(key, value)| {
        let taken = labels::is_key(key) && labels::is_value(value) && !labels::is_reserved(key);
        if !taken || room == 0 {
            return Node::Unset(key.to_owned(), Scalar::text(value), NOT_TAKEN);
        }
        room -= 1;
        Node::Set(key.to_owned(), Scalar::text(value))
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
        let name = JobName::new(&job.place.project, job.name.location(), job.name.id());
        nodes.push(Node::Set("adopt".to_owned(), Scalar::text(&name.to_string())));
    }
    nodes
}

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
    let mut labels = around.workspace.map(|workspace| workspace.labels.clone()).unwrap_or_default();
    labels.extend(desired.spec.labels.iter());
    desired.spec.labels = labels;
    Ok(desired)
}
