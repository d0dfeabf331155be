//! What a request is about, as far as rules can tell requests apart.

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rule::Match;
use crate::emulator::names;

/// What a request does to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Operation {
    /// Opens a connection.
    Connect,
    /// Creates a tuning job.
    Create,
    /// Gets a tuning job.
    Get,
    /// Lists tuning jobs.
    ListJobs,
    /// Lists models.
    ListModels,
    /// Cancels a tuning job.
    Cancel,
    /// Reads from storage.
    StorageGet,
    /// Writes to storage.
    StoragePut,
    /// Does anything else.
    Other,
}

impl Operation {
    pub(super) const ALL: [Self; 9] = [
        Self::Connect,
        Self::Create,
        Self::Get,
        Self::ListJobs,
        Self::ListModels,
        Self::Cancel,
        Self::StorageGet,
        Self::StoragePut,
        Self::Other,
    ];

    pub(super) fn is_list(self) -> bool {
        matches!(self, Self::ListJobs | Self::ListModels)
    }

    pub(super) fn of_request(method: &Method, path_and_query: &str) -> Self {
        Self::of(method, &path_of(path_and_query)).0
    }

    /// The operation, and the name of the job it is about if that exists.
    fn of(method: &Method, path: &str) -> (Self, Option<String>) {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let plain = match (segments.as_slice(), method.as_str()) {
            (["storage" | "download" | "upload", ..], "GET" | "HEAD") => Self::StorageGet,
            (["storage" | "download" | "upload", ..], _) => Self::StoragePut,
            ([_, "projects", _, "locations", _, "tuningJobs"], "POST") => Self::Create,
            ([_, "projects", _, "locations", _, "tuningJobs"], "GET") => Self::ListJobs,
            ([_, "projects", _, "locations", _, "models"], "GET") => Self::ListModels,
            ([_, place @ .., "tuningJobs", job], method) => {
                let (operation, id) = match (method, job.split_once(':')) {
                    ("POST", Some((id, "cancel"))) => (Self::Cancel, id),
                    ("GET", None) => (Self::Get, *job),
                    _ => return (Self::Other, None),
                };
                return (operation, Some(format!("{}/tuningJobs/{id}", place.join("/"))));
            }
            _ => Self::Other,
        };
        (plain, None)
    }
}

fn path_of(path_and_query: &str) -> String {
    let path = path_and_query.split('?').next().unwrap_or_default();
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// A request, as rules see it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(super) operation: Operation,
    /// Where a part of the name may be found.
    names: Vec<String>,
    labels: Map<String, Value>,
}

impl Asked {
    /// `body` is needed for creates only; `job` looks an existing one up.
    pub(super) fn read(
        method: &Method,
        path_and_query: &str,
        body: &[u8],
        job: impl Fn(&names::Place, &str) -> Option<Map<String, Value>>,
    ) -> Self {
        let (operation, name) = Operation::of(method, &path_of(path_and_query));
        let about = match operation {
            Operation::Create => serde_json::from_slice(body).ok(),
            _ => name
                .and_then(|name| names::parse(&name, "tuningJobs"))
                .and_then(|(place, id)| job(&place, &id)),
        };
        let mut asked = Self {
            operation,
            names: vec![percent_decode_str(path_and_query).decode_utf8_lossy().into_owned()],
            labels: Map::new(),
        };
        if let Some(mut about) = about {
            // A client may write either form, as in all proto JSON.
            for field in ["tunedModelDisplayName", "tuned_model_display_name"] {
                asked.names.extend(about.get(field).and_then(Value::as_str).map(str::to_owned));
            }
            if let Some(Value::Object(labels)) = about.remove("labels") {
                asked.labels = labels;
            }
        }
        asked
    }

    pub(super) fn connection() -> Self {
        Self { operation: Operation::Connect, names: Vec::new(), labels: Map::new() }
    }

    pub(super) fn matches(&self, wanted: &Match) -> bool {
        let Match { labels, name } = wanted;
        labels.iter().all(|(label, value)| {
            self.labels.get(label).and_then(Value::as_str) == Some(value.as_str())
        }) && name.as_ref().is_none_or(|part| self.names.iter().any(|name| name.contains(part)))
    }
}
