//! Findings as one JSON document.

use serde::Serialize;
use serde_json::{Value, json};

use crate::manifest::{Finding, Report, Severity, Spot};
use crate::model::inert_json;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    code: &'a str,
    severity: Severity,
    #[serde(flatten)]
    place: Place<'a>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    file: std::borrow::Cow<'a, str>,
    line: u32,
    column: u32,
    end_column: u32,
}

/// One document: `formatVersion`, `summary` and `findings`.
pub fn json(report: &Report) -> String {
    let summary = json!({
        "files": report.files,
        "documents": report.documents,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "advice": report.count(Severity::Advice),
    });
    let findings: Vec<Line<'_>> = report.findings.iter().map(line).collect();
    let document = json!({ "formatVersion": 1, "summary": summary, "findings": findings });
    inert_json(&format!("{document:#}\n"))
}

fn line(finding: &Finding) -> Line<'_> {
    let related = finding.related.as_ref().map(|related| {
        let spot = &related.spot;
        json!({
            "file": spot.file.to_string_lossy(),
            "line": spot.line,
            "column": spot.column,
            "message": related.message,
        })
    });
    Line {
        code: finding.code.as_str(),
        severity: finding.severity(),
        place: place(&finding.spot),
        message: &finding.message,
        hint: finding.hint.as_deref(),
        related,
    }
}

fn place(spot: &Spot) -> Place<'_> {
    let Spot { file, line, column, end_column, excerpt: _ } = spot;
    Place { file: file.to_string_lossy(), line: *line, column: *column, end_column: *end_column }
}
