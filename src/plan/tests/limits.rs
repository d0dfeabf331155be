//! Limits trip, they do not ration; concurrency lets wait.

use std::time::Duration;

use super::world::{World, place};
use crate::model::JobState::{Cancelled, Cancelling, Running};
use crate::model::{Place, Untrusted};
use crate::plan::{Unseen, plan};

#[test]
fn above_the_create_limit_all_creates_are_held() {
    let three = World::new().wants("a", 1).wants("b", 2).wants("c", 3);
    let at = |limit| three.clone().policy(|p| p.limits.max_creates = limit);
    assert_eq!(at(3).plan().creates().count(), 3);
    let tripped = at(2);
    assert_eq!(tripped.decides(), ["a", "b", "c"].map(|n| format!("held {n} createLimit")));
    assert_eq!(tripped.plan().tripped().count(), 3);
}

#[test]
fn what_a_held_create_would_supersede_goes_on() {
    let world = World::new()
        .wants("a", 4)
        .has("a", 3, Running)
        .wants("b", 2)
        .policy(|p| p.limits.max_creates = 1);
    assert_eq!(world.decides(), ["held a createLimit", "held b createLimit"]);
}

#[test]
fn above_the_cancel_limit_no_successor_is_created_either() {
    let world = World::new()
        .wants("a", 4)
        .has("a", 3, Running)
        .wants("b", 4)
        .has("b", 4, Running)
        .has("b", 4, Running)
        .wants("c", 9)
        .policy(|p| p.limits.max_cancels = 1);
    assert_eq!(
        world.decides(),
        ["create c missing", "held a cancelLimit", "held b cancelLimit", "in flight b 2"]
    );
}

#[test]
fn creates_beyond_the_slots_wait_and_keep_their_body() {
    let world = World::new()
        .wants("a", 1)
        .wants("b", 2)
        .wants("c", 3)
        .has("old", 9, Cancelling)
        .policy(|p| p.limits.max_concurrent = Some(2));
    assert_eq!(
        world.decides(),
        ["create a missing", "held b concurrencyLimit", "held c concurrencyLimit"]
    );
    assert_eq!(world.plan().deferred().count(), 2);
    assert_eq!(world.plan().tripped().count(), 0);
}

#[test]
fn a_superseded_run_frees_its_slot_for_its_successor_only() {
    let world = World::new()
        .wants("a", 1)
        .wants("b", 4)
        .has("b", 3, Running)
        .policy(|p| p.limits.max_concurrent = Some(1));
    assert_eq!(
        world.decides(),
        ["create b specChanged", "cancel 1 superseded after", "held a concurrencyLimit"]
    );
}

#[test]
fn what_was_last_known_of_a_place_counts_while_it_cannot_be_listed() {
    let there = Place::new(&*place().project, "us-east4");
    let creates = |unseen: Unseen, max_concurrent| {
        let world = World::new().wants("a", 1).policy(|policy| {
            policy.window = Some(Duration::from_secs(86_400));
            policy.limits.max_creates = 3;
            policy.limits.max_concurrent = Some(max_concurrent);
            policy.unseen = [(there.clone(), unseen)].into();
        });
        let mut seen = world.observation();
        seen.insert(there.clone(), Err(Untrusted::new("down")));
        plan(&world.desired, &seen, &world.policy).creates().count()
    };
    assert_eq!(creates(Unseen { busy: 1, created: 2 }, 2), 1);
    assert_eq!(creates(Unseen { busy: 1, created: 2 }, 1), 0);
    assert_eq!(creates(Unseen { busy: 0, created: 3 }, 2), 0);
}

#[test]
fn over_a_window_the_runs_that_were_made_in_it_count_too() {
    // Runs are an hour apart; the fourth is six hours old.
    let world = World::new()
        .has("a", 1, Cancelled)
        .has("b", 1, Cancelled)
        .has("c", 1, Cancelled)
        .has("d", 1, Cancelled)
        .wants("e", 1);
    let hours = |n: u64, limit| {
        let window = Some(Duration::from_secs(n * 3_600));
        world.clone().policy(|p| (p.window, p.limits.max_creates) = (window, limit))
    };
    assert_eq!(hours(7, 3).plan().creates().count(), 1);
    assert_eq!(hours(8, 2).decides()[0], "held e createLimit");
    assert_eq!(
        hours(8, 2).hold(),
        "1 wanted and 3 created in the last 24 h, limit 2; pass --max-creates 4 to `retune watch`, \
         or raise limits.maxCreates, if they are meant"
    );
    // Whoever wants nothing trips over nothing.
    let content = world.clone().wants("e", 1).policy(|p| {
        (p.window, p.limits.max_creates) = (Some(Duration::from_secs(86_400)), 0);
        p.only = ["a".parse().unwrap()].into();
    });
    assert!(content.plan().tripped().next().is_none());
}
