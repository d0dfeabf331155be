//! A model of the registry and an endpoint, as far as they say what serves
//! what (proto `Model`, `Endpoint`).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{WireError, lenient, object};

/// A model that an endpoint serves.
#[derive(Debug)]
pub(in crate::vertex) struct Deployed {
    /// `projects/N/locations/L/models/ID`, with `@VERSION` in some answers.
    pub(crate) model: String,
    version: Option<String>,
}

impl Deployed {
    /// Whether it is `model`, which a job names with its version. The project
    /// may stand there by id or by number, and the version apart.
    pub(crate) fn is(&self, model: &str) -> bool {
        let tail = |name: &str| name.split_once("/locations/").map(|(_, tail)| tail.to_owned());
        let parted = |name: &str| match name.split_once('@') {
            Some((name, version)) => (tail(name), Some(version.to_owned())),
            None => (tail(name), None),
        };
        let (asked, asked_version) = parted(model);
        let (is, version) = parted(&self.model);
        let version = version.or_else(|| self.version.clone());
        asked.is_some()
            && asked == is
            && (asked_version.is_none() || version.is_none() || asked_version == version)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    #[serde(borrow)]
    deployed_models: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeployedModel {
    #[serde(default, deserialize_with = "lenient::field")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient::field")]
    model_version_id: Option<String>,
}

/// What an endpoint serves.
pub(in crate::vertex) fn deployed(body: &[u8]) -> Result<Vec<Deployed>, WireError> {
    let Endpoint { deployed_models } = object(body)?;
    let all: Vec<lenient::Maybe<DeployedModel>> =
        lenient::parse(deployed_models).unwrap_or_default();
    let deployed = |lenient::Maybe(one): lenient::Maybe<DeployedModel>| {
        let DeployedModel { model, model_version_id } = one?;
        Some(Deployed { model: model?, version: model_version_id })
    };
    Ok(all.into_iter().filter_map(deployed).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model<'a> {
    #[serde(borrow)]
    default_checkpoint_id: Option<&'a RawValue>,
}

/// The checkpoint of a model that is served unless another is named.
pub(in crate::vertex) fn default_checkpoint(body: &[u8]) -> Result<Option<String>, WireError> {
    let Model { default_checkpoint_id } = object(body)?;
    Ok(lenient::string(default_checkpoint_id).filter(|id| !id.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployed_model_is_ours_by_id_and_version() {
        let is = |json: &str, model: &str| deployed(json.as_bytes()).unwrap()[0].is(model);
        let body = r#"{"deployedModels":[{"model":"projects/4/locations/us/models/7","modelVersionId":"2"}]}"#;
        assert!(is(body, "projects/acme/locations/us/models/7@2"));
        assert!(is(body, "projects/4/locations/us/models/7"));
        assert!(!is(body, "projects/4/locations/us/models/7@1"));
        assert!(!is(body, "projects/4/locations/eu/models/7@2"));
        assert!(!is(body, "nonsense"));
        let joined = r#"{"deployedModels":[{"model":"projects/4/locations/us/models/7@2"}]}"#;
        assert!(is(joined, "projects/4/locations/us/models/7@2"));
        assert!(!is(joined, "projects/4/locations/us/models/7@3"));
        assert!(deployed(b"{}").unwrap().is_empty());
        assert!(deployed(b"<html>").is_err());
    }
}
