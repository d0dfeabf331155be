//! What every command that asks Vertex needs: manifests, and somebody to ask.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Global;
use super::connect::{Inside, VertexClient, connect, end};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, meant};
use super::output::Output;
use super::revision;
use crate::apply::Broken;
use crate::manifest::{self, Code, Manifests, Rejected, Settings, Severity};
use crate::model::{Desired, Name, Observation, Place, Prices, Workspace};
use crate::observe;
use crate::plan::{Plan, Policy, show};
use crate::vertex::{Keep, ReadError};

/// Valid manifests and somebody to ask.
pub(super) struct Session {
    pub(super) desired: Vec<Desired>,
    pub(super) workspace: Option<Workspace>,
    pub(super) places: BTreeSet<Place>,
    pub(super) client: VertexClient,
    pub(super) emulator: bool,
    /// The flags that lead a next command to the same service.
    same_service: String,
    /// Keeps the emulator inside the process alive.
    inside: Option<Inside>,
}

/// What a command cannot do without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// At least one manifest. What looks at runs, or stops them, needs none.
    pub(super) manifests: bool,
    /// A Workspace, unless it runs on the emulator.
    pub(super) workspace: bool,
}

impl Needs {
    /// Manifests alone.
    pub(super) const MANIFESTS: Self = Self { manifests: true, workspace: false };
}

/// Loads the manifests; findings are printed, and errors end the command
/// before anything was asked of Vertex.
pub(super) fn load(
    paths: &[PathBuf],
    global: &Global,
    environment: &Environment,
    needs: Needs,
    output: &Output,
) -> Result<Manifests, Failure> {
    let settings =
        Settings { may_be_none: !needs.manifests, ..global.settings(environment, needs.workspace) };
    let loaded = manifest::load(&paths_or_default(paths), &settings).into_result();
    let manifests = loaded.map_err(|rejected| refused(&rejected, output))?;
    output.say(&manifest::render::text(&manifests.report.findings, true));
    Ok(manifests)
}

/// Says why nothing may be planned.
pub(super) fn refused(rejected: &Rejected, output: &Output) -> Failure {
    match rejected {
        Rejected::Usage(error) => Failure::new(Exit::Usage, error.clone()),
        Rejected::Invalid(report) => {
            output.complain(&manifest::render::text(&report.findings, true));
            let mut errors = report.findings.iter().filter(|f| f.severity() == Severity::Error);
            let what = match errors.all(|finding| finding.code == Code::NoManifests) {
                true => "there are no manifests; nothing was asked of Vertex",
                false => "the manifests are not valid; nothing was asked of Vertex",
            };
            Failure::new(Exit::Invalid, what)
        }
    }
}

/// The paths, or `manifests/` when there is one, else the current directory.
pub(super) fn paths_or_default(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() { manifest::default_paths() } else { paths.to_vec() }
}

pub(super) fn no_place() -> Failure {
    Failure::new(Exit::Invalid, "there are no manifests here that name the places to look at")
        .hint("name a place with --project and --location, or run `retune init`")
}

impl Session {
    /// Loads the manifests and sets a client up.
    pub(super) async fn open(
        paths: &[PathBuf],
        global: &Global,
        needs: Needs,
        output: &Output,
    ) -> Result<Self, Failure> {
        let environment = Environment::read();
        let needs = Needs { workspace: needs.workspace && !global.emulator, ..needs };
        let loaded = load(paths, global, &environment, needs, output)?;
        let places = observe::places(&loaded.desired, loaded.workspace.as_ref());
        if places.is_empty() {
            return Err(no_place());
        }
        let (client, inside) = connect(global, environment, output).await?;
        Ok(Self {
            desired: loaded.desired,
            workspace: loaded.workspace,
            places,
            client,
            emulator: global.emulator,
            same_service: global.same_service(),
            inside,
        })
    }

    /// As [`Session::open`], but without manifests when `--project` and
    /// `--location` name a place.
    pub(super) async fn for_looking(
        paths: &[PathBuf],
        global: &Global,
        output: &Output,
    ) -> Result<Self, Failure> {
        Self::for_looking_at(paths, None, global, output).await
    }

    /// As [`Session::for_looking`]; what is looked at may name its place itself.
    pub(super) async fn for_looking_at(
        paths: &[PathBuf],
        place: Option<Place>,
        global: &Global,
        output: &Output,
    ) -> Result<Self, Failure> {
        let environment = Environment::read();
        let project = global.project.clone().or_else(|| environment.project.clone());
        let location = global.location.clone().or_else(|| environment.location.clone());
        let has_manifests =
            manifest::load(&paths_or_default(paths), &Settings::default()).report().documents > 0;
        let place = project
            .zip(location)
            .map(|(project, location)| Place::new(project, location))
            .or(place);
        match place {
            Some(place) if paths.is_empty() && !has_manifests => {
                let (client, inside) = connect(global, environment, output).await?;
                Ok(Self {
                    desired: Vec::new(),
                    workspace: None,
                    places: [place].into(),
                    client,
                    emulator: global.emulator,
                    same_service: global.same_service(),
                    inside,
                })
            }
            None if paths.is_empty() && !has_manifests => Err(no_place()),
            _ => {
                let needs = Needs { manifests: false, workspace: false };
                Self::open(paths, global, needs, output).await
            }
        }
    }

    /// The owner: the Workspace's name, else `default`.
    pub(super) fn owner(&self) -> Result<Name, Failure> {
        owner(self.workspace.as_ref())
    }

    /// What the operator allows, before flags.
    pub(super) fn policy(&self, global: &Global) -> Result<Policy, Failure> {
        let mut policy = Policy::new(self.owner()?);
        if let Some(workspace) = &self.workspace {
            policy.limits = workspace.limits;
        }
        policy.revision = match revision::told(global)? {
            Some(revision) => Some(revision),
            None => {
                let tree = work_tree(&self.desired, self.workspace.as_ref());
                tree.and_then(|directory| revision::of_work_tree(&directory))
            }
        };
        Ok(policy)
    }

    /// What runs cost.
    pub(super) fn prices(&self) -> Prices {
        self.workspace.as_ref().map(|workspace| workspace.prices.clone()).unwrap_or_default()
    }

    /// Lists every place completely.
    pub(super) async fn observe(&self) -> Result<Observation, Failure> {
        self.observe_keeping(&observe::keep(&self.desired)).await
    }

    /// Looks at every place and decides.
    pub(super) async fn decide(&self, policy: &Policy) -> Result<Plan, Failure> {
        self.decide_over(&mut self.observe().await?, policy).await
    }

    /// Decides over what was seen, and asks for models where that needs it.
    pub(super) async fn decide_over(
        &self,
        seen: &mut Observation,
        policy: &Policy,
    ) -> Result<Plan, Failure> {
        let plan = observe::decide(&self.client, &self.desired, seen, policy).await;
        plan.map_err(|error| self.unlisted(error))
    }

    /// Lists every place completely, keeping these jobs.
    pub(super) async fn observe_keeping(&self, keep: &Keep) -> Result<Observation, Failure> {
        let seen = observe::observe(&self.client, &self.places, keep).await;
        seen.map_err(|error| self.unlisted(error))
    }

    /// The flags that lead a next command to the same service.
    pub(super) fn same_service(&self) -> &str {
        &self.same_service
    }

    /// A command to type next, against the same service.
    pub(super) fn command(&self, what: &str) -> String {
        show::command(what, &self.same_service)
    }

    /// A place could not be listed: nothing was decided.
    pub(super) fn unlisted(&self, error: observe::ObserveError) -> Failure {
        self.unreachable(self.hint(&error.source), error)
    }

    /// A look failed without which nothing may be created.
    pub(super) fn broken(&self, error: Broken) -> Failure {
        let hint = match &error {
            Broken::Jobs(jobs) => self.hint(&jobs.source),
            Broken::Claims(claims) => claims.hint(),
            Broken::Claimed { source, .. } => self.hint(source),
        };
        self.unreachable(hint, error)
    }

    /// Vertex could not be asked: nothing was decided.
    pub(super) fn unreachable(
        &self,
        hint: Option<String>,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Failure {
        Failure::new(Exit::Unreachable, error).hint_if(hint)
    }

    /// The next thing to do about `error`. What mends an access to Google does
    /// not mend one to this machine.
    pub(super) fn hint(&self, error: &ReadError) -> Option<String> {
        match error {
            ReadError::Incomplete { why, .. } => self.hint(why),
            ReadError::Unreachable { .. } if self.emulator => {
                Some("the retune that ran the emulator has ended; run the command again".to_owned())
            }
            ReadError::Unreachable { .. } if self.client.endpoint().is_loopback() => Some(
                "`retune emulator` starts an emulator; leave out --endpoint and \
                 GOOGLE_VERTEX_BASE_URL to talk to Vertex AI"
                    .to_owned(),
            ),
            ReadError::Forbidden { .. } | ReadError::NoSuchPlace { .. }
                if self.client.endpoint().is_loopback() =>
            {
                None
            }
            error => error.hint(),
        }
    }

    /// The names, each of which must have a manifest.
    pub(super) fn known_names(&self, names: &[String]) -> Result<BTreeSet<Name>, Failure> {
        let known = || self.desired.iter().map(|d| d.key.name.as_str());
        names
            .iter()
            .map(|text| {
                let name = self.desired.iter().find(|d| d.key.name.as_str() == text);
                name.map(|d| d.key.name.clone()).ok_or_else(|| {
                    Failure::usage(format!("no manifest is named `{text}`")).hint(meant(
                        text,
                        known(),
                        &self.command("status"),
                    ))
                })
            })
            .collect()
    }

    /// Whether the emulator is inside this process.
    pub(super) fn ends_emulator(&self) -> bool {
        self.inside.is_some()
    }

    /// Does `work`, and closes the session however that ends: whoever comes next
    /// must not look for an emulator that is no more.
    pub(super) async fn with<T>(self, work: impl AsyncFnOnce(&Self) -> T) -> T {
        let result = work(&self).await;
        // Writes the emulator's world and ends it.
        end(self.inside).await;
        result
    }
}

/// The directory whose commit the manifests are of.
pub(super) fn work_tree(desired: &[Desired], workspace: Option<&Workspace>) -> Option<PathBuf> {
    let workspace = workspace.map(|workspace| &workspace.source);
    let source = desired.first().map(|desired| &desired.source).or(workspace);
    let file = source.map(|source| source.file.as_path())?;
    let parent = file.parent()?;
    Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

/// Why no settle window is not enough.
pub(super) fn no_window() -> Failure {
    Failure::refused(
        "`claims.settle: 0s` creates runs that a listing may not show yet a second time",
    )
    .hint("leave it out for 20s, or pass --accept-duplicates")
}

pub(super) fn owner(workspace: Option<&Workspace>) -> Result<Name, Failure> {
    match workspace {
        Some(workspace) => Ok(workspace.owner.clone()),
        None => "default".parse().map_err(|error| Failure::new(Exit::Unexpected, error)),
    }
}
