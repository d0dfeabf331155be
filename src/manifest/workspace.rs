//! Finds the Workspace that applies when none is in the paths: the nearest in a
//! directory above, up to the root of the git work tree. Outside of one the
//! search ends at the current directory, so that nobody else's file in `/tmp`
//! can name the owner of our jobs.

use std::fs;
use std::path::{Path, PathBuf};

use super::code::{Code, Severity};
use super::files;
use super::finding::Finding;
use super::read::{self, ReadFile};

/// The files of the nearest directory above `paths` that hold a Workspace.
pub(crate) fn discover(paths: &[PathBuf]) -> Vec<ReadFile> {
    let of = |directory: &PathBuf| -> Vec<ReadFile> {
        candidates(directory).iter().filter_map(|path| in_file(path)).collect()
    };
    above(paths).iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The directories above `paths` in which a Workspace may stand, nearest first.
pub(crate) fn above(paths: &[PathBuf]) -> Vec<PathBuf> {
    // Several paths belong together; the first says where.
    let Some(start) = paths.first().and_then(|path| fs::canonicalize(path).ok()) else {
        return Vec::new();
    };
    let own = fs::metadata(&start).is_ok_and(|meta| meta.is_dir()).then_some(&start);
    let mut above: Vec<&Path> = start.ancestors().skip(1).collect();
    let root = start.ancestors().find(|dir| dir.join(".git").exists());
    let current = fs::canonicalize(".").ok();
    let last = root.or(current.as_deref().filter(|dir| start.starts_with(dir)));
    // Beside a file that was named is always looked; beyond, up to `last`.
    let reach = |dir: &Path| last.is_some_and(|last| dir.starts_with(last));
    let beside = if own.is_none() { above.first().copied() } else { None };
    above.retain(|dir| reach(dir) || beside == Some(*dir));
    above.into_iter().map(Path::to_path_buf).collect()
}

/// The files of one directory that may hold a Workspace, sorted.
pub(crate) fn candidates(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| files::is_manifest(path))
        .collect();
    paths.sort();
    paths
}

fn in_file(path: &Path) -> Option<ReadFile> {
    // What cannot be read up there may be anything; it is not what was asked for.
    in_text(path, &files::read(path).ok()?)
}

/// The Workspace in a file's text, less all else in it.
pub(crate) fn in_text(path: &Path, text: &str) -> Option<ReadFile> {
    if !text.contains("retune.dev/") || !text.contains("Workspace") {
        return None;
    }
    let shown = relative(path);
    let mut file = read::read(&shown, text);
    let broken = file.workspaces.is_empty()
        && file.findings.iter().any(|f: &Finding| f.code == Code::Syntax);
    file.broken_workspace |= broken;
    if file.workspaces.is_empty() && !file.broken_workspace {
        return None;
    }
    file.manifests.clear();
    if file.workspaces.is_empty() {
        file.findings.retain(|f| f.severity() == Severity::Error);
    } else {
        file.findings.clear();
    }
    Some(file)
}

/// The path as a person in the current directory would write it.
fn relative(path: &Path) -> PathBuf {
    let current = fs::canonicalize(".").ok();
    let below = current.as_deref().and_then(|dir| path.strip_prefix(dir).ok());
    below.unwrap_or(path).to_owned()
}
