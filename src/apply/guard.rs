//! The look right before a cancel.

use super::{Outcome, Withheld};
use crate::model::{Observed, Phase};
use crate::mutant::{Mutant, is};
use crate::plan::Cancel;
use crate::vertex::{ReadError, VerifiedJob, Vertex};

/// Reads the run that makes the job superfluous, and the job, as they are now.
///
/// # Errors
/// What became of the cancel without sending it.
pub(super) async fn verify<V: Vertex>(vertex: &V, cancel: &Cancel) -> Result<VerifiedJob, Outcome> {
    let survivor = cancel.reason.survivor().filter(|_| !is(Mutant::SurvivorNotRead));
    if let Some(survivor) = survivor {
        survives(&vertex.get(survivor).await.map_err(unread)?)?;
    }
    let judge = |seen: &Observed| match is_cancellable(cancel, seen) {
        Err(_) if is(Mutant::NoGetGuard) => Ok(()),
        judgement => judgement,
    };
    VerifiedJob::read(vertex, &cancel.job, unread, judge).await
}

/// Whether a run that was just read still makes another one superfluous. Pure.
///
/// # Errors
/// It is no longer live or good: the cancel is not sent.
pub fn survives(survivor: &Observed) -> Result<(), Outcome> {
    if matches!(survivor.phase(), Phase::Active | Phase::Good) {
        return Ok(());
    }
    let gone = Withheld::SurvivorGone(survivor.name.clone(), survivor.state.clone());
    Err(Outcome::Withheld(gone))
}

/// Whether a job that was just read is still ours and active. Pure.
///
/// # Errors
/// What becomes of the cancel instead of being sent.
pub fn is_cancellable(cancel: &Cancel, job: &Observed) -> Result<(), Outcome> {
    let ours = job
        .stamp
        .as_ref()
        .is_some_and(|stamp| stamp.owner == cancel.key.owner && stamp.name == cancel.key.name);
    match job.phase() {
        _ if !ours && !is(Mutant::ForeignCancelled) => Err(Outcome::Withheld(Withheld::NotOurs)),
        Phase::Active => Ok(()),
        Phase::Ending | Phase::Good | Phase::Bad | Phase::Cancelled => {
            Err(Outcome::AlreadyEnded(job.state.clone()))
        }
        Phase::Unclear => Err(Outcome::Withheld(Withheld::Unclear(job.state.clone()))),
    }
}

fn unread(error: ReadError) -> Outcome {
    Outcome::Withheld(Withheld::Unreadable(error.to_string()))
}
