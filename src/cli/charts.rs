//! The curves of one run, for the page.

use super::connect::VertexClient;
use crate::curves::{Curves, Missing, Run};
use crate::google::chain;
use crate::model::{Name, Observed, TuningSpec, Untrusted};
use crate::page::Charts;
use crate::vertex::{Reach, ReadError};

/// Reads them: four requests at most.
pub(super) async fn charts(client: &VertexClient, name: &Name, run: &Observed) -> Charts {
    match curves(client, run).await {
        Ok(curves) => Charts::Read(Box::new(Run {
            label: name.to_string(),
            name: Some(name.to_string()),
            job: Some(run.name.clone()),
            state: Some(run.state.clone()),
            experiment: run.experiment.as_ref().map(ToString::to_string),
            validation: has_validation(&run.echo),
            checkpoints: run.tuned_model.iter().flat_map(|made| made.checkpoints.clone()).collect(),
            curves,
        })),
        Err(error) => failed(&chain(&error)),
    }
}

/// In a sentence, whether or not the service made one of it already.
fn failed(why: &str) -> Charts {
    Charts::Failed(format!("They could not be read: {}.", Untrusted::new(why).phrase()))
}

async fn curves(
    client: &VertexClient,
    run: &Observed,
) -> Result<Result<Curves, Missing>, ReadError> {
    let Some(experiment) = &run.experiment else { return Ok(Err(Missing::NoExperiment)) };
    match experiment.parse() {
        Ok(experiment) => client.curves(&experiment, Reach::Sampled).await,
        // A name that is none leads to nothing.
        Err(_) => Ok(Err(Missing::ExperimentAbsent)),
    }
}

fn has_validation(spec: &TuningSpec) -> bool {
    let supervised = spec.supervised_tuning_spec.as_ref();
    let preference = spec.preference_optimization_spec.as_ref();
    supervised.is_some_and(|spec| spec.validation_dataset_uri.is_some())
        || preference.is_some_and(|spec| spec.validation_dataset_uri.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_ends_with_one_full_stop() {
        let sentence = Charts::Failed("They could not be read: it is unavailable.".to_owned());
        assert_eq!(failed("it is unavailable."), sentence);
        assert_eq!(failed("it is unavailable"), sentence);
    }
}
