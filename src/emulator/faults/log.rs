//! What was asked, what it really did, and what was answered.
//!
//! A test counts paid jobs here: the log is written by the emulator when
//! something happens, whatever the client got to see of it.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::asked::Operation;
use super::fault::Fault;

/// A request takes about 300 bytes here, so this is 30 MB: enough for ten
/// clients that poll once a second for three hours.
const LONGEST: usize = 100_000;

/// One request, or one connection that was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// From 1, in the order in which requests came in.
    pub number: u64,
    /// When it came in.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// Empty for a connection.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// What the method does to what resource.
    pub operation: Operation,
    /// The faults it met.
    pub faults: Vec<Fault>,
    /// The status that the request earned; `None` if it was not carried out,
    /// or not yet.
    pub processed: Option<u16>,
    /// The status that was sent; `None` if nothing was.
    pub answered: Option<u16>,
    /// What it changed for good.
    pub effects: Vec<Effect>,
}

/// A change to the world that matters to who pays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// When it happened; later than the request for a late one.
    #[serde(serialize_with = "rfc3339")]
    pub time: Timestamp,
    /// The job's resource name.
    pub job: String,
    /// What happened to it.
    #[serde(flatten)]
    pub what: WhatHappened,
}

/// What happened to a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum WhatHappened {
    /// It exists, and will be billed.
    JobCreated {
        /// Its labels, echoed or not.
        labels: BTreeMap<String, String>,
    },
    /// It was asked to stop.
    CancelAccepted {
        /// Whether it will: a job near its end, or one that is told to lose,
        /// goes on.
        stops: bool,
    },
}

fn rfc3339<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[derive(Debug, Default)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Log {
    /// Notes a request; the number is for what becomes of it.
    pub(super) fn begin(
        &mut self,
        time: Timestamp,
        method: &str,
        path: &str,
        operation: Operation,
    ) -> u64 {
        if self.entries.len() >= LONGEST {
            self.entries.pop_front();
        }
        self.last += 1;
        self.entries.push_back(Entry {
            number: self.last,
            time,
            method: method.to_owned(),
            path: path.to_owned(),
            operation,
            faults: Vec::new(),
            processed: None,
            answered: None,
            effects: Vec::new(),
        });
        self.last
    }

    /// The entry of this number, unless it is too old.
    pub(super) fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.number;
        self.entries.get_mut(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}
