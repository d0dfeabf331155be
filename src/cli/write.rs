//! Files that appear whole or not at all.
//!
//! What is written stands beside its place first, is on the disk, and then takes
//! the place in one step: a reader sees the old text or the new one, also when
//! the power goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::clock::{Entropy, SystemEntropy};
use crate::model::Untrusted;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It holds the text now.
    Changed,
    /// It held the text already, and was not touched.
    Unchanged,
}

/// Why a file was not written; what was there is there.
#[derive(Debug, thiserror::Error)]
#[error("could not write `{}`", Untrusted::new(path.to_string_lossy()).shown())]
pub(super) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Puts `text` into the file that was asked for, as [`replace`] does, and says
/// what became of it.
pub(super) fn save(path: &Path, text: &str, output: &Output) -> Result<(), Failure> {
    let written = replace(path, text).map_err(|error| {
        let hint = hint(path, &error.source);
        Failure::new(Exit::Unexpected, error).hint(hint)
    })?;
    let name = Untrusted::new(path.to_string_lossy());
    output.say(&match written {
        Written::Changed => format!("wrote {}\n", name.shown()),
        Written::Unchanged => format!("{} holds this already\n", name.shown()),
    });
    Ok(())
}

/// What to do about a file that cannot be written, or made.
pub(super) fn hint(path: &Path, error: &io::Error) -> String {
    let directory = directory(path);
    if error.kind() == io::ErrorKind::NotFound && !directory.exists() {
        let directory = Untrusted::new(directory.to_string_lossy());
        return format!("make the directory `{}` first", directory.shown());
    }
    "name a file in a directory that you may write to".to_owned()
}

/// Puts `text` into the place of whatever `path` held. A file keeps its
/// permissions but not its owner, and a link goes on leading to it.
pub(super) fn replace(path: &Path, text: &str) -> Result<Written, WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let linked = fs::symlink_metadata(path).is_ok();
    // A link that leads nowhere is an error: where it leads is not ours to make.
    let target = if linked { fs::canonicalize(path).map_err(failed)? } else { path.to_owned() };
    let before = if linked { Some(fs::metadata(&target).map_err(failed)?) } else { None };
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        return Err(failed(source));
    }
    let as_long = before.as_ref().is_some_and(|before| before.len() == text.len() as u64);
    if as_long && fs::read(&target).is_ok_and(|held| held == text.as_bytes()) {
        return Ok(Written::Unchanged);
    }
    let permissions = before.map(|before| before.permissions());
    let fill = |file: &mut File| file.write_all(text.as_bytes());
    take_the_place(&target, permissions, fill).map_err(failed)?;
    Ok(Written::Changed)
}

/// As [`replace`] for a file that is there, with what `fill` writes.
pub(super) fn refill(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let target = fs::canonicalize(path)?;
    let permissions = fs::metadata(&target)?.permissions();
    take_the_place(&target, Some(permissions), fill)
}

fn take_the_place(
    target: &Path,
    permissions: Option<fs::Permissions>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let beside = beside(target, permissions, fill)?;
    if let Err(error) = fs::rename(&beside, target) {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    on_disk(target)
}

/// Puts `text` where nothing is; whatever is there stays.
pub(super) fn create(path: &Path, text: &str) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    let fill = |file: &mut File| file.write_all(text.as_bytes());
    let beside = beside(path, None, fill).map_err(failed)?;
    // Unlike a rename, a link takes nothing's place.
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match linked {
        // A file system without links says so in many ways.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => directly(path, text),
        linked => linked,
    }
    .and_then(|()| on_disk(path))
    .map_err(failed)
}

fn directly(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

/// A file beside `path` with what `fill` writes, on the disk. Its name begins
/// with a dot: no reader of manifests looks at it.
fn beside(
    path: &Path,
    permissions: Option<fs::Permissions>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let (beside, mut file) = unused(path, &SystemEntropy)?;
    let written = match permissions {
        Some(permissions) => file.set_permissions(permissions),
        None => Ok(()),
    }
    .and_then(|()| fill(&mut file))
    .and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map(|()| beside)
}

/// A new file beside `path`. A name that is taken stays with whoever took it:
/// containers that share a directory have the same process numbers, so the name is
/// drawn.
fn unused(path: &Path, entropy: &impl Entropy) -> io::Result<(PathBuf, File)> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "it names no file");
    let name = path.file_name().ok_or_else(no_name)?.to_string_lossy();
    let short: String = name.chars().take(SHORT).collect();
    let mut tries = 1;
    loop {
        let beside = directory(path).join(format!(".{short}.{:016x}.tmp", entropy.bits()));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < NAMES => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// How many names are drawn: of 2^64, a second one is hardly ever taken too.
const NAMES: u32 = 8;

/// Characters of a file's name that its neighbour has too: with four bytes each
/// they fit the 255 bytes of a name.
const SHORT: usize = 50;

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a file is on the disk when its directory is.
fn on_disk(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory(path))?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let files = fs::read_dir(folder).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_replaced_with_its_permissions_and_only_when_it_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outputs.env");
        assert_eq!(replace(&path, "A=1\n").unwrap(), Written::Changed);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let first = fs::metadata(&path).unwrap();

        assert_eq!(replace(&path, "A=1\n").unwrap(), Written::Unchanged);
        let same = fs::metadata(&path).unwrap();
        assert_eq!((same.ino(), same.mtime_nsec()), (first.ino(), first.mtime_nsec()));

        assert_eq!(replace(&path, "A=2\n").unwrap(), Written::Changed);
        let other = fs::metadata(&path).unwrap();
        assert_ne!(other.ino(), first.ino(), "a reader of the old file would see half of the new");
        assert_eq!(other.mode() & 0o777, 0o640);
        assert_eq!(fs::read(&path).unwrap(), b"A=2\n");
        assert_eq!(names(folder.path()), ["outputs.env"]);
    }

    #[test]
    fn a_name_that_is_taken_stays_with_whoever_took_it() {
        /// Draws the same twice.
        struct Twice(std::sync::atomic::AtomicU64);
        impl Entropy for Twice {
            fn bits(&self) -> u64 {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 2
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outputs.env");
        let twice = Twice(std::sync::atomic::AtomicU64::new(0));
        let (first, mut file) = unused(&path, &twice).unwrap();
        file.write_all(b"theirs").unwrap();
        let (second, _) = unused(&path, &twice).unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read(&first).unwrap(), b"theirs");

        // Nor is one taken away that an older retune would have used.
        let old = folder.path().join(format!(".outputs.env.{:x}.tmp", std::process::id()));
        fs::write(&old, "theirs").unwrap();
        replace(&path, "A=1\n").unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"theirs");
    }

    #[test]
    fn a_link_goes_on_leading_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (link, path) = (folder.path().join("link"), folder.path().join("real/outputs"));
        std::os::unix::fs::symlink("real/outputs", &link).unwrap();
        replace(&link, "new").unwrap_err();
        fs::create_dir(folder.path().join("real")).unwrap();
        fs::write(&path, "old").unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        replace(Path::new("/dev/null"), "new").unwrap_err();
        replace(folder.path(), "new").unwrap_err();
    }

    #[test]
    fn what_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faq.yaml");
        create(&path, "ours").unwrap();
        create(&path, "theirs").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"ours");
        assert_eq!(names(folder.path()), ["faq.yaml"]);
    }
}
