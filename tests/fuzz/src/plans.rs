//! Plans whose every text that can come from outside is hostile.

use std::time::Duration;

use retune::model::{
    CreateRequest, JobError, JobName, JobState, Key, Labels, Name, Place, TunedModel, TuningSpec,
    Untrusted,
};
use retune::plan::{
    Action, Cancel, CancelReason, CancelledBy, Change, Create, CreateReason, Diagnostic, Held,
    HoldReason, InFlight, InSync, Newer, Orphan, Plan, Remark, Settling,
};

use super::bytes::Bytes;

/// A plan of up to a few dozen rows.
pub(crate) fn hostile(bytes: &mut Bytes<'_>) -> Plan {
    let mut plan = Plan { places: vec![place(bytes)], ..Plan::default() };
    if bytes.coin() {
        plan.places.push(Place::new("beta-ml", "europe-west4"));
    }
    while !bytes.is_empty() {
        match bytes.below(6) {
            0 => plan.actions.push(create(bytes)),
            1 => plan.actions.push(Action::Cancel(cancel(bytes))),
            2 => {
                let held = Held { key: key(bytes), reason: hold(bytes) };
                plan.held.push(held);
            }
            3 => {
                let (key, job, state) = (key(bytes), job(bytes), state(bytes));
                let age = bytes.coin().then(|| duration(bytes));
                plan.in_flight.push(InFlight { key, job, state, age });
            }
            4 => {
                let (key, job) = (key(bytes), bytes.coin().then(|| job(bytes)));
                let tuned_model = bytes.coin().then(|| TunedModel {
                    model: Some(bytes.hostile().into()),
                    endpoint: bytes.coin().then(|| bytes.hostile().into()),
                    checkpoints: Vec::new(),
                });
                plan.in_sync.push(InSync { key, job, tuned_model });
            }
            _ => {
                let (key, job, state) = (key(bytes), job(bytes), state(bytes));
                let remark = Remark::OtherRunActive { jobs: vec![job.clone()] };
                plan.diagnostics.push(Diagnostic { key: key.clone(), remark });
                plan.orphaned.push(Orphan { key, job, state });
            }
        }
    }
    plan
}

/// A name as manifests can have it.
fn name(bytes: &mut Bytes<'_>) -> Name {
    let text = bytes.of(&["faq", "a", "support-faq", "gh-1", "www", "x--y"]);
    text.parse().expect("a name")
}

fn place(bytes: &mut Bytes<'_>) -> Place {
    // The grammar of projects takes colons and dots: `domain.example:id`.
    let project = bytes.of(&["acme-ml", "www.e.example:ml", "1", "gh-1"]);
    Place::new(project, "us-central1")
}

fn key(bytes: &mut Bytes<'_>) -> Key {
    Key { place: place(bytes), owner: name(bytes), name: name(bytes), rerun: bytes.long() }
}

fn job(bytes: &mut Bytes<'_>) -> JobName {
    let id = bytes.of(&["1", "4561", "www.e.example", "x:y", "GH-1"]);
    format!("projects/1/locations/us-central1/tuningJobs/{id}").parse().expect("a job's name")
}

fn state(bytes: &mut Bytes<'_>) -> JobState {
    match bytes.below(3) {
        0 => JobState::Running,
        1 => JobState::Paused,
        _ => JobState::from_wire(&bytes.hostile()),
    }
}

fn duration(bytes: &mut Bytes<'_>) -> Duration {
    Duration::from_secs(bytes.long())
}

fn maybe(bytes: &mut Bytes<'_>) -> Option<String> {
    bytes.coin().then(|| bytes.hostile())
}

fn make(bytes: &mut Bytes<'_>) -> Create {
    let reasons = [
        CreateReason::Missing,
        CreateReason::SpecChanged,
        CreateReason::RerunRaised,
        CreateReason::Retry,
    ];
    let reason = reasons[bytes.below(4)];
    let mut changes = Vec::new();
    for _ in 0..bytes.below(4) {
        let path = bytes.of(&["baseModel", "supervisedTuningSpec.trainingDatasetUri"]).to_owned();
        changes.push(Change { path, old: maybe(bytes), new: maybe(bytes) });
    }
    let key = key(bytes);
    let spec = TuningSpec { base_model: maybe(bytes).map(Into::into), ..TuningSpec::default() };
    let request = CreateRequest { place: key.place.clone(), spec, labels: Labels::default() };
    Create { key, reason, changes, request }
}

fn create(bytes: &mut Bytes<'_>) -> Action {
    Action::Create(make(bytes))
}

fn cancel(bytes: &mut Bytes<'_>) -> Cancel {
    let reason = match bytes.below(6) {
        0 => CancelReason::Superseded { by: None },
        1 => CancelReason::Superseded { by: Some(job(bytes)) },
        2 => CancelReason::Duplicate { of: job(bytes) },
        3 => CancelReason::Stopped,
        4 => CancelReason::TimedOut { after: duration(bytes) },
        _ => CancelReason::Pruned,
    };
    Cancel { key: key(bytes), job: job(bytes), reason, after: None }
}

fn hold(bytes: &mut Bytes<'_>) -> HoldReason {
    let job = job(bytes);
    match bytes.below(14) {
        0 => HoldReason::LastRunFailed {
            job,
            error: bytes
                .coin()
                .then(|| JobError { code: 4, message: Untrusted::new(bytes.hostile()) }),
            has_model: bytes.coin(),
            retry_in: bytes.coin().then(|| duration(bytes)),
            adopted: bytes.coin(),
        },
        1 => HoldReason::LastRunCancelled { job, by: CancelledBy::Elsewhere, adopted: true },
        2 => HoldReason::Cancelling { job },
        3 => HoldReason::Suspended,
        4 => {
            HoldReason::CreateLimit { wanted: bytes.below(256), recent: bytes.below(3), limit: 10 }
        }
        5 => HoldReason::CancelLimit { wanted: bytes.below(256), limit: 5 },
        6 => HoldReason::ConcurrencyLimit { running: 4, limit: 4, deferred: make(bytes).into() },
        7 => HoldReason::Settling {
            why: Settling::Unlisted,
            remaining: duration(bytes),
            deferred: make(bytes).into(),
        },
        8 => HoldReason::AmbiguousCreate {
            age: duration(bytes),
            run: format!("{:016x}", bytes.long()),
            wait: duration(bytes),
        },
        9 => HoldReason::ListIncomplete { why: Untrusted::new(bytes.hostile()) },
        10 => HoldReason::UnknownDialect { job, label: maybe(bytes).map(Into::into) },
        11 => HoldReason::UnknownState { job, state: bytes.coin().then(|| state(bytes)) },
        12 => HoldReason::StaleRevision {
            job,
            newer: Newer::Revision { theirs: bytes.long() as i64, ours: None },
        },
        _ => HoldReason::SameSpecElsewhere { job, owner: name(bytes), name: name(bytes) },
    }
}
