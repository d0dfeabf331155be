use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::*;
use crate::model::{
    CreateRequest, Desired, Facts, JobState, Key, Lifecycle, Listing, Observed, Place, Source,
    Stamp, TuningSpec, Wanted,
};
use crate::plan::plan;

fn desired(name: &str) -> Desired {
    Wanted {
        key: Key {
            place: Place::new("acme-ml", "europe-west4"),
            owner: "acme".parse().unwrap(),
            name: name.parse().unwrap(),
            rerun: 0,
        },
        spec: TuningSpec { base_model: Some("gemini-2.5-flash".into()), ..Default::default() },
        lifecycle: Lifecycle::default(),
        source: Source { file: PathBuf::from("m.yaml"), line: 1 },
    }
    .into()
}

/// Each place of the manifests, and one with a running job of the first.
fn moved(desired: &[Desired]) -> Observation {
    let old = Place::new("acme-ml", "us-central1");
    let labels = CreateRequest::new(&desired[0], 1).labels;
    let job: Observed = Facts {
        name: "projects/42/locations/us-central1/tuningJobs/1".parse().unwrap(),
        place: old.clone(),
        stamp: Stamp::read(&labels),
        state: JobState::Running,
        create_time: None,
        start_time: None,
        end_time: None,
        echo: desired[0].spec.clone(),
        error: None,
        tuned_model: None,
        experiment: None,
        billable_tokens: None,
        pre_tuned_base: None,
        data: None,
    }
    .into();
    let empty = |jobs| Ok(Listing { jobs, ..Listing::default() });
    BTreeMap::from([(old, empty(vec![job])), (desired[0].key.place.clone(), empty(Vec::new()))])
}

fn pruning(name: &str) -> Policy {
    let mut policy = Policy::new("acme".parse().unwrap());
    policy.prune = BTreeSet::from([name.parse().unwrap()]);
    policy
}

#[test]
fn what_waiting_would_start_is_asked_about() {
    let mut policy = Policy::new("acme".parse().unwrap());
    policy.limits.max_concurrent = Some(1);
    let mut wanted = [desired("other"), desired("faq")];
    let seen = moved(&wanted);
    wanted[1].spec.description = Some("not the same".into());
    wanted[1].spec.base_model = Some("gemini-2.5-pro".into());
    let deferring = plan(&wanted[1..], &seen, &policy);
    assert!(deferring.actions.is_empty() && deferring.deferred().count() == 1, "{deferring:#?}");
    assert!(changes(&deferring, true));
    assert!(!changes(&deferring, false));
}

#[test]
fn a_run_that_its_manifest_left_behind_can_be_pruned() {
    let wanted = [desired("faq")];
    let seen = moved(&wanted);
    known_orphans(&pruning("faq"), &seen, &wanted, "`retune jobs`").unwrap();
    assert!(known_orphans(&pruning("faqq"), &seen, &wanted, "`retune jobs`").is_err());
    let here = BTreeMap::from([(wanted[0].key.place.clone(), seen.into_values().next().unwrap())]);
    assert!(known_orphans(&pruning("faq"), &here, &wanted, "`retune jobs`").is_err());
}
