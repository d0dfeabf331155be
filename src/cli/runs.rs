//! The runs of one tuned model, for the commands that look at them.

use std::collections::BTreeSet;

use super::failure::Failure;
use super::session::Session;
use crate::model::{Desired, GivenJob, JobName, Observation, Observed, Place};
use crate::vertex::{ReadError, Vertex};

/// Our runs of the name, newest first, and the adopted job.
pub(super) fn runs<'a>(desired: &Desired, seen: &'a Observation) -> Vec<&'a Observed> {
    let listing = seen.get(&desired.key.place).and_then(|listing| listing.as_ref().ok());
    let mut runs: Vec<&Observed> = listing
        .into_iter()
        .flat_map(|listing| &listing.jobs)
        .filter(|job| {
            let ours = job.stamp.as_ref().is_some_and(|stamp| {
                stamp.owner == desired.key.owner && stamp.name == desired.key.name
            });
            let adopt = desired.lifecycle.adopt.as_ref();
            ours || adopt.is_some_and(|name| job.name.same_job(name))
        })
        .collect();
    runs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
    runs
}

/// The full names that a job argument can stand for: one, or one in each place.
/// `None`: it names a tuned model.
pub(super) fn job_names(target: &str, places: &BTreeSet<Place>) -> Option<Vec<JobName>> {
    Some(match GivenJob::read(target)? {
        GivenJob::Full(name) => vec![name],
        GivenJob::Id(id) => {
            let in_place = |place: &Place| JobName::new(&place.project, &place.location, &id);
            places.iter().map(in_place).collect()
        }
    })
}

/// The first of these jobs that there is, as it is now.
pub(super) async fn read(
    names: &[JobName],
    session: &Session,
) -> Result<Option<Observed>, Failure> {
    for name in names {
        match session.client.get(name).await {
            Ok(job) => return Ok(Some(job)),
            Err(ReadError::NotFound { .. }) => {}
            Err(error) => return Err(session.unreachable(session.hint(&error), error)),
        }
    }
    Ok(None)
}
