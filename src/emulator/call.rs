//! A request taken apart, and an answer put together.

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::error::{Refusal, Violation};
use super::faults::Twist;
use super::filter::Filter;
use super::moment::Moment;
use super::paging::Page;
use super::schema::{self, Version};

/// What a handler has to say.
pub(crate) enum Reply {
    Json(Value),
    /// Chunks of a stream, as a JSON array or as server-sent events.
    Stream {
        chunks: Vec<Value>,
        events: bool,
    },
}

impl Reply {
    pub(crate) fn enums_as_numbers(&mut self) {
        match self {
            Self::Json(value) => schema::enums_as_numbers(value),
            Self::Stream { chunks, .. } => chunks.iter_mut().for_each(schema::enums_as_numbers),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        const JSON: &str = "application/json; charset=UTF-8";
        let (kind, text) = match self {
            Self::Json(value) => (JSON, format!("{value:#}\n")),
            // No line end after the array: google-api-core refuses to read it.
            Self::Stream { chunks, events: false } => (JSON, format!("{:#}", Value::Array(chunks))),
            Self::Stream { chunks, events: true } => (
                "text/event-stream",
                chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect(),
            ),
        };
        (StatusCode::OK, [(header::CONTENT_TYPE, kind)], Body::from(text)).into_response()
    }
}

/// A request, taken apart.
pub(crate) struct Call {
    pub(crate) version: Version,
    pub(crate) now: Moment,
    pub(crate) method: Method,
    /// The path after the version, without the verb.
    pub(crate) segments: Vec<String>,
    /// What follows the last colon: `cancel`, `generateContent`.
    pub(crate) verb: String,
    query: Vec<(String, String)>,
    body: Value,
    pub(crate) int_enums: bool,
    /// What a fault does to it.
    pub(crate) twist: Twist,
}

impl Call {
    pub(crate) fn read(
        method: &Method,
        uri: &Uri,
        body: Bytes,
        now: Moment,
    ) -> Result<Self, Refusal> {
        let unknown = || {
            Refusal::not_found(format!(
                "The requested URL {} was not found on this server (emulator).",
                uri.path()
            ))
        };
        let mut segments: Vec<String> = Vec::new();
        for segment in uri.path().split('/').skip(1) {
            segments.push(
                percent_decode_str(segment).decode_utf8().map_err(|_| unknown())?.into_owned(),
            );
        }
        let mut verb = String::new();
        if let Some(last) = segments.last_mut()
            && let Some((name, after)) = last.rsplit_once(':')
        {
            verb = after.to_owned();
            *last = name.to_owned();
        }
        let version = match segments.first().map(String::as_str) {
            // Cloud Resource Manager, which clients ask for project numbers; and the
            // path Google's REST clients poll operations at.
            Some("v3" | "ui") => Version::V1,
            first => first.and_then(Version::parse).ok_or_else(unknown)?,
        };
        segments.remove(0);
        let query: Vec<(String, String)> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode_form(name), decode_form(value))
            })
            .collect();
        let body = if body.trim_ascii().is_empty() {
            json!({})
        } else {
            serde_json::from_slice(&body).map_err(|error| {
                Refusal::invalid(format!(
                    "Invalid JSON payload received. The text is not JSON: {error}."
                ))
            })?
        };
        let int_enums =
            query.iter().any(|(name, value)| name == "$alt" && value.contains("enum-encoding=int"));
        Ok(Self {
            version,
            now,
            method: method.clone(),
            segments,
            verb,
            query,
            body,
            int_enums,
            twist: Twist::default(),
        })
    }

    pub(crate) fn body(&self) -> &Value {
        &self.body
    }

    /// The body as a whole request message.
    pub(crate) fn read_body(&self, message: &str) -> Result<Map<String, Value>, Refusal> {
        schema::read(self.version, message, "", &self.body)
    }

    /// A query parameter by its camelCase name; snake_case works as well.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let snake = schema::snake_case(name);
        self.query
            .iter()
            .find(|(known, _)| known == name || *known == snake)
            .map(|(_, value)| value.as_str())
    }

    /// Lists run from new to old. Another order is refused rather than
    /// ignored: a client would take the list for sorted.
    pub(crate) fn page(&self, query: &str) -> Result<Page, Refusal> {
        if let Some(order) =
            self.query("orderBy").filter(|order| !["", "create_time desc"].contains(order))
        {
            return Err(Refusal::invalid(format!("The emulator does not sort by `{order}`.")));
        }
        let page = Page::parse(self.query("pageSize"), self.query("pageToken"), query)?;
        Ok(page.twisted(self.twist.lost_page, self.twist.repeat_token))
    }

    /// The moment that a list shows; not long ago unless a fault makes it so.
    pub(crate) fn lists_as_of(&self) -> Moment {
        self.now.plus(-self.twist.stale.unwrap_or(0.0))
    }

    /// What a list's filter says of a resource; no filter, nothing to get wrong.
    pub(crate) fn admits(&self, filter: &Filter, resource: &Map<String, Value>) -> bool {
        match self.twist.filter_says {
            Some(says) if !filter.is_empty() => says,
            _ => filter.admits(resource),
        }
    }

    /// Refuses query parameters that the method does not have.
    pub(crate) fn takes(&self, names: &[&str]) -> Result<(), Refusal> {
        const OF_EVERY_METHOD: &[&str] = &[
            "$alt",
            "alt",
            "key",
            "fields",
            "prettyPrint",
            "$prettyPrint",
            "quotaUser",
            "access_token",
            "oauth_token",
            "callback",
            "$.xgafv",
            "uploadType",
            "upload_protocol",
        ];
        let known = |given: &str| {
            OF_EVERY_METHOD.contains(&given)
                || names.iter().any(|name| *name == given || schema::snake_case(name) == given)
        };
        match self.query.iter().find(|(given, _)| !known(given)) {
            Some((given, _)) => Err(Refusal::unparsable(vec![Violation::new(
                "",
                format!(
                    "Invalid JSON payload received. Unknown name \"{given}\": Cannot bind query parameter. \
                     Field '{given}' could not be found in request message."
                ),
            )])),
            None => Ok(()),
        }
    }
}

fn decode_form(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
