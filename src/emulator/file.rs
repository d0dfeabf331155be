//! The world on disk: one JSON file, replaced as a whole, and a lock so that
//! two emulators never write the same one.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StartError;
use super::world::World;

/// Raised when an older version could not read the file any more.
const FORMAT: u64 = 1;

/// The file, locked for as long as this lives.
#[derive(Debug)]
pub(crate) struct WorldFile {
    path: PathBuf,
    _lock: File,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u64,
    world: &'a World,
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

#[derive(Deserialize)]
struct Read {
    world: World,
}

impl WorldFile {
    pub(crate) fn open(dir: &Path) -> Result<Self, StartError> {
        let refuse = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| StartError::DataDir { path, source }
        };
        own_directory(dir).map_err(refuse(dir))?;
        let lock_path = dir.join("emulator.lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(refuse(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: dir.join("world.json"), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StartError::Busy(dir.to_owned())),
            Err(TryLockError::Error(source)) => {
                Err(StartError::DataDir { path: lock_path, source })
            }
        }
    }

    /// The world as it was left; `None` when there has not been one.
    pub(crate) fn load(&self) -> Result<Option<World>, StartError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StartError::DataDir { path: self.path.clone(), source }),
        };
        let corrupt = |source| StartError::Corrupt { path: self.path.clone(), source };
        // The format first: a newer world may not fit today's types at all.
        let Format { format } = serde_json::from_slice(&bytes).map_err(corrupt)?;
        if format != FORMAT {
            return Err(StartError::Format {
                path: self.path.clone(),
                found: format,
                known: FORMAT,
            });
        }
        let Read { world } = serde_json::from_slice(&bytes).map_err(corrupt)?;
        Ok(Some(world))
    }

    /// Replaces the file at once or not at all. It is not forced to the disk:
    /// an emulator's world need not outlive a power cut.
    pub(crate) fn save(&self, world: &World) -> io::Result<()> {
        let beside = self.path.with_extension("json.new");
        let bytes = serde_json::to_vec(&Written { format: FORMAT, world })?;
        let mut file = fresh_file(&beside)?;
        file.write_all(&bytes)?;
        drop(file);
        fs::rename(&beside, &self.path)
    }
}

/// Makes a directory for nobody else's eyes; one that is there stays as it is.
pub(crate) fn own_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// An empty file for nobody else's eyes in the place of whatever is there. A
/// link is replaced and never followed: a directory that somebody else packed
/// must not lead a write out of it.
pub(crate) fn fresh_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}
