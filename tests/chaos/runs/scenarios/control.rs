//! The same blows against clients without a settle window: what the others
//! forbid must happen here.

use super::race;
use crate::runs::Trouble;
use crate::runs::boundary::Boundary;
use crate::runs::world::World;

/// Killed between a request and what it does.
pub fn killed(world: &mut World, _: u64) -> Result<(), Trouble> {
    world.allowed = 1;
    let create = Boundary::Held { on: "create", done: false, after: 0 };
    let mut dead = world.apply_to(&create)?;
    world.kill(&mut dead)?;
    let mut next = world.apply()?;
    next.ends(&[0])?;
    world.emulator.release()
}

/// Two that look at the same moment.
pub fn race(world: &mut World, _: u64) -> Result<(), Trouble> {
    world.allowed = 1;
    for client in &mut race::abreast(world, 2, 1)? {
        client.ends(&[0])?;
    }
    Ok(())
}

/// Killed after its create, which no listing shows yet.
pub fn stale(world: &mut World, _: u64) -> Result<(), Trouble> {
    world.allowed = 1;
    let create = Boundary::Held { on: "create", done: true, after: 0 };
    let mut dead = world.apply_to(&create)?;
    world.kill(&mut dead)?;
    world.emulator.release()?;
    // Longer than any machine takes to the next look.
    world.emulator.fault(&["list-jobs:stale=120"])?;
    let mut next = world.apply()?;
    next.ends(&[0])?;
    Ok(())
}
