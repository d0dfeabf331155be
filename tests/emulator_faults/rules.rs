//! Which requests a rule is about, how often it fires, and how it is set.

use reqwest::{Method, StatusCode};
use retune::emulator::faults::{Fault, On, Operation, Rule};
use retune::emulator::{self, Options, StartError};
use serde_json::{Value, json};

use crate::world::{JOBS, PLACE, World, job, met};

/// For each of `count` lists: whether it was refused.
async fn refused(world: &World, count: usize) -> Vec<bool> {
    let mut refused = Vec::new();
    for _ in 0..count {
        refused.push(world.ask(Method::GET, JOBS, &json!({})).await.unwrap().0 != StatusCode::OK);
    }
    refused
}

#[tokio::test]
async fn rules_fire_when_they_say() {
    let world = World::with(&["list:refuse:after-1:every-2:2"]).await;
    assert_eq!(refused(&world, 7).await, [false, false, true, false, true, false, false]);
    let [rule] = world.running.faults().rules().try_into().unwrap();
    assert_eq!((rule.matched, rule.fired), (7, 2));

    let mut same = Vec::new();
    for _ in 0..2 {
        let world = World::with(&["list:refuse:p0.3", "any:delay=0"]).await;
        same.push(refused(&world, 60).await);
    }
    assert_eq!(same[0], same[1], "the same seed draws the same faults");
    let count = same[0].iter().filter(|refused| **refused).count();
    assert!((8..=30).contains(&count), "{count} of 60 at 0.3");
}

#[tokio::test]
async fn rules_are_about_what_they_say() {
    let world = World::with(&[]).await;
    let (faq, router) = (world.create("faq").await, world.create("router").await);
    for rule in [
        "get@retune-name=faq:refuse",
        "cancel@retune-name=router,Model router:refuse",
        "create@Model x:refuse",
        "create@retune-name=y:refuse",
        "list-models:refuse",
        "other@projects/acme-ml:refuse",
    ] {
        world.fault(rule);
    }
    let refused = StatusCode::FORBIDDEN;
    let (id, other) = (format!("v1/{faq}"), format!("v1/{router}"));
    let (x, y, z) = (job("x"), job("y"), job("z"));
    let nothing = json!({});
    for (method, path, body, status) in [
        (Method::GET, id.as_str(), &nothing, refused),
        (Method::GET, &other, &nothing, StatusCode::OK),
        (Method::POST, &format!("{id}:cancel"), &nothing, StatusCode::OK),
        (Method::POST, &format!("{other}:cancel"), &nothing, refused),
        (Method::POST, JOBS, &x, refused),
        (Method::POST, JOBS, &y, refused),
        (Method::POST, JOBS, &z, StatusCode::OK),
        (Method::GET, JOBS, &nothing, StatusCode::OK),
        (Method::GET, &format!("{PLACE}/models"), &nothing, refused),
        (Method::GET, "v1/projects/acme-ml", &nothing, refused),
        (Method::GET, "v1/projects/acme-nlp", &nothing, StatusCode::OK),
    ] {
        let (found, answer) = world.ask(method.clone(), path, body).await.unwrap();
        assert_eq!(found, status, "{method} {path}: {answer:#}");
    }
    let operations: Vec<Operation> =
        world.running.log().into_iter().map(|entry| entry.operation).collect();
    use Operation::{Cancel, Create, Get, ListJobs, ListModels, Other};
    assert_eq!(
        operations,
        [
            Create, Create, Get, Get, Cancel, Cancel, Create, Create, Create, ListJobs, ListModels,
            Other, Other
        ]
    );
}

#[tokio::test]
async fn the_first_answer_that_fires_is_the_only_one() {
    let world = World::with(&["list:status=500:1", "any:html:2", "list:stale=60"]).await;
    for (code, faults) in [
        (500, vec!["status", "stale"]),
        (502, vec!["html", "stale"]),
        (502, vec!["html", "stale"]),
        (200, vec!["stale"]),
    ] {
        let response = world.request(Method::GET, JOBS).send().await.unwrap();
        assert_eq!(response.status().as_u16(), code);
        assert_eq!(met(&world.last()), faults);
    }
}

#[tokio::test]
async fn rules_come_and_go_at_run_time() {
    const FAULTS: &str = "emulator/faults";
    let world = World::with(&["any:drop:after-2"]).await;
    let rules = json!([
        "create:quota:1",
        {"on": "list", "fault": {"kind": "stale", "seconds": 60}},
    ]);
    // No rule is about these routes, and no rule counts them.
    for _ in 0..3 {
        assert_eq!(world.get(FAULTS).await["rules"].as_array().unwrap().len(), 1);
    }
    let (status, answer) = world.post(FAULTS, rules).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    assert_eq!(
        answer["rules"][1],
        json!({
            "on": "create",
            "fault": {"kind": "quota"},
            "times": 1,
            "matched": 0,
            "fired": 0,
        })
    );
    assert_eq!(world.post(JOBS, job("faq")).await.unwrap().0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.get(FAULTS).await["rules"][1]["fired"], 1);

    // All or nothing, and it says what is wrong with which.
    for (wrong, why) in [
        (json!(["list:refuse", "list:explode"]), "`list:explode` is not a rule: unknown variant"),
        (json!({"on": "list"}), "missing field `fault`"),
        (json!("list:late=3"), "`late` does nothing to `list`"),
        (json!(17), "`17` is not a rule"),
    ] {
        let (status, answer) = world.post(FAULTS, wrong).await.unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(world.running.faults().rules().len(), 3);
    let (_, answer) = world.ask(Method::DELETE, FAULTS, &json!({})).await.unwrap();
    assert_eq!(answer, json!({"rules": []}));
    world.create("faq").await;
    world.create("router").await;

    let log = world.get("emulator/log").await;
    let entries = log["entries"].as_array().unwrap();
    let created = entries[1]["effects"][0].clone();
    assert_eq!(created["kind"], "job-created");
    assert_eq!(created["labels"], json!({"retune-name": "faq"}));
    assert_eq!(created["time"], "2026-11-20T09:12:07.734198Z");
    let jobs = world.get("emulator/jobs").await;
    assert_eq!(jobs["tuningJobs"][0]["name"], created["job"]);
    assert_eq!(entries[0]["faults"], json!([{"kind": "quota"}]));
    assert_eq!((&entries[0]["processed"], &entries[0]["answered"]), (&Value::Null, &json!(429)));
    assert_eq!(entries[1]["number"], 2);
    assert_eq!(
        (&entries[1]["method"], &entries[1]["operation"]),
        (&json!("POST"), &json!("create"))
    );
    assert_eq!(entries[1]["path"], format!("/{JOBS}"));
    let (_, log) = world.ask(Method::DELETE, "emulator/log", &json!({})).await.unwrap();
    assert_eq!(log, json!({"entries": []}));
    world.list("tuningJobs").await;
    assert_eq!(world.last().number, 4);
}

#[tokio::test]
async fn strangers_cannot_set_rules() {
    let world = World::with(&[]).await;
    for path in ["emulator/faults", "emulator/held", "emulator/log", "emulator/jobs"] {
        for (header, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let request =
                    world.request(method, path).header(header, value).body("\"any:drop\"");
                assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN);
            }
        }
    }
    assert_eq!(world.running.faults().rules(), []);
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_at_once() {
    let world = World::with(&[]).await;
    let senseless = Rule::new(On::Create, Fault::CancelLoses);
    assert!(world.running.faults().add(senseless.clone()).is_err());
    let options = Options { faults: vec![senseless], ..Options::default() };
    let refused = emulator::start(options, world.clock.clone()).await.unwrap_err();
    assert!(matches!(refused, StartError::Fault(_)), "{refused}");
}

#[tokio::test]
async fn connections_end_with_the_emulator() {
    let world = World::with(&[]).await;
    // The client keeps this one open.
    world.list("tuningJobs").await;
    let url = world.running.url().to_owned();
    world.running.stop().await;
    assert!(world.client.get(url).send().await.unwrap_err().is_connect());
}
