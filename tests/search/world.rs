//! Real values for the model's small numbers: manifests, policies and jobs with
//! their labels, digests and times.

use std::path::PathBuf;

use jiff::Timestamp;
use retune::model::{
    CreateRequest, Desired, Facts, HyperParameters, JobError, JobName, JobState, Key, Labels,
    Lifecycle, Observed, Place, Source, Stamp, SupervisedTuningSpec, TunedModel, TuningSpec,
    Untrusted, Wanted, labels,
};
use retune::plan::Policy;

use super::state::Phase;

/// The instant of every listing, on the server's clock.
const NOW: i64 = 1_800_000_000;

/// A commit: a spec and a revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Older,
    Newer,
}

/// What a process at one commit has.
pub struct World {
    pub desired: Vec<Desired>,
    pub policy: Policy,
    labels: Labels,
}

pub fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

impl World {
    pub fn new(role: Role, one_revision: bool) -> Self {
        let older = role == Role::Older;
        let spec = TuningSpec {
            base_model: Some("gemini-3.5-flash".into()),
            supervised_tuning_spec: Some(SupervisedTuningSpec {
                training_dataset_uri: "gs://acme-ml/train.jsonl".into(),
                hyper_parameters: Some(HyperParameters {
                    epoch_count: Some(if older { 3 } else { 4 }),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let owner: retune::model::Name = "acme".parse().unwrap();
        let key =
            Key { place: place(), owner: owner.clone(), name: "faq".parse().unwrap(), rerun: 0 };
        let source = Source { file: PathBuf::from("faq.yaml"), line: 1 };
        let desired: Desired = Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into();
        let revision = if older && !one_revision { NOW - 86_400 } else { NOW - 43_200 };
        let labels = CreateRequest::new(&desired, 1).labels;
        let policy = Policy { revision: Some(revision), ..Policy::new(owner) };
        Self { desired: vec![desired], policy, labels }
    }

    /// The server's time of every listing.
    pub fn date() -> Option<Timestamp> {
        Timestamp::from_second(NOW).ok()
    }

    /// The digest that jobs of this commit carry.
    pub fn spec(&self) -> Option<&str> {
        self.labels.get(labels::SPEC)
    }

    /// The `index`-th oldest job, made at this commit. `first`: as if it were
    /// older than all.
    pub fn job(&self, index: usize, phase: Phase, first: bool) -> Observed {
        let state = match phase {
            Phase::Active => JobState::Running,
            Phase::Ending => JobState::Cancelling,
            Phase::Good => JobState::Succeeded,
            Phase::Bad => JobState::Failed,
            Phase::Cancelled => JobState::Cancelled,
            Phase::Nothing | Phase::Flying => panic!("{phase:?} is no job"),
        };
        let mut all = self.labels.clone();
        all.insert(labels::RUN, labels::run(index as u64));
        let revision = self.policy.revision.unwrap();
        all.insert(labels::REV, revision.to_string());
        let mut echo = self.desired[0].spec.clone();
        echo.labels = all.clone();
        let seconds = |at: i64| Timestamp::from_second(NOW - 3_600 + at).ok();
        let place_in_time = if first { -1 } else { index as i64 };
        let failed = phase == Phase::Bad;
        let error = failed.then(|| JobError { code: 3, message: Untrusted::new("dataset row 12") });
        let model = || TunedModel {
            model: Some("projects/42/locations/us/models/7@1".into()),
            ..Default::default()
        };
        Facts {
            name: format!("projects/42/locations/us-central1/tuningJobs/{index}").parse().unwrap(),
            place: place(),
            stamp: Stamp::read(&all),
            end_time: if phase == Phase::Active { None } else { seconds(600) },
            tuned_model: (phase == Phase::Good).then(model),
            state,
            create_time: seconds(place_in_time),
            start_time: seconds(60),
            echo,
            error,
            experiment: None,
            billable_tokens: None,
            pre_tuned_base: None,
            data: None,
        }
        .into()
    }

    /// Which job a name is.
    pub fn index(name: &JobName) -> usize {
        name.id().parse().unwrap()
    }

    /// A real job's phase as a small number.
    pub fn phase(job: &Observed) -> Phase {
        match job.phase() {
            retune::model::Phase::Active => Phase::Active,
            retune::model::Phase::Ending => Phase::Ending,
            retune::model::Phase::Good => Phase::Good,
            retune::model::Phase::Bad => Phase::Bad,
            retune::model::Phase::Cancelled => Phase::Cancelled,
            retune::model::Phase::Unclear => panic!("no job of this model is unclear"),
        }
    }
}
