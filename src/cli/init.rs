//! `retune init`: the first files of a new directory.

use std::error::Error;
use std::path::{Path, PathBuf};

use super::exit::Exit;
use super::said::Said;
use crate::manifest::init::{InitError, init};
use crate::manifest::{Setting, Settings};

/// Arguments of `retune init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write; made when it is not there
    #[arg(value_name = "DIR", default_value = "manifests")]
    pub directory: PathBuf,
}

/// Writes a Workspace, a commented manifest and the schema. Exit code 5 when a
/// file is there already, 64 when a flag makes no sense, 1 when the system
/// refuses, else 0.
pub fn run(args: &Args, settings: &Settings) -> Said {
    let Args { directory } = args;
    if let Err(error) = settings.check() {
        return failed(Exit::Usage, &error, None);
    }
    let known = |setting: &Setting| setting.flag.clone().or_else(|| setting.environment.clone());
    let (project, location) = (known(&settings.project), known(&settings.location));
    match init(directory, project.as_deref(), location.as_deref()) {
        Ok(files) => {
            let data = files.iter().map(|file| format!("{}\n", file.display())).collect();
            Said { data, narration: next(directory), code: Exit::Done }
        }
        Err(error @ InitError::Exists(_)) => {
            failed(Exit::Refused, &error, Some("name another directory: `retune init DIR`"))
        }
        Err(error @ InitError::Write { .. }) => failed(Exit::Unexpected, &error, None),
    }
}

fn next(directory: &Path) -> String {
    let path = match directory.to_str() {
        Some("manifests") => String::new(),
        _ => format!(" {}", directory.display()),
    };
    format!("\nTry it without the cloud: `retune apply --emulator{path}`\n")
}

fn failed(code: Exit, error: &dyn Error, hint: Option<&str>) -> Said {
    let mut narration = format!("error: {error}\n");
    let mut cause = error.source();
    while let Some(error) = cause {
        narration.push_str(&format!("  caused by: {error}\n"));
        cause = error.source();
    }
    if let Some(hint) = hint {
        narration.push_str(&format!("\nhint: {hint}\n"));
    }
    Said { data: String::new(), narration, code }
}
