//! Where a client can be stopped: before and after every effect it asks for.

/// A place between two steps of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// Between its two looks.
    Settling,
    /// At a request.
    Held {
        /// What it asks for, as in the emulator's rules.
        on: &'static str,
        /// Whether it has been carried out.
        done: bool,
        /// Requests of this kind that go their way before.
        after: u64,
    },
}

impl Boundary {
    /// The rule that makes a client stand still here.
    pub fn rule(&self) -> Option<String> {
        match self {
            Self::Settling => None,
            Self::Held { on, done, after } => {
                let at = if *done { "hold-answer" } else { "hold" };
                Some(format!("{on}:{at}:after-{after}:1"))
            }
        }
    }

    /// Before and after the `after`-th request of a kind.
    pub fn around(on: &'static str, after: u64) -> [Self; 2] {
        [false, true].map(|done| Self::Held { on, done, after })
    }

    /// Those of an apply that creates: its first look, what lies between, its
    /// second look, and the `create`-th create. With claims that one is claimed,
    /// and what became of it is written as the `write`-th.
    pub fn of_creating(claims: bool, create: u64, write: u64) -> Vec<Self> {
        let mut all = Self::around("list-jobs", 0).to_vec();
        if claims {
            all.extend(Self::around("storage-get", create));
        } else {
            all.push(Self::Settling);
        }
        all.extend(Self::around("list-jobs", 1));
        if claims {
            all.extend(Self::around("storage-put", create));
        }
        all.extend(Self::around("create", create));
        if claims {
            all.extend(Self::around("storage-put", write));
        }
        all
    }

    /// Those of an apply that cancels one run.
    pub fn of_cancelling() -> Vec<Self> {
        let mut all = Self::around("get", 0).to_vec();
        all.extend(Self::around("cancel", 0));
        all
    }
}
