//! What must be true of a create as it is sent.

use retune::apply::SETTLE;
use retune::claims::FRESH;
use serde_json::Value;

use super::{Sending, Violation, wrong};
use crate::connection::claim_of;
use crate::job::Job;
use crate::life::{Missing, Row, next_attempt, rerun};
use crate::manifests::OWNER;
use crate::runtime::Millis;
use crate::world::Create;

const S1: &str = "S1 observation first";

/// How long a run waits that follows that attempt: ten minutes, and each time
/// twice as long.
pub fn retry_wait(attempt: u32) -> Millis {
    600_000 << (attempt - 1).min(16)
}

/// Its job can be recognised by whoever comes next.
pub fn s1_labelled(body: &Value) -> Option<Violation> {
    let labels = &body["labels"];
    let labelled = labels["managed-by"] == "retune"
        && ["owner", "name", "rerun", "spec", "attempt", "run"]
            .iter()
            .all(|label| labels[format!("retune-{label}")].is_string());
    wrong(S1, !labelled, || format!("sent without all labels: {labels}"))
}

/// The runs of this training that the last listing showed.
fn shown<'a>(
    sending: &'a Sending<'_>,
    create: &'a Create,
    model: &'a str,
) -> impl Iterator<Item = (Row, &'a Job)> {
    let rows = sending.life.last.iter().flat_map(|look| &look.rows);
    rows.map(|row| (*row, &sending.world.jobs[row.job])).filter(move |(_, job)| {
        job.is_of(OWNER, &create.paid.name)
            && rerun(job) == create.paid.rerun
            && job.model() == model
    })
}

/// A complete listing, still fresh, without a run that speaks against it.
pub fn s1_observation_first(
    sending: &Sending<'_>,
    create: &Create,
    model: &str,
) -> Option<Violation> {
    let Some(look) = &sending.life.last else {
        return wrong(S1, true, || "created without a complete listing".to_owned());
    };
    let age = sending.now - look.ended;
    let fresh = u64::try_from(FRESH.as_millis()).unwrap();
    let stale = wrong(S1, age > fresh, || format!("created on a listing {age} ms old"));
    let rows: Vec<Row> = shown(sending, create, model).map(|(row, _)| row).collect();
    let next = next_attempt(&sending.world.jobs, rows.iter());
    let against = wrong(S1, next != Some(create.paid.attempt), || {
        format!("attempt {} where {next:?} may follow {rows:?}", create.paid.attempt)
    });
    stale.or(against)
}

/// Without a claim store: no listing for a settle window showed a run.
pub fn s1_second_look(sending: &Sending<'_>, create: &Create, model: &str) -> Option<Violation> {
    if sending.world.schedule.mode.has_claims() {
        return None;
    }
    let settle = u64::try_from(SETTLE.as_millis()).unwrap();
    let began = sending.life.last.as_ref().map_or(0, |look| look.began);
    let settled = sending.life.missing.iter().any(|missing: &Missing| {
        missing.name == create.paid.name
            && missing.rerun == create.paid.rerun
            && missing.model == model
            && missing.attempt == create.paid.attempt
            && missing.since + settle <= began
    });
    wrong(S1, !settled, || format!("created without a second look: {:?}", create.paid))
}

/// With a claim store: the claim was looked at, and then the jobs were listed.
pub fn s1_claim_first(sending: &Sending<'_>, create: &Create) -> Option<Violation> {
    if !sending.world.schedule.mode.has_claims() {
        return None;
    }
    let path = claim_of(&create.paid);
    let began = sending.life.last.as_ref().map_or(0, |look| look.began);
    let between = sending.life.before_last..=began;
    let mut looks = sending.life.claims.iter();
    let first = looks.any(|(read, at)| read == path.object() && between.contains(at));
    wrong(S1, !first, || format!("listed before the claim was looked at: {path}"))
}

/// A further attempt follows one that failed for a passing reason, is allowed
/// and has waited.
pub fn s1_retry_is_due(sending: &Sending<'_>, create: &Create, model: &str) -> Option<Violation> {
    let attempt = create.paid.attempt;
    if attempt == 1 {
        return None;
    }
    let allowed =
        sending.manifests.of(sending.name).map_or(1, |(d, _)| d.lifecycle.retry.max_attempts);
    let due = shown(sending, create, model).any(|(_, job)| {
        let wait = retry_wait(attempt - 1);
        job.stamp().is_some_and(|stamp| stamp.attempt + 1 == attempt)
            && job.transient
            && sending.now >= job.ends() + wait
    });
    wrong(S1, attempt > allowed || !due, || format!("attempt {attempt} of {allowed} is not due"))
}

/// With a claim store: the claim is held, for this very create.
pub fn s3_claimed(sending: &Sending<'_>, create: &Create) -> Option<Violation> {
    let has_claims = sending.world.schedule.mode.has_claims();
    let holder = sending.world.bucket.pending(claim_of(&create.paid).object());
    let holds = holder.is_some_and(|run| format!("{run:016x}") == create.run);
    wrong("S3 store mode", has_claims && !holds, || {
        format!("created while the claim is of {holder:?}: {:?}", create.paid)
    })
}

/// Each create is written once.
pub fn s5_written_once(sending: &Sending<'_>, create: &Create) -> Option<Violation> {
    let again = sending.world.creates.iter().any(|known| known.run == create.run);
    wrong("S5 written once", again, || format!("run {} was written twice", create.run))
}
