//! Looks at every place that a plan concerns, before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use crate::google::chain;
use crate::model::{Desired, JobName, Listing, Observation, Place, Untrusted, Workspace};
use crate::mutant::{Mutant, is};
use crate::plan::{CreateReason, Plan, Policy, plan};
use crate::vertex::{Keep, ReadError, Vertex};

/// How many places are listed at a time. A project has a dozen regions at
/// most, and the quota is 600 requests a minute and region.
const PLACES_AT_A_TIME: usize = 8;

/// The places to list: each one of a manifest and of `alsoList`; without a
/// manifest, that of the Workspace.
pub fn places(desired: &[Desired], workspace: Option<&Workspace>) -> BTreeSet<Place> {
    let named = desired.iter().map(|d| d.key.place.clone());
    let also = workspace.into_iter().flat_map(|w| w.also_list.iter().cloned());
    let own = workspace.filter(|_| desired.is_empty());
    let own = own.and_then(|w| Some(Place::new(w.project.clone()?, w.location.clone()?)));
    named.chain(also).chain(own).collect()
}

/// Which jobs a plan over `desired` needs to see in full.
pub fn keep(desired: &[Desired]) -> Keep {
    Keep::Retune { adopted: adopted(desired) }
}

/// The same, for whoever holds what is seen until the next look.
pub fn keep_lasting(desired: &[Desired]) -> Keep {
    Keep::Lasting { adopted: adopted(desired) }
}

fn adopted(desired: &[Desired]) -> BTreeSet<JobName> {
    desired.iter().filter_map(|d| d.lifecycle.adopt.clone()).collect()
}

/// A place that could not be listed completely, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not list the {what} of {place}")]
pub struct ObserveError {
    /// `tuning jobs`, or `models`.
    pub what: &'static str,
    /// The place.
    pub place: Place,
    /// Why.
    #[source]
    pub source: ReadError,
}

/// Decides, and where a create is due because the name has no run at all, asks
/// whether a model of it exists: jobs may leave the listing, and must not be
/// paid for again. A plan without such a create asks nothing.
///
/// # Errors
/// A place whose models could not be listed.
pub async fn decide<V: Vertex>(
    vertex: &V,
    desired: &[Desired],
    observation: &mut Observation,
    policy: &Policy,
) -> Result<Plan, ObserveError> {
    let first = plan(desired, observation, policy);
    let missing = first.creates().filter(|create| create.reason == CreateReason::Missing);
    let looks = missing.map(async |create| {
        let base_model = create.request.spec.base_model.as_deref();
        (&create.key, vertex.models(&create.key, base_model).await)
    });
    let mut looks = futures_util::stream::iter(looks).buffered(PLACES_AT_A_TIME);
    let mut found = Vec::new();
    while let Some((key, models)) = looks.next().await {
        let place = &key.place;
        let models = models.map_err(|source| ObserveError {
            what: "models",
            place: place.clone(),
            source,
        })?;
        found.push((place.clone(), models));
    }
    drop(looks);
    if found.iter().all(|(_, models)| models.is_empty()) {
        return Ok(first);
    }
    for (place, models) in found {
        if let Some(Ok(listing)) = observation.get_mut(&place) {
            listing.models.extend(models);
        }
    }
    Ok(plan(desired, observation, policy))
}

/// Lists every place completely.
///
/// # Errors
/// The first place, in their order, that could not be listed: a plan over half
/// a picture is worse than none.
pub async fn observe<V: Vertex>(
    vertex: &V,
    places: &BTreeSet<Place>,
    keep: &Keep,
) -> Result<Observation, ObserveError> {
    let (observation, failed) = observe_each(vertex, places, keep).await;
    failed.into_iter().next().map_or(Ok(observation), Err)
}

/// Lists every place completely, and says of each that could not be listed why:
/// in the observation, which holds that place, and as an error.
pub async fn observe_each<V: Vertex>(
    vertex: &V,
    places: &BTreeSet<Place>,
    keep: &Keep,
) -> (Observation, Vec<ObserveError>) {
    let looks = places.iter().map(async |place| (place, vertex.list(place, keep).await));
    let mut looks = futures_util::stream::iter(looks).buffered(PLACES_AT_A_TIME);
    let (mut observation, mut failed) = (BTreeMap::new(), Vec::new());
    while let Some((place, listing)) = looks.next().await {
        let seen = match listing {
            Ok(listing) => {
                tracing::info!(%place, jobs = listing.jobs.len(), "listed");
                Ok(listing)
            }
            Err(_) if is(Mutant::FailedListingIsEmpty) => Ok(Listing::default()),
            Err(source) => {
                let error = ObserveError { what: "tuning jobs", place: place.clone(), source };
                let why = Untrusted::new(chain(&error.source));
                failed.push(error);
                Err(why)
            }
        };
        observation.insert(place.clone(), seen);
    }
    (observation, failed)
}
