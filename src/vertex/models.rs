//! Models in the registry that a run of ours has made.

use super::client::Client;
use super::error::ReadError;
use super::listing::Pages;
use super::wire::{self, ModelPage};
use crate::clock::{Clock, Entropy};
use crate::model::{FoundModel, Key, Place, labels};

/// Most pages of one search: a name has a handful of models.
const MAX_PAGES: u32 = 100;

/// The models of one key.
pub(super) struct Registry<'a, C, E> {
    pub(super) client: &'a Client<C, E>,
    pub(super) key: &'a Key,
    /// What is tuned; `None` when it is a model of the user's own.
    pub(super) base_model: Option<&'a str>,
}

impl<C: Clock, E: Entropy> Registry<'_, C, E> {
    pub(super) async fn models(&self) -> Result<Vec<FoundModel>, ReadError> {
        let place = &self.key.place;
        let mut models = self.of(place).await?;
        let region = multi_region(&place.location);
        if let Some(region) = region.filter(|_| !self.base_model.is_some_and(is_old)) {
            let there = Place::new(&*place.project, region);
            match self.of(&there).await {
                Ok(more) => models.extend(more),
                // A project that never used the multi-region may not have it.
                Err(ReadError::NoSuchPlace { .. } | ReadError::Refused { status: 400, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let key = self.key;
        models.retain(|model| model.stamp.owner == key.owner && model.stamp.name == key.name);
        Ok(models)
    }

    /// The filter is documented for models (discovery `aiplatform.v1`, revision
    /// 20261106: `labels.key=value`); what comes is matched again all the same.
    async fn of(&self, place: &Place) -> Result<Vec<FoundModel>, ReadError> {
        let (owner, name) = (&self.key.owner, &self.key.name);
        let filter =
            format!("labels.{}=\"{name}\" AND labels.{}=\"{owner}\"", labels::NAME, labels::OWNER);
        let (mut found, mut body) = (Vec::new(), Vec::new());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            self.client.models_page(place, &filter, token.as_deref(), &mut body).await?;
            let garbled = |source| ReadError::Garbled { host: self.client.host_of(place), source };
            let ModelPage { models, next } = wire::models(&body).map_err(garbled)?;
            found.extend(models);
            if next.is_none() {
                return Ok(found);
            }
            token = next;
        }
        Err(ReadError::Endless { place: place.clone(), why: "its models have more than 100 pages" })
    }
}

/// Whether the models of this one stay in the region they were tuned in.
fn is_old(base_model: &str) -> bool {
    ["gemini-1", "gemini-2"].iter().any(|old| base_model.starts_with(old))
}

/// Where Vertex puts the models of Gemini 3 that are tuned in a region: they
/// come back under `us` or `eu` (Google's pages on tuning and on using tuned
/// Gemini models).
fn multi_region(location: &str) -> Option<&'static str> {
    if location.starts_with("us-") {
        Some("us")
    } else if location.starts_with("europe-") {
        Some("eu")
    } else {
        None
    }
}
