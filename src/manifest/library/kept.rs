//! What is kept of a file that was read.

use crate::manifest::read::ReadFile;

#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) documents: usize,
    file: ReadFile,
}

impl Kept {
    pub(super) fn new(file: ReadFile) -> Self {
        Self { documents: file.documents, file }
    }

    pub(super) fn has_workspace(&self) -> bool {
        self.file.broken_workspace || !self.file.workspaces.is_empty()
    }

    pub(super) fn restored(&self) -> ReadFile {
        self.file.clone()
    }
}
