//! The curves of one run, for `retune metrics` and for the page.

use super::connect::VertexClient;
use crate::curves::{Curves, Missing, Run};
use crate::google::chain;
use crate::model::{JobState, Name, Observed, ResourceName, ResourceNameError, Untrusted};
use crate::page::Charts;
use crate::vertex::{Reach, ReadError};

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
}

/// Reads them, four requests at most, and says with them what is known of the run.
pub(super) async fn read(
    client: &VertexClient,
    label: &str,
    name: Option<&str>,
    job: &Observed,
    reach: Reach,
) -> Result<Run, Unread> {
    let unread = |error: ReadError| Unread::new(label, error);
    let curves = match experiment(job).map_err(|error| Unread::new(label, error))? {
        Some(experiment) => client.curves(&experiment, reach).await.map_err(unread)?,
        None => Err(without_experiment(client, job).await.map_err(unread)?),
    };
    Ok(described(label, name, Some(job), curves))
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

/// A run with what is known of it beside its curves; without a job, of a model
/// that was never trained.
pub(super) fn described(
    label: &str,
    name: Option<&str>,
    job: Option<&Observed>,
    curves: Result<Curves, Missing>,
) -> Run {
    let made = job.and_then(|job| job.tuned_model.as_ref());
    Run {
        label: label.to_owned(),
        name: name.map(str::to_owned),
        job: job.map(|job| job.name.clone()),
        state: job.map(|job| job.state.clone()),
        experiment: job.and_then(|job| job.experiment.as_deref()).map(str::to_owned),
        validation: job.is_some_and(|job| job.echo.validation_dataset_uri().is_some()),
        checkpoints: made.map(|made| made.checkpoints.clone()).unwrap_or_default(),
        curves,
    }
}

/// Those of a tuned model, as its page shows them.
pub(super) async fn charts(client: &VertexClient, name: &Name, run: &Observed) -> Charts {
    let name = name.as_str();
    match read(client, name, Some(name), run, Reach::Sampled).await {
        Ok(run) => Charts::Read(Box::new(run)),
        Err(unread) => failed(&chain(&unread.source)),
    }
}

/// In a sentence, whether or not the service made one of it already.
fn failed(why: &str) -> Charts {
    Charts::Failed(format!("They could not be read: {}.", Untrusted::new(why).phrase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Facts, JobState, Place, TuningSpec};

    #[test]
    fn an_experiment_that_no_request_can_be_made_for_is_not_absent() {
        let place = Place::new("acme-ml", "us-central1");
        let job = Observed::from(Facts {
            name: "projects/42/locations/us-central1/tuningJobs/7".parse().unwrap(),
            place,
            stamp: None,
            state: JobState::Succeeded,
            create_time: None,
            start_time: None,
            end_time: None,
            echo: TuningSpec::default(),
            pre_tuned_base: None,
            error: None,
            tuned_model: None,
            experiment: Some("projects/42/../..".into()),
            billable_tokens: None,
            data: None,
        });
        let Charts::Failed(why) = failed(&chain(&Why::from(experiment(&job).unwrap_err()))) else {
            panic!("it was not said")
        };
        let begins = "They could not be read: its experiment cannot be asked for: ";
        assert!(why.starts_with(begins), "{why}");
    }

    #[test]
    fn a_reason_ends_with_one_full_stop() {
        let sentence = Charts::Failed("They could not be read: it is unavailable.".to_owned());
        assert_eq!(failed("it is unavailable."), sentence);
        assert_eq!(failed("it is unavailable"), sentence);
    }
}
