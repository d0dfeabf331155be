//! What forbids any create and any cancel.

use retune::model::DesiredState;

use super::{Sending, Violation, wrong};
use crate::job::{Job, Stage};
use crate::life::{Row, rerun};
use crate::manifests::OWNER;

/// The runs of the name that the last listing showed.
fn rows<'a>(sending: &'a Sending<'_>) -> impl Iterator<Item = (Row, &'a Job)> {
    let rows = sending.life.last.iter().flat_map(|look| &look.rows);
    rows.map(|row| (*row, &sending.world.jobs[row.job]))
        .filter(|(_, job)| job.is_of(OWNER, sending.name))
}

/// Nothing is done over what is not understood, nor for a suspended model.
pub fn s9_fail_closed(sending: &Sending<'_>) -> Option<Violation> {
    const S9: &str = "S9 fail closed";
    let (desired, _) = sending.manifests.of(sending.name)?;
    if sending.life.last.is_none() {
        return wrong(S9, true, || "acted although the jobs could not be listed".to_owned());
    }
    let odd = rows(sending).find(|(row, job)| {
        let known = job.stamp().and_then(|stamp| stamp.spec.as_deref());
        let known = known.is_some_and(|spec| spec.starts_with("h1-"));
        rerun(job) == desired.key.rerun && (row.stage == Stage::Unclear || !known)
    });
    let odd = odd.map(|(row, job)| Violation {
        invariant: S9,
        what: format!("acted over {}, which is {:?}", job.name().short(), row.stage),
    });
    odd.or_else(|| {
        wrong(S9, desired.lifecycle.suspend, || format!("{} is suspended", sending.name))
    })
}

/// Nothing is created for a model that is to be stopped, or is not named.
pub fn s9_stopped(sending: &Sending<'_>) -> Option<Violation> {
    let tuned = sending.manifests.of(sending.name);
    let tuned = tuned.is_some_and(|(d, _)| d.lifecycle.desired == DesiredState::Tuned);
    wrong("S9 fail closed", !tuned, || format!("{} is not to be tuned", sending.name))
}

/// Whoever knows less yields: no run of the name is of a later revision or
/// rerun.
pub fn s10_monotone_revision(sending: &Sending<'_>) -> Option<Violation> {
    let (desired, _) = sending.manifests.of(sending.name)?;
    let ours = sending.manifests.revision();
    let later = rows(sending).find(|(_, job)| {
        let theirs = job.stamp().and_then(|stamp| stamp.rev);
        // No revision is older than any.
        theirs > ours || rerun(job) > desired.key.rerun
    });
    later.map(|(_, job)| Violation {
        invariant: "S10 monotone revision",
        what: format!("acted at {ours:?} beside {:?}", job.stamp()),
    })
}

/// One plan makes no more than it may, and nothing at all if it wants more.
pub fn s13_creates(sending: &Sending<'_>) -> Option<Violation> {
    let Sending { world, life, manifests, .. } = sending;
    let limit = manifests.policy.limits.max_creates;
    let seen = |name: &str| {
        let rows = life.last.iter().flat_map(|look| &look.rows);
        let listed = rows.map(|row| &world.jobs[row.job]).any(|job| job.is_of(OWNER, name));
        listed || life.made.iter().any(|made| made == name)
    };
    // What is surely wanted; there may be more.
    let wanted = manifests.desired.iter().filter(|desired| {
        desired.lifecycle.desired == DesiredState::Tuned
            && !desired.lifecycle.suspend
            && !seen(desired.key.name.as_str())
    });
    let wanted = u32::try_from(wanted.count()).unwrap();
    let sent = life.creates_of_pass + 1;
    wrong("S13 spend cap", sent > limit || wanted > limit, || {
        format!("create {sent} of {wanted} that are wanted, where {limit} are allowed")
    })
}

/// One plan cancels no more than it may.
pub fn s13_cancels(sending: &Sending<'_>) -> Option<Violation> {
    let limit = sending.manifests.policy.limits.max_cancels;
    let sent = sending.life.cancels_of_pass + 1;
    wrong("S13 spend cap", sent > limit, || format!("cancel {sent}, where {limit} are allowed"))
}
