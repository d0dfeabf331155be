//! Every small world of two runs, and the promises on each.

use super::world::{HOUR, NOW, World, a_model, seconds};
use crate::model::JobState::{
    Cancelled, Cancelling, Failed, PartiallySucceeded, Pending, Running, Succeeded, Unknown,
};
use crate::model::{Desired, DesiredState, JobState, OnSupersede, Phase, Untrusted};
use crate::plan::{Action, Plan};

/// A run that may exist beside the manifest (3 epochs, rerun 1, revision 1000).
#[derive(Clone, Debug)]
struct Facts {
    state: JobState,
    epochs: i64,
    rerun: u64,
    rev: Option<i64>,
    with_model: bool,
    transient: bool,
}

fn all_runs() -> Vec<Option<Facts>> {
    let states = [
        (Pending, false, false),
        (Running, false, false),
        (Cancelling, false, false),
        (Succeeded, true, false),
        (PartiallySucceeded, false, false),
        (Failed, false, true),
        (Failed, false, false),
        (Failed, true, true),
        (Cancelled, false, false),
        (Unknown(Untrusted::new("JOB_STATE_NEW")), false, false),
    ];
    let mut runs = vec![None];
    for (state, with_model, transient) in states {
        for epochs in [3, 4] {
            for rerun in [0, 1, 2] {
                for rev in [None, Some(1_100)] {
                    let state = state.clone();
                    runs.push(Some(Facts { state, epochs, rerun, rev, with_model, transient }));
                }
            }
        }
    }
    runs
}

type Setting = (&'static str, fn(&mut Desired));

const SETTINGS: [Setting; 6] = [
    ("tuned", |_| {}),
    ("stopped", |d| d.lifecycle.desired = DesiredState::Stopped),
    ("suspended", |d| d.lifecycle.suspend = true),
    ("keep", |d| d.lifecycle.on_supersede = OnSupersede::Keep),
    ("timeout", |d| d.lifecycle.timeout = Some(HOUR)),
    ("retry", |d| d.lifecycle.retry.max_attempts = 3),
];

fn world(runs: [&Option<Facts>; 2], setting: fn(&mut Desired)) -> World {
    let mut world =
        World::new().wants("faq", 3).rerun(1).but(setting).policy(|p| p.revision = Some(1_000));
    for facts in runs.into_iter().flatten() {
        world = world.has("faq", facts.epochs, facts.state.clone()).run(|job| {
            let stamp = job.stamp.as_mut().unwrap();
            (stamp.rerun, stamp.rev) = (Some(facts.rerun), facts.rev);
            job.tuned_model = facts.with_model.then(a_model);
            if facts.transient {
                job.error = Some(crate::model::JobError {
                    code: 14,
                    message: Untrusted::new("unavailable"),
                });
            }
        });
    }
    // Somebody else's job is always there, and never touched.
    world.has("faq", 3, Running).run(|job| {
        job.stamp = None;
        job.create_time = seconds(NOW);
    })
}

/// What section 4 of the contract lets a user rely on.
fn promises(world: &World, setting: &str) {
    let plan = world.plan();
    let runs = || world.jobs.iter().filter(|job| job.stamp.is_some());
    let stamp = |job: &crate::model::Observed| job.stamp.clone().unwrap();
    let wanted = |phase: Phase| {
        runs().any(|j| {
            j.phase() == phase && stamp(j).rerun == Some(1) && j.echo.epoch_count() == Some(3)
        })
    };
    let about = || format!("{setting}: {:#?}\n{:#?}", world.jobs, plan);
    let creates = plan.creates().count();
    let acts = !plan.actions.is_empty();

    assert!(creates <= 1, "one create at most\n{}", about());
    for cancel in plan.cancels() {
        let job = runs().find(|j| j.name == cancel.job);
        let active = job.is_some_and(|j| j.phase() == Phase::Active);
        assert!(active, "only our active runs are cancelled\n{}", about());
    }
    let guarded = runs().any(|j| {
        stamp(j).rerun > Some(1)
            || stamp(j).rev > Some(1_000)
            || (stamp(j).rerun == Some(1) && j.phase() == Phase::Unclear)
    });
    assert!(!(guarded && acts), "a newer or unclear run holds everything\n{}", about());
    assert!(!(setting == "suspended" && acts), "suspended changes nothing\n{}", about());
    assert!(!(setting == "stopped" && creates > 0), "stopped starts none\n{}", about());
    for phase in [Phase::Good, Phase::Active, Phase::Ending] {
        assert!(!(wanted(phase) && creates > 0), "{phase:?} blocks a create\n{}", about());
    }
    // A cancelled run blocks its spec, but for a duplicate that was cancelled
    // beside an older run: that one speaks.
    if wanted(Phase::Cancelled) && creates > 0 {
        assert!(setting == "retry" && wanted(Phase::Bad), "cancelled blocks\n{}", about());
    }
    if wanted(Phase::Bad) && creates > 0 {
        assert_eq!(setting, "retry", "a failure is only tried again when asked\n{}", about());
        let retryable = runs().any(|j| {
            !j.has_model() && j.error.as_ref().is_some_and(crate::model::JobError::is_transient)
        });
        assert!(retryable, "only a passing failure without a model\n{}", about());
    }
    // Nothing stalls in silence.
    let said = creates + plan.held.len() + plan.in_flight.len() + plan.in_sync.len();
    let cancels = plan.cancels().count();
    assert!(said + cancels > 0, "every manifest is spoken of\n{}", about());
    absence_is_silent(world, &plan);
    converges(world, plan);
}

/// Taking the manifest away adds no cancel.
fn absence_is_silent(world: &World, _plan: &Plan) {
    let mut without = world.clone();
    without.desired.clear();
    assert!(without.plan().actions.is_empty(), "{:#?}", without.plan());
}

/// Carrying plans out leads to one without actions, in three passes.
fn converges(world: &World, mut plan: Plan) {
    let mut now = world.clone();
    let mut created = 0;
    for _ in 0..3 {
        if plan.actions.is_empty() {
            break;
        }
        created += plan.actions.iter().filter(|a| matches!(a, Action::Create(_))).count();
        now = now.after(&plan);
        plan = now.plan();
    }
    assert!(plan.actions.is_empty(), "{:#?}\nstill wants {:#?}", world.jobs, plan.actions);
    assert!(created <= 1, "{:#?}", world.jobs);
}

#[test]
fn promises_hold_in_every_small_world() {
    let runs = all_runs();
    let mut worlds = 0;
    for (setting, change) in SETTINGS {
        for (first, a) in runs.iter().enumerate() {
            for b in &runs[first..] {
                for pair in [[a, b], [b, a]] {
                    promises(&world(pair, change), setting);
                    worlds += 1;
                }
            }
        }
    }
    // 121 runs: 7,381 unordered pairs in both orders, under 6 settings.
    assert_eq!(worlds, 7_381 * 2 * 6);
}
