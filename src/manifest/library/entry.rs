//! One file of the library: what was last known of it, and how it is looked at.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::kept::Kept;
use crate::manifest::files::{self, AtPath};
use crate::manifest::finding::Finding;
use crate::manifest::read::{self, ReadFile};
use crate::manifest::workspace;

/// A file that changed less than this before a look may change once more and
/// keep its status: file systems count in ticks of 4 ms on Linux, and of up to
/// 2 s where they come from elsewhere (FAT).
const TICK: i64 = 2_000_000_000;

/// One file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// None when the file system would not say.
    status: Option<Status>,
    /// Changed so lately that the status says nothing about the next look.
    unsettled: bool,
    /// The last time there was a text to read.
    was_read: bool,
    /// Of the content, or of the reason why there is none; none before it was read.
    pub(super) hash: Option<[u8; 32]>,
    pub(super) kept: Kept,
}

impl Entry {
    /// A file that nobody has looked at.
    fn new(path: PathBuf) -> Self {
        let (status, unsettled, was_read, hash, kept) = Default::default();
        Self { path, status, unsettled, was_read, hash, kept }
    }
}

/// What tells without reading a file that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Status {
    length: u64,
    /// In nanoseconds since 1970.
    modified: i64,
    /// Of content, name or permissions, in nanoseconds since 1970.
    changed: i64,
    identity: Identity,
}

/// Device and inode: which file or directory a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(meta.dev(), meta.ino())
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

impl Status {
    #[cfg(unix)]
    fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |s: i64, ns: i64| s.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            length: meta.len(),
            modified: nanoseconds(meta.mtime(), meta.mtime_nsec()),
            changed: nanoseconds(meta.ctime(), meta.ctime_nsec()),
            identity: Identity::of(meta),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &Metadata) -> Self {
        let modified = meta.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let modified = modified.map_or(i64::MAX, nanoseconds);
        let identity = Identity::of(meta);
        Self { length: meta.len(), modified, changed: modified, identity }
    }
}

fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// What is made of a file's text, or of the reason why there is none.
pub(super) type Parse = fn(&Path, Result<String, Box<Finding>>) -> ReadFile;

/// A file of the paths.
pub(super) fn own(path: &Path, text: Result<String, Box<Finding>>) -> ReadFile {
    read::readable(path, text)
}

/// A file in a directory above the paths: it counts when it has the Workspace.
pub(super) fn above(path: &Path, text: Result<String, Box<Finding>>) -> ReadFile {
    text.ok().and_then(|text| workspace::in_text(path, &text)).unwrap_or_default()
}

/// One look at files.
pub(super) struct Look {
    /// What changed after this is read again the next time.
    settled_before: i64,
    everything: bool,
    pub(super) read: usize,
    pub(super) parsed: usize,
    /// A file is there that was not, or the other way round, or another content.
    pub(super) changed: bool,
}

impl Look {
    pub(super) fn new(now: Timestamp, everything: bool) -> Self {
        let settled_before = nanoseconds(now).saturating_sub(TICK);
        Self { settled_before, everything, read: 0, parsed: 0, changed: false }
    }

    /// The files at `paths`, of which `known` may be known. Both are sorted.
    pub(super) fn at(
        &mut self,
        known: Vec<Entry>,
        paths: Vec<PathBuf>,
        parse: Parse,
    ) -> Vec<Entry> {
        // Paths are slow to compare otherwise.
        let is_same = |entry: &Entry, path: &PathBuf| entry.path.as_os_str() == path.as_os_str();
        let all_known = known.len() == paths.len()
            && known.iter().zip(&paths).all(|(entry, path)| is_same(entry, path));
        let mut entries = known;
        if !all_known {
            self.changed = true;
            let mut known = entries.into_iter().peekable();
            let entry = |path: PathBuf| {
                while known.next_if(|entry| entry.path < path).is_some() {}
                known.next_if(|entry| is_same(entry, &path)).unwrap_or_else(|| Entry::new(path))
            };
            entries = paths.into_iter().map(entry).collect();
        }
        for entry in &mut entries {
            // Before the content: what changes in between shows the next time.
            let found = match self.everything && entry.was_read {
                true => AtPath::again(&entry.path),
                false => AtPath::of(&entry.path),
            };
            let status = found.meta.as_ref().ok().map(Status::of);
            let settled = status.is_some() && entry.status == status && !entry.unsettled;
            entry.status = status;
            entry.unsettled =
                status.is_none_or(|s| s.modified.max(s.changed) >= self.settled_before);
            if self.everything || !settled {
                self.read(entry, found, parse);
            }
        }
        entries
    }

    /// Reads a file, and parses it unless its content is the one that is known.
    ///
    /// One file after the other: memory that another thread asked for would lie
    /// apart from this one's, and there are months to read in.
    fn read(&mut self, entry: &mut Entry, found: AtPath, parse: Parse) {
        self.read += 1;
        let bytes = found.bytes(&entry.path);
        entry.was_read = bytes.is_ok();
        let hash = Some(hash(&bytes));
        if entry.hash != hash {
            self.parsed += 1;
            self.changed = true;
            let text = bytes.and_then(|bytes| files::text(&entry.path, bytes));
            entry.hash = hash;
            entry.kept = Kept::new(parse(&entry.path, text));
        }
    }
}

/// Stands for the content of a file, or for the reason why there is none.
fn hash(bytes: &Result<Vec<u8>, Box<Finding>>) -> [u8; 32] {
    let mut hash = Sha256::new();
    match bytes {
        Ok(bytes) => {
            hash.update(b"text");
            hash.update(bytes);
        }
        Err(finding) => {
            hash.update(b"none");
            hash.update(finding.code.as_str());
            hash.update(&finding.message);
        }
    }
    hash.finalize().into()
}
