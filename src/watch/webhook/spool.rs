//! Events in files, one each, until they are delivered.
//!
//! A file appears whole (written beside, synced, renamed) and is readable by
//! this user alone: messages hold what Vertex says of the training data.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::WebhookError;
use super::event::{Event, FORMAT_VERSION};

/// The folder below the state directory.
const FOLDER: &str = "webhook";

/// Most bytes of a file: 2,000 characters of message, escaped, are 24 KB.
const MAX_FILE: u64 = 64 * 1024;

/// See the module.
pub(super) struct Spool {
    folder: PathBuf,
    /// Held while the process lives: two processes would send each event twice.
    _lock: File,
}

impl Spool {
    /// Opens the folder, and reads what is left in it, oldest first.
    pub(super) fn open(state_dir: &Path) -> Result<(Self, Vec<(u64, Event)>), WebhookError> {
        let folder = state_dir.join(FOLDER);
        let failed = |source| WebhookError::StateDir { path: folder.clone(), source };
        create_folder(&folder).map_err(failed)?;
        let lock = create(&folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WebhookError::InUse { path: folder }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let left = left(&folder).map_err(failed)?;
        Ok((Self { folder, _lock: lock }, left))
    }

    /// Keeps an event. It is on the disk afterwards.
    pub(super) fn write(&self, number: u64, event: &Event) -> io::Result<()> {
        let beside = self.folder.join(format!("{}.tmp", event.id));
        let written = self.write_beside(&beside, event).and_then(|()| {
            fs::rename(&beside, self.path(number, &event.id))?;
            sync(&self.folder)
        });
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn write_beside(&self, beside: &Path, event: &Event) -> io::Result<()> {
        let mut file = create(beside)?;
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(event)?)?;
        file.sync_all()
    }

    /// Forgets an event. A file that a crash brings back is sent once more.
    pub(super) fn remove(&self, number: u64, id: &str) -> io::Result<()> {
        fs::remove_file(self.path(number, id))
    }

    fn path(&self, number: u64, id: &str) -> PathBuf {
        self.folder.join(format!("{number:020}-{id}.json"))
    }
}

/// The events of an earlier process, oldest first. What cannot be read is left
/// where it is: one bad file must not keep the daemon from starting.
fn left(folder: &Path) -> io::Result<Vec<(u64, Event)>> {
    let mut left = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            // Never renamed, so never sent.
            Some("tmp") => fs::remove_file(&path)?,
            Some("json") => match read(&path) {
                Ok(event) => left.push(event),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "not an event; left alone");
                }
            },
            _ => {}
        }
    }
    left.sort_by_key(|(number, _)| *number);
    Ok(left)
}

/// Reads the file of an event, whose name must say the same as it does.
fn read(path: &Path) -> io::Result<(u64, Event)> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    let event: Event = serde_json::from_slice(&bytes)?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let (number, id) = stem.split_once('-').unwrap_or_default();
    match number.parse() {
        Ok(number) if id == event.id && event.format_version == FORMAT_VERSION => {
            Ok((number, event))
        }
        _ => Err(io::Error::other("its name or version is another one")),
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a rename last.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
