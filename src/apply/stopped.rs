//! What becomes of the runs that were asked to stop: a cancel is best effort,
//! and what a run did until then is billed.

use std::collections::BTreeMap;

use super::{Event, Observer, Outcome, Report};
use crate::model::{JobName, Key, Phase};
use crate::plan::Action;
use crate::vertex::{ReadError, Vertex};

/// Runs that were asked to stop and have not ended.
#[derive(Debug, Default)]
pub(super) struct Stopped(BTreeMap<JobName, Key>);

impl Stopped {
    /// Those of a report.
    pub(super) fn of(report: &Report) -> Self {
        let stopped = report.items.iter().filter_map(|item| match (&item.action, &item.outcome) {
            (Action::Cancel(cancel), Outcome::CancelRequested) => {
                Some((cancel.job.clone(), cancel.key.clone()))
            }
            _ => None,
        });
        Self(stopped.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at each, and tells what became of those that ended.
    pub(super) async fn look<V: Vertex>(
        &mut self,
        vertex: &V,
        observer: &dyn Observer,
    ) -> Result<(), ReadError> {
        for (job, key) in self.0.clone() {
            let run = vertex.get(&job).await?;
            if !matches!(run.phase(), Phase::Active | Phase::Ending | Phase::Unclear) {
                observer.notice(&Event::Stopped { key: &key, run: &run });
                self.0.remove(&job);
            }
        }
        Ok(())
    }
}
