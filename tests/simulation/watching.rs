//! A process that is the watch daemon: the real `Watcher`, driven as the
//! command's loop drives it.
//!
//! What differs from the loop: an edit is there in an instant, for how files
//! become a snapshot is not what is simulated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use retune::apply::{Claims, SETTLE, Stop};
use retune::claims::TAKEOVER;
use retune::clock::Clock;
use retune::model::{Desired, Prices};
use retune::watch::{
    Metrics, Mode, OnTheWire, Parts, PassResult, Published, Rhythm, Task, Trigger, Watcher,
};

use crate::checks::{holding, watching};
use crate::connection::Connection;
use crate::life::Watch;
use crate::manifests::{Manifests, place};
use crate::runtime::Millis;

/// Over how long the daemon counts creates towards their limit.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Passes of one instant after which the daemon goes in circles: what is found
/// to be due asks for one pass each, and there are four kinds of it.
const AT_ONCE: u32 = 8;

/// The manifests as one process finds them.
#[derive(Clone)]
pub struct Found {
    /// Counts the edits.
    pub edit: usize,
    /// The last valid ones.
    pub manifests: Arc<Manifests>,
    /// Whether the newest are valid.
    pub valid: bool,
}

/// Where a process finds its manifests.
pub trait Files {
    /// As they are at that time.
    fn at(&self, process: usize, now: Millis) -> Found;
    /// When they change next.
    fn next(&self, process: usize, now: Millis) -> Option<Millis>;
    /// Since when each has been as it is.
    fn since(&self, process: usize, now: Millis) -> BTreeMap<String, Millis>;
}

/// The daemon, from its start to its end.
pub async fn watch(files: impl Files, has_claims: bool, connection: Connection) {
    let process = connection.process;
    let places = BTreeSet::from([place()]);
    let (stop, published, metrics) = (Stop::new(), Published::default(), Metrics::new());
    let wire = OnTheWire::default();
    let parts = Parts {
        same_service: "",
        asked: &(),
        vertex: &connection,
        entropy: &connection,
        clock: &connection,
        stop: &stop,
        published: &published,
        metrics: &metrics,
        wire: &wire,
        rhythm: Rhythm { interval: None },
        progress: false,
    };
    let mut watcher = Watcher::new(parts, &());
    let mut trigger = Trigger::Started;
    let begun = connection.with(|world| world.now());
    let mut found = files.at(process, begun);
    connection.with(|world| {
        let life = &mut world.lives[process];
        life.begin();
        let since = files.since(process, begun);
        life.watch = Some(Watch { since, is_first: true, ..Watch::default() });
    });
    let mut at_once = (begun, 0);
    loop {
        let now = connection.with(|world| world.now());
        let newest = files.at(process, now);
        let changed = changed(&found.manifests, &newest.manifests);
        watcher.changed(changed.iter().map(|desired| &desired.key.name));
        connection.with(|world| {
            let life = &mut world.lives[process];
            life.pass(newest.edit, &newest.manifests);
            let watch = life.watch.get_or_insert_default();
            watch.invalid = !newest.valid;
            watch.requests = 0;
            watch.asked = watch.asked.filter(|_| watch.failed.0 > 0);
            for desired in &changed {
                let name = desired.key.name.to_string();
                watch.refused.remove(&name);
                watch.since.insert(name, now);
            }
        });
        found = newest;
        let claims = Claims { store: &connection, holder: "simulated daemon", takeover: TAKEOVER };
        let task = Task {
            desired: &found.manifests.desired,
            places: &places,
            policy: &found.manifests.policy,
            prices: &Prices::default(),
            settle: if has_claims { Duration::ZERO } else { SETTLE },
            claims: has_claims.then_some(claims),
            mode: if found.valid { Mode::Act } else { Mode::Hold },
        };
        let result = watcher.pass(trigger, &task).await;
        let wait = watcher.next().saturating_sub(connection.elapsed());
        let shown = published.read().shown;
        let pause = connection.with(|world| world.schedule.harm.longest_pause);
        connection.with(|world| {
            world.passes += 1;
            let ended = world.now();
            let watch = world.lives[process].watch.get_or_insert_default();
            watch.is_first = false;
            if watch.requests > 0 {
                let times = if result == PassResult::Failed { watch.failed.0 + 1 } else { 0 };
                watch.failed = (times, ended);
            }
            let (failed, asked) = (watch.failed.0, watch.asked);
            at_once = if at_once.0 == now { (now, at_once.1 + 1) } else { (now, 0) };
            let mut violations = vec![
                watching::l6_end_is_noticed(failed, wait, asked),
                watching::no_circles(at_once.1, AT_ONCE),
                watching::nothing_on_the_wire(&wire),
            ];
            if let Some(shown) = shown.filter(|_| result != PassResult::Failed) {
                violations.push(holding::l5_nothing_stalls(&found.manifests, &shown.plan));
                violations.push(holding::l2_ambiguity_ends_in(&shown.plan, pause));
            }
            violations.into_iter().for_each(|violation| world.violate(violation));
        });
        // A daemon in circles would never let the time go on.
        let wait = if at_once.1 > AT_ONCE { wait.max(Duration::from_secs(1)) } else { wait };
        let now = connection.with(|world| world.now());
        let edited = files.next(process, now).map(|at| Duration::from_millis(at - now));
        trigger = match edited {
            Some(edited) if edited <= wait => {
                connection.sleep(edited).await;
                Trigger::FilesChanged
            }
            _ => {
                connection.sleep(wait).await;
                Trigger::Due
            }
        };
    }
}

/// The manifests that are not in both, as they are or were.
fn changed(before: &Arc<Manifests>, after: &Arc<Manifests>) -> Vec<Desired> {
    if Arc::ptr_eq(before, after) {
        return Vec::new();
    }
    let differs = |desired: &&Desired, others: &Manifests| {
        let same = |other: &Desired| {
            (&other.key, &other.spec, &other.lifecycle)
                == (&desired.key, &desired.spec, &desired.lifecycle)
        };
        others.of(desired.key.name.as_str()).is_none_or(|(other, _)| !same(other))
    };
    let new = after.desired.iter().filter(|desired| differs(desired, before));
    let gone = before.desired.iter().filter(|desired| differs(desired, after));
    new.chain(gone).cloned().collect()
}
