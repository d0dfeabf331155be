//! SIGTERM and SIGINT: what is on the wire is waited for, nothing more is sent.

use rustix::process::Signal;

use crate::runs::Trouble;
use crate::runs::boundary::Boundary;
use crate::runs::client::{Client, End, Keeps};
use crate::runs::world::World;

pub fn stops(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let signal = if world.random.permille(500) { Signal::TERM } else { Signal::INT };
    match variant % 6 {
        0 if world.mode.claims => with_a_claim(world, signal),
        0 => while_settling(world, signal),
        1 => before_it_looked(world, signal),
        2 => twice(world, signal),
        3 => before_its_cancels(world, signal),
        create => once(world, signal, create == 4),
    }
}

/// All creates are on the wire: they are waited for, and told.
fn once(world: &mut World, signal: Signal, done: bool) -> Result<(), Trouble> {
    let mut client = with_creates_on_the_wire(world, done, &[])?;
    client.signal(signal)?;
    client.says("stopping: nothing more is submitted")?;
    world.emulator.end_faults()?;
    world.emulator.release()?;
    client.ends(&[130])?;
    let said = client.stdout()?;
    for name in &world.models {
        if !said.contains(&format!("  {name}  created  tuningJobs/")) {
            return Err(format!("{name} was created and not told of{}", client.said()?).into());
        }
    }
    creates_nothing(world)
}

/// Whoever asks twice gets no answer, and is told what may exist.
fn twice(world: &mut World, signal: Signal) -> Result<(), Trouble> {
    let jsonl = world.random.permille(500);
    let arguments: &[&str] = if jsonl { &["--format", "jsonl"] } else { &[] };
    let mut client = with_creates_on_the_wire(world, true, arguments)?;
    client.signal(signal)?;
    client.says("stopping: nothing more is submitted")?;
    client.signal(signal)?;
    client.ends(&[130])?;
    if jsonl && !client.stdout()?.ends_with("{\"event\":\"end\",\"exitCode\":130}\n") {
        return Err(format!("its last line is no end{}", client.said()?).into());
    }
    let said = client.stderr()?;
    let (_, end) = said.split_once("ended without an answer").ok_or("no word of what is open")?;
    for name in &world.models {
        if !end.contains(name) {
            return Err(format!("{name} may exist and was not told of{}", client.said()?).into());
        }
    }
    world.emulator.end_faults()?;
    world.emulator.release()?;
    creates_nothing(world)
}

/// What follows an accepted create is left to the next apply.
fn before_its_cancels(world: &mut World, signal: Signal) -> Result<(), Trouble> {
    world.pass(&[0])?;
    world.change()?;
    let mut client = with_creates_on_the_wire(world, true, &[])?;
    client.signal(signal)?;
    client.says("stopping: nothing more is submitted")?;
    world.emulator.end_faults()?;
    world.emulator.release()?;
    client.ends(&[130])?;
    if world.emulator.log()?.iter().any(|request| request.is("cancel")) {
        return Err(format!("it cancelled after it was asked to stop{}", client.said()?).into());
    }
    match world.pass(&[0])?.cancels {
        cancels if cancels == world.models.len() => Ok(()),
        cancels => Err(format!("the next apply cancelled {cancels}").into()),
    }
}

fn while_settling(world: &mut World, signal: Signal) -> Result<(), Trouble> {
    let mut client = world.apply_to(&Boundary::Settling)?;
    client.signal(signal)?;
    client.ends(&[130])?;
    let creates = world.emulator.log()?.iter().filter(|request| request.is("create")).count();
    // The two that the world was made with.
    if creates > 2 {
        return Err(format!("it created after it was asked to stop{}", client.said()?).into());
    }
    Ok(())
}

/// It has claimed and not created: the next apply need not wait.
fn with_a_claim(world: &mut World, signal: Signal) -> Result<(), Trouble> {
    world.emulator.fault(&["storage-put:hold-answer"])?;
    let mut client = world.apply()?;
    world.emulator.holds(world.models.len())?;
    client.signal(signal)?;
    client.says("stopping: nothing more is submitted")?;
    world.emulator.end_faults()?;
    world.emulator.release()?;
    client.ends(&[130])?;
    let pass = world.pass(&[0])?;
    // More than two looks are those of one who waits for a claim.
    if pass.creates != world.models.len() || pass.looks != 2 {
        return Err(format!("the next apply: {pass:?}{}", client.said()?).into());
    }
    Ok(())
}

/// It has sent nothing that changes anything, so it may just end.
fn before_it_looked(world: &mut World, signal: Signal) -> Result<(), Trouble> {
    let look = Boundary::Held { on: "list-jobs", done: false, after: 0 };
    let mut client = world.apply_to(&look)?;
    client.signal(signal)?;
    world.emulator.release()?;
    match client.end()? {
        End::Code(130) => Ok(()),
        End::Signal(number) if number == signal.as_raw() => Ok(()),
        end => Err(format!("it ended with {end:?}{}", client.said()?).into()),
    }
}

/// A client whose creates are all held.
fn with_creates_on_the_wire(
    world: &mut World,
    done: bool,
    arguments: &[&str],
) -> Result<Client, Trouble> {
    world.emulator.fault(&[if done { "create:hold-answer" } else { "create:hold" }])?;
    let client = world.start(world.command(arguments), Keeps::None)?;
    world.emulator.holds(world.models.len())?;
    Ok(client)
}

fn creates_nothing(world: &mut World) -> Result<(), Trouble> {
    match world.pass(&[0])?.creates {
        0 => Ok(()),
        more => Err(format!("the next apply created {more} more").into()),
    }
}
