//! Receivers that refuse, and addresses that are refused.

use std::process::Command;

use super::*;

#[tokio::test]
async fn what_is_refused_for_good_does_not_stop_the_rest() {
    let mut receiver = Receiver::new(std::iter::repeat_n((410, None), 3));
    let mut world = World::new(options(&receiver.url));
    world.webhook.post(&info("refused"));
    world.webhook.post(&info("taken"));
    assert_eq!([world.wait().await, world.wait().await], [0.5, 1.0]);
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(receiver.next().await.message());
    }
    assert_eq!(messages, ["refused", "refused", "refused", "taken"]);
}

#[tokio::test]
async fn an_event_that_the_receiver_stumbles_over_does_not_stop_the_rest() {
    let mut receiver = Receiver::stumbling("poison");
    let mut world = World::new(options(&receiver.url));
    for message in ["poison", "one", "two", "three", "four"] {
        world.webhook.post(&info(message));
    }
    for _ in 0..10 {
        world.wait().await;
    }
    let mut messages = Vec::new();
    for _ in 0..14 {
        messages.push(receiver.next().await.message());
    }
    let alone = ["poison"; 8];
    assert_eq!(messages[..8], alone);
    assert_eq!(messages[8..], ["one", "poison", "two", "poison", "three", "four"]);
    assert_eq!(world.settle().await, 0);
}

#[tokio::test]
async fn an_outage_of_a_receiver_drops_nothing() {
    let mut receiver = Receiver::new(std::iter::repeat_n((500, None), 40));
    let mut world = World::new(options(&receiver.url));
    for message in ["one", "two", "three"] {
        world.webhook.post(&info(message));
    }
    for _ in 0..40 {
        world.wait().await;
    }
    let mut messages = Vec::new();
    for _ in 0..43 {
        messages.push(receiver.next().await.message());
    }
    // The neighbour goes first when the outage ends at its turn.
    assert_eq!(messages[40..], ["two", "one", "three"]);
    assert_eq!(world.settle().await, 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Some(("location", "/elsewhere"));
    let mut receiver = Receiver::new([301, 307, 308].map(|status| (status, elsewhere)));
    let mut world = World::new(options(&receiver.url));
    world.webhook.post(&info("stay here"));
    assert_eq!([world.wait().await, world.wait().await], [0.5, 1.0]);
    assert_eq!(world.settle().await, 0);
    for _ in 0..3 {
        assert_eq!(receiver.next().await.path, "/hook?token=s3cret");
    }
    assert_eq!(receiver.rest(), 0);
}

#[tokio::test]
async fn an_address_is_https_or_loopback_and_no_error_shows_it() {
    for (url, error) in [
        ("hooks.slack.com/s3cret", "the webhook's address is not an https URL"),
        ("ftp://hooks.slack.com/s3cret", "the webhook's address is not an https URL"),
        ("https://hooks.slack.com/s3\ncret", "the webhook's address is not an https URL"),
        ("https://hooks.slack.com\\@evil.example/s3cret", "the webhook's address is not an"),
        ("http://hooks.slack.com/s3cret", "the webhook's address is plain http, and `hooks.sl"),
        ("http://10.0.0.1/s3cret", "the webhook's address is plain http, and `10.0.0.1` is"),
        ("http://127.0.0.1.evil.example/s3cret", "the webhook's address is plain http"),
        ("https://user:s3cret@hooks.slack.com/x", "the webhook's address has a user name or"),
        ("https://s3cret@hooks.slack.com/x", "the webhook's address has a user name or"),
    ] {
        let (clock, _) = Hand::new();
        let entropy = Count(AtomicU64::new(0));
        let refused = Webhook::start(options(url), clock, entropy, |_| {}).err();
        let refused = refused.unwrap_or_else(|| panic!("{url} is taken"));
        let shown = format!("{refused} {refused:?} {:?}", refused.hint());
        assert!(refused.to_string().starts_with(error), "{url}: {shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(refused.hint().is_some());
    }
    let taken = "  https://hooks.slack.com/services/s3cret\n";
    let target = Target::parse(&Secret::new(taken)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(target.to_string(), "https://hooks.slack.com");
}

#[tokio::test]
async fn an_empty_secret_signs_nothing_and_is_refused() {
    let (clock, _) = Hand::new();
    let secret = Some(Secret::new(""));
    let options = WebhookOptions { secret, ..options("https://hooks.slack.com/x") };
    let refused = Webhook::start(options, clock, Count(AtomicU64::new(0)), |_| {}).err().unwrap();
    assert!(matches!(refused, WebhookError::EmptySecret));
}

#[test]
fn no_log_has_more_of_the_address_than_the_host() {
    // What is logged is decided once in a process, so it has one of its own.
    let inner = "watch::webhook::tests::refusing::logs_of_failures";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", inner, "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("webhook=http://127.0.0.1:") && text.contains("is dropped"), "{text}");
    assert!(text.contains("hyper_util"), "{text}");
    for secret in ["s3cret", "hook?", "k3y"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
#[ignore = "the test above starts it"]
async fn logs_of_failures() {
    let level = tracing::Level::DEBUG;
    tracing_subscriber::fmt().with_max_level(level).with_ansi(false).init();
    let receiver = Receiver::new([(503, None), (404, None), (404, None), (404, None)]);
    let secret = Some(Secret::new("k3y"));
    let mut world = World::new(WebhookOptions { secret, ..options(&receiver.url) });
    world.webhook.post(&info("one"));
    for _ in 0..3 {
        world.wait().await;
    }
    assert_eq!(world.settle().await, 0);
}
