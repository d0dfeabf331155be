//! Looks at every place that a plan concerns, before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;

use crate::model::{Desired, Listing, Observation, Place, Workspace};
use crate::mutant::{Mutant, is};
use crate::vertex::{Keep, ReadError, Vertex};

/// How many places are listed at a time. A project has a dozen regions at
/// most, and the quota is 600 requests a minute and region.
const PLACES_AT_A_TIME: usize = 8;

/// The places to list: each one of a manifest and of `alsoList`.
pub fn places(desired: &[Desired], workspace: Option<&Workspace>) -> BTreeSet<Place> {
    let named = desired.iter().map(|d| d.key.place.clone());
    let also = workspace.into_iter().flat_map(|w| w.also_list.iter().cloned());
    named.chain(also).collect()
}

/// Which jobs a plan over `desired` needs to see in full.
pub fn keep(desired: &[Desired]) -> Keep {
    let adopted = desired.iter().filter_map(|d| d.lifecycle.adopt.clone());
    Keep::Retune { adopted: adopted.collect() }
}

/// A place that could not be listed completely, and why.
#[derive(Debug, thiserror::Error)]
#[error("could not list the tuning jobs of {place}")]
pub struct ObserveError {
    /// The place.
    pub place: Place,
    /// Why.
    #[source]
    pub source: ReadError,
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
    let looks = places.iter().map(async |place| (place, vertex.list(place, keep).await));
    let mut looks = futures_util::stream::iter(looks).buffered(PLACES_AT_A_TIME);
    let mut observation = BTreeMap::new();
    while let Some((place, listing)) = looks.next().await {
        let place = place.clone();
        match listing {
            Ok(listing) => {
                tracing::info!(%place, jobs = listing.jobs.len(), "listed");
                observation.insert(place, Ok(listing))
            }
            Err(_) if is(Mutant::FailedListingIsEmpty) => {
                observation.insert(place, Ok(Listing { jobs: Vec::new(), foreign: 0, date: None }))
            }
            Err(source) => return Err(ObserveError { place, source }),
        };
    }
    Ok(observation)
}
