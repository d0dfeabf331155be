//! Listings that lose jobs.
//!
//! Jobs cannot be deleted. A listing without one that was seen before has lost
//! it, a page of a hundred perhaps, and what it says to be missing may be there.
//! So the lost ones are read by their names, and everything is looked at again.

use futures_util::StreamExt;

use super::telling::Failure;
use super::{Task, Watcher};
use crate::apply::{Broken, Seen};
use crate::claims::ClaimStore;
use crate::clock::{Clock, Entropy};
use crate::google::chain;
use crate::model::{JobName, Place};
use crate::vertex::{ReadError, Vertex};

/// Looks after which a service that loses other jobs each time is not believed.
const LOOKS: u32 = 3;

/// How many lost jobs are read at a time.
const READS_AT_A_TIME: usize = 8;

impl<V: Vertex, E: Entropy, C: Clock> Watcher<'_, V, E, C> {
    /// Looks at every place until nothing that is known is missing.
    pub(super) async fn look_until_whole<S: ClaimStore>(
        &mut self,
        task: &Task<'_, S>,
    ) -> Result<Seen, Failure> {
        for _ in 0..LOOKS {
            let seen = self.reconciler(task).look().await;
            let seen = seen.map_err(|error| Failure::of(&Broken::Jobs(error)))?;
            let lost = self.memory().lost_from(&seen.observation);
            // What a look shows that lost others, the next may lose.
            self.memory().know(&seen.observation, &task.policy.owner);
            if lost.is_empty() {
                return Ok(seen);
            }
            tracing::debug!(jobs = lost.len(), "a listing lacks jobs that were listed before");
            self.read_lost(lost).await?;
        }
        let why = "the listing lacks other jobs each time, and jobs cannot be deleted".to_owned();
        Err(Failure { why, asked: None })
    }

    /// Reads lost jobs by their names and remembers them.
    async fn read_lost(&self, lost: Vec<(Place, JobName)>) -> Result<(), Failure> {
        let reads = lost.into_iter().map(async |(place, name)| {
            let job = self.parts.vertex.get(&name).await;
            (place, name, job)
        });
        let mut reads = futures_util::stream::iter(reads).buffer_unordered(READS_AT_A_TIME);
        while let Some((place, name, job)) = reads.next().await {
            match job {
                Ok(job) => self.memory().found(&place, job),
                // It is gone after all, whatever the documentation says.
                Err(ReadError::NotFound { .. }) => self.memory().forget(&place, &name),
                Err(error) => {
                    let asked = error.retry_after();
                    let why = format!("could not read {}: {}", name.short(), chain(&error));
                    return Err(Failure { why, asked });
                }
            }
        }
        Ok(())
    }
}
