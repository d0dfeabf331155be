//! A service and a network on a bad day: one client, no extra job.

use crate::runs::Trouble;
use crate::runs::boundary::Boundary;
use crate::runs::world::World;

/// A rule, and how an apply that meets it may end.
type Bad = (&'static str, &'static [i32]);

/// The create is carried out and not answered, not carried out, or later.
const CREATES: &[Bad] = &[
    ("create:process-then-status=503:1", &[6]),
    ("create:process-then-drop:1", &[6]),
    ("create:drop:1", &[6]),
    ("create:truncate:1", &[6]),
    ("create:html:1", &[6]),
    ("create:process-then-html:1", &[6]),
    ("create:late=0.7:1", &[6]),
    ("create:invalid-json:1", &[6]),
    ("create:empty-json:1", &[6]),
    ("create:status=500:1", &[6]),
    ("create:quota,retry-after=1:1", &[6]),
    ("create:refuse:1", &[6]),
    ("create:process-then-status=429:1", &[6]),
    ("create:labels-not-echoed:1", &[6]),
    ("create:delay=1500:1", &[0]),
    ("create:delay-answer=1500:1", &[0]),
    ("create:process-then-drop", &[6]),
    ("any:delay=60:p0.5", &[0]),
];

/// The listing is not what is there.
const LISTINGS: &[Bad] = &[
    ("list-jobs:drop:1", &[0]),
    ("list-jobs:quota,retry-after=1:1", &[0]),
    ("list-jobs:status=503:2", &[0]),
    ("list-jobs:truncate:1", &[0, 4]),
    ("list-jobs:html=200:1", &[0, 4]),
    ("list-jobs:html:1", &[0]),
    ("list-jobs:invalid-json:1", &[0, 4]),
    ("list-jobs:empty-json:1", &[0, 4]),
    ("list-jobs:lost-page:1", &[0, 4]),
    ("list-jobs:repeat-token:1", &[0, 4]),
    ("list-jobs:repeat-token", &[4]),
    ("list-jobs:refuse", &[4]),
    ("list-jobs:drop", &[4]),
    ("list-jobs:stale=3600:1", &[0]),
    ("connect:refuse:p0.3", &[0, 4, 6]),
    ("any:quota:p0.3", &[0, 4, 6]),
    ("any:drop:p0.2", &[0, 4, 6]),
];

/// The claim is written and not answered, not written, or not to be read.
const CLAIMS: &[Bad] = &[
    ("storage-put:process-then-drop:1", &[0]),
    ("storage-put:drop:1", &[4, 6]),
    ("storage-put:process-then-status=503:1", &[0]),
    ("storage-put:status=503:1", &[4, 6]),
    ("storage-put:truncate:1", &[0]),
    ("storage-put:refuse:1", &[4, 6]),
    ("storage-put:refuse=412:1", &[0, 4, 6]),
    ("storage-put:empty-json:1", &[0, 4, 6]),
    ("storage-put:html=200:1", &[0, 4, 6]),
    ("storage-put:drop:after-1", &[0, 4, 6]),
    ("storage-put:delay=1500:p0.5", &[0]),
    ("storage-get:status=503:1", &[0]),
    ("storage-get:drop:1", &[0]),
    ("storage-get:html=200:1", &[0, 4, 6]),
    ("storage-get:refuse:1", &[4, 6]),
    ("storage-get:drop", &[4, 6]),
    ("storage-get:quota:p0.3", &[0, 4, 6]),
    ("storage-put:process-then-drop:p0.5", &[0, 4, 6]),
];

/// A bucket on a bad day. Nobody is killed, so nobody leaves a claim behind.
pub fn of_a_claim(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let (rule, codes) = CLAIMS[variant as usize % CLAIMS.len()];
    world.emulator.fault(&[rule])?;
    world.pass(codes)?;
    world.emulator.end_faults()
}

/// Creates, of which the first meets something bad.
pub fn of_a_create(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let (rule, codes) = CREATES[variant as usize % CREATES.len()];
    world.emulator.fault(&[rule])?;
    world.pass(codes)?;
    world.emulator.end_faults()
}

/// Listings that go wrong, the first or the second of them, and that tempt
/// into creating what is there.
pub fn of_a_listing(world: &mut World, variant: u64) -> Result<(), Trouble> {
    let (rule, codes) = LISTINGS[variant as usize % LISTINGS.len()];
    let exists = world.random.permille(700);
    if exists {
        world.pass(&[0])?;
    }
    let second = world.random.permille(300);
    let rule = if second { format!("{rule}:after-1") } else { rule.to_owned() };
    world.emulator.fault(&[&rule])?;
    // Where the second look is bad and there is none, nothing happens at all; one
    // that lost jobs which the first had is not believed.
    let codes = if second { [codes, &[0, 6]].concat() } else { codes.to_vec() };
    let pass = world.pass(&codes)?;
    world.emulator.end_faults()?;
    match pass.creates {
        more if exists && more > 0 => Err(format!("{more} creates of what exists").into()),
        _ => Ok(()),
    }
}

/// Listings that lag, creates that come late, and clients that die of it. What
/// the two take together is within the settle window.
pub fn with_stale_listings(world: &mut World, variant: u64) -> Result<(), Trouble> {
    const LAG: &str = "list-jobs:stale=1.1";
    match variant % 3 {
        0 => {
            world.emulator.fault(&[LAG, "create:late=0.7:1"])?;
            world.pass(&[6])?;
        }
        done => {
            let create = Boundary::Held { on: "create", done: done == 1, after: 0 };
            let mut client = world.apply_to(&create)?;
            world.kill(&mut client)?;
            world.emulator.release()?;
        }
    }
    for _ in 0..2 {
        world.emulator.end_faults()?;
        world.emulator.fault(&[LAG])?;
        world.pass(&[0])?;
    }
    Ok(())
}
