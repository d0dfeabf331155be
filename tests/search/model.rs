//! What can happen next: Stateright's `Model`, which both checkers walk.

use stateright::{Model, Property};

use super::claim::takeover;
use super::decide::{Mutation, Real};
use super::state::{
    Claim, JOBS, Job, NONE, NOT_DUE, PROCS, Packed, Pc, Phase, Proc, Says, Seen, State, Wrong,
};
use super::variants::Bounds;

/// What becomes of a write of the claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Fine,
    /// It happens; the answer is lost.
    AnswerLost,
    /// The answer is lost, and it may happen later or never.
    Late,
}

/// One step of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Tick,
    /// A create is carried out.
    Land(usize),
    /// A create never will be.
    Vanish(usize),
    Succeed(usize),
    /// A run succeeds although its cancel was accepted.
    Slip(usize),
    Fail(usize),
    /// A cancel takes effect.
    End(usize),
    /// A person cancels a run.
    Human(usize),
    BeginList(usize),
    /// A listing ends, having shown this.
    Look(usize, [Phase; JOBS]),
    ReadClaim(usize),
    PutClaim(usize, Fate),
    LateClaim(usize),
    ReadBack(usize),
    Send(usize),
    /// The look is too old by now.
    TooLate(usize),
    Reply(usize),
    /// The create's answer is lost.
    Unanswered(usize),
    Refuse(usize),
    /// The claim is to say that the job exists; whether it does.
    Record(usize, bool),
    GetSurvivor(usize),
    GetJob(usize),
    Cancel(usize),
    /// The memory is lost; whether it starts again.
    Crash(usize, bool),
}

impl Step {
    /// Whether it is something that goes wrong: from any state, all must come
    /// right without.
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Vanish(_)
            | Self::Slip(_)
            | Self::Fail(_)
            | Self::Human(_)
            | Self::Unanswered(_)
            | Self::Refuse(_)
            | Self::Crash(..) => true,
            Self::PutClaim(_, fate) => *fate != Fate::Fine,
            Self::Record(_, written) => !written,
            _ => false,
        }
    }

    /// Whether it asks the service to change something.
    pub fn is_write(&self) -> bool {
        matches!(self, Self::Send(_) | Self::Cancel(_))
    }
}

/// A variant as it is searched.
pub struct Search {
    pub bounds: Bounds,
    pub mutation: Mutation,
    pub real: Real,
}

impl Search {
    pub fn new(bounds: Bounds, mutation: Mutation) -> Self {
        let real = Real::new(if bounds.claims { 0 } else { bounds.settle }, mutation);
        Self { bounds, mutation, real }
    }

    fn fault_steps(&self, state: &State, steps: &mut Vec<Step>) {
        let left = state.left;
        for (index, job) in state.jobs.iter().enumerate() {
            match job.phase {
                Phase::Flying if left.drops > 0 => steps.push(Step::Vanish(index)),
                Phase::Active => {
                    if left.failures > 0 {
                        steps.push(Step::Fail(index));
                    }
                    if left.humans > 0 {
                        steps.push(Step::Human(index));
                    }
                }
                Phase::Ending if left.slips > 0 => steps.push(Step::Slip(index)),
                _ => {}
            }
        }
        for (p, proc) in self.procs(state) {
            if left.crashes > 0 && proc.pc != Pc::Dead {
                steps.push(Step::Crash(p, true));
                // Somebody has to be left, or nothing comes right again.
                let mut others = self.procs(state).filter(|(other, _)| *other != p);
                if self.bounds.deaths && others.any(|(_, other)| other.pc != Pc::Dead) {
                    steps.push(Step::Crash(p, false));
                }
            }
            if proc.pc == Pc::Sent {
                let flying = state.jobs[usize::from(proc.target)].phase == Phase::Flying;
                if left.losses > 0 {
                    steps.push(Step::Unanswered(p));
                }
                if left.refusals > 0 && flying {
                    steps.push(Step::Refuse(p));
                }
            }
            if left.losses > 0 && proc.pc == Pc::ToPut {
                steps.push(Step::PutClaim(p, Fate::AnswerLost));
                if proc.seen == Seen::Valid {
                    steps.push(Step::PutClaim(p, Fate::Late));
                }
            }
            if left.losses > 0 && proc.pc == Pc::Record {
                steps.push(Step::Record(p, false));
            }
        }
    }

    fn process_steps(&self, state: &State, p: usize, proc: &Proc, steps: &mut Vec<Step>) {
        let late = self.bounds.pause.is_some_and(|pause| proc.age > pause);
        match proc.pc {
            Pc::Dead => {}
            Pc::Idle if self.bounds.claims && !self.mutation.list_first => {
                steps.push(Step::ReadClaim(p));
            }
            Pc::Read if self.mutation.list_first => steps.push(Step::ReadClaim(p)),
            Pc::Idle | Pc::Read if self.bounds.list > 0 => steps.push(Step::BeginList(p)),
            Pc::Idle | Pc::Read => self.looks(state, p, 0, steps),
            Pc::Listing => self.looks(state, p, proc.age, steps),
            Pc::ToPut => steps.push(Step::PutClaim(p, Fate::Fine)),
            Pc::ReadBack => steps.push(Step::ReadBack(p)),
            Pc::Armed if late => steps.push(Step::TooLate(p)),
            Pc::Armed => steps.push(Step::Send(p)),
            Pc::Sent if state.jobs[usize::from(proc.target)].landed() => {
                steps.push(Step::Reply(p));
            }
            Pc::Sent => {}
            Pc::Record => steps.push(Step::Record(p, true)),
            Pc::GetSurvivor => steps.push(Step::GetSurvivor(p)),
            Pc::GetJob => steps.push(Step::GetJob(p)),
            Pc::Cancel => steps.push(Step::Cancel(p)),
        }
        if proc.late > 0 {
            steps.push(Step::LateClaim(p));
        }
    }

    /// Everything that a listing may show: a job that is younger than the
    /// staleness may be missing, a change that is younger may be.
    fn looks(&self, state: &State, p: usize, took: u8, steps: &mut Vec<Step>) {
        let shown = self.shown_after(took);
        let mut all = vec![[Phase::Nothing; JOBS]];
        for (index, job) in state.jobs.iter().enumerate().filter(|(_, job)| job.landed()) {
            let mut seen = vec![job.phase];
            if job.age < shown {
                seen.push(Phase::Nothing);
            }
            if job.phase != Phase::Active && job.left_active < shown {
                seen.push(Phase::Active);
            }
            if job.was_ending && job.phase != Phase::Ending && job.left_ending < shown {
                seen.push(Phase::Ending);
            }
            let more = all.iter().flat_map(|view| {
                seen.iter().map(move |phase| {
                    let mut view = *view;
                    view[index] = *phase;
                    view
                })
            });
            all = more.collect();
        }
        steps.extend(all.into_iter().map(|view| Step::Look(p, view)));
    }

    /// The processes of this variant.
    pub fn procs<'a>(&self, state: &'a State) -> impl Iterator<Item = (usize, &'a Proc)> {
        state.procs.iter().enumerate().take(self.bounds.procs)
    }

    /// The state after a step.
    pub fn after(&self, state: &State, step: Step) -> Option<State> {
        let mut next = *state;
        match step {
            Step::Tick => next = self.tick(state)?,
            Step::Land(slot) => self.land(&mut next, slot),
            Step::Vanish(slot) => {
                self.vanish(&mut next, slot);
                next.left.drops -= 1;
            }
            Step::Succeed(job) => next.jobs[job].end(Phase::Good),
            Step::Slip(job) => {
                next.jobs[job].end(Phase::Good);
                next.left.slips -= 1;
            }
            Step::Fail(job) => {
                next.jobs[job].end(Phase::Bad);
                next.left.failures -= 1;
            }
            Step::End(job) => next.jobs[job].end(Phase::Cancelled),
            Step::Human(job) => {
                next.jobs[job].end(Phase::Ending);
                next.left.humans -= 1;
            }
            Step::BeginList(p) => (next.procs[p].pc, next.procs[p].age) = (Pc::Listing, 0),
            Step::Look(p, seen) => self.look(&mut next, p, seen),
            Step::ReadClaim(p) => self.read_claim(&mut next, p),
            Step::PutClaim(p, fate) => {
                self.put_claim(&mut next, p, fate);
                next.left.losses -= u8::from(fate != Fate::Fine);
            }
            Step::LateClaim(p) => next.late_claim(p, self.bounds.roles()),
            Step::ReadBack(p) => self.read_back(&mut next, p),
            Step::Send(p) => self.send(&mut next, p),
            Step::TooLate(p) => self.give_up(&mut next, p),
            Step::Reply(p) => self.reply(&mut next, p),
            Step::Unanswered(p) => {
                self.unanswered(&mut next, p);
                next.left.losses -= 1;
            }
            Step::Refuse(p) => {
                self.refuse(&mut next, p);
                next.left.refusals -= 1;
            }
            Step::Record(p, written) => {
                self.record(&mut next, p, written);
                next.left.losses -= u8::from(!written);
            }
            Step::GetSurvivor(p) => self.get_survivor(&mut next, p),
            Step::GetJob(p) => self.get_job(&mut next, p),
            Step::Cancel(p) => self.cancel(&mut next, p),
            Step::Crash(p, again) => {
                let late = if next.procs[p].late > 0 { 2 } else { 0 };
                let pc = if again { Pc::Idle } else { Pc::Dead };
                next.procs[p] = Proc { pc, late, ..Proc::NEW };
                next.left.crashes -= 1;
                // What was not under way was not interrupted.
                if again && next.procs[p] == state.procs[p] {
                    return None;
                }
            }
        }
        next.forget_what_is_always_shown(self.cap());
        if self.bounds.alike {
            let roles = self.bounds.roles();
            let mut from = 0;
            for same in roles.chunk_by(|a, b| a == b) {
                next.procs[from..from + same.len()].sort_by_key(Proc::pack);
                from += same.len();
            }
        }
        Some(next)
    }

    /// Everything that can happen in this state.
    pub fn steps(&self, state: &State, steps: &mut Vec<Step>) {
        if state.wrong != Wrong::Nothing {
            return;
        }
        steps.push(Step::Tick);
        for (index, job) in state.jobs.iter().enumerate() {
            match job.phase {
                Phase::Flying => steps.push(Step::Land(index)),
                Phase::Active => steps.push(Step::Succeed(index)),
                Phase::Ending => steps.push(Step::End(index)),
                _ => {}
            }
        }
        for (p, proc) in self.procs(state) {
            self.process_steps(state, p, proc, steps);
        }
        self.fault_steps(state, steps);
    }

    pub fn first(&self) -> State {
        State {
            jobs: [Job::NOTHING; JOBS],
            procs: [Proc::NEW; PROCS],
            claims: [Claim::ABSENT; 2],
            left: self.bounds.faults,
            wrong: Wrong::Nothing,
        }
    }

    /// Nothing is under way, and nothing that was forgotten can still arrive.
    pub fn is_at_rest(&self, state: &State) -> bool {
        let calm = |proc: &Proc| {
            matches!(proc.pc, Pc::Idle | Pc::Dead)
                && proc.late == 0
                && proc.lost == NONE
                && proc.due == NOT_DUE
        };
        state.procs.iter().all(calm)
            && state.jobs.iter().all(|job| job.is_settled(self.cap()))
            && state.claims.iter().all(|c| c.says != Says::Pending || c.age == takeover())
    }
}

impl Job {
    /// The job comes to another phase.
    fn end(&mut self, phase: Phase) {
        match self.phase {
            Phase::Active => self.left_active = 0,
            _ => self.left_ending = 0,
        }
        self.was_ending |= phase == Phase::Ending;
        self.phase = phase;
    }

    /// Every listing shows it as it is, and it goes nowhere but to its end.
    fn is_settled(&self, cap: u8) -> bool {
        match self.phase {
            Phase::Nothing => true,
            Phase::Flying | Phase::Ending => false,
            Phase::Active => self.age >= cap,
            Phase::Good | Phase::Bad | Phase::Cancelled => {
                let shown = !self.was_ending || self.left_ending >= cap;
                self.age >= cap && self.left_active >= cap && shown
            }
        }
    }
}

impl State {
    /// A job that every listing shows needs no memory: states that differ in
    /// that alone have the same future.
    fn forget_what_is_always_shown(&mut self, cap: u8) {
        for (index, job) in self.jobs.iter().enumerate() {
            if job.landed() && job.age >= cap {
                self.procs.iter_mut().for_each(|proc| proc.made[index] = Phase::Nothing);
            }
        }
    }
}

impl Model for Search {
    type State = Packed;
    type Action = Step;

    fn init_states(&self) -> Vec<Packed> {
        vec![self.first().pack()]
    }

    fn actions(&self, state: &Packed, actions: &mut Vec<Step>) {
        self.steps(&State::unpack(state), actions);
    }

    fn next_state(&self, state: &Packed, step: Step) -> Option<Packed> {
        let next = self.after(&State::unpack(state), step)?.pack();
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("nothing is wrong", |_, state| {
            State::unpack(state).wrong == Wrong::Nothing
        })]
    }
}
