//! The real decisions: the planner, the memory, the guard. Each is a pure
//! function of little, so each is asked once and remembered.

use std::collections::{BTreeMap, HashMap};
use std::sync::RwLock;
use std::time::Duration;

use jiff::Timestamp;
use retune::apply::{Look, Memory, is_cancellable, survives};
use retune::model::{Listing, Observation, labels};
use retune::plan::{Action, Cancel, CancelReason, HoldReason, Plan, plan};

use super::state::{Bits, JOBS, NONE, NOT_DUE, Phase, Proc};
use super::world::{Role, World, place};

/// One tick of the model in the product's own time: all its constants but
/// [`retune::claims::FRESH`] are about whole minutes.
pub const TICK: Duration = Duration::from_secs(60);

/// How many ticks have to pass until so much time has passed.
pub fn ticks(time: Duration) -> u8 {
    time.as_secs().div_ceil(TICK.as_secs()) as u8
}

/// The end of the look, on the process's clock; long after its start.
const NOW: Duration = Duration::from_secs(100_000);

/// Rules that a control leaves out or turns round.
#[derive(Clone, Copy, Default, Debug)]
pub struct Mutation {
    /// A claim is read after the listing.
    pub list_first: bool,
    /// What was cancelled is not there.
    pub cancelled_is_nothing: bool,
    /// A create without an answer is forgotten.
    pub forget_lost: bool,
    /// Nothing is read before a cancel.
    pub no_guard: bool,
    /// Both commits have one revision.
    pub one_revision: bool,
    /// To each process the jobs that it made are the oldest.
    pub own_first: bool,
    /// A pending claim is taken over a tick too soon.
    pub hasty_takeover: bool,
    /// A pending claim is never taken over.
    pub no_takeover: bool,
}

/// What a plan comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    Create,
    Cancel,
    Settling,
    Ambiguous,
    Cancelling,
    LastRunFailed,
    LastRunCancelled,
    StaleRevision,
    InSync,
    InFlight,
}

/// What a look leads to.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    pub wish: Wish,
    /// Jobs to cancel; with a create, once it was accepted.
    pub cancels: u8,
    pub survivor: u8,
    /// A create over a listing that has a run of its spec.
    pub blind: bool,
    /// The memory afterwards.
    pub made: [Phase; JOBS],
    pub lost: bool,
    pub due: u8,
}

/// What a look saw.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    pub role: u8,
    /// Ticks from its first request to its last page.
    pub took: u8,
    pub jobs: [Phase; JOBS],
    pub roles: [u8; JOBS],
}

/// The real code, and what it has answered.
pub struct Real {
    settle: Duration,
    mutation: Mutation,
    worlds: [World; 2],
    answers: RwLock<HashMap<u64, Decision>>,
}

impl Real {
    pub fn new(settle: u8, mutation: Mutation) -> Self {
        let worlds = [Role::Older, Role::Newer].map(|role| World::new(role, mutation.one_revision));
        Self { settle: TICK * u32::from(settle), mutation, worlds, answers: RwLock::default() }
    }

    /// How many different questions the planner was asked.
    pub fn calls(&self) -> usize {
        self.answers.read().unwrap().len()
    }

    /// What a process with this memory decides.
    pub fn decide(&self, sight: &Sight, proc: &Proc) -> Decision {
        let mut bits = Bits::default();
        bits.put(sight.role, 1).put(sight.took, 2);
        bits.put(proc.lost, 3).put(proc.lost_age, 3).put(proc.due, 3);
        for index in 0..JOBS {
            bits.put(sight.jobs[index] as u8, 3).put(sight.roles[index], 1);
            bits.put(proc.made[index] as u8, 3);
        }
        if let Some(known) = self.answers.read().unwrap().get(&bits.word) {
            return *known;
        }
        let decision = self.ask(sight, proc);
        self.answers.write().unwrap().insert(bits.word, decision);
        decision
    }

    /// As `Reconciler::look` and `Reconciler::carry_out` do it.
    fn ask(&self, sight: &Sight, proc: &Proc) -> Decision {
        let world = &self.worlds[usize::from(sight.role)];
        let ticks_ago = |ticks: u8| NOW - TICK * u32::from(ticks);
        let look = at(ticks_ago(sight.took), NOW);
        let observed = |phases: &[Phase; JOBS]| {
            let seen = (0..JOBS).filter(|index| phases[*index] != Phase::Nothing).filter(|index| {
                !self.mutation.cancelled_is_nothing
                    || !matches!(phases[*index], Phase::Cancelled | Phase::Ending)
            });
            let jobs = seen.map(|index| {
                let own = self.mutation.own_first && proc.made[index] != Phase::Nothing;
                self.worlds[usize::from(sight.roles[index])].job(index, phases[index], own)
            });
            jobs.collect::<Vec<_>>()
        };
        let observation = |jobs| -> Observation {
            BTreeMap::from([(
                place(),
                Ok(Listing { jobs, date: World::date(), ..Listing::default() }),
            )])
        };

        // The memory that this process has.
        let mut memory = Memory::default();
        for job in observed(&proc.made) {
            memory.made(&job, &job.echo.labels);
        }
        let due = || plan(&world.desired, &observation(Vec::new()), &world.policy);
        if proc.lost != NONE {
            for create in due().creates() {
                memory.lost(create, u64::from(proc.lost), ticks_ago(proc.lost_age));
            }
        }
        if proc.due != NOT_DUE {
            let since = ticks_ago(proc.due);
            memory.withhold(&mut due(), &[], at(since, since), self.settle);
        }

        // The look.
        let mut seen = observation(observed(&sight.jobs));
        memory.complete(&mut seen, look);
        let mut planned = plan(&world.desired, &seen, &world.policy);
        let blind = planned.creates().any(|create| {
            let spec = create.request.labels.get(labels::SPEC);
            let twin = |index: usize| {
                let known = [sight.jobs[index], proc.made[index]];
                known.iter().any(|phase| *phase != Phase::Nothing)
                    && self.worlds[usize::from(sight.roles[index])].spec() == spec
            };
            (0..JOBS).any(twin)
        });
        memory.withhold(&mut planned, &[], look, self.settle);

        // The memory that it leaves, by what it does to an empty listing and
        // to a plan of the same create.
        let next = memory.next(Duration::ZERO).filter(|_| !self.settle.is_zero());
        let mut probe = due();
        memory.clone().withhold(&mut probe, &[], look, Duration::ZERO);
        let mut empty = observation(Vec::new());
        memory.complete(&mut empty, look);
        let kept = empty.into_values().flatten().flat_map(|listing| listing.jobs);
        let mut made = [Phase::Nothing; JOBS];
        for job in kept {
            made[World::index(&job.name)] = World::phase(&job);
        }
        let (cancels, survivor) = cancels(&planned);
        Decision {
            wish: wish(&planned),
            cancels,
            survivor,
            blind,
            made,
            lost: probe.held.iter().any(|h| matches!(h.reason, HoldReason::AmbiguousCreate { .. })),
            due: next.map_or(NOT_DUE, |since| ticks(NOW - since)),
        }
    }

    /// Whether the guard lets a cancel go on after reading its survivor.
    pub fn survives(&self, role: u8, phase: Phase) -> bool {
        survives(&self.worlds[usize::from(role)].job(0, phase, false)).is_ok()
    }

    /// Whether the guard lets a cancel be sent after reading the job.
    pub fn is_cancellable(&self, role: u8, phase: Phase) -> bool {
        let world = &self.worlds[usize::from(role)];
        let job = world.job(0, phase, false);
        let key = world.desired[0].key.clone();
        let cancel =
            Cancel { key, job: job.name.clone(), reason: CancelReason::Stopped, after: None };
        is_cancellable(&cancel, &job).is_ok()
    }
}

fn cancels(plan: &Plan) -> (u8, u8) {
    let mut all = (0, NONE);
    for (nth, cancel) in plan.cancels().enumerate() {
        let survivor = cancel.reason.survivor().map_or(NONE, |job| World::index(job) as u8);
        // The model keeps one survivor for all cancels of a plan.
        assert!(nth == 0 || all.1 == survivor, "{plan:#?}");
        all = (all.0 | 1 << World::index(&cancel.job), survivor);
    }
    all
}

fn wish(plan: &Plan) -> Wish {
    match (plan.actions.first(), plan.held.first().map(|held| &held.reason)) {
        (Some(Action::Create(_)), None) => Wish::Create,
        (Some(Action::Cancel(_)), None) => Wish::Cancel,
        (None, Some(reason)) => match reason {
            HoldReason::Settling { .. } => Wish::Settling,
            HoldReason::AmbiguousCreate { .. } => Wish::Ambiguous,
            HoldReason::Cancelling { .. } => Wish::Cancelling,
            HoldReason::LastRunFailed { .. } => Wish::LastRunFailed,
            HoldReason::LastRunCancelled { .. } => Wish::LastRunCancelled,
            HoldReason::StaleRevision { .. } => Wish::StaleRevision,
            other => panic!("no rule of this model: {other:?}"),
        },
        (None, None) if !plan.in_sync.is_empty() => Wish::InSync,
        (None, None) if !plan.in_flight.is_empty() => Wish::InFlight,
        _ => panic!("a plan of one model that says nothing or two things: {plan:#?}"),
    }
}

/// A look on the monotonic clock; the search has no machine that sleeps unseen.
fn at(began: Duration, ended: Duration) -> Look {
    Look { began, ended, ..Look::at(ended, Timestamp::UNIX_EPOCH) }
}
