//! What a daemon is made of, and what a pass is about.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apply::{Asked, Claims, Stop};
use crate::model::{Desired, Place, Prices};
use crate::mutant::{Mutant, is};
use crate::plan::Policy;
use crate::watch::reporter::OnTheWire;
use crate::watch::rhythm::Rhythm;
use crate::watch::{Metrics, Published};

/// Why a pass began. For logs only: were a decision to depend on it, a missed
/// event would be a missed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The daemon began.
    Started,
    /// Manifests changed.
    FilesChanged,
    /// The time has come.
    Due,
    /// A person asked, by SIGHUP.
    Asked,
}

/// What a pass may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whatever the plan asks for.
    Act,
    /// Nothing; what it would do is told.
    Observe,
    /// Nothing, for the manifests are not valid.
    Hold,
}

impl Mode {
    pub(super) fn acts(self) -> bool {
        self == Self::Act || (self == Self::Hold && is(Mutant::HoldModeActs))
    }
}

/// What a pass is to bring about.
#[derive(Debug)]
pub struct Task<'a, S> {
    /// Every manifest; the last valid ones in [`Mode::Hold`].
    pub desired: &'a [Desired],
    /// Where to look.
    pub places: &'a BTreeSet<Place>,
    /// What the operator allows.
    pub policy: &'a Policy,
    /// What runs cost.
    pub prices: &'a Prices,
    /// How long a create must have been due before it is sent.
    pub settle: Duration,
    /// Where creates are claimed.
    pub claims: Option<Claims<'a, S>>,
    /// What may be done.
    pub mode: Mode,
}

/// What the daemon is made of.
#[derive(Debug)]
pub struct Parts<'a, V, E, C> {
    /// The service.
    pub vertex: &'a V,
    /// Draws jitter and run ids.
    pub entropy: &'a E,
    /// Tells the time.
    pub clock: &'a C,
    /// Set when nothing more may be sent.
    pub stop: &'a Stop,
    /// Whether the manifests of a pass are still what the files say.
    pub asked: &'a dyn Asked,
    /// What is shown.
    pub published: &'a Published,
    /// What is counted.
    pub metrics: &'a Metrics,
    /// What is on its way.
    pub wire: &'a OnTheWire,
    /// When to look again.
    pub rhythm: Rhythm,
    /// Whether to ask how far runs are, for people.
    pub progress: bool,
    /// The flags that lead a command in what is told to the same service.
    pub same_service: &'a str,
}
