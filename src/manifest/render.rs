//! Findings for people and for machines.
//!
//! Every form says the same: code, severity, file, line, column, message, way
//! out. What differs is who reads it.

mod github;
mod json;
mod sarif;
mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::text;

use super::{Report, Severity};

/// "2 errors and 1 warning in 12 files".
pub fn summary(report: &Report) -> String {
    let count =
        |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let parts: Vec<String> = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Advice, "piece of advice", "pieces of advice"),
    ]
    .into_iter()
    .map(|(severity, one, many)| (report.count(severity), one, many))
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| count(n, one, many))
    .collect();
    let found = match parts.as_slice() {
        [] => "no findings".to_owned(),
        [only] => only.clone(),
        [parts @ .., last] => format!("{} and {last}", parts.join(", ")),
    };
    let files = count(report.files, "file", "files");
    let documents = count(report.documents, "document", "documents");
    format!("{found} in {files} with {documents}")
}
