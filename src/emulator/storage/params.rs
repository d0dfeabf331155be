//! Query parameters, typed when they are asked for.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde_json::Value;

use super::refusal::Refusal;

/// The query parameters of a request, in order.
///
/// A loose list instead of a struct per method: the API takes some thirty
/// parameters everywhere (`alt`, `fields`, `prettyPrint`, `projection`, …) and
/// ignores the ones a method has no use for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The fields of a JSON body, for methods that take their parameters there.
    pub(crate) fn from_json(body: &[u8]) -> Option<Self> {
        let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(Self(fields.into_iter().map(|(name, value)| (name, text(value))).collect()))
    }

    /// The first value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// `name` as a number, which it has to be when it is given.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Refusal::Invalid(format!("Invalid value for {name}: {text:?}"))),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        Ok(Self(pairs.map(|Query(pairs)| pairs).unwrap_or_default()))
    }
}
