//! One story a test, over a store in memory.

use super::memory::{Fate, HandClock, Memory};
use super::*;
use crate::clock::Clock;

/// The server with its clock, and a client with its own.
struct World {
    store: Memory,
    server: HandClock,
    clock: HandClock,
}

impl World {
    fn new() -> Self {
        let server = HandClock::new();
        Self { store: Memory::new(&server), server, clock: HandClock::new() }
    }

    async fn look(&self) -> Result<Vacant, NotClaimed> {
        look(&self.store, path(), TAKEOVER, &self.clock).await
    }

    async fn acquire(&self, vacant: Vacant, run: u64) -> Result<Claimed, NotClaimed> {
        let holder = format!("ci-{run}");
        acquire(&self.store, vacant, run, &holder, self.clock.elapsed(), &self.clock).await
    }

    /// A look and a take with nothing in between.
    async fn claim(&self, run: u64) -> Result<Claimed, NotClaimed> {
        let vacant = self.look().await?;
        self.acquire(vacant, run).await
    }

    fn forward(&self, seconds: u64) {
        self.server.forward(seconds);
        self.clock.forward(seconds);
    }

    fn run(&self) -> Option<u64> {
        self.store.claim().map(|claim| claim.run)
    }
}

#[tokio::test]
async fn of_two_that_look_together_one_claims_and_the_other_hears_of_it() {
    let world = World::new();
    let (one, two) = (world.look().await.unwrap(), world.look().await.unwrap());
    world.forward(2);
    let claimed = world.acquire(one, 1).await.unwrap();
    assert_eq!((claimed.run(), claimed.path()), (1, &path()));
    world.server.forward(10);
    let refused = world.acquire(two, 2).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "claimed elsewhere, by ci-1 (retune-run 0000000000000001); free in 4m 50s at the latest"
    );
    assert_eq!(claimed.done(&world.store, &job()).await, Recorded::Yes);
    assert!(matches!(world.look().await, Err(NotClaimed::Done { job: it }) if it == job()));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_settled_by_reading_back() {
    let world = World::new();
    world.store.fates([Fate::Fine, Fate::AnswerLost]);
    let claimed = world.claim(1).await.unwrap();
    assert_eq!(claimed.release(&world.store).await, Recorded::Yes);
    assert_eq!(world.store.requests(), (2, 2));
}

#[tokio::test]
async fn a_write_that_may_come_yet_claims_nothing() {
    let world = World::new();
    world.store.fates([Fate::Fine, Fate::RequestLost]);
    let refused = world.claim(1).await.unwrap_err();
    assert!(matches!(refused, NotClaimed::Unsettled { .. }), "{refused}");
    // Somebody else claims, and then it comes.
    let claimed = world.claim(2).await.unwrap();
    let late = world.store.arrives(&Claim::pending(1, "ci-1", 1), Expect::Absent);
    assert!(matches!(late, PutOutcome::Conflict));
    assert_eq!(claimed.done(&world.store, &job()).await, Recorded::Yes);
}

#[tokio::test]
async fn a_write_that_came_late_keeps_others_waiting_and_no_longer() {
    let world = World::new();
    world.store.fates([Fate::Fine, Fate::RequestLost]);
    world.claim(1).await.unwrap_err();
    world.store.arrives(&Claim::pending(1, "ci-1", 1), Expect::Absent);
    assert!(matches!(world.look().await, Err(NotClaimed::Elsewhere { run: 1, .. })));
    world.forward(300);
    assert_eq!(world.claim(2).await.unwrap().run(), 2);
}

#[tokio::test]
async fn a_dead_holder_is_taken_over_and_finds_out_should_it_wake() {
    let world = World::new();
    let dead = world.claim(1).await.unwrap();
    world.forward(299);
    let early = world.claim(2).await.unwrap_err();
    assert!(
        matches!(early, NotClaimed::Elsewhere { remaining, .. } if remaining.as_secs() == 1),
        "{early}"
    );
    world.forward(1);
    let heir = world.claim(2).await.unwrap();
    assert!(!dead.is_fresh(&world.clock));
    assert_eq!(dead.release(&world.store).await, Recorded::TakenOver);
    assert_eq!(world.run(), Some(2));
    assert_eq!(heir.done(&world.store, &job()).await, Recorded::Yes);
}

#[tokio::test]
async fn one_of_two_heirs_takes_over() {
    let world = World::new();
    world.claim(1).await.unwrap().abandon();
    world.forward(300);
    let (one, two) = (world.look().await.unwrap(), world.look().await.unwrap());
    let heir = world.acquire(two, 2).await.unwrap();
    let refused = world.acquire(one, 3).await.unwrap_err();
    assert!(matches!(refused, NotClaimed::Elsewhere { run: 2, .. }), "{refused}");
    heir.abandon();
}

#[tokio::test]
async fn what_was_released_is_free_at_once() {
    let world = World::new();
    let late = world.look().await.unwrap();
    let claimed = world.claim(1).await.unwrap();
    assert_eq!(claimed.release(&world.store).await, Recorded::Yes);
    let refused = world.acquire(late, 2).await.unwrap_err();
    assert!(matches!(refused, NotClaimed::Overtaken), "{refused}");
    world.claim(3).await.unwrap().abandon();
    assert_eq!(world.run(), Some(3));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_no_claim_is_never_free() {
    for fate in [Fate::Unreachable, Fate::AnswerLost, Fate::Foreign] {
        let world = World::new();
        world.store.fates([fate]);
        let refused = world.look().await.unwrap_err();
        assert!(matches!(refused, NotClaimed::Store(_)), "{refused}");
        assert_eq!(world.store.requests(), (1, 0), "{fate:?}");
    }
    // Not at the write, and not when a lost answer is looked for.
    for fates in
        [vec![Fate::Fine, Fate::Unreachable], vec![Fate::Fine, Fate::AnswerLost, Fate::Unreachable]]
    {
        let world = World::new();
        world.store.fates(fates);
        assert!(matches!(world.claim(1).await, Err(NotClaimed::Store(_))));
    }
}

#[tokio::test]
async fn a_listing_from_before_the_look_does_not_count() {
    let world = World::new();
    let listed = world.clock.elapsed();
    world.forward(1);
    let vacant = world.look().await.unwrap();
    let refused = acquire(&world.store, vacant, 1, "ci-1", listed, &world.clock).await;
    assert!(matches!(refused, Err(NotClaimed::ListedTooEarly)));
    assert_eq!(world.store.requests(), (1, 0));
}

#[tokio::test]
async fn a_claim_is_fresh_for_five_seconds_of_any_clock() {
    type Moves = fn(&HandClock);
    let moves: [(Moves, bool); 5] = [
        (|_| (), true),
        (|clock| clock.forward(5), true),
        (|clock| clock.forward(6), false),
        // The machine slept: the monotonic clock stood still.
        (|clock| clock.turned(3600), false),
        // Somebody set the clock: nobody knows how long it was.
        (|clock| clock.turned(-3600), false),
    ];
    for (number, (time_passes, fresh)) in moves.into_iter().enumerate() {
        let world = World::new();
        let claimed = world.claim(1).await.unwrap();
        time_passes(&world.clock);
        assert_eq!(claimed.is_fresh(&world.clock), fresh, "{number}");
        claimed.abandon();
    }
}

#[tokio::test]
async fn the_own_clock_has_no_say_in_how_old_a_claim_is() {
    const TEN_YEARS: i64 = 315_360_000;
    for skew in [-TEN_YEARS, TEN_YEARS] {
        let world = World::new();
        world.clock.turned(skew);
        world.claim(1).await.unwrap().abandon();
        world.clock.turned(-2 * skew);
        assert!(matches!(world.look().await, Err(NotClaimed::Elsewhere { .. })), "{skew}");
        world.server.forward(300);
        assert_eq!(world.claim(2).await.unwrap().run(), 2, "{skew}");
    }
}

#[tokio::test]
async fn a_last_word_that_is_lost_is_no_failure() {
    for (fate, recorded) in [
        (Fate::AnswerLost, Recorded::No(Untrusted::new("no answer in time"))),
        (
            Fate::Unreachable,
            Recorded::No(Untrusted::new(
                "could not reach `store` for the claims in `gs://acme`: no answer in time",
            )),
        ),
    ] {
        let world = World::new();
        world.store.fates([Fate::Fine, Fate::Fine, fate]);
        let claimed = world.claim(1).await.unwrap();
        assert_eq!(claimed.done(&world.store, &job()).await, recorded);
    }
}
