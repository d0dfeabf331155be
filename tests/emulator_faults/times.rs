//! Faults in time: late answers, late jobs, cancellations that come to nothing.

use reqwest::StatusCode;
use retune::emulator::faults::WhatHappened;
use serde_json::{Value, json};

use crate::world::{A_LONG_TIME, JOBS, World, job, met};

#[tokio::test]
async fn a_late_job_comes_when_nobody_waits_for_it() {
    let world = World::with(&["create:late=90:1"]).await;
    let began = world.get("emulator/jobs").await;
    assert_eq!(began, json!({"tuningJobs": []}));
    assert_eq!(world.raw("POST", JOBS, &job("faq")).await, b"");
    assert_eq!((world.last().processed, world.last().answered), (None, None));

    world.forward(89);
    assert_eq!(world.list("tuningJobs").await.0, [""; 0]);
    assert_eq!(world.paid(), 0);

    // Seen long after it happened, and dated then.
    world.forward(A_LONG_TIME);
    let entry = &world.running.log()[0];
    assert_eq!(met(entry), ["late"]);
    assert_eq!((entry.processed, entry.answered), (Some(200), None));
    let [effect] = entry.effects.as_slice() else { panic!("{entry:#?}") };
    assert_eq!(effect.time, "2026-11-20T09:13:37.734198Z".parse().unwrap());
    let shown = world.get(&format!("v1/{}", effect.job)).await;
    assert_eq!(shown["createTime"], "2026-11-20T09:13:37.734198Z");
    assert_eq!(shown["state"], "JOB_STATE_SUCCEEDED");
    assert_eq!(world.paid(), 1);
}

#[tokio::test]
async fn late_jobs_come_in_the_order_of_their_times() {
    let world = World::with(&["create@one:late=90:1", "create@two:late=30:1"]).await;
    for name in ["one", "two"] {
        world.post(JOBS, job(name)).await.unwrap_err();
    }
    // The service looks at it when it comes: this one it does not take.
    world.fault("create@three:late=40:1");
    let mut wrong = job("three");
    wrong["baseModel"] = json!("gemini-0");
    world.post(JOBS, wrong).await.unwrap_err();
    world.forward(60);
    world.create("four").await;
    world.forward(60);
    let jobs = world.get("emulator/jobs").await;
    let names: Vec<&Value> =
        jobs["tuningJobs"].as_array().unwrap().iter().map(|job| &job["labels"]).collect();
    let named = |name: &str| json!({"retune-name": name});
    assert_eq!(names, [&named("two"), &named("four"), &named("one")]);
    assert_eq!(world.running.log()[2].processed, Some(400));
    assert_eq!(world.paid(), 3);
}

#[tokio::test]
async fn a_delayed_request_is_looked_at_late() {
    let world = World::with(&["create:delay=1500:1"]).await;
    let create = world.post(JOBS, job("faq"));
    let then = async {
        world.clock.sleepers(1).await;
        assert_eq!(world.paid(), 0);
        world.forward(2);
    };
    let (answer, ()) = tokio::join!(create, then);
    let (status, answer) = answer.unwrap();
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    assert_eq!(answer["createTime"], "2026-11-20T09:12:09.734198Z");
}

#[tokio::test]
async fn a_delayed_request_is_carried_out_for_a_client_that_has_gone() {
    let world = World::with(&["create:delay=1500:1"]).await;
    tokio::select! {
        _ = world.post(JOBS, job("faq")) => panic!("answered at once"),
        () = world.clock.sleepers(1) => {}
    }
    assert_eq!(world.paid(), 0);
    world.forward(2);
    // Nobody answers, so there is nothing to wait for but the job itself.
    while world.paid() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.list("tuningJobs").await.0.len(), 1);
}

#[tokio::test]
async fn a_delayed_answer_comes_after_the_fact() {
    let world = World::with(&["create:delay-answer=1500:1", "create:process-then-drop:1"]).await;
    let create = world.post(JOBS, job("faq"));
    let then = async {
        world.clock.sleepers(1).await;
        assert_eq!(world.paid(), 1);
        assert_eq!((world.last().processed, world.last().answered), (Some(200), None));
        world.forward(2);
    };
    let (answer, ()) = tokio::join!(create, then);
    assert!(answer.unwrap_err().is_request());
    assert_eq!(met(&world.last()), ["delay-answer", "process-then-drop"]);
}

#[tokio::test]
async fn a_lost_cancellation_is_accepted() {
    let world = World::with(&["cancel:cancel-loses:2"]).await;
    let (running, queued) = (world.create("running").await, world.create("queued").await);
    world.forward(300);
    for (name, state) in [(&running, "JOB_STATE_RUNNING"), (&queued, "JOB_STATE_QUEUED")] {
        assert_eq!(world.state(name).await, state);
        assert_eq!(world.cancel(name).await, (StatusCode::OK, json!({})));
        let effects = world.last().effects;
        assert_eq!(effects[0].what, WhatHappened::CancelAccepted { stops: false });
        assert_eq!(&effects[0].job, name);
        assert_eq!(world.state(name).await, "JOB_STATE_CANCELLING");
    }
    world.forward(2 * A_LONG_TIME);
    for name in [&running, &queued] {
        assert_eq!(world.state(name).await, "JOB_STATE_SUCCEEDED");
    }

    let third = world.create("third").await;
    world.cancel(&third).await;
    assert_eq!(world.last().effects[0].what, WhatHappened::CancelAccepted { stops: true });
    world.forward(A_LONG_TIME);
    assert_eq!(world.state(&third).await, "JOB_STATE_CANCELLED");
    // What has ended is refused, and changes nothing.
    assert_eq!(world.cancel(&third).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(world.last().effects, []);
}
