//! Faults that decide over the answer.

use reqwest::{Method, StatusCode};
use retune::emulator::faults::Operation;
use serde_json::{Value, json};

use crate::world::{JOBS, World, job, met};

#[tokio::test]
async fn a_refused_connection_reaches_no_method() {
    let world = World::with(&["connect:refuse:2"]).await;
    for _ in 0..2 {
        let error = world.post(JOBS, job("faq")).await.unwrap_err();
        assert!(error.is_request() || error.is_connect(), "{error:?}");
        assert_eq!(world.last().operation, Operation::Connect);
        assert_eq!(met(&world.last()), ["refuse"]);
    }
    assert_eq!(world.paid(), 0);
    world.create("faq").await;
    assert_eq!(world.paid(), 1);
}

#[tokio::test]
async fn a_definite_answer_changes_nothing() {
    let world = World::with(&[]).await;
    for (fault, code, status) in [
        ("refuse", 403, "PERMISSION_DENIED"),
        ("refuse=400", 400, "INVALID_ARGUMENT"),
        ("refuse=401", 401, "UNAUTHENTICATED"),
        ("refuse=404", 404, "NOT_FOUND"),
        ("status=408", 408, "DEADLINE_EXCEEDED"),
        ("status=429", 429, "RESOURCE_EXHAUSTED"),
        ("status=500", 500, "INTERNAL"),
        ("status=502", 502, "UNAVAILABLE"),
        ("status=503", 503, "UNAVAILABLE"),
        ("status=504", 504, "DEADLINE_EXCEEDED"),
        ("quota", 429, "RESOURCE_EXHAUSTED"),
    ] {
        world.fault(&format!("create:{fault}:1"));
        let (found, answer) = world.post(JOBS, job("faq")).await.unwrap();
        assert_eq!(found.as_u16(), code, "{fault}: {answer:#}");
        assert_eq!(answer["error"]["code"], code, "{fault}");
        assert_eq!(answer["error"]["status"], status, "{fault}");
        let entry = world.last();
        assert_eq!((entry.processed, entry.answered), (None, Some(code)), "{fault}");
    }
    assert_eq!(world.paid(), 0);
}

#[tokio::test]
async fn a_status_says_when_to_come_back_where_it_is_told_to() {
    let world = World::with(&[]).await;
    world.fault("list:status=429,retry-after=7,retry-info=9:1");
    let response = world.request(Method::GET, JOBS).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "7");
    let answer: Value = response.json().await.unwrap();
    assert_eq!(
        answer["error"]["details"],
        json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "9s"}])
    );
    world.fault("list:status=429:1");
    let response = world.request(Method::GET, JOBS).send().await.unwrap();
    assert_eq!(response.headers().get("retry-after"), None);
    world.fault("create:quota,retry-after=30:1");
    let response = world.request(Method::POST, JOBS).json(&job("faq")).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "30");
    let answer: Value = response.json().await.unwrap();
    let failure = &answer["error"]["details"][0];
    assert_eq!(failure["@type"], "type.googleapis.com/google.rpc.QuotaFailure");
    assert!(failure["violations"][0]["subject"].is_string(), "{failure:#}");
}

#[tokio::test]
async fn a_dropped_request_leaves_no_trace_and_no_byte() {
    let world = World::with(&["create:drop:2"]).await;
    let error = world.post(JOBS, job("faq")).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!(world.raw("POST", JOBS, &job("faq")).await, b"");
    assert_eq!((world.last().processed, world.last().answered), (None, None));
    assert_eq!(world.paid(), 0);
    world.create("faq").await;
}

#[tokio::test]
async fn a_job_can_exist_though_nobody_was_told() {
    let world = World::with(&[]).await;
    world.fault("create:process-then-drop:2");
    assert_eq!(world.raw("POST", JOBS, &job("one")).await, b"");
    let error = world.post(JOBS, job("two")).await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!((world.last().processed, world.last().answered), (Some(200), None));
    assert_eq!(world.paid(), 2);

    world.fault("create:process-then-status:1");
    let (status, answer) = world.post(JOBS, job("three")).await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer:#}");
    assert_eq!((world.last().processed, world.last().answered), (Some(200), Some(503)));

    world.fault("create:process-then-status=500,retry-after=1:1");
    let response = world.request(Method::POST, JOBS).json(&job("four")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()["retry-after"], "1");

    assert_eq!(world.paid(), 4);
    assert_eq!(world.list("tuningJobs").await.0.len(), 4);
}

#[tokio::test]
async fn over_http_2_the_stream_ends() {
    let world = World::with(&["create:process-then-drop:1"]).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let url = format!("{}/{JOBS}", world.running.url());
    let error = client.post(&url).json(&job("faq")).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_connect(), "{error:?}");
    assert_eq!(world.paid(), 1);
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_html_is_no_answer() {
    let world = World::with(&["create:html:1", "create:process-then-html=200:1"]).await;
    for (code, paid) in [(502, 0), (200, 1)] {
        let response = world.request(Method::POST, JOBS).json(&job("faq")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), code);
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert!(response.text().await.unwrap().starts_with("<!DOCTYPE html>"));
        assert_eq!(world.paid(), paid);
    }
}

#[tokio::test]
async fn an_answer_breaks_off() {
    let world = World::with(&["create:truncate:1", "create:truncate=10:1"]).await;
    let response = world.request(Method::POST, JOBS).json(&job("one")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let promised = response.content_length().unwrap();
    let error = response.bytes().await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(promised > 100, "{promised}");

    let bytes = String::from_utf8(world.raw("POST", JOBS, &job("two")).await).unwrap();
    let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert_eq!(body.len(), 10, "{body}");
    assert_eq!(world.paid(), 2);
}

#[tokio::test]
async fn a_whole_answer_says_nothing() {
    let world = World::with(&["create:invalid-json:1", "create:empty-json:1"]).await;
    let response = world.request(Method::POST, JOBS).json(&job("one")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await.unwrap();
    assert!(text.starts_with("{\n  \"name\""), "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
    let (status, answer) = world.post(JOBS, job("two")).await.unwrap();
    assert_eq!((status, answer), (StatusCode::OK, json!({})));
    assert_eq!(world.paid(), 2);
}

#[tokio::test]
async fn labels_are_there_though_not_echoed() {
    let world = World::with(&["create:labels-not-echoed:1"]).await;
    let (_, answer) = world.post(JOBS, job("faq")).await.unwrap();
    assert_eq!(answer.get("labels"), None);
    let name = answer["name"].as_str().unwrap();
    let shown = world.get(&format!("v1/{name}")).await;
    assert_eq!(shown["labels"], json!({"retune-name": "faq"}));
}

#[tokio::test]
async fn storage_fails_in_the_same_ways() {
    const BUCKET: &str = "storage/v1/b?project=acme-ml";
    const CLAIM: &str =
        "upload/storage/v1/b/claims/o?uploadType=media&name=faq/1.json&ifGenerationMatch=0";
    const OBJECT: &str = "storage/v1/b/claims/o/faq%2F1.json";
    let world = World::with(&[]).await;
    world.post(BUCKET, json!({"name": "claims"})).await.unwrap();
    world.fault("storage-put@faq/1:process-then-drop:1");
    world.fault("storage-get:status=503:1");
    let error = world.post(CLAIM, json!({"run": 1})).await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    assert_eq!(world.last().operation, Operation::StoragePut);
    assert_eq!((world.last().processed, world.last().answered), (Some(200), None));
    let (status, _) = world.post(CLAIM, json!({"run": 2})).await.unwrap();
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    let (status, _) = world.ask(Method::GET, OBJECT, &json!({})).await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.get(&format!("{OBJECT}?alt=media")).await, json!({"run": 1}));
}
