//! Every order in which the requests of two runs of retune can arrive, with
//! crashes, lost and late requests, and time that passes in between.
//!
//! A run is the real protocol, stopped before each request and before it hears
//! the answer to a write. A schedule is a list of choices; playing it from the
//! start leads to a state. Two schedules that lead to the same store, the same
//! time and the same things heard have the same future, so each state is
//! continued once.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use super::memory::HandClock;
use super::*;
use crate::clock::Clock;
use crate::google::TransportError;

/// A listing shows what is at least this old, here at the latest it may.
const STALE: u64 = 60;

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

/// Where a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Read,
    List,
    Put,
    Answer,
    Create,
    End,
}

/// What becomes of the request at which a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fine,
    AnswerLost,
    /// Carried out after its sender has given up, or never.
    Late,
    Refused,
}

#[derive(Debug, Clone, Copy)]
enum Choice {
    Go(usize, Fate),
    Crash(usize),
    Jump,
    PutArrives(usize),
    CreateArrives(usize),
}

#[derive(Debug)]
struct World {
    rules_left: (u32, u32),
    seconds: u64,
    object: Option<(u64, Claim, u64)>,
    generation: u64,
    /// When each job was created, and by which run.
    jobs: Vec<(u64, u64)>,
    late_puts: Vec<(Claim, Expect)>,
    late_creates: Vec<u64>,
    at: [At; 2],
    fate: Fate,
    /// What each run has heard.
    heard: [String; 2],
    wrong: Option<String>,
}

impl World {
    fn put(&mut self, claim: &Claim, expect: Expect) -> PutOutcome {
        let there = self.object.as_ref().map_or(Expect::Absent, |o| Expect::Generation(o.0));
        if there != expect {
            return PutOutcome::Conflict;
        }
        if let Some((_, old, written)) = &self.object
            && old.state == ClaimState::Pending
            && old.run != claim.run
            && self.seconds - written < TAKEOVER.as_secs()
        {
            self.wrong = Some(format!("{} takes the claim of {}", claim.run, old.run));
        }
        self.generation += 1;
        self.object = Some((self.generation, claim.clone(), self.seconds));
        PutOutcome::Written { generation: self.generation }
    }

    fn create(&mut self, run: u64) {
        self.jobs.push((self.seconds, run));
        if self.jobs.len() > 1 {
            self.wrong = Some(format!("paid for {} times", self.jobs.len()));
        }
    }

    fn choices(&self) -> Vec<Choice> {
        let (faults, jumps) = self.rules_left;
        let mut all = Vec::new();
        for (actor, at) in self.at.into_iter().enumerate() {
            let ways: &[Fate] = match at {
                At::End => continue,
                At::List | At::Answer => &[],
                At::Read => &[Fate::AnswerLost],
                At::Put => &[Fate::AnswerLost, Fate::Late],
                At::Create => &[Fate::AnswerLost, Fate::Late, Fate::Refused],
            };
            all.push(Choice::Go(actor, Fate::Fine));
            if faults > 0 {
                all.extend(ways.iter().map(|fate| Choice::Go(actor, *fate)));
                all.push(Choice::Crash(actor));
            }
        }
        // What a create takes is less than a jump: it is over before.
        if jumps > 0 && !self.at.contains(&At::Create) && self.late_creates.is_empty() {
            all.push(Choice::Jump);
        }
        all.extend((0..self.late_puts.len()).map(Choice::PutArrives));
        all.extend((0..self.late_creates.len()).map(Choice::CreateArrives));
        all
    }
}

/// What one run has of the world.
#[derive(Clone)]
struct Actor {
    world: Arc<Mutex<World>>,
    clock: HandClock,
    id: usize,
}

impl Actor {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn heard(&self, what: impl std::fmt::Debug) {
        write!(self.world().heard[self.id], "{what:?};").unwrap();
    }

    /// Stops until it is this run's turn, and says what becomes of the request.
    async fn stop(&self, at: At) -> Fate {
        self.world().at[self.id] = at;
        let mut stopped = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut stopped, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.world().fate
    }

    async fn list(&self) -> usize {
        self.stop(At::List).await;
        let world = self.world();
        let listed = world.jobs.iter().filter(|(at, _)| world.seconds - at >= STALE).count();
        drop(world);
        self.heard(listed);
        listed
    }

    async fn create(&self, run: u64) -> Fate {
        let fate = self.stop(At::Create).await;
        match fate {
            Fate::Fine | Fate::AnswerLost => self.world().create(run),
            Fate::Late => self.world().late_creates.push(run),
            Fate::Refused => {}
        }
        self.heard(fate);
        fate
    }

    /// One pass, as an executor makes it.
    async fn pass(&self, rules: Rules, run: u64) {
        if rules.list_first && self.list().await > 0 {
            return;
        }
        let Ok(vacant) = look(self, path(), rules.wait, &self.clock).await else { return };
        let listed = self.clock.elapsed();
        if !rules.list_first && self.list().await > 0 {
            return;
        }
        let claimed = acquire(self, vacant, run, "ci", listed, &self.clock).await;
        let Ok(claimed) = claimed else { return };
        if rules.look_at_clock && !claimed.is_fresh(&self.clock) {
            claimed.release(self).await;
            return;
        }
        match self.create(run).await {
            Fate::Fine => drop(claimed.done(self, &job()).await),
            Fate::Refused => drop(claimed.release(self).await),
            Fate::AnswerLost | Fate::Late => claimed.abandon(),
        }
    }

    async fn passes(self, rules: Rules) {
        for pass in 0..rules.passes {
            self.pass(rules, 10 * (self.id as u64 + 1) + pass).await;
            // Nothing is kept between passes but their number.
            self.world().heard[self.id] = format!("{pass}: ");
        }
        self.world().at[self.id] = At::End;
        self.world().heard[self.id].clear();
    }
}

impl ClaimStore for Actor {
    async fn read(&self, _: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        let fate = self.stop(At::Read).await;
        let held = match fate {
            Fate::Fine => {
                let epoch = |seconds: u64| Timestamp::from_second(seconds as i64).unwrap();
                let world = self.world();
                let date = epoch(world.seconds);
                Ok(world.object.clone().map(|(generation, claim, written)| Held {
                    claim,
                    generation,
                    updated: epoch(written),
                    date,
                }))
            }
            _ => Err(ClaimError::Unreachable {
                bucket: "gs://acme".parse().unwrap(),
                host: "store".into(),
                source: TransportError::TimedOut,
            }),
        };
        self.heard(&held);
        held
    }

    async fn put(&self, _: &ClaimPath, claim: &Claim, expect: Expect) -> PutOutcome {
        let unknown = || PutOutcome::Unknown(Untrusted::default());
        let outcome = match self.stop(At::Put).await {
            Fate::Late => {
                self.world().late_puts.push((claim.clone(), expect));
                unknown()
            }
            Fate::AnswerLost => {
                self.world().put(claim, expect);
                unknown()
            }
            Fate::Fine | Fate::Refused => self.world().put(claim, expect),
        };
        self.heard(&outcome);
        self.stop(At::Answer).await;
        self.heard(self.clock.elapsed());
        outcome
    }
}

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
