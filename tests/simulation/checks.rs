//! The invariants, each a function by its name. What a step sends is checked as
//! it is sent, against what this process was shown, by an onlooker's own
//! bookkeeping; what is counted, and what must come to pass, at the end.
//!
//! | checked where | |
//! |---|---|
//! | S1 observation first | each create: `creating` |
//! | S2 one paid run, S3 store mode, S4 a racer each | the truth at the end: `counting`; S3 also each create |
//! | S5 written once | each create's run id; the bytes: `tests/vertex_client/writes.rs` |
//! | S6 survivor, S7 affirmative cancel | each cancel: `cancelling` |
//! | S8 absence is silent | each cancel, and sampled looks with a manifest less: `planning` |
//! | S9 fail closed, S10 monotone revision | each create and cancel: `guarding`; `planning` |
//! | S11 upgrade null | not visible here: `tests/digests.rs` |
//! | S12 foreign blindness | each cancel: `cancelling` |
//! | S13 spend cap | each create and cancel: `guarding` |
//! | S14 plan purity | sampled looks in another order: `planning`; `src/plan/tests/order.rs` |
//! | S15 idle is free | after coming to rest: `resting` |
//! | S17 unchanged manifest, S18 spared service, S19 left alone | a daemon's creates and requests: `watching` |
//! | S16 secrets | not visible here: `tests/cli/secrets.rs`, `tests/vertex_client/trust.rs` |
//! | L1 comes to rest, L3 duplicates end | after healing: `resting` |
//! | L2 ambiguity ends, L4 no dead holder, L5 nothing stalls in silence | `holding` |
//! | L6 an outage's end is noticed | after each pass of a daemon: `watching` |

mod cancelling;
mod counting;
mod creating;
mod guarding;
pub mod holding;
pub mod planning;
pub mod resting;
pub mod watching;

use serde_json::Value;

use crate::life::Life;
use crate::manifests::Manifests;
use crate::runtime::Millis;
use crate::world::{Create, World};

pub use counting::counted;

/// A broken invariant, by its name.
#[derive(Debug, Clone)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
}

/// `Some` violation of this name when it holds that something is wrong.
fn wrong(invariant: &'static str, is: bool, what: impl FnOnce() -> String) -> Option<Violation> {
    is.then(|| Violation { invariant, what: what() })
}

/// What one process is about to do.
pub struct Sending<'a> {
    world: &'a World,
    life: &'a Life,
    manifests: &'a Manifests,
    /// The tuned model's name.
    name: &'a str,
    now: Millis,
}

/// Checks a create as it is sent.
pub fn create(world: &mut World, create: &Create, body: &Value) {
    let model = body["baseModel"].as_str().unwrap_or_default();
    let life = &world.lives[create.by];
    let manifests = &life.manifests;
    let sending = Sending { world, life, manifests, name: &create.paid.name, now: create.at };
    let found = [
        creating::s1_labelled(body),
        creating::s1_observation_first(&sending, create, model),
        creating::s1_second_look(&sending, create, model),
        creating::s1_claim_first(&sending, create),
        creating::s1_retry_is_due(&sending, create, model),
        creating::s3_claimed(&sending, create),
        creating::s5_written_once(&sending, create),
        guarding::s9_fail_closed(&sending),
        guarding::s9_stopped(&sending),
        watching::s9_invalid(&sending),
        watching::s17_unchanged(&sending, create),
        watching::s19_left_alone(&sending),
        watching::s13_a_day(&sending),
        guarding::s10_monotone_revision(&sending),
        guarding::s13_creates(&sending),
    ];
    for violation in found {
        world.violate(violation);
    }
}

/// Checks a cancel as it is sent.
pub fn cancel(world: &mut World, process: usize, job: usize) {
    let life = &world.lives[process];
    let manifests = &life.manifests;
    let name = world.jobs[job].stamp().map_or("", |stamp| stamp.name.as_str());
    let sending = Sending { world, life, manifests, name, now: world.now() };
    let found = [
        cancelling::s12_foreign_blindness(&sending, job),
        cancelling::s8_absence_is_silent(&sending),
        cancelling::s7_read_before(&sending, job),
        cancelling::s7_has_a_reason(&sending, job),
        cancelling::s6_survivor(&sending, job),
        guarding::s9_fail_closed(&sending),
        watching::s9_invalid(&sending),
        guarding::s10_monotone_revision(&sending),
        guarding::s13_cancels(&sending),
    ];
    for violation in found {
        world.violate(violation);
    }
}
