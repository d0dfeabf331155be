//! Seeded mistakes, for testing the tests: each switches off or bends one rule
//! that the protocol rests on, and the simulation must find it out.
//!
//! Without the feature `mutants` [`is`] is constant and nothing is left of a
//! hook. The feature is for `tests/simulation` alone; a release never has it.
#![cfg_attr(
    not(feature = "mutants"),
    allow(dead_code, unreachable_pub, reason = "the list of all is the simulation's")
)]

macro_rules! mutants {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {
        /// A mistake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[doc = $doc])+ $name),+
        }

        impl Mutant {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

mutants! {
    /// A create whose answer was lost is sent again at once.
    NaiveRetry,
    /// Each create carries the same run id.
    SameRunId,
    /// No settle window.
    NoSettle,
    /// Half the settle window.
    HalfSettle,
    /// What was due once counts as due ever since.
    WindowNotRestarted,
    /// The window passes, and nobody looks again.
    SecondLookSkipped,
    /// A look and a claim may be as old as they like.
    FreshIgnored,
    /// The time that a suspended machine slept does not count.
    SleepUnnoticed,
    /// Own creates are forgotten.
    LedgerForgotten,
    /// An own create is forgotten once a listing showed it.
    LedgerDropsListed,
    /// A create whose answer was lost holds nothing back.
    AmbiguousNotHeld,
    /// A create whose answer was lost holds back for ever.
    AmbiguousForever,
    /// The jobs are listed before the claim is looked at, and not after it.
    ListBeforeClaim,
    /// Nothing is claimed although there is a store.
    ClaimNotTaken,
    /// A plain lock: released when the create is done.
    PlainLock,
    /// A pending claim is taken over at once.
    TakeoverAtOnce,
    /// A pending claim is taken over after half the time.
    TakeoverHalf,
    /// A pending claim is never taken over.
    TakeoverNever,
    /// How old a claim is, the client's own clock says.
    ClientClock,
    /// A claim that is done may be taken.
    DoneIgnored,
    /// A claim is given back although nobody knows what became of its create.
    ReleasedAfterUnknown,
    /// A claim that somebody else took first is written over.
    ConflictOverwritten,
    /// A claim's write without an answer counts as done.
    UnknownPutIsOurs,
    /// A cancelled run is made again.
    CancelledRecreates,
    /// A failed run is made again for any reason.
    PermanentRetried,
    /// A failed run is made again any number of times.
    FailedAlwaysRetried,
    /// A retry does not wait.
    RetryAtOnce,
    /// Runs without a manifest are cancelled.
    AbsenceCancels,
    /// Another owner's runs count as ours.
    ForeignCancelled,
    /// A cancel does not read its job first.
    NoGetGuard,
    /// A cancel does not read what makes it superfluous.
    SurvivorNotRead,
    /// Of duplicates the newest survives.
    NewestSurvives,
    /// Duplicates are left alone.
    DuplicatesKept,
    /// A run that is being cancelled counts as live.
    CancellingLives,
    /// A superseded run is cancelled whatever becomes of the create.
    SupersedeFirst,
    /// A later revision's runs hold nothing back.
    NoRevisionGuard,
    /// A later rerun's runs hold nothing back.
    NoRerunGuard,
    /// Runs are compared by what the server echoes, defaults and all.
    DefaultsHashed,
    /// A state that is not known holds nothing back.
    UnknownStateIgnored,
    /// A digest of another dialect holds nothing back.
    DialectIgnored,
    /// Above a limit as many as allowed go ahead.
    LimitsRation,
    /// A listing that failed counts as empty.
    FailedListingIsEmpty,
    /// A suspended model is changed.
    SuspendIgnored,
    /// A model that is to be stopped is created again.
    StoppedCreates,
    /// What is held is not told.
    SilentHold,
    /// Which of two runs is older depends on the order of the listing.
    ListingOrder,
    /// The daemon does not hear that a manifest changed.
    ChangedNotNoted,
    /// A manifest that is just being typed is as good as any.
    UnchangedIgnored,
    /// The daemon acts on what it saw some minutes ago.
    LightPassActs,
    /// The daemon acts although the newest manifests are not valid.
    HoldModeActs,
    /// A look that failed is repeated at once.
    CircuitIgnored,
    /// A look that succeeds is no news: each outage is longer than the last.
    SuccessNotHeard,
    /// An action that failed is repeated at once.
    BackoffIgnored,
    /// The daemon counts the creates of each plan by itself.
    WindowForgotten,
}

#[cfg(feature = "mutants")]
mod current {
    use std::cell::Cell;

    use super::Mutant;

    thread_local! {
        static CURRENT: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Makes the mistake on this thread from now on; `None`: none.
    pub fn set(mutant: Option<Mutant>) {
        CURRENT.set(mutant);
    }

    /// The mistake that this thread makes.
    pub fn current() -> Option<Mutant> {
        CURRENT.get()
    }

    /// Whether the mistake is to be made.
    pub(crate) fn is(mutant: Mutant) -> bool {
        CURRENT.get() == Some(mutant)
    }
}

#[cfg(feature = "mutants")]
pub(crate) use current::is;
#[cfg(feature = "mutants")]
pub use current::{current, set};

/// Whether the mistake is to be made: never.
#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_: Mutant) -> bool {
    false
}
