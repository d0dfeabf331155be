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

/// The messages of the requests so far, those of one event in a row as one.
fn told(receiver: &mut Receiver) -> Vec<(String, usize)> {
    let mut told: Vec<(String, usize)> = Vec::new();
    while let Ok(asked) = receiver.asked.try_recv() {
        match told.last_mut() {
            Some((message, times)) if *message == asked.message() => *times += 1,
            _ => told.push((asked.message(), 1)),
        }
    }
    told
}

fn post(world: &World, messages: &[&str]) {
    for message in messages {
        world.webhook.post(&info(message));
    }
}

#[tokio::test]
async fn an_event_that_the_receiver_stumbles_over_does_not_stop_the_rest() {
    let mut receiver = Receiver::stumbling("poison");
    let mut world = World::new(options(&receiver.url));
    post(&world, &["poison", "one", "two", "three", "four"]);
    for _ in 0..24 {
        world.wait().await;
    }
    assert_eq!(world.settle().await, 0);
    let told = told(&mut receiver);
    let told: Vec<_> = told.iter().map(|(message, times)| (message.as_str(), *times)).collect();
    let poison = ("poison", 8);
    let expected = [poison, ("one", 1), poison, ("two", 1), poison, ("three", 1), ("four", 1)];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn nor_do_two_of_them_side_by_side() {
    let mut receiver = Receiver::stumbling("poison");
    let mut world = World::new(options(&receiver.url));
    post(&world, &["poison a", "poison b", "one", "two", "three", "four", "five", "six"]);
    let mut taken = Vec::new();
    within(async {
        while taken.len() < 6 {
            tokio::select! {
                Some(wait) = world.waited.recv() => world.clock.forward(wait),
                Some(asked) = receiver.asked.recv() => taken.push(asked.message()),
            }
            taken.retain(|message| !message.starts_with("poison"));
        }
    })
    .await;
    assert_eq!(taken, ["one", "two", "three", "four", "five", "six"]);
    assert_eq!(world.settle().await, 0);
}

#[tokio::test]
async fn an_outage_of_a_receiver_drops_nothing() {
    // Also one that ends little by little, and with refusals in between.
    let well = [500, 200, 500, 500, 404, 200, 500, 404, 200];
    let answers = std::iter::repeat_n(500, 40).chain(well).map(|status| (status, None));
    let mut receiver = Receiver::new(answers);
    let mut world = World::new(options(&receiver.url));
    post(&world, &["one", "two", "three"]);
    for _ in 0..46 {
        world.wait().await;
    }
    assert_eq!(world.settle().await, 0);
    let mut taken = Vec::new();
    for status in std::iter::repeat_n(500, 40).chain(well) {
        let asked = receiver.next().await;
        if status == 200 {
            taken.push(asked.message());
        }
    }
    taken.sort();
    assert_eq!(taken, ["one", "three", "two"]);
}

#[tokio::test]
async fn each_refused_event_is_given_up_as_fast_as_the_first() {
    let receiver = Receiver::new(std::iter::repeat_n((410, None), 9));
    let mut world = World::new(options(&receiver.url));
    post(&world, &["one", "two", "three", "taken"]);
    let mut waits = Vec::new();
    for _ in 0..6 {
        waits.push(world.wait().await);
    }
    assert_eq!(waits, [0.5, 1.0, 0.5, 1.0, 0.5, 1.0]);
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
