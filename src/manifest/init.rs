//! The first files of a new directory: a Workspace, a commented manifest, and
//! the schema beside them.
//!
//! The schema is written too, because an editor then checks and completes the
//! manifests without a network and by the rules of the very program that reads
//! them. `retune schema` prints a newer one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::schema;

/// The Workspace's file.
pub const WORKSPACE_FILE: &str = "workspace.yaml";
/// The first manifest's file.
pub const MANIFEST_FILE: &str = "summaries.yaml";
/// The schema's file.
pub const SCHEMA_FILE: &str = "retune.schema.json";

/// Why nothing, or not everything, was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// One of the files is there already. Nothing was written.
    #[error("`{}` exists already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// A file or directory could not be written.
    #[error("could not write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Writes the files into `directory`, which is made when it is not there, and
/// returns their paths. Never overwrites a file. `project` and `location` go
/// into the Workspace when they are known.
///
/// # Errors
/// [`InitError::Exists`] before anything is written; [`InitError::Write`] when
/// the system refuses.
pub fn init(
    directory: &Path,
    project: Option<&str>,
    location: Option<&str>,
) -> Result<Vec<PathBuf>, InitError> {
    let contents = [
        (WORKSPACE_FILE, workspace(project, location)),
        (MANIFEST_FILE, MANIFEST.to_owned()),
        (SCHEMA_FILE, schema::render()),
    ];
    let files = contents.map(|(name, text)| (directory.join(name), text));
    // A link to nothing counts as there: writing through it would surprise.
    if let Some((path, _)) = files.iter().find(|(path, _)| fs::symlink_metadata(path).is_ok()) {
        return Err(InitError::Exists(path.clone()));
    }
    let failed = |path: &Path, source| match io::Error::kind(&source) {
        io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => InitError::Write { path: path.to_owned(), source },
    };
    fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
    let mut written = Vec::new();
    for (path, text) in files {
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|source| failed(&path, source))?;
        written.push(path);
    }
    Ok(written)
}

/// Stands in until somebody writes their own.
const PROJECT: &str = "my-project";
/// Where every tunable Gemini model is tuned.
const LOCATION: &str = "us-central1";

fn workspace(project: Option<&str>, location: Option<&str>) -> String {
    let project = match project {
        Some(project) => quoted_if_number(project),
        None => format!("{PROJECT} # your Google Cloud project"),
    };
    let location = location.unwrap_or(LOCATION);
    format!(
        "\
# yaml-language-server: $schema={SCHEMA_FILE}
#
# What all manifests of this directory share.
apiVersion: retune.dev/v1
kind: Workspace
metadata:
  # The owner. It is written on every tuning job, and retune only ever changes
  # jobs that carry it, so choose it once and keep it.
  name: my-team
spec:
  project: {project}
  location: {location}
  # Labels of every job, and of the models and endpoints that come of them.
  # labels:
  #   env: prod
  # A plan that wants more than this is refused as a whole.
  limits:
    maxCreates: 10
    maxCancels: 5
    # maxConcurrent: 4
"
    )
}

/// A project's number would not be text.
fn quoted_if_number(project: &str) -> String {
    if project.bytes().all(|b| b.is_ascii_digit()) {
        format!("\"{project}\"")
    } else {
        project.to_owned()
    }
}

const MANIFEST: &str = "\
# yaml-language-server: $schema=retune.schema.json
#
# One tuned model that should exist. More of them go into this file, separated
# by `---`, or into files beside it.
apiVersion: retune.dev/v1
kind: TunedModel
metadata:
  # Names the model in every command and on its jobs.
  name: summaries
  # labels:
  #   team: news
spec:
  baseModel: gemini-3.1-flash-lite
  # The name in the console.
  tunedModelDisplayName: Summaries
  # Turns on the advice of Google's tuning guide: classification,
  # summarization, extractiveQa or chat.
  task: summarization
  supervisedTuningSpec:
    # Google's public sample: news articles and their summaries.
    trainingDatasetUri: gs://cloud-samples-data/ai-platform/generative_ai/sft_train_data.jsonl
    validationDatasetUri: gs://cloud-samples-data/ai-platform/generative_ai/sft_validation_data.jsonl
    # Without it Vertex deploys every epoch's checkpoint to an endpoint of its own.
    exportLastCheckpointOnly: true
    # What is left out here, Vertex chooses.
    hyperParameters:
      epochCount: 3
      adapterSize: 4
      learningRateMultiplier: 1.0
  # lifecycle:
  #   rerun: 1            # raise it to train again although nothing else changed
  #   desired: stopped    # cancels active runs and starts none
  #   suspend: true       # look and report, change nothing
  #   timeout: 24h        # an active run older than this is cancelled
  #   retry:
  #     maxAttempts: 2    # for failures of a passing kind
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_files_are_valid_without_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("new/manifests");
        for (project, location) in [(None, None), (Some("4711"), Some("europe-west4"))] {
            let written = init(&target, project, location).unwrap();
            assert_eq!(written.len(), 3);
            let loaded = crate::manifest::load(
                std::slice::from_ref(&target),
                &crate::manifest::Settings { require_workspace: true, ..Default::default() },
            );
            assert!(loaded.report().findings.is_empty(), "{:?}", loaded.report().findings);
            let manifests = loaded.into_result().unwrap();
            assert_eq!(manifests.desired.len(), 1);
            assert_eq!(manifests.workspace.unwrap().project.as_deref(), project.or(Some(PROJECT)));
            fs::remove_dir_all(&target).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        for name in [WORKSPACE_FILE, MANIFEST_FILE, SCHEMA_FILE] {
            let path = dir.path().join(name);
            fs::write(&path, "mine").unwrap();
            assert!(matches!(init(dir.path(), None, None), Err(InitError::Exists(p)) if p == path));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{name}");
            assert_eq!(fs::read(&path).unwrap(), b"mine");
            fs::remove_file(&path).unwrap();
        }
    }
}
