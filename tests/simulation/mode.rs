//! What is assumed of the faults, mode by mode.

use retune::apply::SETTLE;
use retune::claims::TAKEOVER;

use crate::random::Random;
use crate::runtime::{Harm, Millis};
use crate::world::Bounds;

/// With or without a claim store, and whether faults keep the bounds that the
/// guarantee is stated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// No store. List lag and late application together stay below the settle
    /// window.
    Inside,
    /// No store, and they do not.
    Beyond,
    /// A store, and everything stays within the parts of [`TAKEOVER`].
    Claims,
    /// A store, late application and processes that stand still between their
    /// claim and their create.
    ClaimsBeyond,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Inside, Self::Beyond, Self::Claims, Self::ClaimsBeyond];

    pub fn name(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Beyond => "beyond",
            Self::Claims => "claims",
            Self::ClaimsBeyond => "claims-beyond",
        }
    }

    pub fn has_claims(self) -> bool {
        matches!(self, Self::Claims | Self::ClaimsBeyond)
    }

    /// What is assumed, in words.
    pub fn assumed(self) -> &'static str {
        match self {
            Self::Inside => "lag + late < settle (20 s)",
            Self::Beyond => "lag <= 240 s, late <= 150 s",
            Self::Claims => "lag <= 60 s, late <= 200 s, skew <= 34 s: within takeover (300 s)",
            Self::ClaimsBeyond => "lag <= 120 s, late <= 400 s, pause <= 600 s",
        }
    }
}

/// What the faults may do at their worst.
pub fn bounds(mode: Mode, random: &mut Random) -> (Bounds, Harm) {
    let settle = u64::try_from(SETTLE.as_millis()).unwrap();
    let takeover = u64::try_from(TAKEOVER.as_millis()).unwrap();
    // Half of the schedules go to the very edge.
    let edge = random.permille(500);
    let mut up_to = |most: Millis| if edge { most } else { random.below(most + 1) };
    let bounds = match mode {
        Mode::Inside => {
            let both = up_to(settle - 1);
            Bounds { late: both, stale: both, ..Bounds::default() }
        }
        Mode::Beyond => Bounds { late: up_to(150_000), stale: up_to(240_000), ..Bounds::default() },
        // A token (20 s), the answer (60 s) and what the service still carries
        // out (120 s).
        Mode::Claims => {
            Bounds { late: up_to(200_000), stale: up_to(60_000), skew: up_to(34_000), zombie: 0 }
        }
        Mode::ClaimsBeyond => Bounds {
            late: up_to(takeover + 100_000),
            stale: up_to(120_000),
            skew: up_to(34_000),
            zombie: up_to(2 * takeover),
        },
    };
    let bounds = match mode {
        Mode::Inside => {
            let late = random.below(bounds.late + 1);
            Bounds { late, stale: bounds.stale - late, ..bounds }
        }
        _ => bounds,
    };
    let harm = Harm {
        kill: if random.permille(600) { random.below(15) } else { 0 },
        pause: if random.permille(300) { random.below(15) } else { 0 },
        longest_pause: random.below(90_000),
    };
    let longest_pause = if harm.pause > 0 { harm.longest_pause } else { 0 };
    (bounds, Harm { longest_pause, ..harm })
}
