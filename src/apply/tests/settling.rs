//! What is confirmed is carried out after the settle window, and only if a
//! second look agrees.

use std::collections::BTreeSet;
use std::time::Duration;

use super::service::{Fate, Service, desired, place, policy};
use crate::apply::{CarriedOut, Outcome, Stop};
use crate::model::JobState::{Pending, Running};
use crate::plan::Policy;

const SETTLE: Duration = Duration::from_secs(20);

/// Plans, then carries out with the default settle window.
async fn applied(service: &Service, names: &[&str]) -> CarriedOut {
    applied_under(service, names, policy()).await
}

async fn applied_under(service: &Service, names: &[&str], policy: Policy) -> CarriedOut {
    let wanted: Vec<_> = names.iter().zip(1..).map(|(name, n)| desired(name, n)).collect();
    let (places, stop) = (BTreeSet::from([place()]), Stop::new());
    let reconciler = service.reconciler(&wanted, &places, &policy, SETTLE, &stop);
    let seen = reconciler.look().await.unwrap();
    reconciler.note(&seen);
    let confirmed = seen.plan.clone();
    reconciler.carry_out(&confirmed, seen, &()).await
}

fn codes(done: &CarriedOut) -> Vec<&'static str> {
    done.report.items.iter().map(|item| item.outcome.code()).collect()
}

#[tokio::test]
async fn a_create_waits_for_a_second_look() {
    let service = Service::default();
    assert_eq!(codes(&applied(&service, &["faq"]).await), ["created"]);
    assert_eq!(service.calls(), ["list", "list", "create faq"]);
    assert_eq!(*service.now.lock().unwrap(), SETTLE);
}

#[tokio::test]
async fn a_run_that_shows_up_meanwhile_is_not_created_again() {
    let service = Service::default().appears_at_the_next_sleep("faq", 1, Pending);
    assert_eq!(codes(&applied(&service, &["faq"]).await), ["noLongerDue"]);
    assert!(!service.calls().contains(&"create faq".to_owned()));
}

/// What is still asked for in another way is not done, and not called done.
#[tokio::test]
async fn a_plan_that_is_another_one_meanwhile_is_said_to_be() {
    let service = Service::default().appears_at_the_next_sleep("faq", 9, Pending);
    let done = applied(&service, &["faq"]).await;
    assert_eq!(codes(&done), ["changed"]);
    assert!(!done.report.is_success() && service.bodies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_slot_that_is_taken_meanwhile_holds_the_create() {
    let service = Service::default().appears_at_the_next_sleep("router", 9, Pending);
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let done = applied_under(&service, &["faq"], policy).await;
    assert_eq!(codes(&done), ["held"]);
    let Outcome::Held(reason) = &done.report.items[0].outcome else { panic!() };
    assert_eq!(reason.code(), "concurrencyLimit");
}

/// Somebody who died right after the create leaves the run that it supersedes.
#[tokio::test]
async fn a_run_is_superseded_although_somebody_else_made_its_successor() {
    let service =
        Service::default().has("faq", 9, Running).appears_at_the_next_sleep("faq", 1, Running);
    let done = applied(&service, &["faq"]).await;
    assert_eq!(codes(&done), ["noLongerDue", "cancelRequested"]);
    let calls = service.calls();
    // After a look at both.
    assert_eq!(calls[calls.len() - 3..], ["get 2", "get 1", "cancel 1"], "{calls:?}");
}

#[tokio::test]
async fn cancels_do_not_wait_but_what_follows_a_create_does() {
    let service = Service::default().has("a", 9, Running).has("b", 2, Running).has("b", 2, Running);
    let done = applied(&service, &["a", "b"]).await;
    assert_eq!(codes(&done), ["created", "cancelRequested", "cancelRequested"]);
    let calls = service.calls();
    let at = |call: &str| calls.iter().position(|c| c == call).unwrap();
    assert!(at("cancel 3") < at("create a"), "{calls:?}");
    assert!(at("create a") < at("cancel 1"), "{calls:?}");
}

#[tokio::test]
async fn an_apply_without_creates_looks_once() {
    let service = Service::default().has("a", 1, Running).has("a", 1, Running);
    assert_eq!(codes(&applied(&service, &["a"]).await), ["cancelRequested"]);
    assert_eq!(service.calls().iter().filter(|call| *call == "list").count(), 1);
}

#[tokio::test]
async fn a_second_look_that_fails_creates_nothing() {
    let service = Service::default().goes_down_at_the_next_sleep();
    let done = applied(&service, &["faq"]).await;
    assert_eq!(codes(&done), ["notLooked"]);
    assert!(done.broken.is_some() && !done.report.has_effects());
}

#[tokio::test]
async fn a_lost_answer_is_not_sent_again() {
    let service = Service::default();
    service.meets(Fate::Lost);
    assert_eq!(codes(&applied(&service, &["faq"]).await), ["outcomeUnknown"]);
    assert_eq!(service.calls().iter().filter(|call| *call == "create faq").count(), 1);
}

#[tokio::test]
async fn after_an_answer_without_our_labels_nothing_more_is_created() {
    let service = Service::default().forgets_labels();
    let done = applied(&service, &["a", "b", "c"]).await;
    assert_eq!(codes(&done), ["created", "mistrust", "mistrust"]);
}
