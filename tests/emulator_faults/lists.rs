//! Faults of lists: old, incomplete, endless, wrongly filtered.

use crate::world::{A_LONG_TIME, World};

#[tokio::test]
async fn a_stale_list_shows_the_past() {
    let world = World::with(&[]).await;
    let (first, second) = (world.create("first").await, world.create("second").await);
    world.fault("list-jobs:stale=60");
    assert_eq!(world.list("tuningJobs").await.0, [""; 0]);
    // Only the list is behind.
    assert_eq!(world.state(&first).await, "JOB_STATE_PENDING");
    world.forward(59);
    assert_eq!(world.list("tuningJobs").await.0, [""; 0]);
    world.forward(1);
    assert_eq!(world.list("tuningJobs").await.0, [second.as_str(), &first]);

    let listed = async |name: &str, as_of: &str| {
        let shown = world.get(&format!("v1/{name}")).await;
        let list = world.get("v1/projects/acme-ml/locations/us-central1/tuningJobs").await;
        let jobs = list["tuningJobs"].as_array().unwrap();
        let old = jobs.iter().find(|job| job["name"] == name).unwrap().clone();
        assert!(shown["updateTime"].as_str() > old["updateTime"].as_str(), "{shown:#} {old:#}");
        assert_eq!(old["state"], as_of);
        assert!(old.get("tunedModel").is_none() && old.get("endTime").is_none(), "{old:#}");
        shown["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(world.cancel(&second).await.0, 200);
    world.forward(59);
    assert_eq!(listed(&second, "JOB_STATE_QUEUED").await, "JOB_STATE_CANCELLED");
    world.running.faults().clear();
    while world.state(&first).await != "JOB_STATE_SUCCEEDED" {
        world.forward(30);
    }
    world.fault("list:stale=60");
    assert_eq!(listed(&first, "JOB_STATE_RUNNING").await, "JOB_STATE_SUCCEEDED");
    assert_eq!(world.list("models").await.0, [""; 0]);
    world.forward(60);
    assert_eq!(world.list("models").await.0.len(), 1);
}

#[tokio::test]
async fn a_stale_queue_is_still_a_queue() {
    let world = World::with(&[]).await;
    let (first, second) = (world.create("first").await, world.create("second").await);
    while world.state(&first).await != "JOB_STATE_SUCCEEDED" {
        world.forward(5);
    }
    assert_ne!(world.state(&second).await, "JOB_STATE_QUEUED");
    world.fault("list:stale=60");
    let (queued, _) = world.list("tuningJobs?filter=state=\"JOB_STATE_QUEUED\"").await;
    assert_eq!(queued, [second]);
}

#[tokio::test]
async fn a_page_is_missing_and_nothing_says_so() {
    let world = World::with(&[]).await;
    let mut jobs = Vec::new();
    for number in 0..5 {
        jobs.push(world.create(&format!("job-{number}")).await);
    }
    jobs.reverse();
    world.fault("list:lost-page:after-1:1");
    let mut seen = Vec::new();
    let mut token = Some(String::new());
    while let Some(next) = token {
        let page;
        (page, token) = world.list(&format!("tuningJobs?pageSize=2&pageToken={next}")).await;
        seen.extend(page);
    }
    assert_eq!(seen, [jobs[0].as_str(), &jobs[1], &jobs[4]]);
    // The only page lost is an empty list.
    world.fault("list:lost-page:1");
    assert_eq!(world.list("tuningJobs").await, (Vec::new(), None));
    assert_eq!(world.list("tuningJobs").await.0, jobs);
}

#[tokio::test]
async fn a_token_leads_back_to_its_page() {
    let world = World::with(&["list:repeat-token:after-1"]).await;
    for number in 0..3 {
        world.create(&format!("job-{number}")).await;
    }
    let (first, token) = world.list("tuningJobs?pageSize=2").await;
    let token = token.unwrap();
    let (last, again) = world.list(&format!("tuningJobs?pageSize=2&pageToken={token}")).await;
    assert_eq!((first.len(), last.len()), (2, 1));
    assert_eq!(again, Some(token));
    // From the first page on, the token is one that did not come before.
    let (page, token) = world.list("tuningJobs?pageSize=2").await;
    assert_eq!(page, first);
    let token = token.unwrap();
    let again = world.list(&format!("tuningJobs?pageSize=2&pageToken={token}")).await;
    assert_eq!(again, (first, Some(token)));
}

#[tokio::test]
async fn a_filter_means_nothing() {
    let world = World::with(&[]).await;
    let (one, two) = (world.create("one").await, world.create("two").await);
    world.forward(2 * A_LONG_TIME);
    let all = [two.clone(), one.clone()];
    const JOBS: &str = "tuningJobs?filter=labels.retune-name=one";
    const MODELS: &str = "models?filter=labels.retune-name=one";
    world.fault("list:filter-ignored:2");
    assert_eq!(world.list(JOBS).await.0, all);
    assert_eq!(world.list(MODELS).await.0.len(), 2);
    world.fault("list:filter-matches-nothing:3");
    assert_eq!(world.list(JOBS).await.0, [""; 0]);
    assert_eq!(world.list(MODELS).await.0, [""; 0]);
    assert_eq!(world.list("tuningJobs").await.0, all, "there is no filter to get wrong");
    assert_eq!(world.list(JOBS).await.0, [one]);
}
