//! Refusals in the shape of Google's REST errors: `google.rpc.Status` with the
//! HTTP code in `code` and the canonical name in `status`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    code: StatusCode,
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

/// One field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Violation {
    pub(crate) field: String,
    pub(crate) description: String,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self { field: field.into(), description: description.into() }
    }
}

impl Refusal {
    fn new(code: StatusCode, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "FAILED_PRECONDITION", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_ARGUMENT", message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }

    /// A quota that is used up. The names are plausible ones; Google's pages
    /// show no such answer in full.
    pub(crate) fn quota() -> Self {
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for aiplatform.googleapis.com/global_concurrent_tuning_jobs.",
        );
        refusal.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "subject": "global_concurrent_tuning_jobs",
                "description": "Too many concurrent tuning jobs in this project.",
            }],
        }));
        refusal
    }

    /// A status for its own sake; `retry_info` says when to come back.
    pub(crate) fn injected(code: StatusCode, retry_info: Option<u64>) -> Self {
        let (status, message) = match code.as_u16() {
            400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
            401 => ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
            403 => ("PERMISSION_DENIED", "The caller does not have permission."),
            404 => ("NOT_FOUND", "Requested entity was not found."),
            409 => ("ABORTED", "The operation was aborted."),
            412 => ("FAILED_PRECONDITION", "Precondition check failed."),
            408 | 504 => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
            429 => ("RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
            500 => ("INTERNAL", "Internal error encountered."),
            502 | 503 => ("UNAVAILABLE", "The service is currently unavailable."),
            _ => ("UNKNOWN", "Unknown error."),
        };
        let mut refusal = Self::new(code, status, message);
        if let Some(seconds) = retry_info {
            refusal.details.push(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s"),
            }));
        }
        refusal
    }

    pub(crate) fn code(&self) -> StatusCode {
        self.code
    }

    /// What the JSON parser in front of the service says: one line a problem.
    pub(crate) fn unparsable(violations: Vec<Violation>) -> Self {
        let lines: Vec<&str> = violations.iter().map(|v| v.description.as_str()).collect();
        Self::invalid(lines.join("\n")).with_violations(&violations)
    }

    /// What the service itself says: a numbered list with tabs, as seen in
    /// GoogleCloudPlatform/generative-ai issue 2081.
    pub(crate) fn found_errors(violations: Vec<Violation>) -> Self {
        let mut message = String::from("List of found errors:\t");
        for (number, Violation { field, description }) in (1..).zip(&violations) {
            message.push_str(&format!("{number}.Field: {field}; Message: {description}\t"));
        }
        Self::invalid(message).with_violations(&violations)
    }

    fn with_violations(mut self, violations: &[Violation]) -> Self {
        let list: Vec<Value> = violations
            .iter()
            .map(|Violation { field, description }| match field.as_str() {
                "" => json!({"description": description}),
                field => json!({"field": field, "description": description}),
            })
            .collect();
        self.details.push(
            json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list}),
        );
        self
    }

    fn body(&self) -> Value {
        let Self { code, status, message, details } = self;
        let mut error = json!({"code": code.as_u16(), "message": message, "status": status});
        if !details.is_empty()
            && let Some(error) = error.as_object_mut()
        {
            error.insert("details".to_owned(), Value::Array(details.clone()));
        }
        json!({"error": error})
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.code, Json(self.body())).into_response()
    }
}
