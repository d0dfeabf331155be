//! What is refused at the start, before anything is touched or asked; and what
//! does not stop a daemon.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::model::model;
use crate::wait::until;
use crate::world::World;

const USAGE: i32 = 64;

fn world() -> World {
    let world = World::new();
    world.wants(model("faq"));
    world
}

/// Every file below the directory.
fn files(world: &World) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![world.path("")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path.clone());
            }
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

/// Runs to its end with this exit code, having said these words on stderr,
/// touched nothing and asked nobody.
#[track_caller]
fn refused(world: &World, arguments: &str, code: i32, words: &[&str]) {
    refused_command(world, world.command(arguments), code, words);
}

#[track_caller]
fn refused_command(world: &World, mut command: Command, code: i32, words: &[&str]) {
    let before = files(world);
    world.emulator.clear_log();
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "no `{word}` in: {stderr}");
    }
    assert_eq!(files(world), before);
    assert!(world.emulator.log().is_empty(), "{:?}", world.emulator.log());
}

#[test]
fn directories_without_manifests() {
    let world = world();
    fs::create_dir(world.path("empty")).unwrap();
    refused(&world, "watch empty", 3, &["error[no-manifests]", "empty", "retune init"]);
    refused(&world, "watch nowhere", 3, &["nowhere"]);
    world.write("manifests/faq.yaml", "kind: TunedModel\n");
    refused(&world, "watch manifests", 3, &["manifests/faq.yaml:1:1"]);
}

#[test]
fn a_log_in_json_is_json_from_its_first_line() {
    let world = world();
    let said = |arguments: &str| -> Vec<serde_json::Value> {
        let arguments = format!("watch {arguments} --log-format json");
        let stderr = world.command(&arguments).output().unwrap().stderr;
        let lines = String::from_utf8(stderr).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let [last] = &said("manifests --accept-duplicates --listen 0.0.0.0:0")[..] else { panic!() };
    assert_eq!((&last["event"], &last["level"]), (&"failed".into(), &"ERROR".into()));
    assert!(last["hint"].as_str().unwrap().contains("--listen-public"), "{last}");
    world.write("manifests/faq.yaml", "kind: TunedModel\n");
    let [findings, last] = &said("manifests")[..] else { panic!() };
    assert!(findings["message"].as_str().unwrap().contains("manifests/faq.yaml:1:1"));
    assert_eq!(last["event"], "failed");
}

#[test]
fn no_workspace() {
    let world = world();
    fs::remove_file(world.path("workspace.yaml")).unwrap();
    let place = "--project acme-ml --location us-central1";
    refused(&world, &format!("watch manifests {place}"), 3, &["retune init"]);
}

#[test]
fn addresses_to_listen_on() {
    let world = world();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let in_use = format!("{address} is in use");
    refused(
        &world,
        &format!("watch manifests --accept-duplicates --listen {address}"),
        1,
        &[&in_use],
    );
    // Nobody looks later for the emulator that it had started by then.
    let output = world.run(&format!("watch manifests --emulator --listen {address}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(world.path(".retune/emulator").exists());
    assert!(!world.path(".retune/emulator/address").exists());
    let watch = "watch manifests --accept-duplicates";
    let public = format!("{watch} --listen 0.0.0.0:0");
    refused(&world, &public, USAGE, &["not a loopback address", "--listen-public"]);
    refused(&world, &format!("{watch} --listen nowhere"), USAGE, &["not an address"]);
    refused(&world, &format!("{watch} --listen-public"), USAGE, &["--listen"]);
}

#[test]
fn webhooks() {
    let world = world();
    let watch = "watch manifests --accept-duplicates";
    let hook = |url: &str| format!("{watch} --webhook {url}");
    refused(&world, &hook("http://example.com/T0/B0"), USAGE, &["plain http", "example.com"]);
    refused(&world, &hook("slack"), USAGE, &["not an https URL"]);
    // Which part of an address is its secret is not known, so none is shown.
    let output = world.run(&hook("http://example.com/T0/B0/secret"));
    assert!(!String::from_utf8(output.stderr).unwrap().contains("secret"));
}

#[test]
fn intervals_and_shards() {
    let world = world();
    let watch = "watch manifests --accept-duplicates";
    for interval in ["0s", "10ms", "soon", "-1s"] {
        refused(&world, &format!("{watch} --interval={interval}"), USAGE, &["--interval"]);
    }
    for shard in ["0/2", "3/2", "1", "1/0", "a/b"] {
        refused(&world, &format!("{watch} --shard {shard}"), USAGE, &["--shard"]);
    }
}

#[test]
fn no_settle_window_without_a_word() {
    let world = world();
    refused(&world, "watch manifests", 5, &["--accept-duplicates"]);
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let full = || Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for stderr in [full(), closed()] {
        let world = world();
        let mut command = world.watch_command("--interval 1s");
        let mut daemon = command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
        until("create", || world.emulator.names() == ["faq"]);
        let looks = world.emulator.asked("list-jobs");
        until("looks after it", || world.emulator.asked("list-jobs") > looks + 1);
        let pid = Pid::from_raw(i32::try_from(daemon.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert_eq!(daemon.wait().unwrap().code(), Some(0));
    }
}
