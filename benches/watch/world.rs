//! Manifests in one directory, and the runs that some of them have.

use std::fs;
use std::path::{Path, PathBuf};

use retune::model::{Desired, DesiredState};

use crate::Error;
use crate::corpus::{self, Examples, PROJECT};

/// Files, and jobs to be served.
pub(crate) struct World {
    /// Where the manifests are.
    pub(crate) directory: PathBuf,
    /// The manifests that have a run each.
    pub(crate) tuned: Vec<Desired>,
    /// Those runs, as they are listed.
    pub(crate) jobs: Vec<String>,
}

impl World {
    /// Writes `manifests` files, of which `tuned` have a good run; the others
    /// ask for none. `claims` is the Workspace's.
    pub(crate) fn write(
        directory: &Path,
        manifests: usize,
        tuned: usize,
        claims: &str,
    ) -> Result<Self, Error> {
        fs::create_dir_all(directory)?;
        let workspace = format!("{}  claims: {claims}\n", corpus::workspace(PROJECT));
        fs::write(directory.join("workspace.yaml"), workspace)?;
        for number in 0..manifests {
            let mut text = corpus::manifest(number);
            if number >= tuned {
                if !text.contains("  lifecycle:\n") {
                    text.push_str("  lifecycle:\n");
                }
                text = text.replace("  lifecycle:\n", "  lifecycle:\n    desired: stopped\n");
            }
            fs::write(directory.join(format!("{}.yaml", corpus::name(number))), text)?;
        }
        let examples = Examples::read()?;
        let mut desired = corpus::load(directory)?;
        desired.retain(|desired| desired.lifecycle.desired == DesiredState::Tuned);
        let jobs = desired.iter().enumerate();
        let jobs = jobs.map(|(n, desired)| serde_json::to_string_pretty(&examples.own(n, desired)));
        let jobs = jobs.collect::<Result<_, _>>()?;
        Ok(Self { directory: directory.to_owned(), tuned: desired, jobs })
    }
}
