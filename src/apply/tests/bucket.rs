//! A bucket of claims in memory, which logs its requests beside the service's.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

use super::service::Service;
use crate::claims::{
    Claim, ClaimError, ClaimPath, ClaimState, ClaimStore, Expect, Held, PutOutcome,
};
use crate::google::TransportError;
use crate::model::Untrusted;

/// What is wrong with the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Reads and writes fail.
    Down,
    /// Writes fail.
    ReadOnly,
    /// Writes are lost, and nobody says so.
    LosesWrites,
    /// A write takes longer than a look stays fresh.
    Slow,
    /// Somebody else is always quicker, and leaves nothing behind.
    Contended,
}

/// One bucket, on the service's clock.
pub(super) struct Bucket<'a> {
    service: &'a Service,
    objects: Mutex<BTreeMap<ClaimPath, (u64, Claim, Timestamp)>>,
    pub(super) wrong: Mutex<Option<Wrong>>,
}

impl<'a> Bucket<'a> {
    pub(super) fn new(service: &'a Service) -> Self {
        Self { service, objects: Mutex::default(), wrong: Mutex::default() }
    }

    pub(super) fn is(self, wrong: Wrong) -> Self {
        *self.wrong.lock().unwrap() = Some(wrong);
        self
    }

    /// How far the only claim is.
    pub(super) fn state(&self) -> Option<ClaimState> {
        let objects = self.objects.lock().unwrap();
        assert!(objects.len() < 2);
        objects.values().next().map(|(_, claim, _)| claim.state.clone())
    }

    fn date(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + *self.service.now.lock().unwrap()
    }
}

fn down() -> ClaimError {
    let bucket = "gs://acme".parse().unwrap();
    ClaimError::Unreachable { bucket, host: "store".into(), source: TransportError::TimedOut }
}

impl ClaimStore for Bucket<'_> {
    async fn read(&self, path: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        self.service.log.lock().unwrap().push("read claim".to_owned());
        if *self.wrong.lock().unwrap() == Some(Wrong::Down) {
            return Err(down());
        }
        let date = self.date();
        let object = self.objects.lock().unwrap().get(path).cloned();
        Ok(object.map(|(generation, claim, updated)| Held { claim, generation, updated, date }))
    }

    async fn put(&self, path: &ClaimPath, claim: &Claim, expect: Expect) -> PutOutcome {
        let state = match claim.state {
            ClaimState::Pending => "pending",
            ClaimState::Done { .. } => "done",
            ClaimState::Released => "released",
        };
        self.service.log.lock().unwrap().push(format!("claim {state}"));
        match *self.wrong.lock().unwrap() {
            Some(Wrong::LosesWrites) => return PutOutcome::Unknown(Untrusted::new("timed out")),
            Some(Wrong::Contended) => return PutOutcome::Conflict,
            Some(Wrong::Slow) => *self.service.now.lock().unwrap() += Duration::from_secs(6),
            Some(Wrong::Down | Wrong::ReadOnly) => return PutOutcome::Refused(down()),
            None => {}
        }
        let mut objects = self.objects.lock().unwrap();
        let there = objects.get(path).map_or(Expect::Absent, |o| Expect::Generation(o.0));
        if there != expect {
            return PutOutcome::Conflict;
        }
        let generation = objects.get(path).map_or(1, |object| object.0 + 1);
        objects.insert(path.clone(), (generation, claim.clone(), self.date()));
        PutOutcome::Written { generation }
    }
}
