//! Rule 9. Otherwise create. Superseded active runs are cancelled only after
//! the create was accepted.

use super::super::{
    Action, CancelReason, Change, Create, CreateReason, HoldReason, InSync, Remark,
};
use super::Decision;
use super::case::Case;
use crate::model::identity::differences;
use crate::model::{CreateRequest, FoundModel, Observed, OnSupersede, TunedModel};
use crate::mutant::{Mutant, is};

pub(super) fn decide(case: &Case<'_>) -> Option<Decision> {
    let rerun = Some(case.desired.key.rerun);
    let has_runs = !case.runs.is_empty();
    let has_this_rerun = case.runs.iter().any(|run| run.stamp.rerun == rerun);
    let reason = if has_runs && !has_this_rerun {
        CreateReason::RerunRaised
    } else if has_runs || case.adopted.is_some() {
        CreateReason::SpecChanged
    } else {
        CreateReason::Missing
    };
    if let (CreateReason::Missing, Some(model)) = (reason, case.model()) {
        return Some(made_before(case, model));
    }
    let mut decision = make(case, reason, 1);
    if decision.actions.is_empty() || case.desired.lifecycle.on_supersede == OnSupersede::Keep {
        return Some(decision);
    }
    for run in case.active_runs() {
        let reason = CancelReason::Superseded { by: None };
        let after = Some(case.desired.key.clone()).filter(|_| !is(Mutant::SupersedeFirst));
        decision.actions.push(case.cancel(run, reason, after));
    }
    Some(decision)
}

/// Vertex may drop old jobs from its listing; the model that came of one is as
/// good as its run.
fn made_before(case: &Case<'_>, model: &FoundModel) -> Decision {
    let name = model.name.clone();
    let tuned_model = TunedModel { model: Some(name.clone()), ..TunedModel::default() };
    let key = case.desired.key.clone();
    Decision {
        in_sync: vec![InSync { key, job: None, tuned_model: Some(tuned_model) }],
        remarks: vec![Remark::FoundByModel { model: name }],
        ..Decision::default()
    }
}

/// The create of the manifest's spec, unless a run of that very spec exists
/// elsewhere: a rename or a second owner must not pay again.
pub(super) fn make(case: &Case<'_>, reason: CreateReason, attempt: u32) -> Decision {
    let key = &case.desired.key;
    let request = CreateRequest::new(case.desired, attempt);
    if let Some(run) = case.index.same_spec_elsewhere(key, case.digests.newest()) {
        return case.hold(HoldReason::SameSpecElsewhere {
            job: run.job.name.clone(),
            owner: run.stamp.owner.clone(),
            name: run.stamp.name.clone(),
        });
    }
    let changes = changes(case, reason);
    let create = Create { key: key.clone(), reason, changes, request };
    Decision { actions: vec![Action::Create(create)], ..Decision::default() }
}

/// What differs from the run before: the newest at this rerun, else the newest.
fn changes(case: &Case<'_>, reason: CreateReason) -> Vec<Change> {
    let rerun = case.desired.key.rerun;
    let newest = |same: bool| {
        let mut runs = case.runs.iter().rev();
        runs.find(|run| !same || run.stamp.rerun == Some(rerun))
    };
    let Some(previous) = newest(true).or_else(|| newest(false)) else {
        return case.adopted.map_or_else(Vec::new, |job| spec_changes(case, job));
    };
    let raised = (reason == CreateReason::RerunRaised).then(|| Change {
        path: "lifecycle.rerun".to_owned(),
        old: previous.stamp.rerun.map(|r| r.to_string()),
        new: Some(rerun.to_string()),
    });
    raised.into_iter().chain(spec_changes(case, previous.job)).collect()
}

fn spec_changes(case: &Case<'_>, previous: &Observed) -> Vec<Change> {
    differences(&case.desired.spec, &previous.echo)
        .into_iter()
        .map(|difference| Change {
            path: difference.field.path.to_owned(),
            old: difference.old.map(|value| value.to_string()),
            new: difference.new.map(|value| value.to_string()),
        })
        .collect()
}
