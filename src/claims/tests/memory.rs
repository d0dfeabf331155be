//! A store of one claim in memory, and a clock that is moved by hand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;

use super::*;
use crate::clock::Clock;
use crate::google::TransportError;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is carried out and answered.
    Fine,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is lost on the way.
    RequestLost,
    /// There is no connection.
    Unreachable,
    /// What is there is not a claim.
    Foreign,
}

#[derive(Default)]
struct State {
    object: Option<(u64, Claim, Timestamp)>,
    generation: u64,
    fates: VecDeque<Fate>,
    reads: usize,
    puts: usize,
}

/// A bucket with at most one claim in it.
#[derive(Clone)]
pub(super) struct Memory {
    state: Arc<Mutex<State>>,
    clock: HandClock,
}

impl Memory {
    /// An empty one, whose server has this clock.
    pub(super) fn new(clock: &HandClock) -> Self {
        Self { state: Arc::default(), clock: clock.clone() }
    }

    /// What becomes of the next requests; after them, all is fine.
    pub(super) fn fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state.lock().unwrap().fates = fates.into_iter().collect();
    }

    /// Reads and writes that have arrived or were tried.
    pub(super) fn requests(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        (state.reads, state.puts)
    }

    /// What is there.
    pub(super) fn claim(&self) -> Option<Claim> {
        self.state.lock().unwrap().object.as_ref().map(|(_, claim, _)| claim.clone())
    }

    /// A write that was taken for lost arrives.
    pub(super) fn arrives(&self, claim: &Claim, expect: Expect) -> PutOutcome {
        self.state.lock().unwrap().put(claim, expect, self.clock.now())
    }
}

impl State {
    fn put(&mut self, claim: &Claim, expect: Expect, now: Timestamp) -> PutOutcome {
        let there = self.object.as_ref().map_or(Expect::Absent, |o| Expect::Generation(o.0));
        if there != expect {
            return PutOutcome::Conflict;
        }
        self.generation += 1;
        self.object = Some((self.generation, claim.clone(), now));
        PutOutcome::Written { generation: self.generation }
    }
}

fn unreachable() -> ClaimError {
    let bucket = "gs://acme".parse().unwrap();
    ClaimError::Unreachable { bucket, host: "store".into(), source: TransportError::TimedOut }
}

impl ClaimStore for Memory {
    async fn read(&self, path: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        let mut state = self.state.lock().unwrap();
        state.reads += 1;
        match state.fates.pop_front().unwrap_or(Fate::Fine) {
            Fate::Fine => {}
            Fate::Foreign => {
                let (bucket, object) = ("gs://acme".parse().unwrap(), path.to_string());
                let why = Malformed::Field("run");
                return Err(ClaimError::Foreign { bucket, object, why });
            }
            Fate::AnswerLost | Fate::RequestLost | Fate::Unreachable => return Err(unreachable()),
        }
        let date = self.clock.now();
        let object = state.object.clone();
        Ok(object.map(|(generation, claim, updated)| Held { claim, generation, updated, date }))
    }

    async fn put(&self, _: &ClaimPath, claim: &Claim, expect: Expect) -> PutOutcome {
        let mut state = self.state.lock().unwrap();
        state.puts += 1;
        let lost = || PutOutcome::Unknown(Untrusted::new("no answer in time"));
        match state.fates.pop_front().unwrap_or(Fate::Fine) {
            Fate::Fine | Fate::Foreign => state.put(claim, expect, self.clock.now()),
            Fate::AnswerLost => {
                state.put(claim, expect, self.clock.now());
                lost()
            }
            Fate::RequestLost => lost(),
            Fate::Unreachable => PutOutcome::Refused(unreachable()),
        }
    }
}

/// Time stands still until a test moves it.
#[derive(Clone)]
pub(super) struct HandClock(Arc<Mutex<(Timestamp, Duration)>>);

impl HandClock {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(("2026-11-22T12:00:00Z".parse().unwrap(), Duration::ZERO))))
    }

    /// Time passes.
    pub(super) fn forward(&self, seconds: u64) {
        self.0.lock().unwrap().1 += Duration::from_secs(seconds);
        self.turned(i64::try_from(seconds).unwrap());
    }

    /// The wall clock is set, or the machine has slept.
    pub(super) fn turned(&self, seconds: i64) {
        self.0.lock().unwrap().0 += SignedDuration::from_secs(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    async fn sleep(&self, _: Duration) {
        panic!("no claim waits");
    }
}
