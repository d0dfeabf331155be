//! Whether git is at work: while its index is locked, a checkout, merge or
//! rebase may be half done.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::manifest::files;

/// Whether the index of a work tree that holds one of `paths` is locked, by a
/// lock younger than `leftover`.
pub(super) fn is_at_work(paths: &[PathBuf], now: Timestamp, leftover: Duration) -> bool {
    paths.iter().filter_map(|path| directory(path)).any(|git| {
        let modified = fs::metadata(git.join("index.lock")).and_then(|meta| meta.modified());
        modified.ok().and_then(|at| Timestamp::try_from(at).ok()).is_some_and(|at| {
            // A lock from the future was made under another clock.
            now.duration_since(at).unsigned_abs() <= leftover
        })
    })
}

/// The directory of git's own files for the work tree around `path`.
fn directory(path: &Path) -> Option<PathBuf> {
    // A path that a checkout took away still stands somewhere.
    let path = fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()?;
    let git = path.ancestors().map(|above| above.join(".git")).find(|git| git.exists())?;
    if git.is_dir() {
        return Some(git);
    }
    // `gitdir: DIRECTORY`, in further work trees and in submodules.
    let text = String::from_utf8(files::bytes(&git).ok()?).ok()?;
    let directory = text.strip_prefix("gitdir:")?.trim();
    Some(git.parent()?.join(directory))
}
