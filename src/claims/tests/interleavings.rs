//! Every order in which the requests of two runs of retune can arrive, with
//! crashes, lost and late requests, and time that passes in between.
//!
//! A run is the real protocol, stopped before each request and before it hears
//! the answer to a write. A schedule is a list of choices; playing it from the
//! start leads to a state. Two schedules that lead to the same store, the same
//! time and the same things heard have the same future, so each state is
//! continued once.

mod world;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use self::world::{Actor, At, Choice, Fate, World};
use super::memory::HandClock;
use super::*;
use crate::clock::Clock;

/// How far time jumps: a claim that is pending may be taken over after it, and
/// a create that was sent before it is carried out and listed.
const JUMP: u64 = 300;

/// What is searched, and what of the protocol is left out to see it missed.
#[derive(Clone, Copy)]
struct Rules {
    /// Times that each run tries.
    passes: u64,
    faults: u32,
    jumps: u32,
    wait: Duration,
    list_first: bool,
    look_at_clock: bool,
}

const RULES: Rules = Rules {
    passes: 1,
    faults: 2,
    jumps: 2,
    wait: TAKEOVER,
    list_first: false,
    look_at_clock: true,
};

/// Plays a schedule from the start.
fn play(rules: Rules, schedule: &[Choice]) -> (Arc<Mutex<World>>, HandClock) {
    let world = Arc::new(Mutex::new(World {
        rules_left: (rules.faults, rules.jumps),
        seconds: 0,
        object: None,
        generation: 0,
        jobs: Vec::new(),
        late_puts: Vec::new(),
        late_creates: Vec::new(),
        at: [At::End; 2],
        fate: Fate::Fine,
        heard: Default::default(),
        wrong: None,
    }));
    let clock = HandClock::new();
    let actor = |id| Actor { world: Arc::clone(&world), clock: clock.clone(), id };
    let mut runs: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>> =
        (0..2).map(|id| Some(Box::pin(actor(id).passes(rules)) as Pin<Box<_>>)).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut go = |run: &mut Option<Pin<Box<dyn Future<Output = ()>>>>| {
        if run.as_mut().is_some_and(|run| run.as_mut().poll(&mut context).is_ready()) {
            *run = None;
        }
    };
    runs.iter_mut().for_each(&mut go);
    for choice in schedule {
        match *choice {
            Choice::Go(actor, fate) => {
                let mut now = world.lock().unwrap();
                now.fate = fate;
                now.rules_left.0 -= u32::from(fate != Fate::Fine);
                drop(now);
                go(&mut runs[actor]);
            }
            Choice::Crash(actor) => {
                runs[actor] = None;
                let mut now = world.lock().unwrap();
                now.at[actor] = At::End;
                now.heard[actor].clear();
                now.rules_left.0 -= 1;
            }
            Choice::Jump => {
                clock.forward(JUMP);
                let mut now = world.lock().unwrap();
                now.seconds += JUMP;
                now.rules_left.1 -= 1;
            }
            Choice::PutArrives(index) => {
                let mut now = world.lock().unwrap();
                let (claim, expect) = now.late_puts.remove(index);
                now.put(&claim, expect);
            }
            Choice::CreateArrives(index) => {
                let mut now = world.lock().unwrap();
                let run = now.late_creates.remove(index);
                now.create(run);
            }
        }
    }
    (world, clock)
}

/// What a search has found.
#[derive(Debug, Default)]
struct Found {
    states: usize,
    ends: usize,
    wrong: Option<(String, Vec<Choice>)>,
}

fn search(rules: Rules) -> Found {
    let (mut found, mut seen) = (Found::default(), HashSet::new());
    let mut open = vec![Vec::new()];
    while let Some(schedule) = open.pop() {
        let (world, clock) = play(rules, &schedule);
        let now = world.lock().unwrap();
        if let Some(wrong) = &now.wrong {
            found.wrong = Some((wrong.clone(), schedule));
            return found;
        }
        if !seen.insert(format!("{now:?}")) {
            continue;
        }
        found.states += 1;
        let choices = now.choices();
        drop(now);
        if choices.iter().all(|choice| matches!(choice, Choice::Jump)) {
            found.ends += 1;
            if let Err(wrong) = converges(&world, &clock) {
                found.wrong = Some((wrong, schedule));
                return found;
            }
        }
        open.extend(choices.into_iter().map(|choice| [&schedule[..], &[choice]].concat()));
    }
    found
}

/// After the window and without faults, one more run gets there, and the model
/// exists once.
fn converges(world: &Arc<Mutex<World>>, clock: &HandClock) -> Result<(), String> {
    clock.forward(JUMP);
    world.lock().unwrap().seconds += JUMP;
    world.lock().unwrap().fate = Fate::Fine;
    let actor = Actor { world: Arc::clone(world), clock: clock.clone(), id: 0 };
    let mut last = Box::pin(actor.passes(Rules { passes: 1, ..RULES }));
    let mut context = Context::from_waker(Waker::noop());
    while last.as_mut().poll(&mut context).is_pending() {}
    let now = world.lock().unwrap();
    match (&now.wrong, now.jobs.len()) {
        (None, 1) => Ok(()),
        (wrong, jobs) => Err(format!("{jobs} jobs in the end: {wrong:?}")),
    }
}

#[test]
fn in_no_order_is_a_model_paid_for_twice_or_never() {
    // One pass of each run with more faults, and two passes with fewer: some
    // 47,000 states together.
    for (rules, states) in
        [(RULES, 30_000), (Rules { passes: 2, faults: 1, jumps: 1, ..RULES }, 14_000)]
    {
        let found = search(rules);
        assert!(found.wrong.is_none(), "{found:#?}");
        // That the search has looked, and how far.
        assert!(found.states > states && found.ends > 100, "{found:?}");
    }
}

#[test]
fn without_any_one_rule_it_would_be() {
    for (rules, what) in [
        (Rules { wait: Duration::ZERO, ..RULES }, "no window"),
        (Rules { list_first: true, ..RULES }, "the listing before the look"),
        (Rules { look_at_clock: false, ..RULES }, "no look at the clock before the create"),
    ] {
        let found = search(rules);
        assert!(found.wrong.is_some(), "{what}: {found:#?}");
    }
}
