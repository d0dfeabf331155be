//! The body of a refusal (`google.rpc.Status` in JSON, with the HTTP status as
//! its `code`), and what comes instead of one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::lenient::{self, Maybe};
use crate::model::Untrusted;

/// Longest message that is handed on: a screen's worth, 4 KiB.
const MAX_MESSAGE: usize = 4 * 1024;

/// What a refusal said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ApiError {
    /// The name of a `google.rpc.Code`, such as `FAILED_PRECONDITION`.
    pub(crate) status: Option<String>,
    /// The service's words, one finding a line.
    pub(crate) message: Untrusted,
    /// The IAM permission that is missing.
    pub(crate) permission: Option<String>,
    /// How long the service asks us to wait.
    pub(crate) retry_delay: Option<Duration>,
    /// Whether it is no error of the API at all, but somebody else's page.
    pub(crate) foreign: bool,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default, deserialize_with = "lenient::field")]
    error: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient::field")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    details: Option<Vec<Maybe<Detail>>>,
}

/// The fields of BadRequest, RetryInfo and ErrorInfo together
/// (`google/rpc/error_details.proto`); they do not overlap.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default, deserialize_with = "lenient::field")]
    field_violations: Option<Vec<Maybe<Violation>>>,
    #[serde(default, deserialize_with = "lenient::field")]
    retry_delay: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    metadata: Option<BTreeMap<String, Maybe<String>>>,
}

#[derive(Deserialize)]
struct Violation {
    #[serde(default, deserialize_with = "lenient::field")]
    field: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    description: Option<String>,
}

/// Reads the body of a refusal. Anything is one: a wrong host or a proxy
/// answers HTML, and then the message says so.
pub(crate) fn api_error(body: &[u8], content_type: Option<&str>) -> ApiError {
    // serde would take an array for an object.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let envelope: Option<Envelope> =
        if is_object { serde_json::from_slice(body).ok() } else { None };
    let Some(Status { message, status, details }) = envelope.and_then(|e| e.error) else {
        let message = foreign_message(body, content_type);
        return ApiError { message, foreign: true, ..ApiError::default() };
    };
    let mut error = ApiError { status, ..ApiError::default() };
    let mut findings = Vec::new();
    for detail in details.unwrap_or_default() {
        let Some(Detail { field_violations, retry_delay, metadata }) = detail.0 else { continue };
        for violation in field_violations.unwrap_or_default() {
            findings.extend(violation.0.and_then(Violation::finding));
        }
        error.retry_delay = error.retry_delay.or(retry_delay.as_deref().and_then(seconds));
        let permission = metadata.and_then(|mut m| m.remove("permission")).and_then(|p| p.0);
        error.permission = error.permission.or(permission.filter(|p| is_permission(p)));
    }
    let message = message.unwrap_or_default();
    if error.permission.is_none() {
        error.permission = permission_in(&message);
    }
    if findings.is_empty() {
        // Vertex separates the findings of one refusal by tabs.
        findings.extend(message.split('\t').map(str::trim).filter(|l| !l.is_empty()).map(cut));
    }
    error.message = Untrusted::new(cut(&findings.join("\n")));
    error
}

impl Violation {
    fn finding(self) -> Option<String> {
        let Self { field, description } = self;
        match (field.filter(|f| !f.is_empty()), description.filter(|d| !d.is_empty())) {
            (Some(field), Some(description)) => Some(format!("{field}: {description}")),
            (one, other) => one.or(other),
        }
    }
}

fn foreign_message(body: &[u8], content_type: Option<&str>) -> Untrusted {
    if body.is_empty() {
        return Untrusted::new("an empty answer");
    }
    let kind = content_type.unwrap_or("no content type");
    Untrusted::new(cut(&format!("an answer that is not the API's ({kind}); is the address right?")))
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}

/// A `google.protobuf.Duration` in JSON: `13s`, `0.500s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_permission(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
}

/// The permission in `Permission 'a.b.c' denied …` (Vertex, Cloud Storage) or
/// `… does not have a.b.c access …` (Cloud Storage), for answers without details.
fn permission_in(message: &str) -> Option<String> {
    let quoted = message.split_once("ermission '").and_then(|(_, after)| after.split_once('\''));
    let plain = || {
        let (_, after) = message.split_once("does not have ")?;
        after.split_once(" access")
    };
    let (permission, _) = quoted.or_else(plain)?;
    is_permission(permission).then(|| permission.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_from_details_then_from_the_message() {
        let body = br#"{"error":{"code":400,"message":"List of found errors:\t1.Field: a; Message: b.\t","status":"INVALID_ARGUMENT"}}"#;
        let error = api_error(body, None);
        assert_eq!(error.message.raw(), "List of found errors:\n1.Field: a; Message: b.");
        let body = br#"{"error":{"message":"x","details":[7,{"fieldViolations":[{"field":"f","description":"d"},{"description":"e"}]}]}}"#;
        assert_eq!(api_error(body, None).message.raw(), "f: d\ne");
    }

    #[test]
    fn a_permission_is_found_or_left_out() {
        let body =
            br#"{"error":{"message":"Permission 'aiplatform.tuningJobs.list' denied on x"}}"#;
        let permission = api_error(body, None).permission;
        assert_eq!(permission.as_deref(), Some("aiplatform.tuningJobs.list"));
        let storage = br#"{"error":{"code":403,"message":"x@y does not have storage.objects.create access to the Google Cloud Storage object."}}"#;
        let permission = api_error(storage, None).permission;
        assert_eq!(permission.as_deref(), Some("storage.objects.create"));
        let hostile = br#"{"error":{"message":"Permission 'x; rm -rf' denied"}}"#;
        assert_eq!(api_error(hostile, None).permission, None);
    }

    #[test]
    fn what_is_not_the_apis_is_said_to_be_so() {
        let html = api_error(b"<html>404</html>", Some("text/html"));
        assert!(html.foreign && html.message.raw().contains("text/html"));
        assert_eq!(api_error(b"", None).message.raw(), "an empty answer");
        for (delay, expected) in
            [("13s", Some(13.0)), ("0.5s", Some(0.5)), ("-1s", None), ("1", None), ("1e400s", None)]
        {
            assert_eq!(seconds(delay).map(|d| d.as_secs_f64()), expected, "{delay}");
        }
    }
}
