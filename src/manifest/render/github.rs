//! Findings as GitHub workflow commands, which become annotations of a pull
//! request.

use std::path::Path;

use crate::manifest::place::shown;
use crate::manifest::{Finding, Severity};

/// One command a line.
pub fn github(findings: &[Finding]) -> String {
    findings.iter().map(|finding| command(finding) + "\n").collect()
}

fn command(finding: &Finding) -> String {
    let command = match finding.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let spot = &finding.spot;
    let message = match &finding.hint {
        Some(hint) => format!("{}\nhelp: {hint}", finding.message),
        None => finding.message.clone(),
    };
    format!(
        "::{command} file={},line={},col={},endColumn={},title={}::{}",
        property(&path(&spot.file)),
        spot.line,
        spot.column,
        spot.end_column,
        property(finding.code.as_str()),
        data(&message),
    )
}

/// A file's name as it is, so that the annotation finds its file, but for what
/// would steer the terminal of whoever reads the log.
fn path(file: &Path) -> String {
    let name = file.to_string_lossy();
    let one_line = name.replace(['\r', '\n'], "");
    if shown(&one_line) == one_line { name.into_owned() } else { shown(&name) }
}

/// A message may hold anything but these.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property ends at a comma or a colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Code, Spot};

    #[test]
    fn nothing_in_a_file_name_or_message_ends_the_command() {
        let spot = Spot::whole(Path::new("a,b:c%\n::error::x.yaml").into());
        let finding = Finding::new(Code::NotFound, spot, "50% gone\n::stop").hint("look");
        assert_eq!(
            github(&[finding]),
            "::error file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.yaml,line=1,col=1,endColumn=1,\
             title=not-found::50%25 gone ::stop%0Ahelp: look\n"
        );
    }
}
