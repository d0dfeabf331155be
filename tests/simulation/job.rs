//! A tuning job with everything that happens to it.

use jiff::Timestamp;
use retune::model::{
    Checkpoint, Facts, HyperParameters, JobError, JobState, Labels, Observed, Stamp,
    SupervisedTuningSpec, TunedModel, TuningSpec, Untrusted,
};

use crate::manifests::{DEFAULT_EPOCHS, place};
use crate::random::Random;
use crate::runtime::Millis;

/// The server's clock.
pub fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(at).unwrap()).unwrap()
}

/// A state as the checks see it: their own reading, not the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Live,
    Ending,
    Good,
    Failed,
    Cancelled,
    Unclear,
}

impl Stage {
    pub fn of(state: &JobState) -> Self {
        match state {
            JobState::Pending | JobState::Running => Self::Live,
            JobState::Cancelling => Self::Ending,
            JobState::Succeeded => Self::Good,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
            _ => Self::Unclear,
        }
    }
}

/// What may go wrong with a job, of a thousand jobs, and how long it runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fates {
    pub transient_failure: u64,
    pub permanent_failure: u64,
    pub hand_cancel: u64,
    pub unclear: u64,
    pub longest_run: Millis,
}

/// A job with everything that happens to it.
#[derive(Debug, Clone)]
pub struct Job {
    /// What a listing shows of it at first; without retune's labels, which the
    /// stamp has.
    row: Observed,
    /// Its labels, for whoever made it.
    labels: Labels,
    pub created: Millis,
    /// States by the time from which they hold, oldest first.
    pub states: Vec<(Millis, JobState)>,
    pub transient: bool,
}

impl Job {
    /// A job as Vertex makes it of a create's body, with its whole life.
    pub fn new(
        id: usize,
        body: &serde_json::Value,
        at: Millis,
        fates: Fates,
        random: &mut Random,
    ) -> Self {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let given = body["labels"].as_object().into_iter().flatten();
        let labels: Labels =
            given.map(|(key, value)| (key.clone(), text(value).unwrap_or_default())).collect();
        let mut states = vec![(at, JobState::Pending)];
        let starts = at + 1_000 + random.below(5_000);
        states.push((starts, JobState::Running));
        if random.permille(fates.unclear) {
            let odd = if random.permille(500) {
                JobState::Paused
            } else {
                JobState::Unknown(Untrusted::new("JOB_STATE_FROZEN"))
            };
            let since = starts + random.below(30_000);
            states.push((since, odd));
            states.push((since + 1_000 + random.below(100_000), JobState::Running));
        }
        let ends = states[states.len() - 1].0 + 20_000 + random.below(fates.longest_run);
        let mut error = None;
        let mut failed = |code| {
            error = Some(JobError { code, message: Untrusted::new("no luck") });
            JobState::Failed
        };
        let end = if random.permille(fates.transient_failure) {
            failed(14)
        } else if random.permille(fates.permanent_failure) {
            failed(3)
        } else if random.permille(fates.hand_cancel) {
            JobState::Cancelled
        } else {
            JobState::Succeeded
        };
        states.push((ends, end));
        let supervised = &body["supervisedTuningSpec"];
        let epochs = supervised["hyperParameters"]["epochCount"].as_i64();
        let place = place();
        let row: Observed = Facts {
            name: format!("projects/42/locations/{}/tuningJobs/{id}", place.location)
                .parse()
                .unwrap(),
            place,
            stamp: Stamp::read(&labels),
            state: JobState::Pending,
            create_time: Some(timestamp(at)),
            start_time: None,
            end_time: None,
            echo: TuningSpec {
                base_model: text(&body["baseModel"]).map(Into::into),
                supervised_tuning_spec: Some(SupervisedTuningSpec {
                    training_dataset_uri: text(&supervised["trainingDatasetUri"])
                        .unwrap_or_default()
                        .into(),
                    hyper_parameters: Some(HyperParameters {
                        // What was left out, the server fills in.
                        epoch_count: Some(epochs.unwrap_or(DEFAULT_EPOCHS)),
                        learning_rate_multiplier: Some(1.0),
                        ..HyperParameters::default()
                    }),
                    ..SupervisedTuningSpec::default()
                }),
                ..TuningSpec::default()
            },
            error,
            tuned_model: None,
            experiment: None,
            billable_tokens: None,
            pre_tuned_base: None,
            data: None,
        }
        .into();
        let transient = row.error.as_ref().is_some_and(|error| error.code == 14);
        Self { row, labels, created: at, states, transient }
    }

    pub fn state_at(&self, at: Millis) -> &JobState {
        let state = self.states.iter().rev().find(|(since, _)| *since <= at);
        &state.unwrap_or(&self.states[0]).1
    }

    pub fn stage_at(&self, at: Millis) -> Stage {
        Stage::of(self.state_at(at))
    }

    /// When nothing happens to it any more.
    pub fn ends(&self) -> Millis {
        self.states[self.states.len() - 1].0
    }

    fn started(&self) -> Option<Millis> {
        self.states.iter().find(|(_, state)| *state == JobState::Running).map(|(since, _)| *since)
    }

    /// For how long it has run.
    pub fn ran(&self, at: Millis) -> Millis {
        self.started().map_or(0, |since| at.saturating_sub(since))
    }

    pub fn stamp(&self) -> Option<&Stamp> {
        self.row.stamp.as_ref()
    }

    /// Whether it is a run of this owner and name.
    pub fn is_of(&self, owner: &str, name: &str) -> bool {
        self.stamp().is_some_and(|s| s.owner.as_str() == owner && s.name.as_str() == name)
    }

    pub fn model(&self) -> &str {
        self.row.echo.base_model.as_deref().unwrap_or_default()
    }

    pub fn name(&self) -> &retune::model::JobName {
        &self.row.name
    }

    /// As a listing or a GET shows it.
    pub fn observed_at(&self, at: Millis) -> Observed {
        let mut seen = self.row.clone();
        seen.state = self.state_at(at).clone();
        seen.start_time = self.started().filter(|since| *since <= at).map(timestamp);
        let stage = Stage::of(&seen.state);
        if stage == Stage::Good {
            seen.tuned_model = Some(TunedModel {
                model: Some(format!("{}/models/1@1", seen.place.parent()).into()),
                endpoint: None,
                checkpoints: Vec::<Checkpoint>::new(),
            });
        }
        if matches!(stage, Stage::Good | Stage::Failed | Stage::Cancelled) {
            seen.end_time = Some(timestamp(self.ends()));
        }
        if stage != Stage::Failed {
            seen.error = None;
        }
        seen
    }

    /// As the create's answer shows it.
    pub fn answered_at(&self, at: Millis) -> Observed {
        let mut seen = self.observed_at(at);
        seen.echo.labels.clone_from(&self.labels);
        seen
    }

    /// A cancel: it ends some time later.
    pub fn cancel(&mut self, at: Millis, takes: Millis) {
        self.states.retain(|(since, _)| *since <= at);
        self.states.push((at, JobState::Cancelling));
        self.states.push((at + takes, JobState::Cancelled));
    }
}
