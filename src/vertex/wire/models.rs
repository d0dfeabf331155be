//! One page of a place's models (proto `ListModelsResponse`).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{WireError, lenient, object};
use crate::model::{FoundModel, Stamp};

/// What one page said.
pub(crate) struct ModelPage {
    /// Models with retune's labels.
    pub(crate) models: Vec<FoundModel>,
    /// The next page's token; `None` at the end.
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<'a> {
    #[serde(borrow)]
    models: Option<Vec<Model<'a>>>,
    #[serde(borrow)]
    next_page_token: Option<&'a RawValue>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    version_id: Option<&'a RawValue>,
    #[serde(borrow)]
    labels: Option<&'a RawValue>,
}

/// Reads a page. An empty place answers `{}`.
pub(crate) fn models(body: &[u8]) -> Result<ModelPage, WireError> {
    let WirePage { models, next_page_token, error } = object(body)?;
    if error.is_some() {
        return Err(WireError::ErrorInside);
    }
    let next = lenient::string(next_page_token).filter(|token| !token.is_empty());
    let found = models.unwrap_or_default().into_iter().filter_map(|model| {
        let stamp = Stamp::read(&lenient::entries(model.labels).into_iter().collect())?;
        let name = lenient::string(model.name)?;
        let version = lenient::string(model.version_id).filter(|_| !name.contains('@'));
        let name = version.map_or(name.clone(), |version| format!("{name}@{version}"));
        Some(FoundModel { name: name.into(), stamp })
    });
    Ok(ModelPage { models: found.collect(), next })
}
