//! The file of results: one writer at a time, every answer in the file as it
//! comes. It is on the disk, for when the power goes, after [`Results::sync`].
//!
//! # Invariants
//!
//! 1. A line is written at the end of the file, and nothing is written behind
//!    half of one: what the disk did not take whole is taken away first. So
//!    whoever kills the program leaves whole lines and at most one half line,
//!    which the next run takes away.
//! 2. A file that holds anything but results is never written to.
//! 3. Results are only taken out by putting a finished file in the place of the
//!    old one.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::write;
use crate::model::{Untrusted, inert_json};
use crate::prompt::batch::{Known, moved};

/// See the module.
pub(super) struct Results {
    pub(super) path: PathBuf,
    /// Locked for as long as it is open.
    file: File,
    /// Every line, in the order of the file.
    pub(super) known: Vec<Known>,
    /// Where each begins, and how long it is without its end.
    spans: Vec<(u64, u64)>,
    end: u64,
    /// Half a line may stand behind the end.
    torn: bool,
    /// Whether half a line was taken away.
    pub(super) mended: bool,
}

/// How the line begins that is written first; half of one is told by it from
/// half of something else.
const BEGINNING: &str = "{\"line\":";

/// What follows on the number of the line.
const SECOND: [&str; 2] = [",\"id\":", ",\"request\":\""];

/// How often the file may be replaced between its opening and its lock.
const TRIES: u32 = 8;

impl Results {
    /// Opens the file, or makes it, and reads what it holds.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = Untrusted::new(path.to_string_lossy()).shown().to_string();
        let failed = |error: io::Error| {
            let hint = write::hint(path, &error);
            let text = format!("could not open {shown} for the results");
            Failure::caused(Exit::Usage, text, error).hint(hint)
        };
        // A device or a pipe holds no results to go on with.
        if fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            let hint = "leave --output out to have the results on standard output";
            return Err(Failure::usage(format!("{shown} is no file")).hint(hint));
        }
        let Some(file) = locked(path).map_err(failed)? else {
            let text = format!("another retune writes its results to {shown}");
            return Err(Failure::refused(text).hint("wait for it, or name another --output"));
        };
        // What replaces it later must not replace a link to it.
        let path = fs::canonicalize(path).map_err(failed)?;
        let (known, spans) = (Vec::new(), Vec::new());
        let mut results = Self { path, file, known, spans, end: 0, torn: false, mended: false };
        match results.load().map_err(failed)? {
            None => Ok(results),
            Some(line) => {
                let text = format!("line {line} of {shown} is no result of `retune prompt`");
                Err(Failure::refused(text).hint("nothing was written to it; name another --output"))
            }
        }
    }

    /// Reads the lines; the number of the first that is no result, if any.
    fn load(&mut self) -> io::Result<Option<u64>> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                return Ok(None);
            }
            let number = self.known.len() as u64 + 1;
            let whole = line.pop_if(|byte| *byte == b'\n').is_some();
            let known = std::str::from_utf8(&line).ok().and_then(Known::read);
            match (known, whole) {
                (Some(known), whole) => {
                    self.known.push(known);
                    self.spans.push((self.end, line.len() as u64));
                    self.end += read;
                    if !whole {
                        self.file.write_all(b"\n")?;
                        self.end += 1;
                        self.mended = true;
                        return Ok(None);
                    }
                }
                (None, false) if is_half(&line) => {
                    self.file.set_len(self.end)?;
                    self.mended = true;
                    return Ok(None);
                }
                (None, _) => return Ok(Some(number)),
            }
        }
    }

    /// Adds a result; its place among those known.
    pub(super) fn add(&mut self, result: &Value) -> io::Result<usize> {
        let mut line = inert_json(&result.to_string());
        let known = Known::read(&line).ok_or(io::ErrorKind::InvalidData)?;
        line.push('\n');
        if self.torn {
            self.file.set_len(self.end)?;
        }
        self.torn = true;
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // When this fails too, the next one tries it again.
            self.torn = self.file.set_len(self.end).is_err();
            return Err(error);
        }
        self.torn = false;
        let length = line.len() as u64;
        self.spans.push((self.end, length - 1));
        self.end += length;
        self.known.push(known);
        Ok(self.known.len() - 1)
    }

    /// Waits until what was added is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Puts a file in its place that has these results alone, in this order,
    /// each as the result of the line of that number. A file that is like that
    /// already stays.
    pub(super) fn finish(mut self, order: &[(u64, usize)]) -> io::Result<()> {
        let stays = order.len() == self.known.len()
            && order.iter().enumerate().all(|(at, (number, place))| {
                at == *place && self.known.get(at).is_some_and(|known| known.number == *number)
            });
        if stays {
            return Ok(());
        }
        // The old file has every answer until the new one is on the disk.
        let path = std::mem::take(&mut self.path);
        write::refill(&path, |new| self.ordered(order, new))
    }

    /// Writes these results, as [`Self::finish`] says.
    fn ordered(&mut self, order: &[(u64, usize)], new: &mut File) -> io::Result<()> {
        let mut new = io::BufWriter::new(new);
        for (number, place) in order {
            let (Some((at, length)), Some(known)) =
                (self.spans.get(*place), self.known.get(*place))
            else {
                continue;
            };
            self.file.seek(SeekFrom::Start(*at))?;
            let mut line = String::new();
            (&self.file).take(*length).read_to_string(&mut line)?;
            let line = match known.number == *number {
                true => line,
                false => moved(&line, *number).ok_or(io::ErrorKind::InvalidData)?,
            };
            new.write_all(line.as_bytes())?;
            new.write_all(b"\n")?;
        }
        new.flush()
    }
}

/// Whether it is the beginning of a line of results and not the whole of
/// anything: a file of the user's that begins alike is not ours to cut.
fn is_half(line: &[u8]) -> bool {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        // Cut within a letter.
        Err(error) if error.error_len().is_none() => {
            let whole = line.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let alike = |text: &str, other: &str| text.starts_with(other) || other.starts_with(text);
    let begins = match text.strip_prefix(BEGINNING) {
        Some(rest) => {
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            SECOND.iter().any(|second| alike(behind, second))
        }
        None => !text.is_empty() && BEGINNING.starts_with(text),
    };
    begins && serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// The file, locked; `None` when somebody else has it.
fn locked(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let file = File::options().read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it before may have put another file in its place.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let (held, there) = (file.metadata()?, fs::metadata(path));
    Ok(there.is_ok_and(|there| (held.dev(), held.ino()) == (there.dev(), there.ino())))
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// A file that the disk does not take any more.
pub(super) fn unwritten(path: &Path, error: io::Error) -> Failure {
    let shown = Untrusted::new(path.to_string_lossy());
    Failure::caused(Exit::Unexpected, format!("could not write to {}", shown.shown()), error)
        .hint("what was asked until then is kept; the same command goes on from there")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_written_behind_half_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.jsonl");
        let mut results = Results::open(&path).unwrap();
        let result = |line: u64| json!({"line": line, "request": "f00d"});
        results.add(&result(1)).unwrap();
        // What a disk that was full for a while leaves.
        results.file.write_all(b"{\"line\":2,\"requ").unwrap();
        results.torn = true;
        results.add(&result(3)).unwrap();
        drop(results);
        let lines: Vec<u64> =
            Results::open(&path).unwrap().known.iter().map(|known| known.number).collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn half_a_line_is_told_from_whole_ones_and_from_others() {
        let whole = r#"{"line":12,"id":"ä","request":"f00d","text":"日本"}"#.as_bytes();
        for cut in 1..whole.len() {
            assert!(is_half(&whole[..cut]), "{:?}", String::from_utf8_lossy(&whole[..cut]));
        }
        for other in
            ["", "[", "{\"line\": 1", "{\"line\":1,\"no", "{\"line\":1}", "{\"line\":1,\"id\":1}x"]
        {
            assert!(!is_half(other.as_bytes()), "{other}");
        }
        assert!(!is_half(b"\xe4"), "the first letter of something else");
        assert!(!is_half(b"{\"line\":1,\"id\":\"\xe4x"), "no UTF-8 in the middle");
    }
}
