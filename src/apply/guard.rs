//! The look right before a cancel.

use super::{Outcome, Withheld};
use crate::model::{JobName, Observed, Phase};
use crate::mutant::{Mutant, is};
use crate::plan::Cancel;
use crate::vertex::Vertex;

/// Reads the job, and the run that makes it superfluous, as they are now.
/// `Err`: what became of the cancel without sending it.
pub(super) async fn may_cancel<V: Vertex>(vertex: &V, cancel: &Cancel) -> Result<(), Outcome> {
    let survivor = cancel.reason.survivor().filter(|_| !is(Mutant::SurvivorNotRead));
    if let Some(survivor) = survivor {
        let seen = read(vertex, survivor).await?;
        if !matches!(seen.phase(), Phase::Active | Phase::Good) {
            let gone = Withheld::SurvivorGone(survivor.clone(), seen.state);
            return Err(Outcome::Withheld(gone));
        }
    }
    if is(Mutant::NoGetGuard) {
        return Ok(());
    }
    let seen = read(vertex, &cancel.job).await?;
    let ours = seen
        .stamp
        .as_ref()
        .is_some_and(|stamp| stamp.owner == cancel.key.owner && stamp.name == cancel.key.name);
    match seen.phase() {
        _ if !ours && !is(Mutant::ForeignCancelled) => Err(Outcome::Withheld(Withheld::NotOurs)),
        Phase::Active => Ok(()),
        Phase::Ending | Phase::Good | Phase::Bad | Phase::Cancelled => {
            Err(Outcome::AlreadyEnded(seen.state))
        }
        Phase::Unclear => Err(Outcome::Withheld(Withheld::Unclear(seen.state))),
    }
}

async fn read<V: Vertex>(vertex: &V, job: &JobName) -> Result<Observed, Outcome> {
    let seen = vertex.get(job).await;
    seen.map_err(|error| Outcome::Withheld(Withheld::Unreadable(error.to_string())))
}
