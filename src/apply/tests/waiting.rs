use std::collections::BTreeSet;
use std::time::Duration;

use super::service::{Fate, Service, desired, place, policy};
use crate::apply::{Ended, Outcome, Report, Stop, Verdict, Wait, WaitError};
use crate::model::Desired;
use crate::model::JobState::{Cancelled, Failed, Running, Succeeded};
use crate::plan::{Policy, plan};

const LOOK: Duration = Duration::from_secs(20);

async fn wait(
    service: &Service,
    wanted: &[Desired],
    policy: &Policy,
    limit: Option<Duration>,
) -> Result<Ended, WaitError> {
    let stop = Stop::new();
    wait_until(service, wanted, policy, limit, &stop).await
}

async fn wait_until(
    service: &Service,
    wanted: &[Desired],
    policy: &Policy,
    limit: Option<Duration>,
    stop: &Stop,
) -> Result<Ended, WaitError> {
    let places = BTreeSet::from([place()]);
    let reconciler = service.reconciler(wanted, &places, policy, Duration::ZERO, stop);
    let seen = reconciler.look().await;
    let confirmed = plan(wanted, &service.observed(), policy);
    let report = match seen {
        Ok(seen) => reconciler.carry_out(&confirmed, seen, &()).await.report,
        Err(_) => Report::default(),
    };
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit };
    wait.run(&confirmed, &report, &()).await
}

#[tokio::test]
async fn ends_when_every_run_is_good() {
    let service = Service::default().has("old", 9, Running).then(2, Running).then(2, Succeeded);
    let ended = wait(&service, &[desired("faq", 3)], &policy(), None).await.unwrap();
    assert_eq!(ended.verdict, Verdict::AllGood);
    assert!(ended.plan.unwrap().actions.is_empty());
}

#[tokio::test]
async fn a_failed_run_is_named() {
    for end in [Failed, Cancelled] {
        let service = Service::default().then(1, end);
        let wanted = [desired("faq", 3)];
        let ended = wait(&service, &wanted, &policy(), None).await.unwrap();
        assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[0].key.clone()]));
    }
}

/// Its own word counts: a listing that never shows it keeps nobody waiting.
#[tokio::test]
async fn a_run_that_no_listing_shows_is_waited_for_to_its_end() {
    for (end, good) in [(Succeeded, true), (Failed, false)] {
        let service = Service::default().then(1, Running).then(1, end);
        service.hides_jobs(true);
        let wanted = [desired("faq", 3)];
        let limit = Some(Duration::from_secs(3600));
        let ended = wait(&service, &wanted, &policy(), limit).await.unwrap();
        let not_good = Verdict::NotGood(vec![wanted[0].key.clone()]);
        assert_eq!(ended.verdict, if good { Verdict::AllGood } else { not_good });
    }
}

#[tokio::test]
async fn suspended_and_stopped_models_need_no_good_run() {
    let mut suspended = desired("a", 1);
    suspended.lifecycle.suspend = true;
    let mut stopped = desired("b", 2);
    stopped.lifecycle.desired = crate::model::DesiredState::Stopped;
    let service = Service::default();
    let ended = wait(&service, &[suspended, stopped], &policy(), None).await.unwrap();
    assert_eq!(ended.verdict, Verdict::AllGood);
}

#[tokio::test]
async fn what_concurrency_held_starts_as_runs_end() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().then(1, Succeeded).then(2, Failed).then(3, Succeeded);
    let wanted = [desired("a", 1), desired("b", 2), desired("c", 3)];
    let ended = wait(&service, &wanted, &policy, None).await.unwrap();
    assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[1].key.clone()]));
    let creates: Vec<String> =
        service.calls().into_iter().filter(|call| call.starts_with("create")).collect();
    assert_eq!(creates, ["create a", "create b", "create c"]);
}

#[tokio::test]
async fn nothing_beyond_the_confirmed_plan_is_started() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().then(1, Succeeded);
    // By the time a slot is free, `b` would need a rerun that nobody confirmed.
    let wanted = [desired("a", 1), desired("b", 2)];
    let places = BTreeSet::from([place()]);
    let stop = Stop::new();
    let reconciler = service.reconciler(&wanted, &places, &policy, Duration::ZERO, &stop);
    let seen = reconciler.look().await.unwrap();
    let confirmed = seen.plan.clone();
    let report = reconciler.carry_out(&confirmed, seen, &()).await.report;
    let changed = [desired("a", 1), desired("b", 7)];
    let reconciler = service.reconciler(&changed, &places, &policy, Duration::ZERO, &stop);
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit: None };
    let ended = wait.run(&confirmed, &report, &()).await.unwrap();
    assert_eq!(ended.verdict, Verdict::NotGood(vec![changed[1].key.clone()]));
    assert!(!service.calls().contains(&"create b".to_owned()));
}

#[tokio::test]
async fn a_deferred_create_that_is_held_is_a_failure_and_says_why() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().then(1, Succeeded);
    let wanted = [desired("a", 1), desired("b", 2)];
    let places = BTreeSet::from([place()]);
    let stop = Stop::new();
    let reconciler = service.reconciler(&wanted, &places, &policy, Duration::ZERO, &stop);
    let seen = reconciler.look().await.unwrap();
    let confirmed = seen.plan.clone();
    let report = reconciler.carry_out(&confirmed, seen, &()).await.report;
    // The job is listed once and never again.
    reconciler.look().await.unwrap();
    service.hides_jobs(true);
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit: None };
    let ended = wait.run(&confirmed, &report, &()).await.unwrap();
    assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[1].key.clone()]));
    let Some(Outcome::Held(why)) = ended.report.items.first().map(|item| &item.outcome) else {
        panic!("{:?}", ended.report)
    };
    assert_eq!(why.code(), "implausibleListing");
}

#[tokio::test]
async fn a_deferred_create_that_is_refused_is_a_failure() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().then(1, Succeeded);
    let wanted = [desired("a", 1), desired("b", 2)];
    let places = BTreeSet::from([place()]);
    let stop = Stop::new();
    let reconciler = service.reconciler(&wanted, &places, &policy, Duration::ZERO, &stop);
    let seen = reconciler.look().await.unwrap();
    let confirmed = seen.plan.clone();
    let report = reconciler.carry_out(&confirmed, seen, &()).await.report;
    service.meets(Fate::Refused);
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit: None };
    let ended = wait.run(&confirmed, &report, &()).await.unwrap();
    assert!(ended.any_failure());
    assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[1].key.clone()]));
    assert_eq!(service.calls().iter().filter(|call| *call == "create b").count(), 1);
}

#[tokio::test]
async fn the_limit_ends_the_wait_and_not_the_runs() {
    let service = Service::default();
    let limit = Some(Duration::from_secs(60));
    let wanted = [desired("faq", 3)];
    let ended = wait(&service, &wanted, &policy(), limit).await.unwrap();
    assert_eq!(ended.verdict, Verdict::TimedOut(vec![wanted[0].key.clone()]));
    assert!(service.calls().iter().all(|call| !call.starts_with("cancel")));
}

#[tokio::test]
async fn a_signal_wakes_the_sleep() {
    let service = Service::default();
    let stop = Stop::new();
    let wanted = [desired("faq", 3)];
    let policy = policy();
    let waiting = wait_until(&service, &wanted, &policy, None, &stop);
    let signal = async {
        tokio::task::yield_now().await;
        stop.set();
    };
    let (ended, ()) = futures_util::future::join(waiting, signal).await;
    assert_eq!(ended.unwrap().verdict, Verdict::Interrupted(vec![wanted[0].key.clone()]));
}

#[tokio::test]
async fn an_outage_is_sat_out_for_five_minutes_and_no_longer() {
    let service = Service::default().has("faq", 3, Running);
    *service.down.lock().unwrap() = true;
    let error = wait(&service, &[desired("faq", 3)], &policy(), None).await.unwrap_err();
    assert_eq!(error.to_string(), "gave up looking; the runs go on");
    assert_eq!(*service.now.lock().unwrap(), LOOK * 14);
}

#[tokio::test]
async fn a_deferred_create_does_not_start_beside_a_run_that_it_would_supersede() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().then(1, Succeeded);
    let wanted = [desired("a", 1), desired("b", 2)];
    let places = BTreeSet::from([place()]);
    let stop = Stop::new();
    let reconciler = service.reconciler(&wanted, &places, &policy, Duration::ZERO, &stop);
    let seen = reconciler.look().await.unwrap();
    let confirmed = seen.plan.clone();
    assert_eq!(confirmed.deferred().count(), 1);
    let report = reconciler.carry_out(&confirmed, seen, &()).await.report;
    // Somebody starts another spec of the same name meanwhile.
    let request = crate::model::CreateRequest::new(&desired("b", 9), 1);
    service.add(request.spec.clone(), &request.labels, Running);
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit: Some(LOOK * 10) };
    let ended = wait.run(&confirmed, &report, &()).await.unwrap();
    assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[1].key.clone()]));
    assert!(!service.calls().contains(&"create b".to_owned()));
}

#[tokio::test]
async fn nothing_starts_that_was_not_confirmed() {
    let mut policy = policy();
    policy.limits.max_concurrent = Some(1);
    let service = Service::default().has("old", 9, Running).then(1, Succeeded).then(2, Succeeded);
    let confirmed = plan(&[desired("b", 2)], &service.observed(), &policy);
    assert_eq!(confirmed.deferred().count(), 1);
    policy.limits.max_concurrent = Some(2);
    let wanted = [desired("a", 1), desired("b", 2)];
    let places = BTreeSet::from([place()]);
    let stop = Stop::new();
    let reconciler = service.reconciler(&wanted, &places, &policy, Duration::ZERO, &stop);
    let wait = Wait { reconciler: &reconciler, interval: LOOK, limit: Some(LOOK * 10) };
    let ended = wait.run(&confirmed, &Report::default(), &()).await.unwrap();
    assert_eq!(ended.verdict, Verdict::NotGood(vec![wanted[0].key.clone()]));
    let creates: Vec<String> =
        service.calls().into_iter().filter(|call| call.starts_with("create")).collect();
    assert_eq!(creates, ["create b"]);
}
