//! One process's way to the service, and its clock.

use std::time::Duration;

use jiff::Timestamp;
use retune::claims::ClaimPath;
use retune::clock::{Clock, Entropy};
use retune::model::{JobName, Key, Listing, Name, Observed, Place, Progress, Untrusted, labels};
use retune::vertex::{CancelOutcome, CreateOutcome, Keep, ReadError, Refusal, VerifiedJob, Vertex};
use serde_json::Value;

use crate::checks;
use crate::job::{Stage, timestamp};
use crate::runtime::{Millis, Shared, Sleep};
use crate::world::{Create, Paid, World};

/// One process's way to the service.
#[derive(Clone)]
pub struct Connection {
    pub world: Shared<World>,
    pub process: usize,
}

/// How long one request takes one way at the most when nothing is wrong.
const ONE_WAY: Millis = 200;

/// After this long a client hangs up.
const DEADLINE: Millis = 60_000;

/// Jobs in one page of a listing.
const PAGE: usize = 100;

/// Ten years.
const DECADE: i64 = 315_000_000;

impl Connection {
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    async fn wait(&self, millis: Millis) {
        let sleep = self.with(|world| {
            let order = world.random.bits();
            Sleep::new(&world.timers, order, millis)
        });
        sleep.await;
    }

    /// The time of a request, or of its answer, on the way.
    pub async fn travel(&self) {
        let wait = self.with(|world| world.random.below(ONE_WAY + 1));
        self.wait(wait).await;
    }

    /// What a read that fails is answered with.
    fn broken(&self, world: &mut World) -> ReadError {
        if let Some(watch) = &mut world.lives[self.process].watch {
            watch.asked = watch.asked.max(world.faults.retry_after);
        }
        let host = "simulated".to_owned();
        match world.faults.retry_after {
            Some(_) => {
                let (message, retry_after) =
                    (Untrusted::new("slow down"), world.faults.retry_after);
                ReadError::Throttled { host, message, retry_after }
            }
            None => {
                let message = Untrusted::new("unavailable");
                ReadError::Unavailable { host, status: 503, message }
            }
        }
    }

    /// Writes down that the executor let go of a create, and checks it.
    fn let_go(&self, body: &Value) -> usize {
        self.with(|world| {
            let label = |key: &str| body["labels"][key].as_str().unwrap_or_default();
            let create = Create {
                by: self.process,
                life: world.lives[self.process].number,
                at: world.now(),
                paid: Paid {
                    name: label(labels::NAME).to_owned(),
                    rerun: label(labels::RERUN).parse().unwrap_or(0),
                    spec: label(labels::SPEC).to_owned(),
                    attempt: label(labels::ATTEMPT).parse().unwrap_or(0),
                },
                run: label(labels::RUN).to_owned(),
                looked: world.lives[self.process].last.as_ref().map_or(0, |look| look.began),
                job: None,
                unknown: false,
            };
            checks::create(world, &create, body);
            world.lives[self.process].creates_of_pass += 1;
            world.creates.push(create);
            world.creates.len() - 1
        })
    }
}

/// The claim of what is paid for once.
pub fn claim_of(paid: &Paid) -> ClaimPath {
    let key = Key {
        place: crate::manifests::place(),
        owner: crate::manifests::OWNER.parse().unwrap(),
        name: paid.name.parse().unwrap(),
        rerun: paid.rerun,
    };
    ClaimPath::new(&key, &paid.spec, None, paid.attempt)
}

impl Vertex for Connection {
    /// Half of the services can list by label. To the onlooker that is no look:
    /// nothing may rest on it.
    async fn list_ours(&self, _: &Place, _: &Name, _: &Keep) -> Result<Option<Listing>, ReadError> {
        let can = self.with(|world| {
            let ours = world.jobs.iter().filter(|job| job.stamp().is_some()).count();
            let pages = ours.div_ceil(PAGE).max(1);
            world.asked(self.process, u32::try_from(pages).unwrap());
            world.schedule.seed.is_multiple_of(2)
        });
        self.travel().await;
        let answer = self.with(|world| {
            if world.random.permille(world.faults.failed_read) {
                return Err(self.broken(world));
            }
            Ok(can.then(|| world.shown(self.process).0))
        });
        self.travel().await;
        answer
    }

    async fn list(&self, _: &Place, _: &Keep) -> Result<Listing, ReadError> {
        let began = self.with(|world| {
            let pages = world.jobs.len().div_ceil(PAGE).max(1);
            world.asked(self.process, u32::try_from(pages).unwrap());
            world.now()
        });
        self.travel().await;
        let answer = self.with(|world| {
            if world.random.permille(world.faults.failed_read) {
                world.lives[self.process].last = None;
                return Err(self.broken(world));
            }
            Ok(world.list(self.process, began))
        });
        self.travel().await;
        let ended = self.with(|world| world.now());
        self.with(|world| world.lives[self.process].ended(ended));
        answer
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.with(|world| world.asked(self.process, 1));
        self.travel().await;
        let answer = self.with(|world| {
            if world.random.permille(world.faults.failed_read) {
                return Err(self.broken(world));
            }
            world.catch_up();
            let now = world.now();
            let id = world.job(job).ok_or(ReadError::NotFound { job: job.clone() })?;
            let seen = world.jobs[id].observed_at(now);
            let life = &mut world.lives[self.process];
            life.gets.push((id, now, Stage::of(&seen.state)));
            life.made.extend(seen.stamp.as_ref().map(|stamp| stamp.name.to_string()));
            Ok(seen)
        });
        self.travel().await;
        answer
    }

    async fn create(&self, _: &Place, body: &Value) -> CreateOutcome {
        self.with(|world| world.asked(self.process, 1));
        let create = self.let_go(body);
        let (refused, zombie) = self.with(|world| {
            let refusal =
                |status| Refusal { status, message: Untrusted::new("no"), retry_after: None };
            let (faults, bounds) = (world.faults, world.schedule.bounds);
            if world.random.permille(faults.refused) {
                return (Some(CreateOutcome::Refused(refusal(403))), 0);
            }
            if world.random.permille(faults.throttled) {
                return (Some(CreateOutcome::Throttled(refusal(429))), 0);
            }
            let stands = faults.zombie > 0 && world.random.permille(faults.zombie);
            let pause = if stands { world.random.below(bounds.zombie + 1) } else { 0 };
            world.measured.pause = world.measured.pause.max(pause);
            world.zombies = world.zombies.max(world.now() + pause);
            (None, pause)
        });
        if let Some(refused) = refused {
            self.with(|world| {
                let (now, name) = (world.now(), world.creates[create].paid.name.clone());
                if let Some(watch) = &mut world.lives[self.process].watch {
                    watch.refused.insert(name, now);
                }
            });
            self.travel().await;
            return refused;
        }
        if zombie > 0 {
            self.wait(zombie).await;
        }
        let (wait, lost) = self.with(|world| {
            let now = world.now();
            if world.random.permille(world.faults.lost_request) {
                return (world.random.below(DEADLINE), true);
            }
            let lost = world.random.permille(world.faults.lost_answer);
            let answered = world.send(create, body) - now + world.random.below(ONE_WAY + 1);
            (answered.min(DEADLINE), lost || answered > DEADLINE)
        });
        self.wait(wait).await;
        self.with(|world| {
            world.catch_up();
            let now = world.now();
            match world.creates[create].job {
                Some(id) if !lost => {
                    let life = &mut world.lives[self.process];
                    life.made.insert(world.creates[create].paid.name.clone());
                    life.made_in_pass.push(id);
                    CreateOutcome::Created(Box::new(world.jobs[id].answered_at(now)))
                }
                _ => {
                    world.creates[create].unknown = true;
                    CreateOutcome::OutcomeUnknown(Untrusted::new("no answer"))
                }
            }
        })
    }

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        let job = job.name();
        self.with(|world| {
            world.asked(self.process, 1);
            world.catch_up();
            let now = world.now();
            let id = world.job(job).unwrap();
            checks::cancel(world, self.process, id);
            world.lives[self.process].cancels_of_pass += 1;
            world.cancels.push((now, id));
            let loses = world.random.permille(world.faults.lost_cancel);
            let takes = world.random.below(30_000);
            let over = !matches!(world.jobs[id].stage_at(now), Stage::Live | Stage::Unclear);
            if !over && !loses {
                world.jobs[id].cancel(now, takes);
            }
        });
        self.travel().await;
        CancelOutcome::Requested
    }

    async fn progress(&self, job: &JobName) -> Result<Progress, ReadError> {
        Err(ReadError::NotFound { job: job.clone() })
    }
}

impl Entropy for Connection {
    fn bits(&self) -> u64 {
        self.with(|world| world.random.bits())
    }
}

impl Clock for Connection {
    fn now(&self) -> Timestamp {
        // No decision may rest on a process's own clock: it is years off, and
        // only against itself does it tell anything.
        let off = [0, -DECADE, DECADE][self.process % 3] * 1_000;
        let now = timestamp(self.with(|world| world.now())).as_millisecond();
        Timestamp::from_millisecond(now + off).unwrap()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.with(|world| {
            let timers = world.timers.lock().unwrap();
            let slept = if world.schedule.sleeps { timers.stood[self.process] } else { 0 };
            timers.now - slept
        }))
    }

    async fn sleep(&self, duration: Duration) {
        // Never too short, as with a real clock.
        let millis = duration.as_nanos().div_ceil(1_000_000);
        self.wait(u64::try_from(millis).unwrap_or(u64::MAX / 4)).await;
    }
}
