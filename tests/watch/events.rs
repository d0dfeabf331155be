//! Events that are posted to a webhook.

use std::fs::{self, DirEntry};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::daemon::Daemon;
use crate::model::model;
use crate::receiver::{Delivery, Receiver};
use crate::wait::until;
use crate::world::World;

const SECRET: &str = "correct horse battery staple";

fn posting(world: &World, arguments: &str, to: &Receiver) -> Daemon {
    let mut command = world.watch_command(arguments);
    command.env("RETUNE_WEBHOOK_URL", to.url()).env("RETUNE_WEBHOOK_SECRET", SECRET);
    Daemon::start(command)
}

/// Checks the signature as a receiver would.
#[track_caller]
fn is_signed(delivery: &Delivery) {
    let header = delivery.header("Retune-Signature").unwrap();
    let (seconds, signature) = header.split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}", seconds.strip_prefix("t=").unwrap(), delivery.body).as_bytes());
    let signature = data_encoding::HEXLOWER.decode(signature.as_bytes()).unwrap();
    mac.verify_slice(&signature).unwrap();
}

#[test]
fn a_receiver_hears_of_a_run_from_its_beginning_to_its_end() {
    let world = World::fast();
    world.wants(model("faq"));
    let receiver = Receiver::answering(204);
    let mut daemon = posting(&world, "--interval 1s", &receiver);
    let created = receiver.gets("created", 0);
    let tuned = receiver.gets("tuned", 0);
    for delivery in [&created, &tuned] {
        is_signed(delivery);
        let event = delivery.event();
        assert_eq!(event["name"], "faq");
        assert_eq!(event["project"], "acme-ml");
        assert_eq!(event["id"], delivery.header("Retune-Event-Id").unwrap());
    }
    assert_eq!(created.event()["job"], tuned.event()["job"]);
    let codes: Vec<String> = receiver
        .got()
        .iter()
        .map(|got| got.event()["event"].as_str().unwrap().to_owned())
        .collect();
    let logged: Vec<&str> = daemon.said().iter().map(|line| line.value("event")).collect();
    assert_eq!(codes, logged, "in the order of the log, and each once");
}

#[test]
fn what_was_not_delivered_is_sent_by_the_next_process() {
    let world = World::new();
    world.wants(model("faq"));
    let receiver = Receiver::answering(503);
    let mut first = posting(&world, "--state-dir state", &receiver);
    first.hears_of("created", "faq");
    // The newest is in a file under its last name, and the oldest was tried.
    let is_kept = |entry: std::io::Result<DirEntry>| {
        let path = entry.unwrap().path();
        let whole = path.extension().is_some_and(|extension| extension == "json");
        // It may have been renamed just now.
        let text = fs::read(path).unwrap_or_default();
        whole && String::from_utf8(text).unwrap().contains("\"created\"")
    };
    until("file of the event", || fs::read_dir(world.path("state/webhook")).unwrap().any(is_kept));
    let tried = receiver.gets("started", 0);
    first.kill();
    let before = receiver.got().len();
    receiver.answers(200);
    let _second = posting(&world, "--state-dir state", &receiver);
    let again = receiver.gets("created", before);
    is_signed(&again);
    assert_eq!(again.event()["name"], "faq");
    let first_again = receiver.got().swap_remove(before);
    assert_eq!(first_again.event()["id"], tried.event()["id"]);
    assert_eq!(first_again.body, tried.body);
}
