//! `retune validate`: everything that can be checked offline.

use std::path::PathBuf;

use super::said::Said;
use crate::manifest::{self, Report, Settings, render};

/// Arguments of `retune validate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifest files and directories; `manifests` when there is one, else the current directory
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people, with the source line underlined
    #[default]
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub workflow commands, which annotate a pull request
    Github,
}

/// Checks the manifests. Exit code 3 when there is an error or no manifest, 64
/// when a flag does not go with the files, else 0.
pub fn run(args: &Args, settings: &Settings) -> Said {
    let Args { paths, format } = args;
    let paths = if paths.is_empty() { manifest::default_paths() } else { paths.clone() };
    let loaded = manifest::load(&paths, settings);
    let data = written(loaded.report(), *format);
    let summary = render::summary(loaded.report()) + "\n";
    let (code, narration) = match loaded.into_result() {
        Ok(_) => (0, summary),
        Err(manifest::Rejected::Invalid(_)) => (3, summary),
        Err(manifest::Rejected::Usage(error)) => (64, format!("error: {error}\n")),
    };
    Said { data, narration, code }
}

fn written(report: &Report, format: Format) -> String {
    match format {
        Format::Text => render::text(&report.findings, true),
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(report),
        Format::Github => render::github(&report.findings),
    }
}
