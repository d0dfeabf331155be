//! How a daemon is asked to stop, or to look.

use std::time::Duration;

use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::model::model;
use crate::wait::until;
use crate::world::World;

/// What is on its way at the end has eight seconds of the ten that systemd and
/// Kubernetes give. Less than that is no wait for something; more than twice as
/// much is no machine that is busy.
const GRACE: Duration = Duration::from_secs(8);

/// Creates that are sent at a time.
const AT_A_TIME: usize = 4;

/// More models than that.
const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A world where the first creates stand still: before the service carries them
/// out (`hold`), or after (`hold-answer`).
fn creating(hold: &str) -> (World, Daemon) {
    let world = World::new();
    for name in NAMES {
        world.wants(model(name));
    }
    world.emulator.fault(&format!("create:{hold}:{AT_A_TIME}"));
    let daemon = world.watch("");
    world.emulator.holds(AT_A_TIME);
    (world, daemon)
}

/// Asks it to stop, and waits until it has heard that.
#[track_caller]
fn tells_to_stop(daemon: &Daemon, signal: Signal) {
    daemon.signal(signal);
    until("word of the end", || daemon.get("/readyz").1.contains("it is stopping"));
}

/// Another daemon finds what was made, and makes the rest.
#[track_caller]
fn the_next_one_makes_the_rest(world: &World) {
    world.watch("").looks();
    assert_eq!(world.emulator.names(), NAMES);
    world.emulator.changed_by(&["create"; NAMES.len()]);
}

#[test]
fn an_idle_daemon_stops_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new();
        world.wants(model("faq")).applied();
        let mut daemon = world.watch("");
        daemon.looks();
        let (code, took) = daemon.stops(signal);
        assert_eq!(code, 0);
        assert!(took < GRACE, "{took:?}");
        assert_eq!(daemon.count("stopped"), 1);
        assert_eq!(daemon.said().last().unwrap().message(), "asked to stop");
    }
}

#[test]
fn signals_are_heard_from_the_first_line_on() {
    for signal in [Signal::TERM, Signal::INT] {
        let world = World::new();
        world.wants(model("faq").lifecycle("suspend: true"));
        let mut daemon = world.watch("");
        daemon.signal(Signal::HUP);
        assert_eq!(daemon.stops(signal).0, 0);
        assert_eq!(daemon.count("stopped"), 1);
    }
}

#[test]
fn creates_on_their_way_are_waited_for_and_no_other_begins() {
    for (signal, hold) in [(Signal::TERM, "hold"), (Signal::INT, "hold-answer")] {
        let (world, mut daemon) = creating(hold);
        tells_to_stop(&daemon, signal);
        world.emulator.release();
        assert_eq!(daemon.ends(), 0);
        assert_eq!(daemon.count("created"), AT_A_TIME);
        assert_eq!(daemon.said().last().unwrap().message(), "asked to stop");
        world.emulator.changed_by(&["create"; AT_A_TIME]);
        the_next_one_makes_the_rest(&world);
    }
}

#[test]
fn creates_without_an_answer_are_named_at_the_end() {
    let (world, mut daemon) = creating("hold-answer");
    let (code, took) = daemon.stops(Signal::TERM);
    assert_eq!(code, 6);
    assert!(took > GRACE && took < 2 * GRACE, "{took:?}");
    let jobs = world.emulator.jobs();
    assert_eq!(jobs.len(), AT_A_TIME);
    let last = daemon.said().last().unwrap().clone();
    assert!(last.is("stopped") && last.value("level") == "ERROR", "{}", last.text);
    for job in jobs {
        let named = format!("create {} ({})", job.name(), job.spec());
        assert!(last.message().contains(&named), "{named} is not in {}", last.text);
    }
    world.emulator.changed_by(&["create"; AT_A_TIME]);
    world.emulator.release();
    the_next_one_makes_the_rest(&world);
}

#[test]
fn a_second_signal_ends_at_once_and_says_what_is_open() {
    let (world, mut daemon) = creating("hold");
    tells_to_stop(&daemon, Signal::TERM);
    let (code, took) = daemon.stops(Signal::INT);
    assert_eq!(code, 130);
    assert!(took < GRACE, "{took:?}");
    let last = daemon.said().last().unwrap().text.clone();
    assert!(last.contains("ended while on its way: create a (h1-"), "{last}");
    assert_eq!(daemon.count("stopped"), 0);
    world.emulator.changed_by(&["create"; AT_A_TIME]);
}

#[test]
fn a_hangup_looks_now() {
    let world = World::new();
    world.wants(model("faq")).applied();
    // Minutes between two looks: none comes by itself.
    let mut daemon = world.watch("--observe");
    daemon.looks();
    world.emulator.clear_log();
    daemon.passes_once();
    assert_eq!(world.emulator.asked("list-jobs"), 1);
    // A run that somebody cancelled elsewhere is no news before.
    let output = world.run("cancel faq --yes");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(daemon.count("held"), 0);
    daemon.signal(Signal::HUP);
    assert_eq!(daemon.hears_of("held", "faq").value("reason"), "cancelling");
}
