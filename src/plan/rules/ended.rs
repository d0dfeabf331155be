//! Rule 8. Wanted runs exist, all ended: the highest attempt, then the oldest,
//! speaks. Other active runs are left alone and named.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::{CancelledBy, CreateReason, HoldReason};
use super::case::Case;
use super::{Decision, create};
use crate::model::{Observed, Phase};
use crate::mutant::{Mutant, is};

/// The wait before the first retry; each further one is twice as long.
const RETRY_WAIT: Duration = Duration::from_secs(10 * 60);

/// 10 min x 2^16 is over a year: no later attempt needs a longer wait.
const MAX_DOUBLINGS: u32 = 16;

pub(super) fn decide(case: &Case<'_>) -> Option<Decision> {
    // Wanted runs are sorted from the oldest; the first of the highest attempt
    // is the one that counts, the others were its duplicates.
    let highest = case.wanted().map(attempt).max()?;
    let run = case.wanted().find(|job| attempt(job) == highest)?;
    let mut decision = match run.phase() {
        Phase::Cancelled if is(Mutant::CancelledRecreates) => {
            create::make(case, CreateReason::Retry, highest.saturating_add(1))
        }
        Phase::Cancelled => case.hold(HoldReason::LastRunCancelled {
            job: run.name.clone(),
            by: cancelled_by(case, run),
            adopted: case.by_adoption(run),
        }),
        Phase::Bad => failed(case, run, highest),
        // Decided by earlier rules.
        Phase::Active | Phase::Ending | Phase::Good | Phase::Unclear => return None,
    };
    decision.remarks.extend(case.other_active());
    Some(decision)
}

fn attempt(job: &Observed) -> u32 {
    job.stamp.as_ref().map_or(1, |stamp| stamp.attempt)
}

fn failed(case: &Case<'_>, run: &Observed, highest: u32) -> Decision {
    let attempts: BTreeSet<u32> = case.wanted().map(attempt).collect();
    let transient = run.error.as_ref().is_some_and(crate::model::JobError::is_transient);
    let max = case.desired.lifecycle.retry.max_attempts as usize;
    // A failed run that owns a model is never run again: it was paid, and the
    // model can be used or deployed by hand.
    let allowed = (transient || is(Mutant::PermanentRetried))
        && !run.has_model()
        && (attempts.len() < max || is(Mutant::FailedAlwaysRetried));
    let retry_in = allowed.then(|| wait(case, run, highest)).flatten();
    if allowed && (retry_in == Some(Duration::ZERO) || is(Mutant::RetryAtOnce)) {
        return create::make(case, CreateReason::Retry, highest.saturating_add(1));
    }
    case.hold(HoldReason::LastRunFailed {
        job: run.name.clone(),
        error: run.error.clone(),
        has_model: run.has_model(),
        retry_in,
        adopted: case.by_adoption(run),
    })
}

/// How long until the next attempt is due, on the server's clock. Without its
/// time, or the run's end, nothing is due.
fn wait(case: &Case<'_>, run: &Observed, attempt: u32) -> Option<Duration> {
    let date = case.index.date(&case.desired.key.place)?;
    let since = Duration::try_from(date.duration_since(run.end_time?)).unwrap_or(Duration::ZERO);
    let doublings = attempt.saturating_sub(1).min(MAX_DOUBLINGS);
    Some((RETRY_WAIT * 2u32.pow(doublings)).saturating_sub(since))
}

fn cancelled_by(case: &Case<'_>, run: &Observed) -> CancelledBy {
    let later = case.runs.iter().find(|other| {
        let after = other.job.age_order() > run.age_order();
        let before_its_end =
            run.end_time.zip(other.job.create_time).is_some_and(|(end, created)| created <= end);
        after && before_its_end && !case.is_wanted(other.job)
    });
    let ran = run.end_time.zip(run.start_time).map(|(end, start)| end.duration_since(start));
    let timeout = case.desired.lifecycle.timeout;
    if let Some(later) = later {
        CancelledBy::Superseded(later.job.name.clone())
    } else if timeout
        .zip(ran)
        .is_some_and(|(t, ran)| Duration::try_from(ran).is_ok_and(|ran| ran >= t))
    {
        CancelledBy::TimedOut
    } else {
        CancelledBy::Elsewhere
    }
}
