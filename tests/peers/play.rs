//! Plays a scenario, step by step.

use std::io::{BufReader, Read};
use std::process::Child;
use std::time::Duration;

use super::expect;
use super::scenario::{Exit, Held, Scenario, Step};
use super::world::{World, signal, wait_for};

/// What a process said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub exit: Exit,
}

/// Says which step did not go as written.
pub fn play(scenario: &Scenario) -> Result<(), String> {
    let mut world = World::new(&scenario.given)?;
    let mut digest = String::new();
    for (number, step) in scenario.steps.iter().enumerate() {
        let at = |why| format!("step {}: {why}", number + 1);
        prepare(&mut world, step).map_err(at)?;
        let (Some(line), Some(then)) = (&step.run, &step.then) else { continue };
        let before = world.asked();
        let ended = run(&world, &line.replace("{digest}", &digest), step).map_err(at)?;
        if let Some(found) = expect::digest(&ended) {
            digest = found;
        }
        let asked = world.asked() - before;
        expect::check(then, &ended, asked, &world.seen().map_err(at)?)
            .map_err(|why| at(format!("`{line}`: {why}\n{}", shown(&ended))))?;
    }
    Ok(())
}

fn prepare(world: &mut World, step: &Step) -> Result<(), String> {
    let Step { manifests, remove, files, heal, faults, later, stopped_by_hand, .. } = step;
    world.manifests(manifests)?;
    for name in remove {
        world.remove(name)?;
    }
    for (path, text) in files {
        world.write(path, text)?;
    }
    if *heal {
        world.heal();
    }
    world.faults(faults)?;
    if let Some(later) = later {
        world.later(duration(later)?)?;
    }
    if let Some(name) = stopped_by_hand {
        world.somebody_stops(name)?;
    }
    Ok(())
}

/// Runs the command, as often at once as the step says.
fn run(world: &World, line: &str, step: &Step) -> Result<Vec<Ended>, String> {
    world.clock.nobody_sleeps();
    let mut children = Vec::new();
    for _ in 0..step.at_once {
        children.push(Running::of(world.start(line)?)?);
    }
    if let Some(held) = &step.held {
        for time in 1..=held.times {
            while_held(world, held, time * held.requests, &mut children)?;
        }
    }
    children.into_iter().map(Running::end).collect()
}

/// `ever` counts the requests held since the step began.
fn while_held(
    world: &World,
    held: &Held,
    ever: usize,
    children: &mut [Running],
) -> Result<(), String> {
    let Held { signal: word, release, .. } = held;
    if !world.block_on(world.clock.sleepers(ever)) {
        return Err(format!("the emulator never held {ever} requests"));
    }
    if let Some(word) = word {
        for running in children {
            signal(&running.child, word)?;
            if word != "KILL" {
                running.said = wait_for(&mut running.stderr, "stopping:")?;
            } else {
                // The emulator may not see it gone before it is.
                running.child.wait().map_err(|error| error.to_string())?;
            }
        }
    }
    if let Some(release) = release {
        world.later(duration(release)?)?;
    }
    Ok(())
}

/// A process, and what it has said on stderr so far.
struct Running {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Running {
    fn of(mut child: Child) -> Result<Self, String> {
        let stderr = child.stderr.take().ok_or("it has no stderr")?;
        Ok(Self { child, stderr: BufReader::new(stderr), said: String::new() })
    }

    fn end(self) -> Result<Ended, String> {
        let Self { child, mut stderr, said } = self;
        let read = std::thread::spawn(move || {
            let mut text = said;
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let stderr = read.join().map_err(|_| "no stderr")?.map_err(|error| error.to_string())?;
        let exit = match output.status.code() {
            Some(code) => Exit::Code(code),
            None => Exit::Word("killed".to_owned()),
        };
        Ok(Ended { stdout: String::from_utf8_lossy(&output.stdout).into_owned(), stderr, exit })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    retune::model::parse_duration(text).map_err(|error| error.to_string())
}

fn shown(ended: &[Ended]) -> String {
    let one = |ended: &Ended| {
        let Ended { stdout, stderr, exit } = ended;
        format!("--- stdout\n{stdout}--- stderr\n{stderr}--- {exit:?}\n")
    };
    ended.iter().map(one).collect()
}
