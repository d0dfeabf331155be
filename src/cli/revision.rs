//! The manifests' source revision: when the commit was made that they are of.

use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;

use super::Global;
use super::environment::Environment;
use super::failure::Failure;

/// What `--revision` or `RETUNE_REVISION` says.
pub(super) fn told(global: &Global) -> Result<Option<i64>, Failure> {
    match (&global.revision, Environment::read().revision) {
        (Some(text), _) => parse(text, "--revision").map(Some),
        (None, Some(text)) => parse(&text, "RETUNE_REVISION").map(Some),
        (None, None) => Ok(None),
    }
}

/// Reads `--revision` or `RETUNE_REVISION`: seconds since 1970, or a time.
fn parse(text: &str, whence: &str) -> Result<i64, Failure> {
    let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds >= 0);
    let time = || text.parse::<Timestamp>().ok().map(Timestamp::as_second);
    seconds.or_else(time).ok_or_else(|| {
        Failure::usage(format!("{whence} `{text}` is no revision"))
            .hint("give the commit's time: `git log -1 --format=%ct`")
    })
}

/// The commit time of HEAD in seconds, when `directory` is in a git work tree
/// that has a commit. `None` also when git is not installed: a plan without a
/// revision is careful, not wrong.
pub(super) fn of_work_tree(directory: &Path) -> Option<i64> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(["log", "-1", "--format=%ct", "HEAD"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    if output.status.success() { text.trim().parse().ok() } else { None }
}
