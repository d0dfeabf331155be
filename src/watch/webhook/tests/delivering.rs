//! What is sent, in which order, and when again.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;

/// RFC 2104 by hand, with a key shorter than a block.
fn hmac_sha256(key: &[u8], text: &[u8]) -> String {
    let padded = |pad: u8| -> Vec<u8> {
        (0..64).map(|at| key.get(at).copied().unwrap_or_default() ^ pad).collect()
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn an_event_is_signed_and_says_everything() {
    let mut receiver = Receiver::new([]);
    let secret = Some(Secret::new("key"));
    let world = World::new(WebhookOptions { secret, ..options(&receiver.url) });
    world.clock.forward(Duration::from_secs(60));
    world.webhook.post(&News { reason: Some("lastRunFailed"), ..info("row 12 is <bad> \u{202e}") });
    let asked = receiver.next().await;
    assert_eq!(asked.path, "/hook?token=s3cret");
    assert_eq!(asked.headers["content-type"], "application/json");
    assert!(!asked.headers.contains_key("authorization"));
    assert_eq!(
        asked.json(),
        json!({
            "formatVersion": 1, "id": asked.id(), "time": START, "severity": "info",
            "event": "held", "name": "faq", "project": "acme-ml", "location": "us-central1",
            "owner": "acme", "rerun": 2, "job": "projects/42/locations/us-central1/tuningJobs/7",
            "reason": "lastRunFailed", "message": "row 12 is <bad> \u{202e}",
        })
    );
    assert_eq!(asked.id().len(), 32);
    assert!(asked.body.is_ascii(), "{}", String::from_utf8_lossy(&asked.body));

    // Signed with the time of sending, a minute after it was seen.
    let sent = START.parse::<Timestamp>().unwrap().as_second() + 60;
    let signed = [format!("{sent}.").as_bytes(), &asked.body].concat();
    let expected = format!("t={sent},v1={}", hmac_sha256(b"key", &signed));
    assert_eq!(asked.headers["retune-signature"], expected.as_str());
}

#[tokio::test]
async fn what_there_is_none_of_is_null_and_unsigned() {
    let mut receiver = Receiver::new([]);
    let world = World::new(options(&receiver.url));
    world.webhook.post(&News { key: None, job: None, ..info("all is well") });
    let asked = receiver.next().await;
    assert!(!asked.headers.contains_key("retune-signature"));
    let json = asked.json();
    for field in ["name", "project", "location", "owner", "rerun", "job", "reason"] {
        assert_eq!(json.get(field), Some(&Value::Null), "{field}");
    }
}

#[tokio::test]
async fn a_failure_is_tried_again_with_the_same_id_before_the_next_event() {
    let later = |status, seconds| (status, Some(("retry-after", seconds)));
    let mut receiver = Receiver::new([(503, None), later(429, "40"), later(503, "3600")]);
    let mut world = World::new(options(&receiver.url));
    world.webhook.post(&info("first"));
    world.webhook.post(&info("second"));
    let id = receiver.next().await.id();
    for expected in [0.5, 40.0, 600.0] {
        assert_eq!(world.wait().await, expected);
        let asked = receiver.next().await;
        assert_eq!((asked.message().as_str(), asked.id()), ("first", id.clone()));
    }
    let second = receiver.next().await;
    assert_eq!(second.message(), "second");
    assert_ne!(second.id(), id);
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(within(world.told.recv()).await.unwrap());
    }
    assert_eq!(told, [false, false, false, true, true]);
}

#[tokio::test]
async fn waits_double_to_five_minutes_and_have_no_end() {
    let mut receiver = Receiver::new(std::iter::repeat_n((500, None), 14));
    let mut world = World::new(options(&receiver.url));
    world.webhook.post(&info("at last"));
    let mut waits = Vec::new();
    for _ in 0..14 {
        waits.push(world.wait().await);
    }
    assert_eq!(waits[..5], [0.5, 1.0, 2.0, 4.0, 8.0]);
    assert_eq!(waits[9..], [150.0; 5]);
    assert_eq!(world.settle().await, 0);
    assert_eq!(receiver.rest(), 15);
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut world = World::new(options(&format!("http://{address}/")));
    world.webhook.post(&info("nobody hears"));
    assert_eq!([world.wait().await, world.wait().await], [0.5, 1.0]);
}

#[tokio::test]
async fn slack_gets_one_text_that_calls_nobody() {
    let mut receiver = Receiver::new([]);
    let slack = || WebhookOptions { format: Format::Slack, ..options(&receiver.url) };
    let world = World::new(slack());
    let hostile =
        "<!channel> <@U1|x> &lt; @here @\u{200b}here x@acme.iam <https://evil.example|ok>";
    world.webhook.post(&news(Severity::Error, hostile));
    let asked = receiver.next().await;
    let json = asked.json();
    assert_eq!(
        json["text"].as_str().unwrap(),
        ":rotating_light: *error* `held` *faq* (acme-ml/us-central1): &lt;!channel&gt; \
         &lt;@ U1|x&gt; &amp;lt; @ here @ \u{200b}here x@acme.iam \
         &lt;https://evil.example|ok&gt;\n`projects/42/locations/us-central1/tuningJobs/7`"
    );
    assert_eq!(json["unfurl_links"], false);
    world.webhook.post(&info(&"<".repeat(3_000)));
    let text = receiver.next().await.json()["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&format!(": {}…\n", "&lt;".repeat(2_000))), "{text}");
}

#[tokio::test]
async fn less_than_asked_for_is_not_sent() {
    let mut receiver = Receiver::new([]);
    let world = World::new(WebhookOptions { least: Severity::Warning, ..options(&receiver.url) });
    for severity in [Severity::Info, Severity::Warning, Severity::Info, Severity::Error] {
        world.webhook.post(&news(severity, severity.word()));
    }
    let sent = [receiver.next().await.message(), receiver.next().await.message()];
    assert_eq!(sent, ["warning", "error"]);
}
