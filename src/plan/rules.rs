//! The nine rules, each a function of one tuned model's case. The first that
//! applies decides.

mod case;
mod create;
mod ended;

pub(super) use case::newer_revision;

use super::runs::{Index, dialect_is_known};
use super::{
    Action, Cancel, CancelReason, Diagnostic, Held, HoldReason, InFlight, InSync, Newer, Plan,
    Policy, Remark,
};
use crate::model::{Desired, DesiredState, Observed, OnSupersede, Phase};
use crate::mutant::{Mutant, is};
use case::Case;

/// What one rule decides about one tuned model.
#[derive(Debug, Default)]
struct Decision {
    actions: Vec<Action>,
    held: Vec<Held>,
    in_flight: Vec<InFlight>,
    in_sync: Vec<InSync>,
    remarks: Vec<Remark>,
}

type Rule = fn(&Case<'_>) -> Option<Decision>;

/// Rules under which nothing is created or cancelled: somebody or something is
/// there that this version or this commit does not understand.
const GUARDS: [Rule; 2] = [unclear, stale];

/// The rules that decide freely, in their order.
const RULES: [Rule; 7] = [suspended, stopped, good, active, ending, ended::decide, create::decide];

/// Decides about one manifest and writes it into `plan`.
pub(super) fn decide(desired: &Desired, index: &Index<'_>, policy: &Policy, plan: &mut Plan) {
    let key = &desired.key;
    if let Some(why) = index.incomplete(&key.place) {
        let reason = HoldReason::ListIncomplete { why };
        plan.held.push(Held { key: key.clone(), reason });
        return;
    }
    let case = Case::new(desired, index, policy);
    let rules = GUARDS.iter().chain(&RULES);
    let decision = rules.into_iter().find_map(|rule| rule(&case)).unwrap_or_default();
    plan.actions.extend(decision.actions);
    if !is(Mutant::SilentHold) {
        plan.held.extend(decision.held);
    }
    plan.in_flight.extend(decision.in_flight);
    plan.in_sync.extend(decision.in_sync);
    let remarks = decision.remarks.into_iter();
    plan.diagnostics.extend(remarks.map(|remark| Diagnostic { key: key.clone(), remark }));
}

/// Rule 1. A run of this name and rerun is unclear or of an unknown hash dialect.
fn unclear(case: &Case<'_>) -> Option<Decision> {
    let rerun = case.desired.key.rerun;
    let same = case.runs.iter().filter(|run| run.stamp.rerun.is_none_or(|r| r == rerun));
    for run in same {
        let job = run.job.name.clone();
        if run.job.phase() == Phase::Unclear && !is(Mutant::UnknownStateIgnored) {
            let state = Some(run.job.state.clone());
            return Some(guarded(case, HoldReason::UnknownState { job, state }));
        }
        if run.stamp.rerun.is_none() || !dialect_is_known(run) {
            let label = run.stamp.spec.clone();
            return Some(guarded(case, HoldReason::UnknownDialect { job, label }));
        }
    }
    match (&case.desired.lifecycle.adopt, case.adopted) {
        (Some(job), None) => {
            Some(guarded(case, HoldReason::UnknownState { job: job.clone(), state: None }))
        }
        (_, Some(adopted)) if adopted.phase() == Phase::Unclear => {
            let (job, state) = (adopted.name.clone(), Some(adopted.state.clone()));
            Some(guarded(case, HoldReason::UnknownState { job, state }))
        }
        _ => None,
    }
}

/// Rule 2. A run of this name has a higher rerun or a higher revision.
fn stale(case: &Case<'_>) -> Option<Decision> {
    let ours = case.desired.key.rerun;
    case.runs.iter().find_map(|run| {
        let rerun = run.stamp.rerun.filter(|&theirs| theirs > ours && !is(Mutant::NoRerunGuard));
        let newer = rerun
            .map(|theirs| Newer::Rerun { theirs, ours })
            .or_else(|| newer_revision(run, case.policy))?;
        let job = run.job.name.clone();
        Some(guarded(case, HoldReason::StaleRevision { job, newer }))
    })
}

/// Under rules 1 and 2 nothing is created or cancelled: the model is held, and
/// a wanted good or active run is still shown as such.
fn guarded(case: &Case<'_>, reason: HoldReason) -> Decision {
    let mut decision = case.hold(reason);
    if let Some(job) = case.oldest(Phase::Good) {
        decision.in_sync.push(case.in_sync(job));
        decision.remarks = case.remarks(job);
    } else if let Some(job) = case.oldest(Phase::Active) {
        decision.in_flight.push(case.in_flight(job));
        decision.remarks = case.remarks(job);
    }
    decision
}

/// Rule 3. `suspend`: nothing at all is changed.
fn suspended(case: &Case<'_>) -> Option<Decision> {
    (case.desired.lifecycle.suspend && !is(Mutant::SuspendIgnored))
        .then(|| case.hold(HoldReason::Suspended))
}

/// Rule 4. `desired: stopped`: every active run of the name is cancelled, of
/// any spec and rerun; none is created. An adopted job that is not ours goes on
/// and is named.
fn stopped(case: &Case<'_>) -> Option<Decision> {
    if case.desired.lifecycle.desired != DesiredState::Stopped || is(Mutant::StoppedCreates) {
        return None;
    }
    let mut decision = Decision::default();
    let goes_on = |job: &&Observed| job.phase() == Phase::Active && case.own(job).is_none();
    let goes_on = case.adopted.filter(goes_on).map(|job| vec![job.name.clone()]);
    decision.remarks.extend(goes_on.map(|jobs| Remark::OtherRunActive { jobs }));
    for run in case.active_runs() {
        decision.actions.push(case.cancel(run, CancelReason::Stopped, None));
    }
    let ending = case.runs.iter().find(|run| run.job.phase() == Phase::Ending);
    if let (Some(run), true) = (ending, decision.actions.is_empty()) {
        decision.held.push(case.held(HoldReason::Cancelling { job: run.job.name.clone() }));
    } else if decision.actions.is_empty() {
        decision.in_sync.push(InSync {
            key: case.desired.key.clone(),
            job: None,
            tuned_model: None,
        });
    }
    Some(decision)
}

/// Rule 5. A wanted run is good.
fn good(case: &Case<'_>) -> Option<Decision> {
    let survivor = case.oldest(Phase::Good)?;
    Some(Decision {
        in_sync: vec![case.in_sync(survivor)],
        actions: beside(case, survivor),
        remarks: case.remarks(survivor),
        ..Decision::default()
    })
}

/// Rule 6. A wanted run is active: the oldest is in flight. One that is past
/// its timeout survives nothing, for this very plan stops it.
fn active(case: &Case<'_>) -> Option<Decision> {
    let oldest = case.oldest(Phase::Active)?;
    let stays = |job: &&Observed| case.own(job).is_none() || case.timed_out(job).is_none();
    let mut running = case.wanted().filter(|job| job.phase() == Phase::Active);
    let Some(survivor) = running.find(stays) else {
        let late = case.active_runs().filter_map(|run| {
            let after = case.timed_out(run.job)?;
            Some(case.cancel(run, CancelReason::TimedOut { after }, None))
        });
        let remarks = case.remarks(oldest).into_iter().chain(case.other_active()).collect();
        return Some(Decision { actions: late.collect(), remarks, ..Decision::default() });
    };
    Some(Decision {
        in_flight: vec![case.in_flight(survivor)],
        actions: beside(case, survivor),
        remarks: case.remarks(survivor),
        ..Decision::default()
    })
}

/// Under rules 5 and 6: other wanted active runs are duplicates; active runs of
/// other specs or lower reruns, older or newer, are superseded (unless `keep`);
/// an active run past `timeout` is timed out.
fn beside(case: &Case<'_>, survivor: &Observed) -> Vec<Action> {
    let passed_over = |job: &Observed| {
        survivor.phase() == Phase::Active
            && job.age_order() < survivor.age_order()
            && !is(Mutant::NewestSurvives)
    };
    let mut actions = Vec::new();
    for run in case.active_runs().filter(|run| run.job.name != survivor.name) {
        let by = survivor.name.clone();
        let late = || case.timed_out(run.job).map(|after| CancelReason::TimedOut { after });
        let reason = if case.is_twin(run, survivor) {
            let repeats = !is(Mutant::DuplicatesKept)
                && case.same_data(run.job, survivor)
                && !passed_over(run.job);
            repeats.then_some(CancelReason::Duplicate { of: by }).or_else(late)
        } else if case.desired.lifecycle.on_supersede == OnSupersede::Cancel {
            Some(CancelReason::Superseded { by: Some(by) })
        } else {
            late()
        };
        actions.extend(reason.map(|reason| case.cancel(run, reason, None)));
    }
    actions
}

/// Rule 7. A wanted run is ending. Other active runs are left alone and named.
fn ending(case: &Case<'_>) -> Option<Decision> {
    let run = case.oldest(Phase::Ending)?;
    let mut decision = case.hold(HoldReason::Cancelling { job: run.name.clone() });
    decision.remarks.extend(case.other_active());
    Some(decision)
}

impl Case<'_> {
    fn held(&self, reason: HoldReason) -> Held {
        Held { key: self.desired.key.clone(), reason }
    }

    fn hold(&self, reason: HoldReason) -> Decision {
        Decision { held: vec![self.held(reason)], ..Decision::default() }
    }

    fn cancel(
        &self,
        run: &super::runs::Run<'_>,
        reason: CancelReason,
        after: Option<crate::model::Key>,
    ) -> Action {
        Action::Cancel(Cancel { key: run.key(), job: run.job.name.clone(), reason, after })
    }
}
