//! The manifests of some paths, kept between two looks at them.
//!
//! A look walks the directories and asks for each file's status; only a file
//! whose status changed is read, and only one whose content changed is parsed.
//! What is made of them then is what [`load`](super::load) makes: a library
//! that saw every edit and one that was made just now say the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

mod entry;
mod folded;
mod kept;
mod surroundings;
#[cfg(test)]
mod tests;

use super::finding::Finding;
use super::{Gathered, Loaded, Settings, files, workspace};
pub use entry::Identity;
use entry::{Entry, Look};
pub use surroundings::{Interest, Surroundings};

/// Some paths' manifest files, as they were at the last [`Library::scan`].
#[derive(Debug)]
pub struct Library {
    paths: Vec<PathBuf>,
    /// Sorted by path.
    files: Vec<Entry>,
    /// Files in directories above the paths that may hold the Workspace: none
    /// while the paths have one themselves.
    above: Vec<Entry>,
    /// What could not be looked into.
    findings: Vec<Finding>,
    /// Of all that; none before the first scan.
    fingerprint: Option<Fingerprint>,
}

/// What a look at the files found.
#[derive(Debug)]
pub struct Scan {
    /// Equal for equal paths, contents and trouble with them.
    pub fingerprint: Fingerprint,
    /// The directories in which a change may change the next scan.
    pub surroundings: Surroundings,
    /// Files that were read.
    pub read: usize,
    /// Files that were parsed.
    pub parsed: usize,
    /// Files of the paths.
    pub files: usize,
}

/// Stands for a set of manifest files with their contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Library {
    /// The manifests of `paths`, of which none has been looked at.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        let (files, above, findings) = Default::default();
        Self { paths, files, above, findings, fingerprint: None }
    }

    /// Looks at the files. `now` tells which of them changed so lately that they
    /// could change again within one tick of the file system's clock: those are
    /// read the next time too. `everything` reads all, whatever their status.
    pub fn scan(&mut self, now: Timestamp, everything: bool) -> Scan {
        let mut look = Look::new(now, everything);
        let collected = files::collect(&self.paths);
        let mut surroundings = Surroundings::of(&self.paths, &collected);
        self.files = look.at(std::mem::take(&mut self.files), collected.files, entry::own);
        let mut findings = collected.findings;
        let order = |f: &Finding| (f.spot.file.clone(), f.code, f.message.clone());
        findings.sort_by_cached_key(order);
        look.changed |= findings != self.findings;
        self.findings = findings;
        self.look_above(&mut look, &mut surroundings);
        let Look { read, parsed, changed, .. } = look;
        let known = self.fingerprint.filter(|_| !changed);
        let fingerprint = known.unwrap_or_else(|| self.fingerprint());
        self.fingerprint = Some(fingerprint);
        Scan { fingerprint, surroundings, read, parsed, files: self.files.len() }
    }

    /// The Workspace above, where the paths have none: see [`workspace::discover`].
    fn look_above(&mut self, look: &mut Look, surroundings: &mut Surroundings) {
        let mut known: BTreeMap<PathBuf, Vec<Entry>> = BTreeMap::new();
        for entry in std::mem::take(&mut self.above) {
            let directory = entry.path.parent().map(PathBuf::from).unwrap_or_default();
            known.entry(directory).or_default().push(entry);
        }
        let own = self.files.iter().any(|entry| entry.kept.has_workspace());
        let directories = if own { Vec::new() } else { workspace::above(&self.paths) };
        for directory in directories {
            surroundings.manifests_in(&directory);
            let candidates = workspace::candidates(&directory);
            surroundings.links(&candidates);
            let entries = known.remove(&directory).unwrap_or_default();
            let entries = look.at(entries, candidates, entry::above);
            let found = entries.iter().any(|entry| entry.kept.has_workspace());
            self.above.extend(entries);
            if found {
                break;
            }
        }
        look.changed |= !known.is_empty();
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        let mut text = |bytes: &[u8]| {
            // With its length, so that no two sequences of texts run together alike.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let applies = self.above.iter().filter(|entry| entry.kept.has_workspace());
        for entry in self.files.iter().chain(applies) {
            text(entry.path.as_os_str().as_encoded_bytes());
            text(entry.hash.as_ref().map_or(&[], |hash| hash));
        }
        for finding in &self.findings {
            text(finding.spot.file.as_os_str().as_encoded_bytes());
            text(finding.code.as_str().as_bytes());
            text(finding.message.as_bytes());
        }
        Fingerprint(hash.finalize().into())
    }

    /// What [`load`](super::load) would say of files that are as the last scan
    /// found them. Models of which nothing changed are the same ones again.
    pub fn load(&mut self, settings: &Settings) -> Loaded {
        let documents = self.files.iter().map(|entry| entry.kept.documents).sum();
        let counts = (self.files.len(), documents);
        let mut all = Gathered { findings: self.findings.clone(), ..Gathered::default() };
        for Entry { kept, .. } in self.files.iter_mut().chain(&mut self.above) {
            all.manifests.extend(&mut kept.manifests);
            all.workspaces.extend_from_slice(&kept.workspaces);
            all.broken_workspace |= kept.broken_workspace;
            all.findings.extend_from_slice(&kept.findings);
        }
        all.together(&self.paths, settings, counts)
    }
}
