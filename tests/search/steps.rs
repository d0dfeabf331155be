//! What one step of one process does.

use retune::apply::AMBIGUOUS;

use super::claim::takeover;
use super::decide::{Sight, Wish, ticks};
use super::model::{Fate, Search};
use super::state::{
    Faults, GONE, JOBS, Job, NONE, NOT_DUE, Pc, Phase, Proc, Says, Seen, State, Wrong,
};

impl Search {
    /// A list whose first page was asked for `took` ticks ago shows everything
    /// that is at least this old.
    pub fn shown_after(&self, took: u8) -> u8 {
        self.bounds.stale + took
    }

    /// Everything is shown as it is from this age on, whatever the listing took.
    pub fn cap(&self) -> u8 {
        self.bounds.stale + self.bounds.list
    }

    /// One tick of time; none while something is due that cannot take longer.
    pub fn tick(&self, state: &State) -> Option<State> {
        let mut next = *state;
        let cap = self.cap();
        let up = |age: &mut u8, cap: u8| *age = (*age + 1).min(cap);
        for job in &mut next.jobs {
            match job.phase {
                Phase::Nothing => {}
                Phase::Flying if job.age >= self.bounds.delay => return None,
                Phase::Flying => job.age += 1,
                Phase::Active => up(&mut job.age, cap),
                Phase::Ending => {
                    up(&mut job.age, cap);
                    up(&mut job.left_active, cap);
                }
                Phase::Good | Phase::Bad | Phase::Cancelled => {
                    up(&mut job.age, cap);
                    up(&mut job.left_active, cap);
                    if job.was_ending {
                        up(&mut job.left_ending, cap);
                    }
                }
            }
        }
        for proc in &mut next.procs {
            match proc.pc {
                Pc::Listing if proc.age >= self.bounds.list => return None,
                Pc::Sent if proc.age >= self.bounds.answer => return None,
                Pc::Listing | Pc::Sent => proc.age += 1,
                // Somebody who sleeps does not know how long.
                Pc::Armed | Pc::ReadBack => {
                    if let Some(pause) = self.bounds.pause {
                        up(&mut proc.age, pause + 1);
                    }
                }
                _ => {}
            }
            if proc.lost != NONE {
                up(&mut proc.lost_age, ticks(AMBIGUOUS) + self.bounds.list);
            }
            if proc.due != NOT_DUE {
                up(&mut proc.due, self.bounds.settle + self.bounds.list);
            }
        }
        for claim in &mut next.claims {
            if claim.says == Says::Pending {
                up(&mut claim.age, takeover());
            }
        }
        Some(next)
    }

    /// A listing ends, and the process decides.
    pub fn look(&self, state: &mut State, p: usize, seen: [Phase; JOBS]) {
        let proc = state.procs[p];
        let took = if proc.pc == Pc::Listing { proc.age } else { 0 };
        let sight = Sight {
            role: self.bounds.roles[p],
            took,
            jobs: seen,
            roles: state.jobs.map(|job| if job.landed() { job.role } else { 0 }),
        };
        let decision = self.real.decide(&sight, &proc);
        let next = &mut state.procs[p];
        next.idle();
        next.made = decision.made;
        next.due = decision.due;
        if !decision.lost {
            (next.lost, next.lost_age) = (NONE, 0);
        }
        if decision.blind {
            state.wrong = Wrong::BlindCreate;
        }
        match decision.wish {
            Wish::Create => {
                next.cancels = decision.cancels;
                next.seen = proc.seen;
                next.pc = match (self.bounds.claims, self.mutation.list_first) {
                    (false, _) => Pc::Armed,
                    (true, true) => Pc::Read,
                    (true, false) if proc.seen == Seen::No => Pc::Idle,
                    (true, false) => Pc::ToPut,
                };
                if next.pc == Pc::Idle {
                    next.idle();
                }
            }
            Wish::Cancel => {
                (next.cancels, next.survivor) = (decision.cancels, decision.survivor);
                self.next_cancel(state, p);
            }
            _ => {}
        }
    }

    /// Goes on to the next job to cancel, or to the next look.
    fn next_cancel(&self, state: &mut State, p: usize) {
        let proc = &mut state.procs[p];
        if proc.cancels == 0 {
            proc.idle();
            return;
        }
        proc.target = proc.cancels.trailing_zeros() as u8;
        proc.cancels &= proc.cancels - 1;
        (proc.age, proc.seen, proc.mine) = (0, Seen::No, false);
        proc.pc = if proc.survivor == NONE { Pc::GetJob } else { Pc::GetSurvivor };
        if self.mutation.no_guard {
            proc.pc = Pc::Cancel;
            let survivor = state.jobs.get(usize::from(proc.survivor));
            proc.doubt =
                survivor.is_some_and(|job| !matches!(job.phase, Phase::Active | Phase::Good));
        }
    }

    pub fn get_survivor(&self, state: &mut State, p: usize) {
        let job = state.jobs[usize::from(state.procs[p].survivor)];
        if self.real.survives(job.role, job.phase) {
            state.procs[p].pc = Pc::GetJob;
            let good = matches!(job.phase, Phase::Active | Phase::Good);
            state.procs[p].doubt = !good;
        } else {
            self.next_cancel(state, p);
        }
    }

    pub fn get_job(&self, state: &mut State, p: usize) {
        let job = state.jobs[usize::from(state.procs[p].target)];
        if self.real.is_cancellable(job.role, job.phase) {
            state.procs[p].pc = Pc::Cancel;
            state.procs[p].doubt |= job.phase != Phase::Active;
        } else {
            self.next_cancel(state, p);
        }
    }

    /// The cancel is sent; the service takes it while the run is active.
    pub fn cancel(&self, state: &mut State, p: usize) {
        let target = usize::from(state.procs[p].target);
        let job = state.jobs[target];
        if job.phase == Phase::Active {
            if state.procs[p].doubt {
                state.wrong = Wrong::Unvouched;
            } else if job.role > self.bounds.roles[p] {
                state.wrong = Wrong::NewerCancelled;
            } else if !self.survived(state, target) {
                state.wrong = Wrong::NoSurvivor;
            }
            state.jobs[target].phase = Phase::Ending;
            (state.jobs[target].was_ending, state.jobs[target].left_active) = (true, 0);
        }
        state.procs[p].doubt = false;
        self.next_cancel(state, p);
    }

    /// Whether something takes the place of a job that is cancelled: an older
    /// or good run of its spec, or one of a newer revision. Where runs fail or
    /// people cancel, a survivor may end between the look at it and the cancel:
    /// the price of no transaction, and not judged.
    fn survived(&self, state: &State, target: usize) -> bool {
        let job = state.jobs[target];
        let Faults { failures, humans, .. } = self.bounds.faults;
        if state.left.failures < failures || state.left.humans < humans {
            return true;
        }
        state.jobs.iter().enumerate().any(|(index, other)| {
            let lives = matches!(other.phase, Phase::Active | Phase::Good);
            let older = index < target || other.phase == Phase::Good;
            let counts = other.role > job.role || (other.role == job.role && older);
            index != target && lives && counts
        })
    }

    /// The first byte of a create.
    pub fn send(&self, state: &mut State, p: usize) {
        let proc = &mut state.procs[p];
        let Some(slot) = state.jobs.iter().position(|job| job.phase == Phase::Nothing) else {
            state.wrong = Wrong::PaidTwice;
            return;
        };
        let role = self.bounds.roles[p];
        state.jobs[slot] = Job { phase: Phase::Flying, role, ..Job::NOTHING };
        (proc.pc, proc.age, proc.target, proc.seen) = (Pc::Sent, 0, slot as u8, Seen::No);
    }

    /// A create is carried out: its job is the newest.
    pub fn land(&self, state: &mut State, slot: usize) {
        let newest = state.landed();
        swap(state, slot, newest);
        state.jobs[newest] = Job { phase: Phase::Active, age: 0, ..state.jobs[newest] };
        let role = state.jobs[newest].role;
        let same = state.jobs.iter().filter(|job| job.landed() && job.role == role).count();
        if same > usize::from(self.bounds.most) {
            state.wrong = Wrong::PaidTwice;
        }
    }

    /// The process that waits for the answer to this create.
    pub fn waits(state: &State, slot: usize) -> Option<usize> {
        let waits = |proc: &Proc| proc.pc == Pc::Sent && usize::from(proc.target) == slot;
        state.procs.iter().position(waits)
    }

    /// A create never becomes a job.
    pub fn vanish(&self, state: &mut State, slot: usize) {
        if let Some(p) = Self::waits(state, slot) {
            self.unanswered(state, p);
        }
        for proc in &mut state.procs {
            if usize::from(proc.lost) == slot {
                proc.lost = GONE;
            }
        }
        let last = state.jobs.iter().rposition(|job| job.phase == Phase::Flying).unwrap_or(slot);
        swap(state, slot, last);
        state.jobs[last] = Job::NOTHING;
    }

    /// The client gives up waiting; what follows the create is not done.
    pub fn unanswered(&self, state: &mut State, p: usize) {
        let proc = &mut state.procs[p];
        if !self.mutation.forget_lost {
            (proc.lost, proc.lost_age) = (proc.target, proc.age);
        }
        proc.idle();
    }

    /// The create is answered with its job.
    pub fn reply(&self, state: &mut State, p: usize) {
        let proc = &mut state.procs[p];
        proc.made[usize::from(proc.target)] = Phase::Active;
        (proc.pc, proc.age) = (Pc::Record, 0);
        if !self.bounds.claims {
            self.next_cancel(state, p);
        }
    }

    /// The service says no.
    pub fn refuse(&self, state: &mut State, p: usize) {
        let slot = usize::from(state.procs[p].target);
        self.give_up(state, p);
        self.vanish(state, slot);
    }

    /// Nothing was created: the claim is given back.
    pub fn give_up(&self, state: &mut State, p: usize) {
        state.release(p, self.bounds.roles());
        state.procs[p].idle();
    }

    /// The claim is to say that the job exists.
    pub fn record(&self, state: &mut State, p: usize, written: bool) {
        let Proc { mine, target, .. } = state.procs[p];
        if written && mine {
            state.write_claim(p, self.bounds.roles(), Says::Done, target);
        }
        self.next_cancel(state, p);
    }

    /// The claim is read, as it is at this moment, for a new attempt.
    pub fn read_claim(&self, state: &mut State, p: usize) {
        let claim = state.claims[usize::from(self.bounds.roles[p])];
        let free = claim.may_be_taken(self.mutation);
        let after_listing = state.procs[p].pc == Pc::Read;
        let cancels = state.procs[p].cancels;
        state.procs[p].idle();
        let proc = &mut state.procs[p];
        proc.seen = if free { Seen::Valid } else { Seen::No };
        proc.pc = Pc::Read;
        if after_listing {
            (proc.pc, proc.cancels) = (Pc::ToPut, cancels);
            if !free {
                proc.idle();
            }
        }
    }

    pub fn put_claim(&self, state: &mut State, p: usize, fate: Fate) {
        let valid = state.procs[p].seen == Seen::Valid;
        if valid && fate != Fate::Late {
            state.write_claim(p, self.bounds.roles(), Says::Pending, NONE);
            (state.procs[p].mine, state.procs[p].late) = (true, 0);
        }
        let proc = &mut state.procs[p];
        if valid && fate == Fate::Late {
            proc.late = 1;
        }
        (proc.age, proc.seen) = (0, Seen::No);
        proc.pc = if valid && fate == Fate::Fine { Pc::Armed } else { Pc::ReadBack };
    }

    pub fn read_back(&self, state: &mut State, p: usize) {
        let claim = state.claims[usize::from(self.bounds.roles[p])];
        let proc = &mut state.procs[p];
        if claim.is_ours(proc.mine) {
            proc.pc = Pc::Armed;
        } else {
            proc.idle();
        }
    }
}

/// Swaps two creates that are no jobs yet, and what refers to them.
fn swap(state: &mut State, a: usize, b: usize) {
    if a == b {
        return;
    }
    state.jobs.swap(a, b);
    let renamed = |index: u8| match usize::from(index) {
        old if old == a => b as u8,
        old if old == b => a as u8,
        _ => index,
    };
    for proc in &mut state.procs {
        if proc.pc == Pc::Sent {
            proc.target = renamed(proc.target);
        }
        proc.lost = renamed(proc.lost);
    }
}
