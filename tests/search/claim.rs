//! The real decisions about a claim, and the model of its object.

use std::time::Duration;

use jiff::Timestamp;
use retune::claims::{
    Claim as RealClaim, ClaimState, Expect, Held, Next, Settled, TAKEOVER, next, settle_put,
};

use super::decide::{Mutation, TICK, ticks};
use super::state::{Claim, NONE, Pc, Says, Seen, State};

/// After how many ticks a pending claim is taken over.
pub fn takeover() -> u8 {
    ticks(TAKEOVER)
}

impl Claim {
    pub const ABSENT: Self = Self { says: Says::Absent, age: 0, job: NONE };

    /// The object as a read answers it, with the run id that is in it.
    fn held(&self, run: u64) -> Option<Held> {
        let job = format!("projects/42/locations/us-central1/tuningJobs/{}", self.job);
        let pending = RealClaim::pending(run, "ci", 1);
        let state = match self.says {
            Says::Absent => return None,
            Says::Pending => ClaimState::Pending,
            Says::Done => ClaimState::Done { job: job.parse().unwrap() },
            Says::Released => ClaimState::Released,
        };
        let updated = Timestamp::from_second(1_800_000_000).unwrap();
        Some(Held {
            claim: RealClaim { state, ..pending },
            generation: 7,
            updated,
            date: updated + TICK * u32::from(self.age),
        })
    }

    /// Whether it may be taken, as it is.
    pub fn may_be_taken(&self, mutation: Mutation) -> bool {
        let wait = match mutation {
            Mutation { hasty_takeover: true, .. } => TAKEOVER - TICK,
            Mutation { no_takeover: true, .. } => Duration::MAX,
            _ => TAKEOVER,
        };
        match next(self.held(0).as_ref(), wait) {
            Next::Take(expect) => {
                // What it has to be is what it is.
                let there =
                    self.held(0).map_or(Expect::Absent, |held| Expect::Generation(held.generation));
                assert_eq!(expect, there);
                true
            }
            Next::WaitElsewhere { .. } | Next::Done { .. } => false,
        }
    }

    /// Whether a write that was not answered is there.
    pub fn is_ours(&self, mine: bool) -> bool {
        let there = self.held(if mine { 1 } else { 2 });
        matches!(settle_put(there.as_ref(), 1), Settled::Ours { .. })
    }
}

impl State {
    /// Process `p` writes the claim of its spec, on a condition that holds: the
    /// object is another one from then on, so that what others expect no longer
    /// does.
    pub fn write_claim(&mut self, p: usize, roles: &[u8], says: Says, job: u8) {
        for (other, role) in roles.iter().enumerate() {
            if *role != roles[p] || other == p {
                continue;
            }
            let proc = &mut self.procs[other];
            if proc.seen == Seen::Valid {
                proc.seen = Seen::Stale;
            }
            proc.mine = false;
            proc.late = 0;
        }
        self.claims[usize::from(roles[p])] = Claim { says, age: 0, job };
    }

    /// Gives the claim back if it is still this process's.
    pub fn release(&mut self, p: usize, roles: &[u8]) {
        if self.procs[p].mine {
            self.write_claim(p, roles, Says::Released, NONE);
            self.procs[p].late = 0;
        }
    }

    /// A write of the claim whose sender was not answered arrives after all.
    pub fn late_claim(&mut self, p: usize, roles: &[u8]) {
        self.write_claim(p, roles, Says::Pending, NONE);
        let proc = &mut self.procs[p];
        if proc.late == 1 && proc.pc == Pc::ReadBack {
            proc.mine = true;
        } else if proc.seen == Seen::Valid {
            proc.seen = Seen::Stale;
        }
        proc.late = 0;
    }
}
