//! A job that may be cancelled.

use super::{ReadError, Vertex};
use crate::model::{JobName, Observed};

/// A job that was read by its full name and judged to be the one that is to
/// stop. A cancel takes nothing else, and takes it: each needs a look of its own.
#[derive(Debug)]
#[must_use = "a job that is looked at and not stopped goes on"]
pub struct VerifiedJob(JobName);

impl VerifiedJob {
    /// Reads `job` as it is now, and asks `judge` about it.
    ///
    /// # Errors
    /// What `judge` has against it, or what `unread` makes of a job that could
    /// not be read.
    pub async fn read<V: Vertex, E>(
        vertex: &V,
        job: &JobName,
        unread: impl FnOnce(ReadError) -> E,
        judge: impl FnOnce(&Observed) -> Result<(), E>,
    ) -> Result<Self, E> {
        let seen = vertex.get(job).await.map_err(unread)?;
        judge(&seen)?;
        Ok(Self(job.clone()))
    }

    /// Its full name.
    pub fn name(&self) -> &JobName {
        &self.0
    }
}
