//! SIGSTOP, and SIGCONT when another apply has done everything. Beyond what a
//! client without claims can know: one extra job for each zombie, which the
//! next apply stops. With claims there is none, for a zombie's claim is old.

use rustix::process::Signal;

use crate::runs::Trouble;
use crate::runs::boundary::Boundary;
use crate::runs::world::World;

pub fn wakes(world: &mut World, variant: u64) -> Result<(), Trouble> {
    world.only_one()?;
    let boundaries = world.boundaries_of_creating();
    let boundary = &boundaries[variant as usize % boundaries.len()];
    let mut zombie = world.apply_to(boundary)?;
    zombie.signal(Signal::STOP)?;
    world.emulator.release()?;
    // Only a second look that is over deceives: whoever looks again sees.
    let looked = match boundary {
        Boundary::Held { on: "list-jobs", after, .. } => *after > 0,
        Boundary::Held { .. } | Boundary::Settling => false,
    };
    world.allowed = u64::from(looked && !world.mode.claims);
    world.pass(&[0])?;
    zombie.signal(Signal::CONT)?;
    zombie.ends(&[0])?;
    Ok(())
}
