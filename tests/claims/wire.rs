//! What is on the wire, and what is made of every answer.

use serde_json::json;

use super::server::{DATE, Server, Step, bytes, ok, reply};
use super::*;

fn metadata(generation: u64) -> Step {
    ok(&format!(
        r#"{{"generation":"{generation}","updated":"2026-11-22T11:59:50.000Z","size":"200"}}"#
    ))
}

const PENDING: &str = r#"{"formatVersion":1,"state":"pending","run":"0000000000000007","attempt":1,"holder":"h","retune":"9"}"#;

fn gone() -> Step {
    let text = "No such object: acme/claims";
    reply(404, &[], &json!({"error": {"code": 404, "message": text}}).to_string())
}

#[tokio::test]
async fn what_is_on_the_wire() {
    let server = Server::start([metadata(5), ok(PENDING), ok(r#"{"generation":"6"}"#)]).await;
    let store = store(&server.url(), "gs://acme");
    let held = store.read(&path()).await.unwrap().unwrap();
    assert_eq!((held.generation, held.age().as_secs()), (5, 10));
    let expect = Expect::Generation(5);
    let put = store.put(&path(), &held.claim, expect).await;
    assert!(matches!(put, PutOutcome::Written { generation: 6 }), "{put:?}");

    let object = "claims%2Fv1%2Facme%2Fexample.com%253Aacme%2Fus-central1%2Ffaq%2F0%2Fh1-abc\
                  %2Fnone%2F1.json";
    let requests = server.requests();
    assert_eq!(
        server.lines(),
        [
            format!(
                "GET /storage/v1/b/acme/o/{object}?fields=generation%2Cupdated%2Csize HTTP/1.1"
            ),
            format!("GET /storage/v1/b/acme/o/{object}?alt=media&generation=5 HTTP/1.1"),
            format!(
                "POST /upload/storage/v1/b/acme/o?uploadType=media&name={object}\
                 &ifGenerationMatch=5&fields=generation HTTP/1.1"
            ),
        ]
    );
    // No credential goes to loopback.
    assert!(requests.iter().all(|request| request.header("authorization").is_none()));
    assert_eq!(requests[2].header("content-type"), Some("application/json"));
    assert!(requests[2].body.contains("\"run\": \"0000000000000007\""));
}

#[tokio::test]
async fn a_claim_that_changes_between_its_two_requests_is_read_again() {
    let server = Server::start([metadata(5), gone(), metadata(6), ok(PENDING)]).await;
    let held = store(&server.url(), "gs://acme").read(&path()).await.unwrap().unwrap();
    assert_eq!(held.generation, 6);
    let restless = [metadata(5), gone(), metadata(6), gone(), metadata(7), gone()];
    let server = Server::start(restless).await;
    let read = store(&server.url(), "gs://acme").read(&path()).await;
    assert!(matches!(read, Err(ClaimError::Restless { .. })), "{read:?}");
}

#[tokio::test]
async fn reads_are_tried_again_and_writes_are_not() {
    let busy = || reply(503, &[], "");
    let server = Server::start([busy(), Step::CloseSilently, gone(), busy(), busy()]).await;
    let store = store(&server.url(), "gs://acme");
    assert_eq!(store.read(&path()).await.unwrap(), None);
    let put = store.put(&path(), &Claim::pending(1, "h", 1), Expect::Absent).await;
    assert!(matches!(put, PutOutcome::Unknown(_)), "{put:?}");
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn every_answer_to_a_write_is_written_conflict_refused_or_unknown() {
    let denied = "ci@acme.iam does not have storage.objects.create access to the Google Cloud \
                  Storage object. Permission 'storage.objects.create' denied on resource.";
    let denied = json!({"error": {"code": 403, "message": denied}}).to_string();
    for (step, says) in [
        (ok(r#"{"generation":"6"}"#), "Written { generation: 6 }"),
        (reply(412, &[], "{}"), "Conflict"),
        (ok("{}"), "Unknown"),
        (ok(""), "Unknown"),
        (ok(r#"{"generation":6}"#), "Unknown"),
        (reply(500, &[], ""), "Unknown"),
        (reply(503, &[], ""), "Unknown"),
        (reply(408, &[], ""), "Unknown"),
        (reply(302, &[("location", "https://evil.example")], ""), "Unknown"),
        (Step::CloseSilently, "Unknown"),
        (Step::Reply(bytes(200, &[("content-length", "50")], b"{")), "Unknown"),
        (reply(403, &[], &denied), "permission: Some(\"storage.objects.create\")"),
        (reply(401, &[], ""), "Refused(Unauthenticated"),
        (reply(429, &[], ""), "Refused(Throttled"),
        (reply(400, &[], ""), "Refused(Refused"),
        (reply(404, &[], "<html>"), "Refused(Refused"),
    ] {
        let close = matches!(&step, Step::Reply(bytes) if bytes.ends_with(b"{"));
        let step = match step {
            Step::Reply(bytes) if close => Step::ReplyThenClose(bytes),
            step => step,
        };
        let server = Server::start([step]).await;
        let store = store(&server.url(), "gs://acme");
        let put = store.put(&path(), &Claim::pending(1, "h", 1), Expect::Absent).await;
        assert!(format!("{put:?}").contains(says), "{says}: {put:?}");
        assert_eq!(server.lines().len(), 1, "{says}");
    }
}

#[tokio::test]
async fn no_answer_to_a_read_but_the_services_own_means_absent() {
    let undated = |body: &str| {
        let text = String::from_utf8(bytes(200, &[], body.as_bytes())).unwrap();
        Step::Reply(text.replace(&format!("date: {DATE}\r\n"), "").into_bytes())
    };
    let good = r#"{"generation":"5","updated":"2026-11-22T11:59:50Z","size":"9"}"#;
    for (step, says) in [
        (reply(404, &[("content-type", "text/html")], "<html>404</html>"), "Refused"),
        (reply(404, &[], ""), "Refused"),
        (reply(302, &[("location", "https://evil.example")], ""), "Refused"),
        (reply(403, &[], "{}"), "Forbidden"),
        (reply(401, &[], "{}"), "Unauthenticated"),
        (ok(""), "no object's metadata"),
        (ok("null"), "no object's metadata"),
        (ok("[]"), "no object's metadata"),
        (ok("{}"), "no object's metadata"),
        (ok(&good.replace("\"5\"", "\"0\"")), "no generation"),
        (ok(&good.replace("\"5\"", "\"-5\"")), "no generation"),
        (ok(&good.replace("2026-11-22T", "")), "no time of writing"),
        (ok(&good.replace("\"9\"", "\"x\"")), "no size"),
        (undated(good), "no date"),
    ] {
        let server = Server::start([step]).await;
        let read = store(&server.url(), "gs://acme").read(&path()).await;
        assert!(format!("{:?}", read.as_ref().unwrap_err()).contains(says), "{says}: {read:?}");
    }
}

#[tokio::test]
async fn a_claim_that_somebody_wrote_by_hand_shows_no_escape_sequence() {
    let hostile = PENDING.replace(r#""h""#, r#""\u001b[2J\u202e@everyone""#);
    let server = Server::start([metadata(5), ok(&hostile)]).await;
    let store = store(&server.url(), "gs://acme");
    let refused = look(&store, path(), TAKEOVER, &HandClock::new()).await.unwrap_err();
    let text = told(&refused);
    assert!(text.contains("by \\u{1b}[2J\\u{202e}@everyone (retune-run"), "{text}");
    assert!(!matches!(refused, NotClaimed::Store(ClaimError::Foreign { .. })));
}
