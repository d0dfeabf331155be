//! What two runs share, and one of them.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use super::*;
use crate::google::TransportError;

/// A listing shows what is at least this old, here at the latest it may.
const STALE: u64 = 60;

/// Where a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Read,
    List,
    Put,
    Answer,
    Create,
    End,
}

/// What becomes of the request at which a run has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    AnswerLost,
    /// Carried out after its sender has given up, or never.
    Late,
    Refused,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Choice {
    Go(usize, Fate),
    Crash(usize),
    Jump,
    PutArrives(usize),
    CreateArrives(usize),
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) rules_left: (u32, u32),
    pub(super) seconds: u64,
    pub(super) object: Option<(u64, Claim, u64)>,
    pub(super) generation: u64,
    /// When each job was created, and by which run.
    pub(super) jobs: Vec<(u64, u64)>,
    pub(super) late_puts: Vec<(Claim, Expect)>,
    pub(super) late_creates: Vec<u64>,
    pub(super) at: [At; 2],
    pub(super) fate: Fate,
    /// What each run has heard.
    pub(super) heard: [String; 2],
    pub(super) wrong: Option<String>,
}

impl World {
    pub(super) fn put(&mut self, claim: &Claim, expect: Expect) -> PutOutcome {
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

    pub(super) fn create(&mut self, run: u64) {
        self.jobs.push((self.seconds, run));
        if self.jobs.len() > 1 {
            self.wrong = Some(format!("paid for {} times", self.jobs.len()));
        }
    }

    pub(super) fn choices(&self) -> Vec<Choice> {
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
pub(super) struct Actor {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) clock: HandClock,
    pub(super) id: usize,
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

    pub(super) async fn passes(self, rules: Rules) {
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
