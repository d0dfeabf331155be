//! Outputs for people.

use std::fmt::Write;

use super::{Made, Output};

/// One model a paragraph. Names are never cut: they are what one copies.
/// `emulator` says that this is not the real service.
pub fn text(outputs: &[Output], emulator: bool) -> String {
    let on = if emulator { " (emulator)" } else { "" };
    let paragraphs: Vec<String> = outputs.iter().map(|output| model(output, on)).collect();
    paragraphs.join("\n")
}

fn model(output: &Output, on: &str) -> String {
    let Output { key, spec: _, status: _, not_ready, made: of, previous } = output;
    let mut out = match not_ready {
        None => format!("{}{on}  ready\n", key.name),
        Some(why) => format!("{}{on}  not ready: {why}\n", key.name),
    };
    made(of, "", &mut out);
    if let Some(previous) = previous {
        let run = previous.job.as_ref().map(|job| job.short()).unwrap_or_default();
        let _ = writeln!(out, "  previous    {run}, {}", whose(previous));
        made(previous, "  ", &mut out);
    }
    out
}

/// What a run before is of. One that cannot be read may be of the manifest's own.
fn whose(previous: &Made) -> &'static str {
    if previous.is_unread {
        "of a spec or rerun that this version cannot read"
    } else {
        "of another spec or rerun"
    }
}

fn made(made: &Made, indent: &str, out: &mut String) {
    let mut line = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(out, "{indent}  {what:<11} {value}");
        }
    };
    line("endpoint", made.endpoint.as_ref().map(|e| e.name.to_string()));
    line("host", made.endpoint.as_ref().map(|e| e.host().to_owned()));
    line("model", made.model.as_ref().map(ToString::to_string));
    for checkpoint in &made.checkpoints {
        let mut what = checkpoint.id.clone();
        if let Some(epoch) = checkpoint.epoch {
            let _ = write!(what, " (epoch {epoch})");
        }
        let endpoint = checkpoint.endpoint.as_ref();
        let endpoint = endpoint.map_or_else(|| "not deployed".to_owned(), |e| e.name.to_string());
        line("checkpoint", Some(format!("{what}: {endpoint}")));
    }
    line("experiment", made.experiment.as_ref().map(ToString::to_string));
}
