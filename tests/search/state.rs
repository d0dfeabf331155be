//! A state of the model: small numbers, packed into five words.

/// Jobs and creates on their way, of both specs together.
pub const JOBS: usize = 4;
/// Reconcilers at most.
pub const PROCS: usize = 3;
/// No job, no survivor.
pub const NONE: u8 = 7;
/// The run id of a create that never became a job.
pub const GONE: u8 = 6;
/// A create that was never due, or is not any more.
pub const NOT_DUE: u8 = 7;

/// Writes an enum that fits in a few bits.
macro_rules! small_enum {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $($(#[$doc])* $variant),+ }
        impl $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The value with this number.
            pub fn from_bits(bits: u8) -> Self { Self::ALL[usize::from(bits)] }
        }
    };
}

small_enum! {
    /// Where a job stands.
    Phase {
        /// No job; in a view: not listed.
        Nothing,
        /// A create on its way: no job yet.
        Flying,
        Active,
        /// A cancel was accepted.
        Ending,
        Good,
        Bad,
        Cancelled,
    }
}

small_enum! {
    /// What a reconciler does next.
    Pc {
        /// A new look.
        Idle,
        /// Never anything again.
        Dead,
        /// It has read the claim; the listing comes next.
        Read,
        /// The first page was asked for.
        Listing,
        /// The listing has shown the create to be due; the claim is not written.
        ToPut,
        /// The claim's write was not answered, or was refused: it is read back.
        ReadBack,
        /// The create is decided and not sent.
        Armed,
        /// The create is sent and not answered.
        Sent,
        /// The create was accepted and the claim does not say so yet.
        Record,
        /// A cancel is decided: the survivor is read next.
        GetSurvivor,
        /// The job to cancel is read next.
        GetJob,
        /// The cancel is sent next.
        Cancel,
    }
}

small_enum! {
    /// What a reconciler knows of the claim that it wants to write.
    Seen {
        /// It may not be taken, or was not read.
        No,
        /// It may be taken, and is as it was read.
        Valid,
        /// It was written by somebody else since.
        Stale,
    }
}

small_enum! {
    /// A claim's object.
    Says { Absent, Pending, Done, Released }
}

small_enum! {
    /// What is wrong with a state.
    Wrong {
        Nothing,
        /// More jobs of one spec than the variant allows.
        PaidTwice,
        /// A create was decided over a listing that showed a run of its spec.
        BlindCreate,
        /// A cancel left nothing behind although nothing else went wrong.
        NoSurvivor,
        /// A cancel whose reason did not hold when it was last read.
        Unvouched,
        /// An older revision cancelled a run of a newer one.
        NewerCancelled,
    }
}

/// A job, or a create on its way. Ages are in ticks and stop at a cap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    pub phase: Phase,
    /// Whose spec and revision it has: 0 older, 1 newer.
    pub role: u8,
    /// Since it was sent, then since it was created.
    pub age: u8,
    /// Since it was no longer active.
    pub left_active: u8,
    /// Whether a cancel was accepted.
    pub was_ending: bool,
    /// Since it was no longer ending.
    pub left_ending: u8,
}

/// A reconciler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proc {
    pub pc: Pc,
    /// Of the listing, the claim or the create that is under way.
    pub age: u8,
    pub seen: Seen,
    /// Whether the claim carries the run id of this very attempt.
    pub mine: bool,
    /// A write of the claim that may still arrive: 1 of this attempt, 2 of an
    /// earlier one.
    pub late: u8,
    /// The create that was sent, or the job to cancel.
    pub target: u8,
    /// The run for which jobs are cancelled.
    pub survivor: u8,
    /// Jobs still to cancel.
    pub cancels: u8,
    /// What was last read of the survivor or the job was no longer so.
    pub doubt: bool,
    /// Memory: jobs made, and the phase they were made or found in.
    pub made: [Phase; JOBS],
    /// Memory: a create without an answer.
    pub lost: u8,
    /// Since it was sent.
    pub lost_age: u8,
    /// Memory: since when the create is due.
    pub due: u8,
}

/// The claim's object of one spec.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    pub says: Says,
    /// Since it was written.
    pub age: u8,
    /// Which job, when it is done.
    pub job: u8,
}

/// Faults that may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// A process loses its memory and starts again, or does not.
    pub crashes: u8,
    /// An answer is lost.
    pub losses: u8,
    /// A create never arrives.
    pub drops: u8,
    /// A create is refused.
    pub refusals: u8,
    /// A run fails.
    pub failures: u8,
    /// A person cancels a run.
    pub humans: u8,
    /// A run succeeds although its cancel was accepted.
    pub slips: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// Jobs in the order in which they were created, then creates on their way.
    pub jobs: [Job; JOBS],
    pub procs: [Proc; PROCS],
    pub claims: [Claim; 2],
    pub left: Faults,
    pub wrong: Wrong,
}

/// A state as it is stored, compared and hashed.
pub type Packed = [u64; 2 + PROCS];

impl Job {
    pub const NOTHING: Self = Self {
        phase: Phase::Nothing,
        role: 0,
        age: 0,
        left_active: 0,
        was_ending: false,
        left_ending: 0,
    };

    pub fn landed(&self) -> bool {
        !matches!(self.phase, Phase::Nothing | Phase::Flying)
    }
}

impl Proc {
    /// Just started, with an empty memory.
    pub const NEW: Self = Self {
        pc: Pc::Idle,
        age: 0,
        seen: Seen::No,
        mine: false,
        late: 0,
        target: 0,
        survivor: NONE,
        cancels: 0,
        doubt: false,
        made: [Phase::Nothing; JOBS],
        lost: NONE,
        lost_age: 0,
        due: NOT_DUE,
    };

    /// Ends what was under way; the memory stays.
    pub fn idle(&mut self) {
        let Self { late, made, lost, lost_age, due, .. } = *self;
        *self = Self { late: if late > 0 { 2 } else { 0 }, made, lost, lost_age, due, ..Self::NEW };
    }
}

impl State {
    /// How many jobs exist; creates on their way come after them.
    pub fn landed(&self) -> usize {
        self.jobs.iter().filter(|job| job.landed()).count()
    }

    pub fn pack(&self) -> Packed {
        let mut packed = [0; 2 + PROCS];
        let mut bits = Bits::default();
        for job in &self.jobs {
            let Job { phase, role, age, left_active, was_ending, left_ending } = *job;
            bits.put(phase as u8, 3).put(role, 1).put(age, 3).put(left_active, 2);
            bits.put(u8::from(was_ending), 1).put(left_ending, 2);
        }
        packed[0] = bits.word;
        for (proc, word) in self.procs.iter().zip(&mut packed[1..]) {
            *word = proc.pack();
        }
        let mut bits = Bits::default();
        for Claim { says, age, job } in self.claims {
            bits.put(says as u8, 2).put(age, 3).put(job, 3);
        }
        let Faults { crashes, losses, drops, refusals, failures, humans, slips } = self.left;
        for count in [crashes, losses, drops, refusals, failures, humans, slips] {
            bits.put(count, 3);
        }
        bits.put(self.wrong as u8, 3);
        packed[1 + PROCS] = bits.word;
        packed
    }

    pub fn unpack(packed: &Packed) -> Self {
        let mut bits = Bits { word: packed[0], at: 0 };
        let jobs = std::array::from_fn(|_| Job {
            phase: Phase::from_bits(bits.take(3)),
            role: bits.take(1),
            age: bits.take(3),
            left_active: bits.take(2),
            was_ending: bits.take(1) == 1,
            left_ending: bits.take(2),
        });
        let procs = std::array::from_fn(|index| Proc::unpack(packed[1 + index]));
        let mut bits = Bits { word: packed[1 + PROCS], at: 0 };
        let claims = std::array::from_fn(|_| Claim {
            says: Says::from_bits(bits.take(2)),
            age: bits.take(3),
            job: bits.take(3),
        });
        let left = Faults {
            crashes: bits.take(3),
            losses: bits.take(3),
            drops: bits.take(3),
            refusals: bits.take(3),
            failures: bits.take(3),
            humans: bits.take(3),
            slips: bits.take(3),
        };
        Self { jobs, procs, claims, left, wrong: Wrong::from_bits(bits.take(3)) }
    }
}

impl Proc {
    pub fn pack(&self) -> u64 {
        let Self { pc, age, seen, mine, late, target, survivor, cancels, doubt, .. } = *self;
        let mut bits = Bits::default();
        bits.put(pc as u8, 4).put(age, 3).put(seen as u8, 2).put(u8::from(mine), 1);
        bits.put(late, 2).put(target, 3).put(survivor, 3).put(cancels, 4).put(u8::from(doubt), 1);
        bits.put(self.lost, 3).put(self.lost_age, 3).put(self.due, 3);
        for phase in self.made {
            bits.put(phase as u8, 3);
        }
        bits.word
    }

    fn unpack(word: u64) -> Self {
        let mut bits = Bits { word, at: 0 };
        Self {
            pc: Pc::from_bits(bits.take(4)),
            age: bits.take(3),
            seen: Seen::from_bits(bits.take(2)),
            mine: bits.take(1) == 1,
            late: bits.take(2),
            target: bits.take(3),
            survivor: bits.take(3),
            cancels: bits.take(4),
            doubt: bits.take(1) == 1,
            lost: bits.take(3),
            lost_age: bits.take(3),
            due: bits.take(3),
            made: std::array::from_fn(|_| Phase::from_bits(bits.take(3))),
        }
    }
}

/// A word that is written and read a few bits at a time.
#[derive(Default)]
pub struct Bits {
    pub word: u64,
    at: u32,
}

impl Bits {
    pub fn put(&mut self, value: u8, width: u32) -> &mut Self {
        // A value that does not fit would make two states one.
        assert!(u32::from(value) < 1 << width && self.at + width <= 64, "{value} in {width} bits");
        self.word |= u64::from(value) << self.at;
        self.at += width;
        self
    }

    fn take(&mut self, width: u32) -> u8 {
        let value = (self.word >> self.at) & ((1 << width) - 1);
        self.at += width;
        value as u8
    }
}
