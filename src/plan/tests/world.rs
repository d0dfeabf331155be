//! Builds worlds, one fact a line. Everything agrees until a line says otherwise.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{
    CreateRequest, Desired, Facts, FoundModel, HyperParameters, JobError, JobName, JobState, Key,
    Lifecycle, Listing, Name, Observation, Observed, Place, Source, Stamp, SupervisedTuningSpec,
    TunedModel, TuningSpec, Untrusted, Wanted,
};
use crate::plan::show;
use crate::plan::{Action, HoldReason, Plan, Policy, plan};

/// The instant of the listing, on the server's clock.
pub(super) const NOW: i64 = 1_800_000_000;

#[derive(Clone)]
pub(super) struct World {
    pub(super) desired: Vec<Desired>,
    pub(super) jobs: Vec<Observed>,
    pub(super) models: Vec<FoundModel>,
    pub(super) policy: Policy,
    pub(super) incomplete: bool,
    /// Takes the place of a create request of the last manifest.
    next_id: u32,
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

pub(super) fn job_name(id: u32) -> JobName {
    format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap()
}

pub(super) fn seconds(ago: i64) -> Option<Timestamp> {
    Timestamp::from_second(NOW - ago).ok()
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            desired: Vec::new(),
            jobs: Vec::new(),
            models: Vec::new(),
            policy: Policy::new(name("acme")),
            incomplete: false,
            next_id: 1,
        }
    }

    /// A manifest that asks for so many epochs.
    pub(super) fn wants(mut self, model: &str, epochs: i64) -> Self {
        let spec = TuningSpec {
            base_model: Some("gemini-3.5-flash".into()),
            supervised_tuning_spec: Some(SupervisedTuningSpec {
                training_dataset_uri: "gs://acme-ml/train.jsonl".into(),
                hyper_parameters: Some(HyperParameters {
                    epoch_count: Some(epochs),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let key = Key { place: place(), owner: name("acme"), name: name(model), rerun: 0 };
        let source = Source { file: PathBuf::from("faq.yaml"), line: 1 };
        self.desired.push(Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into());
        self
    }

    /// Changes the last manifest.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Desired)) -> Self {
        change(self.desired.last_mut().unwrap());
        self
    }

    /// Raises the last manifest's rerun.
    pub(super) fn rerun(self, rerun: u64) -> Self {
        self.but(|d| d.key.rerun = rerun)
    }

    /// A run of that name, asked for so many epochs. Job ids count from 1, and
    /// each run is an hour younger than the one before.
    pub(super) fn has(mut self, model: &str, epochs: i64, state: JobState) -> Self {
        let template = World::new().wants(model, epochs);
        let request = CreateRequest::new(&template.desired[0], 1);
        let mut echo = request.spec.clone();
        echo.labels = request.labels.clone();
        // The server fills in what the manifest left out.
        echo.tuned_model_display_name = Some("gemini-3.5-flash-4fe2".into());
        let age = 36_000 - 3_600 * i64::from(self.next_id);
        let ended = !matches!(
            state,
            JobState::Queued | JobState::Pending | JobState::Running | JobState::Updating
        );
        self.jobs.push(
            Facts {
                name: job_name(self.next_id),
                place: place(),
                stamp: Stamp::read(&request.labels),
                tuned_model: (state == JobState::Succeeded).then(a_model),
                state,
                create_time: seconds(age),
                start_time: seconds(age - 60),
                end_time: if ended { seconds(age - 1_800) } else { None },
                echo,
                error: None,
                experiment: None,
                billable_tokens: None,
                pre_tuned_base: None,
                data: None,
            }
            .into(),
        );
        self.next_id += 1;
        self
    }

    /// Changes the last run.
    pub(super) fn run(mut self, change: impl FnOnce(&mut Observed)) -> Self {
        change(self.jobs.last_mut().unwrap());
        self
    }

    /// The last run left the listing; the model that came of it is there.
    pub(super) fn forgotten(mut self) -> Self {
        let job = self.jobs.pop().unwrap();
        let name = "projects/42/locations/us/models/7@1".to_owned();
        self.models.push(FoundModel { name: name.into(), stamp: job.stamp.clone().unwrap() });
        self
    }

    /// Changes the last run's labels.
    pub(super) fn stamped(self, change: impl FnOnce(&mut Stamp)) -> Self {
        self.run(|job| change(job.stamp.as_mut().unwrap()))
    }

    /// Makes the last run fail with a gRPC code.
    pub(super) fn failing(self, code: i64) -> Self {
        self.run(|job| {
            job.error = Some(JobError { code, message: Untrusted::new("dataset row 12") });
        })
    }

    pub(super) fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub(super) fn observation(&self) -> Observation {
        let listing = Listing {
            jobs: self.jobs.clone(),
            models: self.models.clone(),
            date: Timestamp::from_second(NOW).ok(),
            ..Listing::default()
        };
        let seen =
            if self.incomplete { Err(Untrusted::new("page 3 was lost")) } else { Ok(listing) };
        BTreeMap::from([(place(), seen)])
    }

    pub(super) fn plan(&self) -> Plan {
        plan(&self.desired, &self.observation(), &self.policy)
    }

    /// The plan in one line for each thing decided.
    pub(super) fn decides(&self) -> Vec<String> {
        let plan = self.plan();
        let mut lines = Vec::new();
        for action in &plan.actions {
            lines.push(match action {
                Action::Create(c) => format!("create {} {}", c.key.name, c.reason.code()),
                Action::Cancel(c) => format!(
                    "cancel {} {}{}",
                    c.job.id(),
                    c.reason.code(),
                    if c.after.is_some() { " after" } else { "" }
                ),
            });
        }
        lines.extend(plan.held.iter().map(|held| {
            let job = held.reason.job().map(|job| format!(" {}", job.id())).unwrap_or_default();
            format!("held {} {}{job}", held.key.name, held.reason.code())
        }));
        lines.extend(
            plan.in_flight.iter().map(|r| format!("in flight {} {}", r.key.name, r.job.id())),
        );
        lines.extend(plan.in_sync.iter().map(|model| {
            let job = model.job.as_ref().map_or("stopped", |job| job.id());
            format!("in sync {} {job}", model.key.name)
        }));
        lines.extend(
            plan.orphaned.iter().map(|o| format!("orphaned {} {}", o.key.name, o.job.id())),
        );
        lines.extend(
            plan.diagnostics.iter().map(|d| format!("note {} {}", d.key.name, d.remark.code())),
        );
        lines
    }

    /// The words of the only hold.
    pub(super) fn hold(&self) -> String {
        let plan = self.plan();
        assert_eq!(plan.held.len(), 1, "{plan:#?}");
        show::hold(&plan.held[0], "")
    }

    pub(super) fn hold_reason(&self) -> HoldReason {
        self.plan().held.first().unwrap().reason.clone()
    }

    /// The world after everything in the plan was carried out and every cancel
    /// took effect.
    pub(super) fn after(&self, plan: &Plan) -> Self {
        let mut next = self.clone();
        for action in &plan.actions {
            match action {
                Action::Create(create) => {
                    let mut labels = create.request.labels.clone();
                    if let Some(revision) = self.policy.revision {
                        labels.insert("retune-rev", revision.to_string());
                    }
                    let mut echo = create.request.spec.clone();
                    echo.labels = labels.clone();
                    next.jobs.push(
                        Facts {
                            name: job_name(1_000 + next.next_id),
                            place: create.key.place.clone(),
                            stamp: Stamp::read(&labels),
                            state: JobState::Pending,
                            create_time: seconds(0),
                            start_time: None,
                            end_time: None,
                            echo,
                            error: None,
                            tuned_model: None,
                            experiment: None,
                            billable_tokens: None,
                            pre_tuned_base: None,
                            data: None,
                        }
                        .into(),
                    );
                    next.next_id += 1;
                }
                Action::Cancel(cancel) => {
                    let job = next.jobs.iter_mut().find(|job| job.name == cancel.job).unwrap();
                    job.state = JobState::Cancelled;
                    job.end_time = seconds(0);
                }
            }
        }
        next
    }
}

pub(super) fn a_model() -> TunedModel {
    TunedModel {
        model: Some("projects/42/locations/us/models/7@1".into()),
        endpoint: Some("projects/42/locations/us/endpoints/8".into()),
        checkpoints: Vec::new(),
    }
}

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
