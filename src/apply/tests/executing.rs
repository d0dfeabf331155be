use std::time::Duration;

use jiff::Timestamp;

use super::service::{Fate, Service, desired, job_name, ready};
use crate::apply::{Outcome, Skipped, Stop, Withheld};
use crate::model::JobState::{Cancelled, Failed, Paused, Running, Succeeded};
use crate::model::{Name, Stamp};

#[tokio::test]
async fn a_create_is_sent_once_with_run_and_revision() {
    let service = Service::default();
    let plan = service.plan(&[desired("faq", 3)]);
    let (codes, report) = service.apply(&plan).await;
    assert_eq!(codes, ["created"]);
    assert!(report.is_success());
    assert_eq!(service.calls(), ["create faq"]);
    let body = &service.bodies.lock().unwrap()[0];
    assert_eq!(body["labels"]["retune-run"], "000000000000abcd");
    assert_eq!(body["labels"]["retune-rev"], "77");
}

#[tokio::test]
async fn the_older_run_is_cancelled_after_its_successor_was_accepted() {
    let service = Service::default().has("faq", 3, Running);
    let plan = service.plan(&[desired("faq", 4)]);
    let (codes, _) = service.apply(&plan).await;
    assert_eq!(codes, ["created", "cancelRequested"]);
    assert_eq!(service.calls(), ["create faq", "get 1", "cancel 1"]);
}

#[tokio::test]
async fn the_older_run_goes_on_when_its_successor_is_not_accepted() {
    for (fate, code) in
        [(Fate::Refused, "refused"), (Fate::Throttled, "throttled"), (Fate::Lost, "outcomeUnknown")]
    {
        let service = Service::default().has("faq", 3, Running).fate(fate);
        let plan = service.plan(&[desired("faq", 4)]);
        let (codes, report) = service.apply(&plan).await;
        assert_eq!(codes, [code, "notBegun"]);
        assert_eq!(service.calls(), ["create faq"], "nothing is tried again");
        assert!(!report.is_success());
    }
}

#[tokio::test]
async fn one_failure_stops_no_other_action() {
    let service = Service::default().fate(Fate::Refused);
    let plan = service.plan(&[desired("a", 1), desired("b", 2), desired("c", 3)]);
    let (codes, _) = service.apply(&plan).await;
    assert_eq!(codes, ["refused", "created", "created"]);
}

#[tokio::test]
async fn a_look_from_before_the_machine_slept_is_too_old() {
    // The monotonic clock, which stood still, says that no time has passed.
    for (slept, sent) in [(5, 1), (6, 0)] {
        let service = Service::default();
        let mut ready = ready(&service.plan(&[desired("faq", 3)]));
        ready.look.ended_wall = Timestamp::UNIX_EPOCH - Duration::from_secs(slept);
        let stop = Stop::new();
        let report = service.executor(&stop).apply(&ready, &()).await;
        assert_eq!(report.created().count(), sent, "{slept} s: {report:?}");
        assert_eq!(service.calls().len(), sent);
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A duplicate of job 1 that the plan cancels, and a change before it does.
async fn cancelling_a_duplicate(change: impl FnOnce(&Service)) -> (Vec<Outcome>, Vec<String>) {
    let service = Service::default().has("faq", 3, Running).has("faq", 3, Running);
    let plan = service.plan(&[desired("faq", 3)]);
    change(&service);
    let (_, report) = service.apply(&plan).await;
    (report.items.into_iter().map(|item| item.outcome).collect(), service.calls())
}

#[tokio::test]
async fn winner_and_loser_are_read_right_before_a_cancel() {
    let (outcomes, calls) = cancelling_a_duplicate(|_| {}).await;
    assert_eq!(outcomes, [Outcome::CancelRequested]);
    assert_eq!(calls, ["get 1", "get 2", "cancel 2"]);
}

#[tokio::test]
async fn a_loser_whose_winner_failed_meanwhile_goes_on() {
    let (outcomes, calls) = cancelling_a_duplicate(|service| service.set(1, Failed)).await;
    let gone = Withheld::SurvivorGone(job_name(1), Failed);
    assert_eq!(outcomes, [Outcome::Withheld(gone)]);
    assert_eq!(calls, ["get 1"]);
}

#[tokio::test]
async fn a_run_that_ended_meanwhile_is_not_cancelled() {
    for state in [Succeeded, Failed, Cancelled] {
        let (outcomes, calls) =
            cancelling_a_duplicate(|service| service.set(2, state.clone())).await;
        assert_eq!(outcomes, [Outcome::AlreadyEnded(state)]);
        assert!(!calls.contains(&"cancel 2".to_owned()));
        assert!(!outcomes[0].is_failure());
    }
}

#[tokio::test]
async fn a_run_that_cannot_be_judged_is_not_cancelled() {
    let (outcomes, _) = cancelling_a_duplicate(|service| service.set(2, Paused)).await;
    assert_eq!(outcomes, [Outcome::Withheld(Withheld::Unclear(Paused))]);
    let (outcomes, _) =
        cancelling_a_duplicate(|service| service.jobs.lock().unwrap()[1].stamp = None).await;
    assert_eq!(outcomes, [Outcome::Withheld(Withheld::NotOurs)]);
    for change in [|s: &mut Stamp| s.owner = name("other"), |s: &mut Stamp| s.name = name("x")] {
        let (outcomes, _) = cancelling_a_duplicate(|service| {
            change(service.jobs.lock().unwrap()[1].stamp.as_mut().unwrap());
        })
        .await;
        assert_eq!(outcomes, [Outcome::Withheld(Withheld::NotOurs)]);
    }
    let (outcomes, calls) =
        cancelling_a_duplicate(|service| *service.down.lock().unwrap() = true).await;
    assert!(matches!(outcomes[..], [Outcome::Withheld(Withheld::Unreadable(_))]));
    assert_eq!(calls, ["get 1"]);
}

#[tokio::test]
async fn after_a_signal_nothing_more_is_sent() {
    let service = Service::default();
    let plan = service.plan(&[desired("a", 1), desired("b", 2)]);
    let stop = Stop::new();
    stop.set();
    let report = service.executor(&stop).apply(&ready(&plan), &()).await;
    assert!(service.calls().is_empty());
    let skipped = Outcome::Skipped(Skipped::Interrupted);
    assert!(report.items.iter().all(|item| item.outcome == skipped));
}
