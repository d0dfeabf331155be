//! What must be true of a cancel as it is sent.

use retune::model::DesiredState;

use super::{Sending, Violation, wrong};
use crate::job::{Job, Stage};
use crate::life::rerun;
use crate::manifests::{OWNER, model};
use crate::runtime::Millis;

/// Longest time between the look right before a cancel and the cancel.
const GUARD: Millis = 2_000;

const S7: &str = "S7 affirmative cancel";

/// A job that is not ours is never touched.
pub fn s12_foreign_blindness(sending: &Sending<'_>, job: usize) -> Option<Violation> {
    let job = &sending.world.jobs[job];
    let ours = job.stamp().is_some_and(|stamp| stamp.owner.as_str() == OWNER);
    wrong("S12 foreign blindness", !ours, || format!("cancelled {}", job.name().short()))
}

/// Nothing is cancelled because its manifest is absent.
pub fn s8_absence_is_silent(sending: &Sending<'_>) -> Option<Violation> {
    let absent = sending.manifests.of(sending.name).is_none();
    wrong("S8 absence is silent", absent, || format!("{} has no manifest", sending.name))
}

/// The job was read right before, and was live.
pub fn s7_read_before(sending: &Sending<'_>, job: usize) -> Option<Violation> {
    // It may stand still more than once in between.
    let guard = GUARD + 4 * sending.world.schedule.harm.longest_pause;
    let got = sending.life.got(job);
    let live = got.is_some_and(|(at, stage)| sending.now - at <= guard && stage == Stage::Live);
    wrong(S7, !live, || {
        format!("{} was last read: {got:?}", sending.world.jobs[job].name().short())
    })
}

/// Whether the manifest asks for an end of this job whatever else there is.
fn is_unwanted(sending: &Sending<'_>, job: &Job) -> bool {
    let Some((desired, _)) = sending.manifests.of(sending.name) else { return false };
    let timeout = desired.lifecycle.timeout.map(|t| u64::try_from(t.as_millis()).unwrap());
    desired.lifecycle.desired == DesiredState::Stopped
        || timeout.is_some_and(|timeout| job.ran(sending.now) >= timeout)
}

/// Something makes it superfluous: a run of what the manifest asks for, which
/// was read and is live or good, or was just created.
pub fn s7_has_a_reason(sending: &Sending<'_>, job: usize) -> Option<Violation> {
    let cancelled = &sending.world.jobs[job];
    let (desired, _) = sending.manifests.of(sending.name)?;
    if is_unwanted(sending, cancelled) {
        return None;
    }
    let wanted = |id: usize| {
        let other = &sending.world.jobs[id];
        id != job
            && other.is_of(OWNER, sending.name)
            && rerun(other) == desired.key.rerun
            && other.model() == model(desired)
    };
    let read = sending
        .life
        .gets
        .iter()
        .any(|(id, _, stage)| wanted(*id) && matches!(stage, Stage::Live | Stage::Good));
    let made = sending.life.made_in_pass.iter().any(|id| wanted(*id));
    wrong(S7, !read && !made, || {
        format!("nothing was seen to replace {}", cancelled.name().short())
    })
}

/// The oldest live run of a spec is never cancelled as a duplicate: another one
/// that is older, or good, is left.
pub fn s6_survivor(sending: &Sending<'_>, job: usize) -> Option<Violation> {
    let cancelled = &sending.world.jobs[job];
    let stamp = cancelled.stamp()?;
    let (desired, label) = sending.manifests.of(sending.name)?;
    let is_duplicate = stamp.spec.as_deref() == Some(label)
        && stamp.rerun == Some(desired.key.rerun)
        && !is_unwanted(sending, cancelled);
    let age = |job: &Job| (job.created, job.name().clone());
    let survivor = sending.world.jobs.iter().any(|other| {
        other.is_of(OWNER, sending.name)
            && other.stamp().is_some_and(|s| s.rerun == stamp.rerun)
            && other.model() == cancelled.model()
            && other.name() != cancelled.name()
            && (age(other) < age(cancelled) || other.stage_at(sending.now) == Stage::Good)
    });
    wrong("S6 survivor", is_duplicate && !survivor, || {
        format!("{} is the oldest of {label} and was cancelled", cancelled.name().short())
    })
}
