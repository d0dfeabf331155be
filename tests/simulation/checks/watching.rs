//! What must be true of a daemon that watches files, beside what is true of
//! everybody. Each is silent about processes that do not.

use std::time::Duration;

use retune::apply::{SETTLE, UNCHANGED};
use retune::watch::OnTheWire;

use super::{Sending, Violation, wrong};
use crate::life::Watch;
use crate::manifests::OWNER;
use crate::runtime::Millis;
use crate::world::{Create, World};

/// Half of the daemon's first wait after a look that failed, for jitter takes
/// up to half of it, and its longest wait.
const LOOK: (Millis, Millis) = (2_500, 300_000);

/// Half of its first wait after a create that failed.
const ACTION: Millis = 15_000;

fn watch<'a>(sending: &'a Sending<'_>) -> Option<&'a Watch> {
    sending.life.watch.as_ref()
}

/// Nothing is sent while the newest manifests are not valid.
pub fn s9_invalid(sending: &Sending<'_>) -> Option<Violation> {
    let invalid = watch(sending).is_some_and(|watch| watch.invalid);
    wrong("S9 fail closed", invalid, || format!("{} over invalid manifests", sending.name))
}

/// The look that decided a create began when the manifest had stood for the
/// settle window, or, where claims make that one needless, for long enough that
/// nobody is typing.
pub fn s17_unchanged(sending: &Sending<'_>, create: &Create) -> Option<Violation> {
    let since = *watch(sending)?.since.get(sending.name)?;
    let has_claims = sending.world.schedule.mode.has_claims();
    let window = millis(if has_claims { UNCHANGED } else { SETTLE });
    wrong("S17 unchanged manifest", create.looked < since + window, || {
        format!("{:?} was looked for at {}, edited at {since}", create.paid, create.looked)
    })
}

/// What the service refused is not tried again at once.
pub fn s19_left_alone(sending: &Sending<'_>) -> Option<Violation> {
    let refused = *watch(sending)?.refused.get(sending.name)?;
    wrong("S19 left alone", sending.now < refused + ACTION, || {
        format!("{} was refused at {refused} and tried again at {}", sending.name, sending.now)
    })
}

/// The limit holds for the runs of a day, not for each plan by itself.
pub fn s13_a_day(sending: &Sending<'_>) -> Option<Violation> {
    let Sending { world, life, manifests, .. } = sending;
    let window = millis(manifests.policy.window?);
    let limit = manifests.policy.limits.max_creates;
    let look = life.last.as_ref()?;
    let shown = look.rows.iter().map(|row| &world.jobs[row.job]);
    let recent = shown.filter(|job| {
        let ours = job.stamp().is_some_and(|stamp| stamp.owner.as_str() == OWNER);
        ours && job.created + window > sending.now
    });
    let sent = u32::try_from(recent.count()).unwrap() + life.creates_of_pass + 1;
    wrong("S13 spend cap", sent > limit, || format!("create {sent} of a day, limit {limit}"))
}

/// A service that does not answer is left in peace, longer each time.
pub fn s18_spared(world: &World, process: usize) -> Option<Violation> {
    let watch = world.lives[process].watch.as_ref()?;
    let (times, at) = watch.failed;
    if times == 0 || watch.is_first || watch.requests > 0 {
        return None;
    }
    let (first, most) = LOOK;
    let wait = first.saturating_mul(1 << (times - 1).min(20)).min(most / 2);
    wrong("S18 spared service", world.now() < at + wait, || {
        format!("asked at {}, {times} looks failed until {at}", world.now())
    })
}

/// After so many failures the next look is made soon enough, unless the service
/// asked for more time.
pub fn l6_end_is_noticed(
    failures: u32,
    wait: Duration,
    asked: Option<Duration>,
) -> Option<Violation> {
    let (first, most) = LOOK;
    let longest = (2 * first).saturating_mul(1 << failures.saturating_sub(1).min(20)).min(most);
    let longest = longest.max(asked.map_or(0, millis));
    wrong("L6 end of an outage is noticed", failures > 0 && millis(wait) > longest, || {
        format!("{failures} looks failed, the next one is made after {wait:?}")
    })
}

/// Passes get somewhere.
pub fn no_circles(at_once: u32, most: u32) -> Option<Violation> {
    wrong("S15 idle is free", at_once > most, || format!("{at_once} passes in one instant"))
}

/// After a pass nothing counts as being on its way.
pub fn nothing_on_the_wire(wire: &OnTheWire) -> Option<Violation> {
    wrong("L5 nothing stalls in silence", !wire.is_empty(), || {
        format!("still on the wire after the pass: {:?}", wire.words())
    })
}

fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap()
}
