//! Whether what came of a run is still there: the names in a job can go stale,
//! for a job never changes while its model and endpoints do.

use std::collections::BTreeMap;

use futures_util::StreamExt;

use super::client::Client;
use super::error::ReadError;
use super::wire::{self, Deployed};
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{ResourceName, TunedModel, Untrusted};

/// How many things are asked for at a time: checkpoints are at most about ten.
const LOOKS_AT_A_TIME: usize = 4;

/// What is there of a run's model and endpoints.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The model; `None` when the run has none.
    pub model: Option<Presence>,
    /// Its checkpoint that an endpoint serves unless another is named.
    pub default_checkpoint: Option<String>,
    /// Its endpoints by their names, those of its checkpoints too.
    pub endpoints: BTreeMap<String, Presence>,
}

/// Whether something is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is, and serves this model where it is an endpoint.
    There,
    /// It is not there any more.
    Gone,
    /// The endpoint is there, and no model is deployed to it.
    Empty,
    /// The endpoint is there, and another model is deployed to it.
    Other(Untrusted),
    /// It could not be looked at.
    Unknown(Untrusted),
}

impl<C: Clock, E: Entropy> Client<C, E> {
    /// Looks at each: one request for the model and one for each endpoint.
    pub async fn look_at(&self, made: &TunedModel) -> Made {
        let (model, default_checkpoint) = match made.model.as_deref() {
            Some(model) => {
                let (presence, checkpoint) = self.look_at_model(model).await;
                (Some(presence), checkpoint)
            }
            None => (None, None),
        };
        let names = made.checkpoints.iter().filter_map(|c| c.endpoint.as_deref());
        let names: std::collections::BTreeSet<&str> =
            names.chain(made.endpoint.as_deref()).collect();
        let model_name = made.model.as_deref();
        let looks = names
            .into_iter()
            .map(async |name| (name.to_owned(), self.look_at_endpoint(name, model_name).await));
        let endpoints = futures_util::stream::iter(looks).buffer_unordered(LOOKS_AT_A_TIME);
        Made { model, default_checkpoint, endpoints: endpoints.collect().await }
    }

    async fn look_at_model(&self, name: &str) -> (Presence, Option<String>) {
        match self.read_text(name).await {
            Ok(body) => match wire::default_checkpoint(&body) {
                Ok(checkpoint) => (Presence::There, checkpoint),
                Err(source) => (unreadable(&source), None),
            },
            Err(presence) => (presence, None),
        }
    }

    async fn look_at_endpoint(&self, name: &str, model: Option<&str>) -> Presence {
        let body = match self.read_text(name).await {
            Ok(body) => body,
            Err(presence) => return presence,
        };
        let deployed = match wire::deployed(&body) {
            Ok(deployed) => deployed,
            Err(source) => return unreadable(&source),
        };
        let ours = |deployed: &Deployed| model.is_none_or(|model| deployed.is(model));
        match deployed.first() {
            None => Presence::Empty,
            Some(_) if deployed.iter().any(ours) => Presence::There,
            Some(other) => Presence::Other(Untrusted::new(other.model.as_str())),
        }
    }

    async fn read_text(&self, name: &str) -> Result<Vec<u8>, Presence> {
        let unknown =
            |error: &dyn std::error::Error| Presence::Unknown(Untrusted::new(chain(error)));
        let name: ResourceName = name.parse().map_err(|error| unknown(&error))?;
        let mut body = Vec::new();
        match self.read_resource(&name, "", &[], &mut body).await {
            Ok(_) => Ok(body),
            Err(ReadError::NoSuchResource { .. }) => Err(Presence::Gone),
            Err(error) => Err(unknown(&error)),
        }
    }
}

fn unreadable(error: &dyn std::error::Error) -> Presence {
    Presence::Unknown(Untrusted::new(chain(error)))
}
