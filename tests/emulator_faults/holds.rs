//! Requests that are held until somebody lets them go.

use reqwest::{Method, StatusCode};
use retune::emulator::faults::{At, Held, Operation};
use serde_json::json;

use crate::world::{JOBS, World, job, met};

impl World {
    /// The requests that are held, once there are so many.
    async fn held(&self, count: usize) -> Vec<Held> {
        for _ in 0..1_000_000 {
            let held = self.running.faults().held();
            if held.len() >= count {
                return held;
            }
            tokio::task::yield_now().await;
        }
        panic!("not {count} requests are held: {:?}", self.running.log())
    }
}

#[tokio::test]
async fn a_held_request_does_nothing_until_it_is_let_go() {
    let world = World::with(&["create:hold:1"]).await;
    let create = world.post(JOBS, job("faq"));
    let then = async {
        let [held] = world.held(1).await.try_into().unwrap();
        assert_eq!((held.operation, held.at), (Operation::Create, At::Request));
        assert_eq!((world.paid(), world.last().processed), (0, None));
        let shown = world.get("emulator/held").await;
        let number = held.number;
        let one = json!({"number": number, "operation": "create", "at": "request"});
        assert_eq!(shown, json!({"held": [one]}));
        let path = format!("emulator/held/{number}");
        let (_, rest) = world.ask(Method::DELETE, &path, &json!({})).await.unwrap();
        assert_eq!(rest, json!({"held": []}));
    };
    let (answer, ()) = tokio::join!(create, then);
    assert_eq!(answer.unwrap().0, StatusCode::OK);
    assert_eq!(met(&world.running.log()[0]), ["hold"]);
    assert_eq!(world.paid(), 1);
    world.create("router").await;
}

#[tokio::test]
async fn a_held_answer_comes_after_the_fact() {
    let world = World::with(&["create:hold-answer"]).await;
    let creates = async { tokio::join!(world.post(JOBS, job("a")), world.post(JOBS, job("b"))) };
    let then = async {
        let held = world.held(2).await;
        assert!(held.iter().all(|held| held.at == At::Answer));
        assert_eq!(world.paid(), 2);
        assert!(world.running.log().iter().all(|e| (e.processed, e.answered) == (Some(200), None)));
        // Letting an unknown one go lets none of these go.
        world.running.faults().release(99);
        assert_eq!(world.running.faults().held(), held);
        // The end of the rules is not the end of what they hold.
        world.running.faults().clear();
        assert_eq!(world.running.faults().held(), held);
        world.ask(Method::DELETE, "emulator/held", &json!({})).await.unwrap();
    };
    let ((one, other), ()) = tokio::join!(creates, then);
    assert_eq!((one.unwrap().0, other.unwrap().0), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn a_held_request_of_a_client_that_has_gone_is_carried_out_when_let_go() {
    let world = World::with(&["create:hold"]).await;
    tokio::select! {
        _ = world.post(JOBS, job("faq")) => panic!("answered without being let go"),
        _ = world.held(1) => {}
    }
    assert_eq!(world.list("tuningJobs").await.0, [""; 0]);
    world.running.faults().release_all();
    while world.paid() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.list("tuningJobs").await.0.len(), 1);
}

#[tokio::test]
async fn an_emulator_that_stops_lets_everything_go() {
    let world = World::with(&["create:hold-answer"]).await;
    let World { clock: _clock, running, client } = world;
    let url = format!("{}/{JOBS}", running.url());
    let asked = tokio::spawn(client.post(url).json(&job("faq")).send());
    while running.faults().held().is_empty() {
        tokio::task::yield_now().await;
    }
    running.stop().await;
    assert_eq!(asked.await.unwrap().unwrap().status(), StatusCode::OK);
}
