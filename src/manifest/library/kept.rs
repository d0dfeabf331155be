//! What is kept of a file that was read: all of it, in a third of the memory.

use std::sync::Arc;

use super::folded::Folded;
use crate::manifest::ReadManifest;
use crate::manifest::assemble::{Candidate, Common, Made};
use crate::manifest::finding::Finding;
use crate::manifest::place::Spot;
use crate::manifest::read::{ReadFile, ReadWorkspace};
use crate::model::Texts;

/// What is kept of a file.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) documents: usize,
    pub(super) manifests: Box<[Manifest]>,
    pub(super) workspaces: Box<[ReadWorkspace]>,
    pub(super) broken_workspace: bool,
    pub(super) findings: Box<[Finding]>,
}

/// A manifest of the file.
#[derive(Debug)]
pub(super) enum Manifest {
    Folded(Folded),
    /// One that does not come out of folding as it went in.
    Whole(Box<ReadManifest>),
}

impl Kept {
    pub(super) fn new(file: ReadFile) -> Self {
        let ReadFile { manifests, workspaces, broken_workspace, documents, findings } = file;
        Self {
            documents,
            manifests: manifests.into_iter().map(Manifest::new).collect(),
            workspaces: workspaces.into(),
            broken_workspace,
            findings: findings.into(),
        }
    }

    pub(super) fn has_workspace(&self) -> bool {
        self.broken_workspace || !self.workspaces.is_empty()
    }
}

impl Manifest {
    fn new(manifest: ReadManifest) -> Self {
        match Folded::new(manifest.clone()) {
            Some(folded) if folded.restored() == manifest => Self::Folded(folded),
            _ => Self::Whole(Box::new(manifest)),
        }
    }
}

impl Candidate for &mut Manifest {
    fn name(&self) -> &str {
        match self {
            Manifest::Folded(folded) => folded.name(),
            Manifest::Whole(manifest) => Candidate::name(&**manifest),
        }
    }

    fn named_at(&self) -> Spot {
        match self {
            Manifest::Folded(folded) => folded.named_at(),
            Manifest::Whole(manifest) => manifest.named_at(),
        }
    }

    fn make(self, common: &Arc<Common>, texts: &mut Texts) -> Made {
        match self {
            Manifest::Folded(folded) => folded.make(common, texts),
            Manifest::Whole(manifest) => common.make((**manifest).clone(), texts),
        }
    }
}
