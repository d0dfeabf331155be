//! Crashes, restarts, a full queue, the shutdown.

use std::fs;
use std::path::Path;

use tokio::runtime::Runtime;

use super::*;
use crate::watch::webhook::queue::{CAPACITY, Chore, Kept};

fn kept(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory.join("webhook")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "lock").collect();
    names.sort();
    names
}

fn keeping(url: &str, directory: &Path) -> WebhookOptions {
    WebhookOptions { state_dir: Some(directory.to_owned()), ..options(url) }
}

#[test]
fn a_crash_loses_nothing_that_was_tried() {
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new([(503, None)]);

    // Its tasks end wherever they are: in the wait after the failure.
    let runtime = Runtime::new().unwrap();
    let first = runtime.block_on(async {
        let mut world = World::new(keeping(&receiver.url, directory.path()));
        world.webhook.post(&info("before the crash"));
        let asked = receiver.next().await;
        within(world.waited.recv()).await.unwrap();
        std::mem::forget(world.webhook);
        asked
    });
    let files = kept(directory.path());
    assert_eq!(files.len(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for (path, mode) in
            [("webhook".to_owned(), 0o700), (format!("webhook/{}", files[0]), 0o600)]
        {
            let found = fs::metadata(directory.path().join(path)).unwrap().permissions().mode();
            assert_eq!(found & 0o777, mode);
        }
    }
    drop(runtime);

    // What was being written at the crash was never sent, and goes.
    fs::write(directory.path().join("webhook/0.tmp"), "{\"form").unwrap();
    fs::write(directory.path().join("webhook/7-x.json"), "{\"form").unwrap();
    Runtime::new().unwrap().block_on(async {
        let mut world = World::new(keeping(&receiver.url, directory.path()));
        world.webhook.post(&info("after it"));
        let again = receiver.next().await;
        assert_eq!((again.id(), again.body), (first.id(), first.body));
        assert_eq!(receiver.next().await.message(), "after it");
        assert_eq!(world.settle().await, 0);
    });
    assert_eq!(kept(directory.path()), ["7-x.json"]);
}

#[tokio::test]
async fn a_stop_keeps_what_was_not_taken_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new([(503, None), (503, None)]);
    let mut world = World::new(keeping(&receiver.url, directory.path()));
    for message in ["a", "b", "c"] {
        world.webhook.post(&info(message));
    }
    within(world.waited.recv()).await.unwrap();

    // The shutdown ends the wait and tries once more; then the time is up.
    let limit = Duration::from_secs(5);
    let flushed = world.webhook.flush(limit);
    let time = async {
        receiver.next().await;
        assert_eq!(receiver.next().await.message(), "a");
        world.clock.forward(limit);
    };
    assert_eq!(within(async { tokio::join!(flushed, time) }).await.0, 3);
    assert_eq!(kept(directory.path()).len(), 3);
    drop(world);

    let mut world = World::new(keeping(&receiver.url, directory.path()));
    assert_eq!(world.settle().await, 0);
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(receiver.next().await.message());
    }
    assert_eq!(messages, ["a", "b", "c"]);
    assert!(kept(directory.path()).is_empty());
}

#[tokio::test]
async fn a_state_directory_has_one_user() {
    let directory = tempfile::tempdir().unwrap();
    let url = "https://hooks.slack.com/x";
    let _world = World::new(keeping(url, directory.path()));
    let start = |path: &Path| {
        let (clock, _) = Hand::new();
        let entropy = Count(AtomicU64::new(0));
        Webhook::start(keeping(url, path), clock, entropy, |_| {}).err().unwrap()
    };
    assert!(matches!(start(directory.path()), WebhookError::InUse { .. }));

    // A file is no directory, whoever runs the test.
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = start(&file);
    assert!(matches!(&refused, WebhookError::StateDir { path, .. } if path.starts_with(&file)));
    assert!(refused.hint().is_some());
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest_info_and_says_so() {
    let mut receiver = Receiver::new([(503, None)]);
    let mut world = World::new(options(&receiver.url));
    world.webhook.post(&info("on its way"));
    let on_its_way = within(world.waited.recv()).await.unwrap();
    receiver.next().await;

    // Two too many: among the waiting, the two oldest of the least severity go.
    for message in ["warned", "info 1", "info 2"] {
        let severity = if message == "warned" { Severity::Warning } else { Severity::Info };
        world.webhook.post(&news(severity, message));
    }
    for _ in 0..CAPACITY - 2 {
        world.webhook.post(&news(Severity::Error, "failed"));
    }
    world.clock.forward(on_its_way);
    let mut messages = Vec::new();
    for _ in 0..CAPACITY + 1 {
        messages.push(receiver.next().await.message());
    }
    assert_eq!(messages[0], "on its way");
    assert!(messages[1].starts_with("2 events were dropped"), "{}", messages[1]);
    assert_eq!(messages[2..4], ["warned", "failed"]);
    assert!(messages[3..].iter().all(|message| message == "failed"));
    assert_eq!(world.settle().await, 0);
}

#[test]
fn what_a_full_queue_drops_loses_its_file() {
    let entropy = Count(AtomicU64::new(0));
    let mut queue = Queue::new(true, Vec::new());
    for _ in 0..CAPACITY {
        queue.push(Event::new(&info("waits"), &entropy));
    }
    let Some(Chore::Write(first, event)) = queue.chore() else { panic!("nothing to write") };
    // Dropped while its file is written, and one more that never had one.
    queue.push(Event::new(&info("too many"), &entropy));
    queue.push(Event::new(&info("too many"), &entropy));
    queue.kept(first, event.id.clone(), Kept::File);
    assert!(matches!(queue.chore(), Some(Chore::Remove(0, id)) if id == event.id));
    let Some(Chore::Write(third, event)) = queue.chore() else { panic!("nothing to write") };
    assert_eq!(third, 2);

    // Dropped when it has one.
    queue.kept(third, event.id.clone(), Kept::File);
    queue.push(Event::new(&info("too many"), &entropy));
    assert!(matches!(queue.chore(), Some(Chore::Remove(2, id)) if id == event.id));
}

#[tokio::test]
async fn without_a_state_directory_the_stop_still_delivers() {
    let mut receiver = Receiver::new([(503, None)]);
    let mut world = World::new(options(&receiver.url));
    for message in ["a", "b"] {
        world.webhook.post(&info(message));
    }
    within(world.waited.recv()).await.unwrap();
    assert_eq!(world.settle().await, 0);
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(receiver.next().await.message());
    }
    assert_eq!(messages, ["a", "a", "b"]);
}
