//! The two-observation rule, the ledger of own creates, and lost answers.

use std::time::Duration;

use jiff::Timestamp;

use super::service::{Service, desired, job_name, policy};
use crate::apply::{AMBIGUOUS, Look, Memory};
use crate::model::JobState::Pending;
use crate::model::{CreateRequest, Observation, labels};
use crate::plan::{HoldReason, Plan, plan};

const SETTLE: Duration = Duration::from_secs(20);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A look that took a second and ended then.
fn look(ended: u64) -> Look {
    let ended_wall = Timestamp::UNIX_EPOCH;
    Look { began: seconds(ended - 1), began_wall: ended_wall, ended: seconds(ended), ended_wall }
}

/// What one pass over the service decides, with what the process remembers.
fn pass(memory: &mut Memory, service: &Service, ended: u64) -> Plan {
    let mut seen: Observation = service.observed();
    memory.complete(&mut seen, look(ended));
    let mut plan = plan(&[desired("faq", 3)], &seen, &policy());
    memory.withhold(&mut plan, &[], look(ended), SETTLE);
    plan
}

fn codes(plan: &Plan) -> Vec<&'static str> {
    let creates = plan.creates().map(|_| "create");
    creates.chain(plan.held.iter().map(|held| held.reason.code())).collect()
}

#[test]
fn a_create_needs_two_looks_a_settle_window_apart() {
    let (mut memory, service) = (Memory::default(), Service::default());
    assert_eq!(codes(&pass(&mut memory, &service, 10)), ["settling"]);
    // The second look began at 29 s, 19 s after the first one ended.
    assert_eq!(codes(&pass(&mut memory, &service, 30)), ["settling"]);
    assert_eq!(codes(&pass(&mut memory, &service, 31)), ["create"]);
}

#[test]
fn the_window_starts_again_when_the_create_was_not_due_for_a_while() {
    let (mut memory, service) = (Memory::default(), Service::default().has("x", 1, Pending));
    let _ = pass(&mut memory, &service, 10);
    let shown = Service::default().has("x", 1, Pending).has("faq", 3, Pending);
    assert!(codes(&pass(&mut memory, &shown, 15)).is_empty());
    assert_eq!(codes(&pass(&mut memory, &service, 40)), ["settling"]);
}

#[test]
fn another_spec_settles_by_itself() {
    let (mut memory, service) = (Memory::default(), Service::default());
    let _ = pass(&mut memory, &service, 10);
    let mut other = plan(&[desired("faq", 4)], &service.observed(), &policy());
    memory.withhold(&mut other, &[], look(40), SETTLE);
    assert_eq!(codes(&other), ["settling"]);
}

#[test]
fn what_is_held_is_what_was_confirmed() {
    let (mut memory, service) = (Memory::default(), Service::default());
    let held = pass(&mut memory, &service, 10);
    let HoldReason::Settling { remaining, deferred } = &held.held[0].reason else { panic!() };
    assert_eq!(*remaining, SETTLE);
    assert_eq!(deferred.request, CreateRequest::new(&desired("faq", 3), 1));
    assert_eq!(held.deferred().count(), 1);
    assert_eq!(memory.next(SETTLE), Some(seconds(30)));
}

#[test]
fn a_job_that_this_process_made_is_seen_before_any_listing_shows_it() {
    let (mut memory, service) = (Memory::default(), Service::default());
    let made = Service::default().has("faq", 3, Pending).jobs.into_inner().unwrap().remove(0);
    let sent = made.echo.labels.clone();
    memory.made(&made, &sent);
    let plan = pass(&mut memory, &service, 10);
    assert_eq!(plan.in_flight[0].job, job_name(1));
    // Shown once, and missing again in an older listing.
    let shown = Service::default().has("faq", 3, Pending);
    assert_eq!(pass(&mut memory, &shown, 20).in_flight.len(), 1);
    assert_eq!(pass(&mut memory, &service, 30).in_flight.len(), 1);
    assert_eq!(memory.mistrust(), None);
}

#[test]
fn an_answer_without_our_labels_ends_all_trust() {
    let mut memory = Memory::default();
    let mut made = Service::default().has("faq", 3, Pending).jobs.into_inner().unwrap().remove(0);
    let sent = made.echo.labels.clone();
    made.echo.labels = sent.iter().filter(|(key, _)| *key != labels::SPEC).collect();
    memory.made(&made, &sent);
    assert!(memory.mistrust().unwrap().contains("retune-spec"), "{:?}", memory.mistrust());
}

#[test]
fn a_lost_create_is_held_until_a_listing_settles_it() {
    let (mut memory, service) = (Memory::default(), Service::default());
    let due = plan(&[desired("faq", 3)], &service.observed(), &policy());
    memory.lost(due.creates().next().unwrap(), 0xabcd, seconds(10));
    assert_eq!(codes(&pass(&mut memory, &service, 100)), ["ambiguousCreate"]);
    let settled = 10 + AMBIGUOUS.as_secs();
    // A look that began before the window was over proves nothing.
    assert_eq!(codes(&pass(&mut memory, &service, settled)), ["ambiguousCreate"]);
    // After it the two-observation rule has long been met.
    assert_eq!(codes(&pass(&mut memory, &service, settled + 1)), ["create"]);
}

#[test]
fn a_lost_create_is_found_by_its_run_id() {
    let mut memory = Memory::default();
    let due = plan(&[desired("faq", 3)], &Service::default().observed(), &policy());
    memory.lost(due.creates().next().unwrap(), 0xabcd, seconds(10));
    let service = Service::default().has("faq", 3, Pending);
    service.jobs.lock().unwrap()[0].stamp.as_mut().unwrap().run = Some(labels::run(0xabcd).into());
    assert_eq!(pass(&mut memory, &service, 20).in_flight.len(), 1);
    // Found is found, also when the next listing is an older one.
    assert_eq!(pass(&mut memory, &Service::default(), 30).in_flight.len(), 1);
}

#[test]
fn a_listing_that_lost_most_of_what_it_had_creates_nothing() {
    let mut memory = Memory::default();
    let full = Service::default().has("a", 1, Pending).has("b", 1, Pending).has("c", 1, Pending);
    let half = Service::default().has("a", 1, Pending).has("b", 1, Pending);
    assert_eq!(codes(&pass(&mut memory, &full, 10)), ["settling"]);
    assert_eq!(codes(&pass(&mut memory, &Service::default(), 31)), ["implausibleListing"]);
    assert_eq!(codes(&pass(&mut memory, &Service::default(), 60)), ["implausibleListing"]);
    // It is believed again once most of it is back.
    assert_eq!(codes(&pass(&mut memory, &half, 90)), ["create"]);
}
