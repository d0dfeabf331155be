//! Outputs of small listings, and of hostile ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::{
    Checkpoint, CreateRequest, Facts, JobState, Lifecycle, Listing, Source, Stamp,
    SupervisedTuningSpec, TunedModel, TuningSpec, Wanted,
};

fn place() -> Place {
    Place::new("acme-ml", "us-central1")
}

fn desired(name: &str, dataset: &str) -> Desired {
    let spec = TuningSpec {
        base_model: Some("gemini-3.5-flash".into()),
        supervised_tuning_spec: Some(SupervisedTuningSpec {
            training_dataset_uri: format!("gs://acme-ml/{dataset}.jsonl").into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let owner = "acme".parse().unwrap();
    let key = Key { place: place(), owner, name: name.parse().unwrap(), rerun: 0 };
    let source = Source { file: PathBuf::from("a.yaml"), line: 1 };
    Wanted { key, spec, lifecycle: Lifecycle::default(), source }.into()
}

/// A run of what a manifest asks for.
fn run(id: u32, of: &Desired, state: JobState) -> Observed {
    let labels = CreateRequest::new(of, 1).labels;
    let time = Timestamp::from_second(1_800_000_000 + i64::from(id)).ok();
    Facts {
        name: format!("projects/42/locations/us-central1/tuningJobs/{id}").parse().unwrap(),
        place: place(),
        stamp: Stamp::read(&labels),
        create_time: time,
        start_time: time,
        end_time: time,
        echo: TuningSpec { labels, ..of.spec.clone() },
        error: None,
        tuned_model: (state == JobState::Succeeded).then(|| TunedModel {
            model: Some(format!("projects/42/locations/us/models/{id}@1").into()),
            endpoint: Some(format!("projects/42/locations/us/endpoints/{id}").into()),
            checkpoints: Vec::new(),
        }),
        experiment: None,
        pre_tuned_base: None,
        billable_tokens: None,
        data: None,
        state,
    }
    .into()
}

fn of(desired: &[Desired], jobs: Vec<Observed>) -> Vec<Output> {
    let listing =
        Listing { jobs, date: Timestamp::from_second(1_800_001_000).ok(), ..Listing::default() };
    let seen = BTreeMap::from([(place(), Ok(listing))]);
    let policy = Policy::new("acme".parse().unwrap());
    let tuned = plan(&as_tuned(desired), &seen, &policy);
    let address = |location: &str| Some(format!("https://{location}.example"));
    outputs(desired, &seen, &tuned, &policy, &address, "")
}

fn one(desired: &Desired, jobs: Vec<Observed>) -> Output {
    of(std::slice::from_ref(desired), jobs).remove(0)
}

fn endpoint(made: &Made) -> Option<&str> {
    made.endpoint.as_ref().map(|endpoint| endpoint.name.id())
}

#[test]
fn an_endpoint_is_that_of_the_manifest_and_never_an_older_one() {
    let (old, new) = (desired("faq", "old"), desired("faq", "new"));
    let served = run(1, &old, JobState::Succeeded);
    let output = one(&old, vec![served.clone()]);
    assert!(output.is_ready());
    assert_eq!(endpoint(&output.made), Some("1"));
    assert_eq!(output.made.endpoint.unwrap().host(), "us.example");

    for state in [JobState::Running, JobState::Failed, JobState::Cancelled, JobState::Paused] {
        let output = one(&new, vec![served.clone(), run(2, &new, state.clone())]);
        assert!(!output.is_ready(), "{state:?}");
        assert_eq!(endpoint(&output.made), None);
        assert_eq!(output.previous.as_ref().and_then(endpoint), Some("1"));
    }
    let none_yet = one(&new, vec![served]);
    assert_eq!(none_yet.not_ready.as_deref(), Some("to create: `retune apply` starts a run"));
    assert_eq!(endpoint(&none_yet.previous.unwrap()), Some("1"));
}

#[test]
fn a_model_that_is_there_is_one_also_while_its_manifest_rests() {
    let mut model = desired("faq", "old");
    let served = run(1, &model, JobState::Succeeded);
    model.lifecycle.suspend = true;
    assert!(one(&model, vec![served.clone()]).is_ready());
    let waits = one(&model, Vec::new()).not_ready.unwrap();
    assert!(waits.starts_with("held: the manifest says `suspend: true`"), "{waits}");
    model.lifecycle.suspend = false;
    model.lifecycle.desired = DesiredState::Stopped;
    assert!(one(&model, vec![served]).is_ready());
    let stopped = one(&model, Vec::new());
    assert_eq!(stopped.not_ready.as_deref(), Some("stopped: the manifest says `desired: stopped`"));
}

#[test]
fn what_a_run_left_is_shown_as_what_it_is() {
    let model = desired("faq", "old");
    let mut failed = run(1, &model, JobState::Succeeded);
    failed.state = JobState::Failed;
    let output = one(&model, vec![failed]);
    assert_eq!((output.made.state, endpoint(&output.made)), (Some("failed"), None));
    assert_eq!(output.made.model.unwrap().within(), "models/1@1");
    assert!(output.not_ready.unwrap().contains("it left a model"));

    let mut undeployed = run(1, &model, JobState::Succeeded);
    undeployed.tuned_model.as_mut().unwrap().endpoint = None;
    let output = one(&model, vec![undeployed]);
    assert_eq!(output.not_ready.as_deref(), Some("no endpoint: deploy models/1@1 to call it"));
}

#[test]
fn what_is_no_name_is_not_handed_on_as_one() {
    let model = desired("faq", "old");
    for hostile in [
        "projects/42/locations/us/endpoints/1\nLD_PRELOAD=/tmp/x",
        "projects/42/locations/us/endpoints/$(reboot)",
        "projects/42/locations/us/models/1@1",
        "https://evil.example/endpoints/1",
        "",
    ] {
        let mut job = run(1, &model, JobState::Succeeded);
        job.tuned_model.as_mut().unwrap().endpoint = Some(hostile.into());
        let output = one(&model, vec![job]);
        assert!(!output.is_ready(), "{hostile}");
        assert_eq!(output.made.left_out.len(), 1);
        assert!(!output.made.left_out[0].contains('\n'));
    }
}

#[test]
fn two_values_for_one_variable_are_an_error() {
    let models = [desired("faq", "a"), desired("faq-previous", "b")];
    let jobs =
        vec![run(1, &models[0], JobState::Succeeded), run(2, &models[1], JobState::Succeeded)];
    let outputs = of(&models, jobs);
    let error = env(&outputs, &Prefix::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`faq` and `faq-previous` both make the variable RETUNE_FAQ_PREVIOUS_ENDPOINT"
    );
    // In a step's outputs a model's name ends at the first `_`.
    github(&outputs).unwrap();
}

#[test]
fn two_checkpoints_that_make_one_variable_are_an_error_in_every_form() {
    let model = desired("faq", "a");
    for (one, other) in [("a-b", "a.b"), ("a", "A"), ("1", "1")] {
        let mut job = run(1, &model, JobState::Succeeded);
        let checkpoint =
            |id: &str| Checkpoint { id: id.into(), epoch: Some(1), step: None, endpoint: None };
        job.tuned_model.as_mut().unwrap().checkpoints = vec![checkpoint(one), checkpoint(other)];
        let outputs = of(std::slice::from_ref(&model), vec![job]);
        let id = fields::variable(one);
        let said = |variable: &str| {
            format!("two checkpoints of `faq` (`{one}` and `{other}`) make the variable {variable}")
        };
        let upper = said(&format!("RETUNE_FAQ_CHECKPOINT_{id}_ID"));
        assert_eq!(env(&outputs, &Prefix::default()).unwrap_err().to_string(), upper);
        let map = ConfigMap::new("a", None).unwrap().with(&outputs, &Prefix::default());
        assert_eq!(map.unwrap_err().to_string(), upper);
        let lower = said(&format!("faq_checkpoint_{}_id", id.to_lowercase()));
        assert_eq!(github(&outputs).unwrap_err().to_string(), lower);
    }
}

#[test]
fn of_a_run_whose_spec_cannot_be_read_nothing_is_claimed() {
    let (old, new) = (desired("faq", "old"), desired("faq", "new"));
    let mut served = run(1, &old, JobState::Succeeded);
    let previous = |run: &Observed| text(&[one(&new, vec![run.clone()])], false);
    let known = previous(&served);
    assert!(known.contains("  previous    tuningJobs/1, of another spec or rerun\n"), "{known}");
    for digest in [Some("h9-abc"), Some("tampered"), None] {
        served.stamp.as_mut().unwrap().spec = digest.map(Into::into);
        let unknown = previous(&served);
        assert!(
            unknown.contains("tuningJobs/1, of a spec or rerun that this version cannot read\n"),
            "{unknown}"
        );
    }
}

#[test]
fn prefixes_and_names_that_others_refuse_are_refused() {
    for bad in ["1A", "A-B", "A B", "Ä", "A=", "$A"] {
        assert!(bad.parse::<Prefix>().is_err(), "{bad}");
    }
    assert_eq!("".parse::<Prefix>().map(|p| p.to_string()), Ok(String::new()));
    for (name, namespace) in
        [("", None), ("A", None), ("a..b", None), ("-a", None), ("a", Some("a.b")), ("a", Some(""))]
    {
        assert!(ConfigMap::new(name, namespace).is_err(), "{name} {namespace:?}");
    }
    assert!(ConfigMap::new("retune-outputs.v1", Some("prod")).is_ok());
}

fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "projects/42/locations/us/endpoints/1",
        "models/1@1",
        "\n",
        "A=B",
        "$(x)",
        "`x`",
        "'",
        "\"",
        "\\",
        " ",
        "#",
        ";",
        "\u{0}",
        "\u{1b}[2J",
        "é",
        "json<<x",
        "1",
        "..",
        "/",
        "%0a",
    ]);
    prop::collection::vec(parts, 0..4).prop_map(|parts| parts.concat())
}

proptest! {
    /// Whatever the service says, there is one line for each variable, and one
    /// reading of it.
    #[test]
    fn no_value_is_more_than_itself(
        model in hostile(), endpoint in hostile(), id in hostile(), experiment in hostile(),
    ) {
        let wanted = desired("faq", "old");
        let mut job = run(1, &wanted, JobState::Succeeded);
        job.experiment = Some(experiment.into());
        job.tuned_model = Some(TunedModel {
            model: Some(model.into()),
            endpoint: Some(endpoint.clone().into()),
            checkpoints: vec![Checkpoint { id: id.into(), epoch: Some(1), step: None, endpoint: Some(endpoint.into()) }],
        });
        let outputs = of(std::slice::from_ref(&wanted), vec![job]);
        let text = env(&outputs, &Prefix::default()).unwrap();
        for line in text.lines() {
            let (name, value) = line.split_once('=').unwrap();
            prop_assert!(name.starts_with("RETUNE_FAQ_"), "{}", line);
            prop_assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'));
            prop_assert!(fields::is_safe(value), "{}", line);
        }
        let step = github(&outputs).unwrap();
        let (lines, json) = step.split_once("json<<").unwrap();
        prop_assert!(lines.lines().all(|line| line.starts_with("faq_") && line.contains('=')));
        let (delimiter, json) = json.split_once('\n').unwrap();
        let json = json.strip_suffix(&format!("\n{delimiter}\n")).unwrap();
        prop_assert!(json.lines().all(|line| line != delimiter));
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        prop_assert_eq!(json, document(&outputs));
    }
}
