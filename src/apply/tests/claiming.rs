//! With a claim store: read the claim, list again, claim, create, record.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use super::bucket::{Bucket, Wrong};
use super::service::{Fate, Service, desired, job_name, place, policy};
use crate::apply::{Broken, CarriedOut, Claims, Executor, Memory, Reconciler, Stop};
use crate::claims::{ClaimState, TAKEOVER};
use crate::model::JobState::{Cancelled, Pending};

/// One process from its start to its end: it wants the model `faq`.
async fn applied(service: &Service, bucket: &Bucket<'_>) -> CarriedOut {
    let (places, policy, stop) = (BTreeSet::from([place()]), policy(), Stop::new());
    let (memory, wanted) = (Mutex::new(Memory::default()), [desired("faq", 3)]);
    let claims = Some(Claims { store: bucket, holder: "host process 1", takeover: TAKEOVER });
    let executor = Executor {
        vertex: service,
        entropy: service,
        clock: service,
        revision: Some(77),
        stop: &stop,
        asked: &(),
        memory: &memory,
        claims,
    };
    let settle = Duration::ZERO;
    let reconciler = Reconciler {
        executor,
        desired: &wanted,
        places: &places,
        policy: &policy,
        settle,
        partial: false,
    };
    let seen = reconciler.look().await.unwrap();
    let confirmed = seen.plan.clone();
    reconciler.carry_out(&confirmed, seen, &()).await
}

fn codes(done: &CarriedOut) -> Vec<&'static str> {
    done.report.items.iter().map(|item| item.outcome.code()).collect()
}

#[tokio::test]
async fn the_claim_is_read_before_the_jobs_are_listed_and_written_before_the_create() {
    let service = Service::default();
    let bucket = Bucket::new(&service);
    assert_eq!(codes(&applied(&service, &bucket).await), ["created"]);
    let order = ["list", "read claim", "list", "claim pending", "create faq", "claim done"];
    assert_eq!(service.calls(), order);
    assert_eq!(bucket.state(), Some(ClaimState::Done { job: job_name(1) }));
    assert_eq!(*service.now.lock().unwrap(), Duration::ZERO);
}

#[tokio::test]
async fn nothing_to_create_asks_no_bucket() {
    let service = Service::default().has("faq", 3, Pending);
    let bucket = Bucket::new(&service).is(Wrong::Down);
    assert!(codes(&applied(&service, &bucket).await).is_empty());
    assert_eq!(service.calls(), ["list"]);
}

#[tokio::test]
async fn a_run_that_is_claimed_and_not_listed_is_not_created_again() {
    let service = Service::default();
    let bucket = Bucket::new(&service);
    let _ = applied(&service, &bucket).await;
    service.hides_jobs(true);
    service.calls();
    assert_eq!(codes(&applied(&service, &bucket).await), ["noLongerDue"]);
    assert_eq!(service.calls(), ["list", "read claim", "get 1", "list"]);
    // What became of it meanwhile counts.
    service.set(1, Cancelled);
    assert_eq!(codes(&applied(&service, &bucket).await), ["noLongerDue"]);
}

#[tokio::test]
async fn a_claimed_run_that_is_gone_is_held_and_names_its_job() {
    let service = Service::default();
    let bucket = Bucket::new(&service);
    let _ = applied(&service, &bucket).await;
    service.jobs.lock().unwrap().clear();
    let done = applied(&service, &bucket).await;
    assert_eq!(codes(&done), ["held"]);
    let crate::apply::Outcome::Held(reason) = &done.report.items[0].outcome else { panic!() };
    assert_eq!((reason.code(), reason.job()), ("claimedElsewhere", Some(&job_name(1))));
}

#[tokio::test]
async fn a_refused_create_gives_its_claim_back_and_a_lost_one_keeps_it() {
    let service = Service::default().fate(Fate::Refused);
    let bucket = Bucket::new(&service);
    assert_eq!(codes(&applied(&service, &bucket).await), ["refused"]);
    assert_eq!(bucket.state(), Some(ClaimState::Released));
    service.meets(Fate::Lost);
    assert_eq!(codes(&applied(&service, &bucket).await), ["outcomeUnknown"]);
    assert_eq!(bucket.state(), Some(ClaimState::Pending));
}

#[tokio::test]
async fn a_dead_holder_is_waited_for_and_taken_over_by_nobody_s_hand() {
    let service = Service::default().fate(Fate::Lost);
    let bucket = Bucket::new(&service);
    let _ = applied(&service, &bucket).await;
    // The create never arrived.
    service.jobs.lock().unwrap().clear();
    assert_eq!(codes(&applied(&service, &bucket).await), ["created"]);
    let waited = *service.now.lock().unwrap();
    assert!((TAKEOVER..TAKEOVER + Duration::from_secs(30)).contains(&waited), "{waited:?}");
    assert_eq!(bucket.state(), Some(ClaimState::Done { job: job_name(1) }));
}

#[tokio::test]
async fn a_dead_holder_s_run_that_shows_up_is_taken_for_what_it_is() {
    let service = Service::default().fate(Fate::Lost);
    let bucket = Bucket::new(&service);
    let _ = applied(&service, &bucket).await;
    service.hides_jobs(true);
    service.shows_jobs_at_the_next_sleep();
    assert_eq!(codes(&applied(&service, &bucket).await), ["noLongerDue"]);
    assert_eq!(service.bodies.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn without_the_bucket_nothing_is_created() {
    for wrong in [Wrong::Down, Wrong::ReadOnly, Wrong::LosesWrites] {
        let service = Service::default();
        let bucket = Bucket::new(&service).is(wrong);
        let done = applied(&service, &bucket).await;
        let expected = match wrong {
            Wrong::Down => "notLooked",
            _ => "unclaimed",
        };
        assert_eq!(codes(&done), [expected], "{wrong:?}");
        assert_eq!(matches!(done.broken, Some(Broken::Claims(_))), wrong == Wrong::Down);
        assert!(service.bodies.lock().unwrap().is_empty());
    }
}

/// Each round reads, lists and writes: without an end it would be a storm that
/// nobody sees.
#[tokio::test]
async fn a_claim_that_never_comes_to_a_create_is_given_up_and_said() {
    for (wrong, code, left) in [
        (Wrong::Slow, "tooLate", Some(ClaimState::Released)),
        (Wrong::Contended, "overtaken", None),
    ] {
        let service = Service::default();
        let bucket = Bucket::new(&service).is(wrong);
        assert_eq!(codes(&applied(&service, &bucket).await), [code], "{wrong:?}");
        let asked = service.calls();
        assert_eq!(asked.iter().filter(|call| *call == "claim pending").count(), 5, "{asked:?}");
        assert!(*service.now.lock().unwrap() >= Duration::from_secs(14), "{wrong:?}");
        assert!(service.bodies.lock().unwrap().is_empty());
        assert_eq!(bucket.state(), left, "{wrong:?}");
    }
}
