//! Reads: which faults are tried again, how long that waits, and what is said
//! in the end.

use std::num::NonZeroU32;

use retune::vertex::{Client, ClientOptions, Keep, ReadError, Vertex};

use crate::server::{Server, Step, bytes, ok, reply};
use crate::{Half, Notes, client, client_at, job, job_name, place, told};

const BUSY: &str = r#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#;

#[tokio::test]
async fn transient_faults_are_tried_again_with_jittered_waits() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::start([reply(status, &[], BUSY), reply(status, &[], BUSY), ok("{}")]);
        let server = server.await;
        let (client, notes) = client_at(&server.url());
        client.list(&place(), &Keep::All).await.unwrap();
        // Half of a ceiling of one second, then of two.
        assert_eq!(notes.waits(), [0.5, 1.0], "{status}");
        let counts = client.counters().read();
        assert_eq!((counts.reads, counts.failures, counts.retries), (3, 2, 2));
    }
}

#[tokio::test]
async fn cut_connections_are_tried_again() {
    let cut = bytes(200, &[("content-length", "1000")], b"{");
    let script = [Step::CloseUnread, Step::ReplyThenClose(cut), ok("{}")];
    let server = Server::start(script).await;
    client(&server).list(&place(), &Keep::All).await.unwrap();
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn every_try_is_counted_by_method_and_status() {
    let script = [
        reply(503, &[], BUSY),
        Step::CloseSilently,
        ok("{}"),
        reply(404, &[], "{}"),
        ok(&job("1", "", "JOB_STATE_PENDING")),
        reply(409, &[], "{}"),
    ];
    let server = Server::start(script).await;
    let client = client(&server);
    client.list(&place(), &Keep::All).await.unwrap();
    client.get(&job_name("1")).await.unwrap_err();
    client.create(&place(), &serde_json::json!({})).await;
    client.create(&place(), &serde_json::json!({})).await;
    assert_eq!(
        client.counters().by_method(),
        [
            ("tuningJobs.create", 200, 1),
            ("tuningJobs.create", 409, 1),
            ("tuningJobs.get", 404, 1),
            ("tuningJobs.list", 0, 1),
            ("tuningJobs.list", 200, 1),
            ("tuningJobs.list", 503, 1),
        ]
    );
}

#[tokio::test]
async fn reads_wait_for_the_quota_and_writes_do_not() {
    let job = ok(&job("1", "", "JOB_STATE_PENDING"));
    let script = [ok("{}"), ok("{}"), job, reply(503, &[], BUSY), ok("{}")];
    let server = Server::start(script).await;
    let notes = Notes::default();
    let options = ClientOptions {
        endpoint: Some(server.url()),
        requests_per_minute: NonZeroU32::new(10),
        ..ClientOptions::default()
    };
    let client = Client::new(options, notes.clone(), Half).unwrap();
    client.list(&place(), &Keep::All).await.unwrap();
    client.list(&place(), &Keep::All).await.unwrap();
    client.create(&place(), &serde_json::json!({})).await;
    client.list(&place(), &Keep::All).await.unwrap();
    assert_eq!(server.lines().len(), 5);
    // The second turn; that of the third read, which lets the create pass
    // before it; half a second after the 503 and the rest of its next turn.
    let waits: Vec<_> = notes.waits().iter().map(|wait| (wait * 10.0).round() / 10.0).collect();
    assert_eq!(waits, [6.0, 12.0, 0.5, 5.5]);
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let quota = include_str!("../data/examples/error.429.quota.json");
    for (headers, body, waits) in [
        (&[("retry-after", "7")][..], BUSY, 7.5),
        // As a date it is measured from the server's own `Date`.
        (&[("retry-after", "Sun, 22 Nov 2026 12:00:20 GMT")], BUSY, 20.5),
        (&[("retry-after", "soon")], BUSY, 0.5),
        (&[], quota, 13.5),
    ] {
        let server = Server::start([reply(429, headers, body), ok("{}")]).await;
        let (client, notes) = client_at(&server.url());
        client.list(&place(), &Keep::All).await.unwrap();
        assert_eq!(notes.waits(), [waits], "{headers:?}");
    }
    // Longer than anybody waits for a plan: said, and not waited for.
    let server = Server::start([reply(429, &[("retry-after", "3600")], quota)]).await;
    let (client, notes) = client_at(&server.url());
    let error = client.list(&place(), &Keep::All).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Throttled { retry_after: Some(wait), .. } if wait.as_secs() == 3600)
    );
    assert_eq!(error.hint().unwrap(), "try again in 3600 s");
    assert!(notes.waits().is_empty());
}

#[tokio::test]
async fn three_faults_are_an_error() {
    let server = Server::start([503, 503, 503].map(|status| reply(status, &[], BUSY))).await;
    let error = client(&server).list(&place(), &Keep::All).await.unwrap_err();
    let host = server.address;
    assert_eq!(told(&error), format!("`{host}` is unavailable (HTTP 503): busy"));
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn an_outage_is_not_answered_with_a_storm() {
    let server = Server::start((0..200).map(|_| reply(503, &[], BUSY))).await;
    let client = client(&server);
    for _ in 0..50 {
        assert!(client.get(&job_name("1")).await.is_err());
    }
    let counts = client.counters().read();
    // A burst of ten, and a tenth of the traffic.
    assert!((10..=15).contains(&counts.retries), "{counts:?}");
    assert_eq!(counts.reads, 50 + counts.retries);
}

#[tokio::test]
async fn other_refusals_are_not_tried_again_and_say_what_to_do() {
    let missing = include_str!("../data/examples/error.404.not_found.json");
    let denied = include_str!("../data/examples/error.403.permission.json");
    for (status, body, text, hint) in [
        (400, r#"{"error":{"message":"no \u001b[31m"}}"#, "(HTTP 400): no \\u{1b}[31m", None),
        (401, "{}", "does not accept the credential", Some("https://*.googleapis.com only")),
        (403, denied, "`aiplatform.tuningJobs.create` denied", Some("roles/aiplatform.user")),
        (404, missing, "there is no job `projects/123456789012/", None),
        (302, "", "refused the request (HTTP 302)", None),
        (501, "{}", "(HTTP 501)", Some("try again")),
    ] {
        let server = Server::start([reply(status, &[], body)]).await;
        let error = client(&server).get(&job_name("1")).await.unwrap_err();
        assert!(told(&error).contains(text), "{}", told(&error));
        let said = error.hint().unwrap_or_default();
        assert!(said.contains(hint.unwrap_or_default()) && said.is_empty() == hint.is_none());
        assert_eq!(server.lines().len(), 1, "{status}");
    }
    let html = reply(404, &[("content-type", "text/html")], "<!DOCTYPE html><title>404</title>");
    let server = Server::start([html]).await;
    let error = client(&server).list(&place(), &Keep::All).await.unwrap_err();
    assert!(matches!(error, ReadError::NoSuchPlace { .. }));
    assert!(told(&error).contains("not the API's (text/html)"), "{error}");
}

#[tokio::test]
async fn no_server_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, notes) = client_at(&format!("http://{address}"));
    let error = client.get(&job_name("1")).await.unwrap_err();
    assert!(matches!(&error, ReadError::Unreachable { .. }));
    assert!(told(&error).starts_with(&format!("could not reach `{address}`\nno connection")));
    assert_eq!(notes.waits().len(), 2);
}

#[tokio::test]
async fn a_job_is_read_by_its_own_name() {
    let name = job_name("77");
    let server = Server::start([
        ok(&job("77", "", "JOB_STATE_RUNNING")),
        ok(&job("78", "", "JOB_STATE_RUNNING")),
        ok(r#"{"name":"projects/1/loc"#),
        ok(r#"{"state":"JOB_STATE_RUNNING"}"#),
    ])
    .await;
    let client = client(&server);
    let observed = client.get(&name).await.unwrap();
    assert_eq!((&observed.name, observed.stamp.clone()), (&name, None));
    for what in ["about another job", "cut off after 23 bytes", "no usable name"] {
        let error = client.get(&name).await.unwrap_err();
        assert!(told(&error).contains(what), "{}", told(&error));
    }
    assert_eq!(server.lines()[0], format!("GET /v1/{name} HTTP/1.1"));
}

#[tokio::test]
async fn progress_comes_from_the_beta_and_falls_back() {
    let finer =
        include_str!("../data/examples/discovery_only/v1beta1.tuning_job.waiting_for_quota.json");
    let server = Server::start([ok(finer)]).await;
    let progress = client(&server).progress(&job_name("1")).await.unwrap();
    assert_eq!(progress.detail.as_deref(), Some("waiting for quota"));
    assert_eq!(progress.completed_epochs, Some(0));
    assert!(server.lines()[0].starts_with("GET /v1beta1/projects/"));

    let plain = include_str!("../data/examples/tuning_job.running.json");
    for trouble in
        [reply(404, &[], "{}"), reply(400, &[], "{}"), reply(501, &[], ""), ok("<html>"), ok("[]")]
    {
        let server = Server::start([trouble, ok(plain)]).await;
        let progress = client(&server).progress(&job_name("1")).await.unwrap();
        assert_eq!((progress.detail, progress.total_steps), (None, Some(252)));
        assert!(server.lines()[1].starts_with("GET /v1/projects/"));
    }
    let server = Server::start([reply(404, &[], "{}"), reply(404, &[], "{}")]).await;
    let error = client(&server).progress(&job_name("1")).await.unwrap_err();
    assert!(matches!(error, ReadError::NotFound { .. }));
}
