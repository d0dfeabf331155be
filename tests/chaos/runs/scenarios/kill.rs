//! `kill -9` at every effect boundary. One process after the other: no extra
//! job, however often it dies.

use crate::runs::Trouble;
use crate::runs::boundary::Boundary;
use crate::runs::wait::until;
use crate::runs::world::World;

/// Most kills before the clients are left in peace.
const KILLS: u64 = 3;

/// Nothing exists, and the first apply does not live to tell.
pub fn at_a_boundary(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let boundaries = world.boundaries_of_creating();
    one_after_the_other(world, variant, &boundaries)
}

/// The runs are to be superseded, or one is there twice.
pub fn while_cancelling(world: &mut World, variant: u64) -> Result<(), Trouble> {
    world.pass(&[0])?;
    let cancels = Boundary::of_cancelling();
    let (superseded, duplicate) = (variant.is_multiple_of(2), variant / 2);
    if superseded {
        world.change()?;
        let create = world.random.below(world.models.len() as u64);
        let creates = Boundary::around("create", create);
        let boundaries: Vec<Boundary> = cancels.into_iter().chain(creates).collect();
        one_after_the_other(world, duplicate, &boundaries)
    } else {
        world.copy()?;
        let other = Boundary::around("get", 1);
        let boundaries: Vec<Boundary> = cancels.into_iter().chain(other).collect();
        one_after_the_other(world, duplicate, &boundaries)
    }
}

fn one_after_the_other(
    world: &mut World,
    variant: u64,
    boundaries: &[Boundary],
) -> Result<(), Trouble> {
    let first = variant as usize % boundaries.len();
    let mut client = world.apply_to(&boundaries[first])?;
    world.kill(&mut client)?;
    world.emulator.release()?;
    let kills = world.random.below(KILLS);
    for _ in 0..kills {
        let next = world.random.below(boundaries.len() as u64) as usize;
        if let Some(mut client) = world.apply_until(&boundaries[next])? {
            world.kill(&mut client)?;
            world.emulator.release()?;
        }
    }
    Ok(())
}

/// The create of a client that is dead is carried out while the next client
/// waits for its second look.
pub fn and_applied_late(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let create = Boundary::Held { on: "create", done: false, after: 0 };
    let mut dead = world.apply_to(&create)?;
    world.kill(&mut dead)?;
    let late: Vec<u64> = world.emulator.held()?;
    let look = match variant % 3 {
        0 => Boundary::Held { on: "list-jobs", done: true, after: 0 },
        1 if world.mode.claims => Boundary::Held { on: "storage-get", done: true, after: 0 },
        1 => Boundary::Settling,
        _ => Boundary::Held { on: "list-jobs", done: false, after: 1 },
    };
    let mut next = world.apply_to(&look)?;
    let before = jobs(world)?;
    for number in &late {
        world.emulator.release_one(*number)?;
    }
    until("late job", || Ok(jobs(world)? == before + late.len()))?;
    world.emulator.release()?;
    next.ends(&[0])?;
    Ok(())
}

fn jobs(world: &World) -> Result<usize, Trouble> {
    Ok(world.emulator.jobs()?.len())
}
