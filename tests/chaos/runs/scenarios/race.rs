//! Several applies at the same moment. Without claims each may create one job,
//! and all but the oldest are stopped; with claims there is one.

use crate::runs::Trouble;
use crate::runs::client::Client;
use crate::runs::wait::until;
use crate::runs::world::World;

/// Lets so many clients come to the answer of the same look, and lets none of
/// them go on before all are there.
pub fn abreast(world: &mut World, racers: u64, looks: u64) -> Result<Vec<Client>, Trouble> {
    let mut clients = Vec::new();
    if looks > 0 {
        world.emulator.fault(&["list-jobs:hold-answer"])?;
    }
    for _ in 0..racers {
        clients.push(world.apply()?);
    }
    for look in 1..=looks {
        world.emulator.holds(clients.len())?;
        if look == looks {
            world.emulator.end_faults()?;
        }
        world.emulator.release()?;
    }
    Ok(clients)
}

pub fn together(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let racers = 2 + variant % 2;
    if !world.mode.claims {
        world.allowed = racers - 1;
    }
    let mut clients = abreast(world, racers, variant / 2 % 3)?;
    let killed = world.random.permille(250);
    if killed && let Some(client) = clients.first_mut() {
        world.kill(client)?;
    }
    for client in clients.iter_mut().skip(usize::from(killed)) {
        client.ends(&[0])?;
    }
    Ok(())
}

/// Everything at once, in two waves: racers, faults, and a kill at whatever
/// moment a client has come to.
pub fn in_a_storm(world: &mut World, _: u64) -> Result<(), Trouble> {
    const WEATHER: &[&str] = &[
        "any:status=503:p0.1",
        "any:quota:p0.1",
        "any:delay=120:p0.3",
        "any:drop:p0.1",
        "create:process-then-drop:p0.3",
        "create:process-then-status=503:p0.3",
        "create:truncate:p0.3",
        "get:status=500:p0.2",
        "cancel:process-then-drop:p0.3",
        "list-jobs:truncate:p0.1",
        "connect:refuse:p0.05",
    ];
    let racers = 2 + world.random.below(2);
    if !world.mode.claims {
        world.allowed = racers - 1;
    }
    for _ in 0..2 {
        let first = world.random.below(WEATHER.len() as u64) as usize;
        let other = world.random.below(WEATHER.len() as u64) as usize;
        world.emulator.fault(&[WEATHER[first], WEATHER[other]])?;
        let mut clients = abreast(world, racers, 0)?;
        if world.random.permille(500) {
            let requests = world.emulator.log()?.len() + world.random.below(12) as usize;
            let client = &mut clients[0];
            until("moment to kill", || {
                Ok(world.emulator.log()?.len() >= requests || client.has_ended()?)
            })?;
            world.kill(client)?;
            clients.remove(0);
        }
        for client in &mut clients {
            client.ends(&[0, 4, 6])?;
        }
        world.emulator.end_faults()?;
    }
    // Whatever hangs in the air is in before the healing begins.
    world.emulator.release()
}
