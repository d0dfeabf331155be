//! Imports of chosen jobs; `generated` has those of any.

mod generated;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::{Around, Import, Job, all, import, named};
use crate::manifest::{self, Setting, Settings};
use crate::model::{
    AdapterSize, CreateRequest, Desired, Facts, HyperParameters, JobName, JobState, Key, Labels,
    Lifecycle, Listing, Name, Observation, Observed, Place, Source, Stamp, SupervisedTuningSpec,
    TunedModel, TuningSpec, Untrusted, Wanted,
};
use crate::plan::{Plan, Policy, plan};

fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn desired(model: &str, owner: &str, rerun: u64, spec: TuningSpec) -> Desired {
    let key = Key { place: place(), owner: name(owner), name: name(model), rerun };
    let source = Source { file: PathBuf::from("a.yaml"), line: 1 };
    let lifecycle = Lifecycle { rerun, ..Lifecycle::default() };
    Wanted { key, spec, lifecycle, source }.into()
}

/// A supervised run of two epochs.
fn spec() -> TuningSpec {
    TuningSpec {
        base_model: Some("gemini-2.5-flash".into()),
        supervised_tuning_spec: Some(SupervisedTuningSpec {
            training_dataset_uri: "gs://acme-ml/train.jsonl".into(),
            hyper_parameters: Some(HyperParameters { epoch_count: Some(2), ..Default::default() }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// What Vertex echoes of a spec: its own choices filled in, defaults left out.
fn echo(mut spec: TuningSpec) -> TuningSpec {
    let absent = |flag: Option<bool>| flag.filter(|flag| *flag);
    if let Some(method) = &mut spec.supervised_tuning_spec {
        method.export_last_checkpoint_only = absent(method.export_last_checkpoint_only);
        let hyper = method.hyper_parameters.get_or_insert_default();
        hyper.epoch_count.get_or_insert(40);
        hyper.adapter_size.get_or_insert(AdapterSize::Four);
        hyper.learning_rate_multiplier.get_or_insert(1.0);
    }
    if let Some(method) = &mut spec.preference_optimization_spec {
        method.export_last_checkpoint_only = absent(method.export_last_checkpoint_only);
        let hyper = method.hyper_parameters.get_or_insert_default();
        hyper.epoch_count.get_or_insert(3);
        hyper.adapter_size.get_or_insert(AdapterSize::Four);
        hyper.beta = hyper.beta.filter(|beta| *beta != 0.0);
    }
    if let Some(model) = &mut spec.pre_tuned_model {
        model.tuned_model_name = model.tuned_model_name.replace("/acme-ml/", "/42/").into();
        model.checkpoint_id.get_or_insert("7".into());
    }
    if spec.tuned_model_display_name.is_none() {
        let uuid = "06ba8cea-e575-4f37-8009-94ab9ca3b6e2";
        let base = spec.base_model.as_deref().unwrap_or("parent");
        spec.tuned_model_display_name = Some(format!("{base}-{uuid}").into());
    }
    spec
}

/// A job of that number, the higher the younger.
fn observed(id: u32, spec: TuningSpec, labels: Labels, state: JobState) -> Observed {
    let time = Timestamp::from_second(1_800_000_000 + i64::from(id)).ok();
    let good = matches!(state, JobState::Succeeded | JobState::PartiallySucceeded);
    Facts {
        name: format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap(),
        place: place(),
        stamp: Stamp::read(&labels),
        state,
        create_time: time,
        start_time: time,
        end_time: time,
        echo: TuningSpec { labels, ..echo(spec) },
        error: None,
        tuned_model: good.then(|| TunedModel {
            model: Some("projects/42/locations/us/models/7@1".into()),
            ..TunedModel::default()
        }),
        experiment: None,
        pre_tuned_base: None,
        billable_tokens: None,
        data: None,
    }
    .into()
}

/// A run that retune made for an owner and a name.
fn run(
    id: u32,
    owner: &str,
    model: &str,
    rerun: u64,
    spec: TuningSpec,
    state: JobState,
) -> Observed {
    let labels = CreateRequest::new(&desired(model, owner, rerun, spec.clone()), 1).labels;
    observed(id, spec, labels, state)
}

fn foreign(id: u32, state: JobState) -> Observed {
    observed(id, spec(), Labels::default(), state)
}

/// What is there, and what is made of it.
struct World {
    desired: Vec<Desired>,
    seen: Observation,
    policy: Policy,
}

impl World {
    fn of(jobs: Vec<Observed>) -> Self {
        let listing = Listing { jobs, ..Listing::default() };
        let seen = BTreeMap::from([(place(), Ok(listing))]);
        // The owner of manifests without a Workspace.
        let policy = Policy { revision: Some(i64::MAX), ..Policy::new(name("default")) };
        Self { desired: Vec::new(), seen, policy }
    }

    fn around(&self) -> Around<'_> {
        Around {
            desired: &self.desired,
            seen: &self.seen,
            workspace: None,
            policy: &self.policy,
            emulator: false,
        }
    }

    fn job(&self, id: u32) -> Job {
        let id = id.to_string();
        let observed = self.listing().jobs.iter().find(|job| job.name.id() == id).unwrap().clone();
        Job { observed, rest: Vec::new() }
    }

    fn listing(&self) -> &Listing {
        self.seen[&place()].as_ref().unwrap()
    }

    fn all(&self, ended: bool) -> Import {
        let jobs = all(&self.around(), ended).jobs.into_iter();
        let jobs: Vec<Job> =
            jobs.map(|job| Job { observed: job.clone(), rest: Vec::new() }).collect();
        import(&jobs, &self.around())
    }

    /// The manifests of an import as their reader sees them.
    fn read(import: &Import) -> Vec<Desired> {
        let texts: Vec<&str> = import.manifests.iter().map(|m| m.text.as_str()).collect();
        if texts.is_empty() {
            return Vec::new();
        }
        let known = |part: &str| Setting { flag: None, environment: Some(part.to_owned()) };
        let settings = Settings {
            project: known("other"),
            location: known("europe-west4"),
            ..Settings::default()
        };
        let text = texts.join("---\n");
        let loaded = manifest::load_bytes(text.clone().into_bytes(), &settings);
        assert!(!loaded.report().has_errors(), "{:#?}\n{text}", loaded.report().findings);
        loaded.into_result().unwrap().desired
    }

    /// The plan with the manifests of an import.
    fn plan(&self, import: &Import) -> (Vec<Desired>, Plan) {
        let imported = Self::read(import);
        let together = [self.desired.clone(), imported.clone()].concat();
        let plan = plan(&together, &self.seen, &self.policy);
        (imported, plan)
    }
}

fn only(import: Import) -> String {
    assert_eq!((import.manifests.len(), import.left_out.len()), (1, 0), "{import:#?}");
    import.manifests[0].text.clone()
}

#[test]
fn a_foreign_job_is_adopted_as_it_ran() {
    let world = World::of(vec![foreign(123_456_789, JobState::Succeeded)]);
    assert_eq!(
        only(world.all(false)),
        "\
# tuningJobs/123456789 in acme-ml/us-central1: succeeded, created 2030-12-14 05:33 UTC.
# Not made by retune, which never changes it.
apiVersion: retune.dev/v1
kind: TunedModel
metadata:
  name: gemini-2-5-flash-456789
spec:
  project: acme-ml
  location: us-central1
  baseModel: gemini-2.5-flash
  # tunedModelDisplayName: gemini-2.5-flash-06ba8cea-e575-4f37-8009-94ab9ca3b6e2  # given by Vertex
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/train.jsonl
    # As the job ran: Vertex does not say which of these it chose itself.
    hyperParameters:
      epochCount: 2
      adapterSize: 4
      learningRateMultiplier: 1.0
  lifecycle:
    adopt: projects/acme-ml/locations/us-central1/tuningJobs/123456789
"
    );
}

#[test]
fn a_run_of_ours_needs_no_adoption_and_tells_what_was_set() {
    let world = World::of(vec![run(1, "default", "faq", 2, spec(), JobState::Succeeded)]);
    let text = only(world.all(false));
    for line in [
        "  name: faq\n",
        "      epochCount: 2\n",
        "      # adapterSize: 4  # left to Vertex, which chose this\n",
        "    rerun: 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("adopt"), "{text}");
    let (_, plan) = world.plan(&world.all(false));
    assert_eq!((plan.in_sync.len(), plan.diagnostics.len()), (1, 0));
}

#[test]
fn runs_that_a_plan_would_stop_go_on() {
    let other = TuningSpec { base_model: Some("gemini-2.5-pro".into()), ..spec() };
    let newest = run(2, "default", "faq", 0, spec(), JobState::Running);
    let older = run(1, "default", "faq", 0, other, JobState::Running);
    let world = World::of(vec![older, newest.clone()]);
    let text = only(world.all(false));
    assert!(text.contains("onSupersede: keep\n") && !text.contains("suspend"), "{text}");

    let twin = run(3, "default", "faq", 0, spec(), JobState::Running);
    let world = World::of(vec![newest, twin]);
    let text = only(world.all(false));
    assert!(text.contains("    suspend: true\n"), "{text}");
}

#[test]
fn a_manifest_that_waits_for_the_job_does_not_start_a_second_one() {
    // A rename: `new` is held while `old` has a run of its spec.
    let mut world = World::of(vec![run(1, "default", "old", 0, spec(), JobState::Succeeded)]);
    world.desired = vec![desired("new", "default", 0, spec())];
    let import = world.all(false);
    assert_eq!(import.manifests, []);
    assert!(import.left_out[0].why.contains("would start a run of `new`"), "{import:?}");
}

#[test]
fn a_job_that_no_manifest_can_stand_for_is_left_out_whole() {
    let world = World::of(vec![foreign(1, JobState::Succeeded)]);
    let mut job = world.job(1);
    job.observed.echo.supervised_tuning_spec = None;
    job.rest = vec![Untrusted::new("distillationSpec\u{1b}[2J")];
    let import = import(&[job], &world.around());
    assert_eq!(import.manifests, []);
    let why = "it is tuned in a way that no manifest has: `distillationSpec\\u{1b}[2J`";
    assert_eq!(import.left_out[0].why, why);
}

#[test]
fn what_has_a_manifest_or_another_owner_is_passed_over() {
    let mut world = World::of(vec![
        run(1, "default", "faq", 0, spec(), JobState::Succeeded),
        run(2, "theirs", "router", 0, spec(), JobState::Succeeded),
        run(3, "default", "old", 0, spec(), JobState::Failed),
        foreign(4, JobState::Cancelled),
        foreign(5, JobState::Running),
        run(6, "default", "twice", 0, spec(), JobState::Succeeded),
        run(7, "default", "twice", 1, spec(), JobState::Failed),
    ]);
    world.desired = vec![desired("faq", "default", 0, spec())];
    let ids = |ended| {
        let selected = all(&world.around(), ended);
        let ids: Vec<String> = selected.jobs.iter().map(|job| job.name.id().to_owned()).collect();
        let passed = selected.passed;
        (ids.join(" "), [passed.covered, passed.others, passed.ended, passed.same_name])
    };
    assert_eq!(ids(false), ("5 7".to_owned(), [1, 1, 2, 1]));
    assert_eq!(ids(true), ("3 4 5 7".to_owned(), [1, 1, 0, 1]));
}

#[test]
fn a_job_is_found_by_each_of_its_names() {
    let mut world = World::of(vec![foreign(1, JobState::Running), foreign(2, JobState::Running)]);
    let adopted: JobName = "projects/acme-ml/locations/us-central1/tuningJobs/2".parse().unwrap();
    let mut adopter = desired("faq", "default", 0, spec());
    adopter.lifecycle.adopt = Some(adopted);
    world.desired = vec![adopter];
    let found = |given: &str| {
        let jobs = named(&world.around(), &[given.to_owned(), given.to_owned()]);
        jobs.map(|jobs| {
            jobs.iter().map(|job| job.name.id().to_owned()).collect::<Vec<_>>().join(" ")
        })
    };
    for given in [
        "1",
        "tuningJobs/1",
        "projects/42/locations/us-central1/tuningJobs/1",
        "projects/acme-ml/locations/us-central1/tuningJobs/1",
    ] {
        assert_eq!(found(given).as_deref(), Ok("1"), "{given}");
    }
    for (given, why) in [
        ("3", "there is no job `3` in acme-ml/us-central1"),
        ("faq", "`faq` is no job: give its full name or its id"),
        ("2", "tuningJobs/2 is a run of `faq` already, by a.yaml"),
        ("projects/other/locations/us-central1/tuningJobs/1", "there is no job `projects/other/"),
        ("\u{1b}[2J", "`\\u{1b}[2J` is no job"),
        ("", "`` is no job"),
    ] {
        let error = found(given).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}
