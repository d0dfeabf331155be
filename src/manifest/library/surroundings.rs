//! The directories in which a change may change what a library holds.
//!
//! A directory of manifests is looked at as a whole. What leads to manifests
//! counts too, by name: the entry of a path in its parent, so that it is seen
//! to go and come back, and every link on the way, so that it is seen to be
//! turned elsewhere, together with the file at its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::entry::Identity;
use crate::manifest::files::{Collected, is_leftover, is_manifest};

/// Links that one path may lead over, as on Linux.
const MAX_LINKS: usize = 40;

/// What matters in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interest {
    /// Whatever is not an editor's leftover.
    pub everything: bool,
    /// Files that may be manifests.
    pub manifests: bool,
    /// What has one of these names.
    pub names: BTreeSet<OsString>,
    /// Which directory it is.
    pub identity: Option<Identity>,
}

impl Interest {
    /// Whether an entry of that name matters; `content` when nothing but its
    /// content changed, so that it is no directory and no link.
    pub fn covers(&self, name: &OsStr, content: bool) -> bool {
        let path = Path::new(name);
        self.names.contains(name)
            || is_manifest(path) && (self.everything || self.manifests)
            || self.everything && !content && !is_leftover(path)
    }
}

/// Directories by their real path, each with what matters in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// By real path.
    pub directories: BTreeMap<PathBuf, Interest>,
}

impl Surroundings {
    /// Of the paths and of what was met in them.
    pub(super) fn of(paths: &[PathBuf], collected: &Collected) -> Self {
        let mut all = Self::default();
        for directory in &collected.directories {
            all.at(directory).everything = true;
        }
        for path in paths.iter().chain(&collected.links) {
            all.leading_to(path);
        }
        all
    }

    /// The files of a directory that may be manifests.
    pub(super) fn manifests_in(&mut self, directory: &Path) {
        self.at(directory).manifests = true;
    }

    /// Those of `paths` that are links.
    pub(super) fn links(&mut self, paths: &[PathBuf]) {
        for path in paths {
            if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
                self.leading_to(path);
            }
        }
    }

    fn at(&mut self, directory: &Path) -> &mut Interest {
        if !self.directories.contains_key(directory) {
            let identity = fs::metadata(directory).ok().map(|meta| Identity::of(&meta));
            let interest = Interest { identity, ..Interest::default() };
            self.directories.insert(directory.to_owned(), interest);
        }
        self.directories.entry(directory.to_owned()).or_default()
    }

    /// Every entry of a directory that decides where `path` leads: its links,
    /// and its end, or the first part of it that is missing.
    fn leading_to(&mut self, path: &Path) {
        let Ok(absolute) = std::path::absolute(path) else { return };
        let mut rest: VecDeque<OsString> = parts(&absolute).collect();
        let mut real = PathBuf::new();
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            match Path::new(&part).components().next() {
                Some(Component::ParentDir) => drop(real.pop()),
                Some(Component::Normal(_)) => {
                    let next = real.join(&part);
                    let meta = fs::symlink_metadata(&next);
                    let link = meta.as_ref().is_ok_and(|meta| meta.is_symlink());
                    if link || meta.is_err() || rest.is_empty() {
                        self.at(&real).names.insert(part);
                    }
                    if link {
                        links += 1;
                        let Ok(target) = fs::read_link(&next) else { return };
                        if links > MAX_LINKS {
                            return;
                        }
                        for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                            rest.push_front(part);
                        }
                    } else if meta.is_err() {
                        return;
                    } else {
                        real = next;
                    }
                }
                // A root or a drive: from here on, whatever came before.
                _ => real.push(&part),
            }
        }
    }
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .map(|part| part.as_os_str().to_owned())
}
