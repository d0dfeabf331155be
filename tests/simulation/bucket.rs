//! The bucket of the claims: strongly consistent objects with a generation and
//! the server's time of each writing; requests that are lost, carried out
//! without an answer or after their sender has gone, and refused.

use std::collections::BTreeMap;

use retune::claims::{
    Claim, ClaimError, ClaimPath, ClaimState, ClaimStore, Expect, Held, PutOutcome, TAKEOVER,
};
use retune::model::Untrusted;

use crate::checks::holding;
use crate::connection::Connection;
use crate::job::timestamp;
use crate::runtime::Millis;
use crate::world::World;

#[derive(Debug)]
struct Object {
    claim: Claim,
    generation: u64,
    /// By the clock of the machine that wrote it.
    updated: Millis,
    /// When it really was written.
    written: Millis,
    /// Since when somebody who wants it may take it over.
    free_since: Option<Millis>,
}

/// A write on its way.
struct Late {
    applies: Millis,
    path: String,
    claim: Claim,
    expect: Expect,
}

#[derive(Default)]
pub struct Bucket {
    objects: BTreeMap<String, Object>,
    late: Vec<Late>,
    generation: u64,
    /// How often a pending claim was taken from its holder, by path.
    pub takeovers: BTreeMap<String, u64>,
    /// From when on nothing goes wrong.
    pub healing: Option<Millis>,
}

impl Bucket {
    fn write(
        &mut self,
        now: Millis,
        skewed: Millis,
        path: &str,
        claim: &Claim,
        expect: Expect,
    ) -> PutOutcome {
        let there = self.objects.get(path);
        let found = there.map_or(Expect::Absent, |object| Expect::Generation(object.generation));
        if found != expect {
            return PutOutcome::Conflict;
        }
        if there.is_some_and(|o| o.claim.state == ClaimState::Pending && o.claim.run != claim.run) {
            *self.takeovers.entry(path.to_owned()).or_default() += 1;
        }
        self.generation += 1;
        let generation = self.generation;
        let object = Object {
            claim: claim.clone(),
            generation,
            updated: skewed,
            written: now,
            free_since: None,
        };
        self.objects.insert(path.to_owned(), object);
        PutOutcome::Written { generation }
    }

    /// The run that a pending claim names.
    pub fn pending(&self, path: &str) -> Option<u64> {
        let object = self.objects.get(path)?;
        (object.claim.state == ClaimState::Pending).then_some(object.claim.run)
    }
}

/// A claim that may have been taken over, and has not been, after this long.
const PASSES: Millis = 120_000;

impl World {
    /// What one of the server's machines takes the time for.
    fn skewed(&mut self) -> Millis {
        let now = self.now();
        let half = self.schedule.bounds.skew / 2;
        (now + self.random.below(2 * half + 1)).saturating_sub(half)
    }

    /// Carries out the writes that are due by now.
    pub fn catch_up_with_claims(&mut self) {
        let now = self.now();
        while let Some(at) = self.bucket.late.iter().position(|late| late.applies <= now) {
            let Late { path, claim, expect, .. } = self.bucket.late.swap_remove(at);
            let skewed = self.skewed();
            let _ = self.bucket.write(now, skewed, &path, &claim, expect);
        }
    }

    fn read_claim(&mut self, path: &str) -> Option<Held> {
        self.catch_up_with_claims();
        let now = self.now();
        // An HTTP date is rounded down to a second.
        let date = self.skewed() / 1_000 * 1_000;
        let healing = self.bucket.healing;
        let wait = u64::try_from(TAKEOVER.as_millis()).unwrap() + self.schedule.bounds.skew + 1_000;
        let object = self.bucket.objects.get_mut(path)?;
        let held = Held {
            claim: object.claim.clone(),
            generation: object.generation,
            updated: timestamp(object.updated),
            date: timestamp(date),
        };
        if object.claim.state == ClaimState::Pending
            && healing.is_some_and(|healing| now >= healing.max(object.written + wait))
        {
            let since = *object.free_since.get_or_insert(now);
            let blocked = holding::l4_no_dead_holder(path, now.saturating_sub(since), PASSES);
            self.violate(blocked);
        }
        Some(held)
    }
}

fn unavailable() -> ClaimError {
    ClaimError::Unavailable {
        host: "simulated".to_owned(),
        status: 503,
        message: Untrusted::new("unavailable"),
    }
}

/// What becomes of a write.
enum Fate {
    Fine,
    AnswerLost,
    Late,
    Refused,
}

impl ClaimStore for Connection {
    async fn read(&self, path: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        self.travel().await;
        let answer = self.with(|world| {
            if world.random.permille(world.faults.failed_read) {
                return Err(unavailable());
            }
            let now = world.now();
            let claims = &mut world.lives[self.process].claims;
            if claims.len() > 512 {
                claims.drain(..256);
            }
            claims.push((path.object().to_owned(), now));
            Ok(world.read_claim(path.object()))
        });
        self.travel().await;
        answer
    }

    async fn put(&self, path: &ClaimPath, claim: &Claim, expect: Expect) -> PutOutcome {
        self.travel().await;
        let outcome = self.with(|world| {
            let faults = world.faults;
            let fate = if world.random.permille(faults.claim_refused) {
                Fate::Refused
            } else if world.random.permille(faults.claim_late) {
                Fate::Late
            } else if world.random.permille(faults.claim_lost) {
                Fate::AnswerLost
            } else {
                Fate::Fine
            };
            world.catch_up_with_claims();
            let (now, skewed) = (world.now(), world.skewed());
            let unknown = || PutOutcome::Unknown(Untrusted::new("no answer"));
            match fate {
                Fate::Refused => PutOutcome::Refused(unavailable()),
                Fate::Late => {
                    let applies = now + world.random.below(120_000);
                    let (path, claim) = (path.object().to_owned(), claim.clone());
                    world.bucket.late.push(Late { applies, path, claim, expect });
                    unknown()
                }
                Fate::AnswerLost => {
                    drop(world.bucket.write(now, skewed, path.object(), claim, expect));
                    unknown()
                }
                Fate::Fine => world.bucket.write(now, skewed, path.object(), claim, expect),
            }
        });
        self.travel().await;
        outcome
    }
}
