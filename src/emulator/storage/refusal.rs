//! Why a request was not carried out, in Cloud Storage's words.

use std::io;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request the store does not carry out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such bucket.
    #[error("The specified bucket does not exist.")]
    NoBucket,
    /// There is no such object, or not in that generation.
    #[error("No such object: {0}")]
    NoObject(String),
    /// There is no such upload session, or it was lost with a restart.
    #[error("Upload session not found.")]
    NoSession,
    /// A precondition of a write, or a `Match` of a read, does not hold.
    #[error("At least one of the pre-conditions you specified did not hold.")]
    Condition,
    /// A `NotMatch` of a read does not hold: the client has it already.
    #[error("Not Modified")]
    NotModified,
    /// A range that starts beyond the content.
    #[error("Request range not satisfiable")]
    Range {
        /// Length of the content.
        size: u64,
    },
    /// A request that means nothing.
    #[error("{0}")]
    Invalid(String),
    /// The samples are for reading.
    #[error("The bucket {0} holds samples and is read-only.")]
    ReadOnly(String),
    /// The bucket exists already.
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketExists,
    /// A bucket goes only when it is empty.
    #[error("The bucket you tried to delete is not empty.")]
    BucketNotEmpty,
    /// The disk below the store failed.
    #[error("the store's directory: {0}")]
    Disk(#[from] io::Error),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoBucket | Self::NoObject(_) | Self::NoSession => StatusCode::NOT_FOUND,
            Self::Condition => StatusCode::PRECONDITION_FAILED,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::Range { size: _ } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::ReadOnly(_) => StatusCode::FORBIDDEN,
            Self::BucketExists | Self::BucketNotEmpty => StatusCode::CONFLICT,
            Self::Disk(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NoBucket | Self::NoObject(_) | Self::NoSession => "notFound",
            Self::Condition => "conditionNotMet",
            Self::NotModified => "notModified",
            Self::Range { size: _ } => "requestedRangeNotSatisfiable",
            Self::Invalid(_) => "invalid",
            Self::ReadOnly(_) => "forbidden",
            Self::BucketExists | Self::BucketNotEmpty => "conflict",
            Self::Disk(_) => "backendError",
        }
    }

    /// Downloads are refused in plain text, as the service does.
    pub(crate) fn as_text(&self) -> Response {
        let mut response = (self.status(), self.to_string()).into_response();
        self.finish(&mut response);
        response
    }

    fn finish(&self, response: &mut Response) {
        match self {
            // A 304 must not carry a body, and clients fail on one that does.
            Self::NotModified => *response.body_mut() = axum::body::Body::empty(),
            Self::Range { size } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                    response.headers_mut().insert(header::CONTENT_RANGE, value);
                }
            }
            _ => {}
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = (self.status(), self.to_string());
        let mut error = json!({"message": message, "domain": "global", "reason": self.reason()});
        if let (Self::Condition, Some(fields)) = (&self, error.as_object_mut()) {
            fields.insert("locationType".to_owned(), json!("header"));
            fields.insert("location".to_owned(), json!("If-Match"));
        }
        let body = json!({
            "error": {"code": status.as_u16(), "message": message, "errors": [error]},
        });
        let mut response = (status, axum::Json(body)).into_response();
        self.finish(&mut response);
        response
    }
}
