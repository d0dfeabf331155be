//! Over every kind of job: a plan over what was imported changes nothing.

use proptest::prelude::*;

use super::*;
use crate::import::LeftOut;
use crate::model::{
    Phase, PreTunedModel, PreferenceHyperParameters, PreferenceOptimizationSpec, Text, identity,
};

fn states() -> impl Strategy<Value = JobState> {
    prop::sample::select(vec![
        JobState::Queued,
        JobState::Running,
        JobState::Succeeded,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Cancelling,
        JobState::Cancelled,
        JobState::PartiallySucceeded,
        JobState::Paused,
        JobState::Unknown(Untrusted::new("JOB_STATE_NEW")),
    ])
}

prop_compose! {
    fn hyper()(
        epochs in prop::option::of(prop::sample::select(vec![1, 3, 40, 5_000, -1])),
        size in prop::option::of(prop::sample::select(AdapterSize::ALL.to_vec())),
        rate in prop::option::of(prop::sample::select(vec![0.5, 1.0, 1e9, f64::NAN])),
        beta in prop::option::of(prop::sample::select(vec![0.0, 0.1])),
    ) -> PreferenceHyperParameters {
        PreferenceHyperParameters {
            epoch_count: epochs, adapter_size: size, learning_rate_multiplier: rate, beta,
        }
    }
}

prop_compose! {
    fn specs()(
        base in prop::sample::select(vec!["gemini-2.5-flash", "gemini-2.5-pro", "made-up", "Not A Model"]),
        hyper in prop::option::of(hyper()),
        validation in prop::option::of(prop::sample::select(vec!["gs://b/v.jsonl", "gs://b/v.csv"])),
        last_only in prop::option::of(any::<bool>()),
        display in prop::option::of(prop::sample::select(
            vec!["Support FAQ", "日本語", "a\n---\nb: *c", "faq", "x\u{1b}[2J", " "],
        )),
        account in prop::option::of(prop::sample::select(vec!["a@b.iam", "nobody"])),
        preference in any::<bool>(),
        further in prop::bool::weighted(0.2),
        checkpoint in prop::option::of(Just(Text::from("3"))),
    ) -> TuningSpec {
        let training = Text::from("gs://acme-ml/train.jsonl");
        let mut spec = TuningSpec {
            tuned_model_display_name: display.map(Text::from),
            service_account: account.map(Text::from),
            ..TuningSpec::default()
        };
        if further {
            let tuned_model_name = "projects/acme-ml/locations/us-central1/models/7@1".into();
            spec.pre_tuned_model = Some(PreTunedModel { tuned_model_name, checkpoint_id: checkpoint });
        } else {
            spec.base_model = Some(base.into());
        }
        if preference {
            spec.preference_optimization_spec = Some(PreferenceOptimizationSpec {
                training_dataset_uri: training,
                validation_dataset_uri: validation.map(Text::from),
                export_last_checkpoint_only: last_only,
                hyper_parameters: hyper,
            });
        } else {
            spec.supervised_tuning_spec = Some(SupervisedTuningSpec {
                training_dataset_uri: training,
                validation_dataset_uri: validation.map(Text::from),
                export_last_checkpoint_only: last_only,
                hyper_parameters: hyper.map(|h| HyperParameters {
                    epoch_count: h.epoch_count,
                    adapter_size: h.adapter_size,
                    learning_rate_multiplier: h.learning_rate_multiplier,
                }),
            });
        }
        spec
    }
}

prop_compose! {
    fn jobs()(facts in prop::collection::vec((
        specs(),
        states(),
        prop::sample::select(vec!["", "default", "default", "theirs"]),
        prop::sample::select(vec!["faq", "router"]),
        0u64..2,
        prop::sample::select(vec![("team", "ml"), ("Team", "M L"), ("managed-by", "terraform"), ("null", "1")]),
    ), 1..7)) -> Vec<Observed> {
        let jobs = facts.into_iter().zip(1..);
        jobs.map(|((spec, state, owner, model, rerun, label), id)| match owner {
            "" => {
                let labels = Labels::from([label]);
                observed(id, spec, labels, state)
            }
            owner => run(id, owner, model, rerun, spec, state),
        }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_plan_over_what_was_imported_changes_nothing(
        jobs in jobs(), ended in any::<bool>(), one_by_one in any::<bool>(),
    ) {
        let world = World::of(jobs);
        let import = if one_by_one {
            let jobs = world.listing().jobs.iter();
            let jobs: Vec<Job> = jobs.map(|job| Job { observed: job.clone(), rest: vec![] }).collect();
            import(&jobs, &world.around())
        } else {
            world.all(ended)
        };
        let (imported, plan) = world.plan(&import);
        prop_assert_eq!(&plan.actions, &vec![], "{:#?}", &import.manifests);
        // No manifest takes such a base model; of the others none is lost.
        for LeftOut { why, .. } in &import.left_out {
            prop_assert!(why.contains("Not A Model"), "{}", why);
        }
        for (manifest, imported) in import.manifests.iter().map(|manifest| {
            (manifest, imported.iter().find(|d| d.key.name == manifest.name).unwrap())
        }) {
            let id = manifest.job.id().parse().unwrap();
            let Job { observed, .. } = world.job(id);
            let label = observed.stamp.as_ref().and_then(|stamp| stamp.spec.clone());
            let whole = manifest.remarks.iter().all(|remark| !remark.contains("comment"));
            if let Some(label) = label.filter(|_| whole) {
                prop_assert_eq!(identity::digest(&imported.spec), label, "{}", &manifest.text);
            } else {
                prop_assert!(identity::equivalent(&imported.spec, &observed.echo));
            }
            let shown = plan.in_sync.iter().any(|m| m.key == imported.key && m.job.as_ref() == Some(&observed.name));
            let held = plan.held.iter().any(|held| held.key == imported.key);
            // Without a field that no manifest takes it may be another run's manifest.
            let counts = observed.phase() == Phase::Good && whole && !held;
            if counts && !imported.lifecycle.suspend {
                prop_assert!(shown, "{}{:#?}", &manifest.text, plan);
            }
        }
    }

    /// Manifests that are there already do what they did.
    #[test]
    fn manifests_that_are_there_do_what_they_did(jobs in jobs(), at in 0usize..7, rerun in 0u64..2) {
        let mut world = World::of(jobs);
        let spec = world.listing().jobs.get(at).map_or_else(spec, |job| {
            let mut spec = job.echo.clone();
            spec.labels = Labels::default();
            // A manifest holds no such number, and it equals nothing.
            not_a_number_is_none(&mut spec);
            spec
        });
        world.desired = vec![desired("faq-2", "default", rerun, spec.clone()), desired("faq", "default", rerun, spec)];
        let before = world.plan(&Import::default()).1;
        let after = world.plan(&world.all(true)).1;
        prop_assert_eq!(before.actions, after.actions);
    }
}

fn not_a_number_is_none(spec: &mut TuningSpec) {
    let number = |rate: Option<f64>| rate.filter(|rate| !rate.is_nan());
    let supervised = spec.supervised_tuning_spec.as_mut().and_then(|m| m.hyper_parameters.as_mut());
    let preference =
        spec.preference_optimization_spec.as_mut().and_then(|m| m.hyper_parameters.as_mut());
    if let Some(hyper) = supervised {
        hyper.learning_rate_multiplier = number(hyper.learning_rate_multiplier);
    }
    if let Some(hyper) = preference {
        hyper.learning_rate_multiplier = number(hyper.learning_rate_multiplier);
    }
}
