//! What is to be asked: from the command line, standard input, or a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::model::Untrusted;
use crate::prompt::Media;
use crate::prompt::batch::{Item, ItemError};

/// Largest prompt: what a request may hold with inline data is 20 MB (Google's
/// page on quotas), and a text has less.
const MAX_TEXT: u64 = 20 * 1024 * 1024;

/// Largest file of prompts: that of a training set (Google's tuning guide: 1 GB).
const MAX_PROMPTS: u64 = 1024 * 1024 * 1024;

/// What a file of prompts holds.
const ONE_A_LINE: &str = "one a line: {\"prompt\": \"Where is my parcel?\"}, or lines of a dataset";

/// The text to ask.
pub(super) fn text(argument: Option<&str>, files: &[Media]) -> Result<String, Failure> {
    let text = match argument {
        Some("-") => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().take(MAX_TEXT + 1).read_to_end(&mut bytes);
            read.map_err(|error| {
                Failure::caused(Exit::Usage, "could not read the prompt from standard input", error)
            })?;
            if bytes.len() as u64 > MAX_TEXT {
                let most = MAX_TEXT / (1024 * 1024);
                return Err(Failure::usage(format!("the prompt is longer than {most} MiB")));
            }
            String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                Failure::usage(format!("the prompt on standard input is not UTF-8 at byte {at}"))
                    .hint("other files than text go along from Cloud Storage: --file gs://…")
            })?
        }
        Some(text) => text.to_owned(),
        None => String::new(),
    };
    if text.trim().is_empty() && files.is_empty() {
        return Err(Failure::usage("the prompt is empty"));
    }
    Ok(text)
}

/// A file of prompts, in memory.
pub(super) struct Prompts {
    pub(super) path: PathBuf,
    bytes: Vec<u8>,
}

impl Prompts {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let shown = Untrusted::new(path.to_string_lossy());
        let failed = |error: io::Error| {
            Failure::caused(Exit::Usage, format!("could not read {}", shown.shown()), error)
                .hint(format!("name a file with prompts, {ONE_A_LINE}"))
        };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_PROMPTS + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_PROMPTS {
            let text = format!("{} is larger than 1 GiB", shown.shown());
            return Err(Failure::usage(text).hint("split it"));
        }
        let prompts = Self { path: path.to_owned(), bytes };
        if prompts.lines().next().is_none() {
            let text = format!("{} has no prompts", shown.shown());
            return Err(Failure::usage(text).hint(ONE_A_LINE));
        }
        Ok(prompts)
    }

    /// The lines that are not blank, with their numbers from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, Result<Item, ItemError>)> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
        let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        lines.map(|(number, line)| (number, read(line)))
    }
}

fn read(line: &[u8]) -> Result<Item, ItemError> {
    match std::str::from_utf8(line) {
        Ok(text) => Item::read(text.trim_end()),
        Err(error) => Err(ItemError::NotUtf8(error.valid_up_to() + 1)),
    }
}
