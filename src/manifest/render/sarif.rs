//! Findings as SARIF 2.1.0, for code scanning.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::manifest::{Code, Finding, Report, Severity, Spot};
use crate::model::inert_json;

/// What may stand in a URI's path as it is (RFC 3986, `pchar` and `/`).
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@');

/// One log with one run. All rules are listed, found or not.
pub fn sarif(report: &Report) -> String {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> = report.findings.iter().map(result).collect();
    let driver = json!({
        "name": "retune",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    inert_json(&format!("{log:#}\n"))
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.summary() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(finding: &Finding) -> Value {
    let text = match &finding.hint {
        Some(hint) => format!("{}\n{hint}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
        "level": level(finding.severity()),
        "message": { "text": text },
        "locations": [location(&finding.spot, None)],
    });
    if let (Some(related), Some(map)) = (&finding.related, result.as_object_mut()) {
        let related = location(&related.spot, Some(&related.message));
        map.insert("relatedLocations".to_owned(), json!([related]));
    }
    result
}

fn location(spot: &Spot, message: Option<&str>) -> Value {
    let physical = json!({
        "artifactLocation": { "uri": uri(&spot.file) },
        "region": {
            "startLine": spot.line,
            "startColumn": spot.column,
            "endColumn": spot.end_column,
        },
    });
    match message {
        Some(text) => json!({ "physicalLocation": physical, "message": { "text": text } }),
        None => json!({ "physicalLocation": physical }),
    }
}

/// A relative path is a relative reference, an absolute one a `file:` URI.
fn uri(file: &Path) -> String {
    let text = file.to_string_lossy();
    let path = utf8_percent_encode(text.strip_prefix("./").unwrap_or(&text), PATH);
    if file.is_absolute() { format!("file://{path}") } else { path.to_string() }
}
