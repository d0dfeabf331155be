//! Manifests: YAML files to the tuned models they ask for, or to findings.
//!
//! [`load`] reports everything that is wrong in all files at once, each with
//! file, line, column and a way out. It never panics and never guesses: while
//! there is one finding of [`Severity::Error`], no desired model can be had
//! from a [`Loaded`].
//!
//! The way of a file: `files` reads it within a size cap, `tree` parses it,
//! `inspect` checks the tree against the JSON Schema, `read` makes typed
//! documents of it and runs the `checks` that a schema cannot express, and
//! `assemble` looks at all documents together.

use std::path::PathBuf;

mod assemble;
mod checks;
mod code;
pub mod document;
pub(crate) mod files;
mod finding;
pub mod init;
mod inspect;
pub mod library;
mod phrase;
mod place;
mod read;
pub mod render;
mod scalar;
pub mod schema;
mod shape;
mod suggest;
mod tree;
mod workspace;

pub use code::{Code, Severity};
pub use files::default_paths;
pub use finding::{Finding, Related};
pub use library::Library;
pub use place::{Excerpt, Spot};

use crate::model::{Desired, Name, Workspace};
use read::{ReadManifest, ReadWorkspace};

/// What the command line and the environment say about manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The project of manifests that name none.
    pub project: Setting,
    /// The location of manifests that name none.
    pub location: Setting,
    /// Whether a Workspace must apply: true for whatever changes the real service.
    pub require_workspace: bool,
    /// Whether a Workspace alone will do: true for whatever looks at, or stops,
    /// what has no manifest any more.
    pub may_be_none: bool,
}

/// A value that may come from a flag or from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// The flag's value. It may not disagree with a manifest or the Workspace.
    pub flag: Option<String>,
    /// The environment's value, for what nothing else sets.
    pub environment: Option<String>,
}

impl Settings {
    /// Whether flags and environment say what could be a project and a location.
    /// [`load`] asks this by itself.
    ///
    /// # Errors
    /// [`UsageError::Malformed`] for the first that does not.
    pub fn check(&self) -> Result<(), UsageError> {
        assemble::malformed(self).map_or(Ok(()), Err)
    }
}

/// A flag or variable that does not go with the manifests: wrong usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// The flag says something else than a manifest or the Workspace.
    #[error("`{flag} {value}` disagrees with `{set}` in {place}")]
    Disagrees {
        /// `--project` or `--location`.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What the file says.
        set: String,
        /// `FILE:LINE:COLUMN`.
        place: String,
    },
    /// The value is nothing that could be a project or a location.
    #[error("`{value}` in `{origin}` is not {expected}")]
    Malformed {
        /// The flag or variable.
        origin: &'static str,
        /// Its value.
        value: String,
        /// What was expected instead.
        expected: &'static str,
    },
}

/// What was found out about files, whatever it was.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Sorted by file, line and column.
    pub findings: Vec<Finding>,
    /// Files that were looked at.
    pub files: usize,
    /// Documents in them, less empty ones.
    pub documents: usize,
}

impl Report {
    /// How many findings have that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity() == severity).count()
    }

    /// Whether anything forbids planning.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|f| f.severity() == Severity::Error)
    }
}

/// What the files ask for, when nothing is wrong with them.
#[derive(Debug, Clone)]
pub struct Manifests {
    /// Sorted by key.
    pub desired: Vec<Desired>,
    /// The Workspace that applies, if any.
    pub workspace: Option<Workspace>,
    /// Warnings and advice.
    pub report: Report,
}

/// Who owns what no Workspace names.
pub const DEFAULT_OWNER: &str = "default";

/// Why nothing may be planned.
#[derive(Debug, Clone)]
pub enum Rejected {
    /// Flags or environment do not go with the manifests.
    Usage(UsageError),
    /// The manifests are not valid, or there are none.
    Invalid(Report),
}

/// The outcome of [`load`]. What the files ask for is behind
/// [`Loaded::into_result`], so that it cannot be had while there are errors.
#[derive(Debug)]
pub struct Loaded {
    report: Report,
    desired: Vec<Desired>,
    workspace: Option<Workspace>,
    usage: Option<UsageError>,
}

impl Loaded {
    /// All findings, and what was read.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the files ask for.
    ///
    /// # Errors
    /// [`Rejected::Usage`] when a flag does not go with the files, else
    /// [`Rejected::Invalid`] when there is a finding of [`Severity::Error`].
    pub fn into_result(self) -> Result<Manifests, Rejected> {
        let Self { report, desired, workspace, usage } = self;
        match usage {
            Some(error) => Err(Rejected::Usage(error)),
            None if report.has_errors() => Err(Rejected::Invalid(report)),
            None => Ok(Manifests { desired, workspace, report }),
        }
    }
}

/// Reads all manifests of `paths` (see [`default_paths`]) and the Workspace that
/// applies to them: the one in the paths, else the nearest in a directory above.
pub fn load(paths: &[PathBuf], settings: &Settings) -> Loaded {
    let files::Collected { files, findings, .. } = files::collect(paths);
    let mut read = read::all(&files);
    let documents = read.iter().map(|f| f.documents).sum();
    if !read.iter().any(|f| f.broken_workspace || !f.workspaces.is_empty()) {
        read.extend(workspace::discover(paths));
    }
    gathered(read, findings).together(paths, settings, (files.len(), documents))
}

/// As [`load`], of one file that is in memory already.
pub(crate) fn load_bytes(bytes: Vec<u8>, settings: &Settings) -> Loaded {
    let path = PathBuf::from("a.yaml");
    let file = read::bytes(&path, bytes);
    let documents = file.documents;
    gathered([file], Vec::new()).together(&[path], settings, (1, documents))
}

/// The values of a text's documents, unless something is wrong with its YAML.
pub(crate) fn values(text: &str) -> Option<Vec<serde_yaml::Value>> {
    let parsed = tree::parse(text);
    parsed.problems.is_empty().then(|| parsed.documents.iter().map(read::value).collect())
}

/// All files together, whose `findings` say what could not be looked into.
fn gathered(
    read: impl IntoIterator<Item = read::ReadFile>,
    findings: Vec<Finding>,
) -> Gathered<ReadManifest> {
    let mut all = Gathered { findings, ..Gathered::default() };
    for file in read {
        all.manifests.extend(file.manifests);
        all.workspaces.extend(file.workspaces);
        all.broken_workspace |= file.broken_workspace;
        all.findings.extend(file.findings);
    }
    all
}

/// What all files hold.
struct Gathered<M> {
    manifests: Vec<M>,
    workspaces: Vec<ReadWorkspace>,
    broken_workspace: bool,
    findings: Vec<Finding>,
}

impl<M> Default for Gathered<M> {
    fn default() -> Self {
        let (manifests, workspaces, findings) = Default::default();
        Self { manifests, workspaces, broken_workspace: false, findings }
    }
}

impl<M: assemble::Candidate> Gathered<M> {
    /// What they say together. `counts` are the files and documents in the paths.
    fn together(self, paths: &[PathBuf], settings: &Settings, counts: (usize, usize)) -> Loaded {
        let (files, documents) = counts;
        let Self { manifests, workspaces, broken_workspace, mut findings } = self;
        let input =
            assemble::Input { paths, settings, documents, manifests, workspaces, broken_workspace };
        let assemble::Assembled { desired, workspace, usage } =
            assemble::assemble(input, &mut findings);
        let order = |f: &Finding| (f.spot.file.clone(), f.spot.line, f.spot.column, f.code);
        findings.sort_by_cached_key(order);
        Loaded { report: Report { findings, files, documents }, desired, workspace, usage }
    }
}

impl Manifests {
    /// The owner of these models: the Workspace's name, else `default`.
    pub fn owner(&self) -> Option<Name> {
        match &self.workspace {
            Some(workspace) => Some(workspace.owner.clone()),
            None => DEFAULT_OWNER.parse().ok(),
        }
    }
}
