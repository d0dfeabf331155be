//! From chosen runs to their curves.

use futures_util::{StreamExt, TryStreamExt};

use super::Chosen;
use crate::cli::connect::VertexClient;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::curves::{Curves, Missing, Run};
use crate::model::{JobState, Observed, ResourceName, ResourceNameError};
use crate::vertex::{Reach, ReadError};

/// Runs that are read at a time.
const RUNS_AT_A_TIME: usize = 4;

/// The curves of one run could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read the curves of {label}")]
pub(super) struct Unread {
    label: String,
    #[source]
    pub(super) source: Why,
}

/// Why they could not be.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    /// Vertex did not say.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The job names an experiment that no request can be made for.
    #[error("its experiment cannot be asked for")]
    Name(#[from] ResourceNameError),
}

impl Unread {
    pub(super) fn new(label: &str, source: impl Into<Why>) -> Self {
        Self { label: label.to_owned(), source: source.into() }
    }

    pub(super) fn failure(self, session: &Session) -> Failure {
        let hint = match &self.source {
            Why::Read(error) => session.hint(error),
            Why::Name(_) => None,
        };
        session.unreachable(hint, self)
    }
}

/// Reads all of them, in their order.
pub(super) async fn read_all(
    session: &Session,
    chosen: &[Chosen],
    reach: Reach,
) -> Result<Vec<Run>, Failure> {
    let reads = chosen.iter().map(async |chosen| {
        let curves = curves(&session.client, chosen, reach).await?;
        Ok(described(chosen, curves))
    });
    let reads = futures_util::stream::iter(reads).buffered(RUNS_AT_A_TIME);
    reads.try_collect().await.map_err(|unread: Unread| unread.failure(session))
}

async fn curves(
    client: &VertexClient,
    chosen: &Chosen,
    reach: Reach,
) -> Result<Result<Curves, Missing>, Unread> {
    let Some(job) = &chosen.job else { return Ok(Err(Missing::NoRun)) };
    let unread = |error: ReadError| Unread::new(&chosen.label, error);
    match experiment(job).map_err(|error| Unread::new(&chosen.label, error))? {
        Some(name) => client.curves(&name, reach).await.map_err(unread),
        None => without_experiment(client, job).await.map(Err).map_err(unread),
    }
}

/// What a job without an experiment has instead.
pub(super) async fn without_experiment(
    client: &VertexClient,
    job: &Observed,
) -> Result<Missing, ReadError> {
    // What has not begun has measured nothing.
    if matches!(job.state, JobState::Queued | JobState::Pending) {
        return Ok(Missing::NoExperiment);
    }
    let uri = client.metrics_uri(&job.name).await?;
    Ok(uri.map_or(Missing::NoExperiment, Missing::InCloudStorage))
}

/// The experiment that a job names.
pub(super) fn experiment(job: &Observed) -> Result<Option<ResourceName>, ResourceNameError> {
    job.experiment.as_deref().map(str::parse).transpose()
}

/// The run with what is known of it beside its curves.
pub(super) fn described(chosen: &Chosen, curves: Result<Curves, Missing>) -> Run {
    let Chosen { label, name, job } = chosen;
    let echo = job.as_ref().map(|job| &job.echo);
    Run {
        label: label.clone(),
        name: name.clone(),
        job: job.as_ref().map(|job| job.name.clone()),
        state: job.as_ref().map(|job| job.state.clone()),
        experiment: job.as_ref().and_then(|job| job.experiment.as_deref()).map(str::to_owned),
        validation: echo.is_some_and(|echo| echo.validation_dataset_uri().is_some()),
        checkpoints: job
            .as_ref()
            .and_then(|job| job.tuned_model.as_ref())
            .map(|made| made.checkpoints.clone())
            .unwrap_or_default(),
        curves,
    }
}
