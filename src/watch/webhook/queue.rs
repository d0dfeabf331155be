//! What waits to be sent: bounded, in order.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::event::Event;
use crate::clock::Entropy;
use crate::watch::news::{News, Severity};

/// Most events that wait. Each has about 1 KB, so an outage holds 1 MB; a
/// thousand changes of state are weeks of a large workspace.
pub(super) const CAPACITY: usize = 1_000;

/// How often an event is refused before it is given up. A proxy in front of
/// the receiver may answer 404 while it is rolled out; three tries are 3 s.
const REFUSALS: u32 = 3;

/// An event that was answered with 500 so often, for two to four minutes, gives
/// the others a turn: it may be the event, not the receiver.
const STUMBLES: u32 = 8;

/// How often another is taken after that before the event is given up.
const PASSES: u32 = 3;

/// Where an event is besides here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Its file is still to be written; it is not sent before.
    Awaited,
    /// In a file.
    File,
    /// Nowhere.
    Memory,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    event: Event,
    kept: Kept,
    tries: Tries,
}

/// How the receiver answered an event so far.
#[derive(Debug, Default)]
struct Tries {
    /// With 4xx.
    refusals: u32,
    /// With 500, since another was taken in its stead.
    stumbles: u32,
    /// Others that were taken in its stead.
    passes: u32,
}

/// What the state directory owes the queue.
pub(super) enum Chore {
    /// Keep an event.
    Write(u64, Box<Event>),
    /// Forget one.
    Remove(u64, String),
}

/// Events that a full queue had no room for.
#[derive(Debug, Clone, Copy)]
struct Lost {
    count: u64,
    worst: Severity,
}

/// See the module.
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Numbers order the files, also over restarts.
    next: u64,
    /// On its way: it is not dropped.
    sending: Option<u64>,
    /// Not told yet.
    lost: Option<Lost>,
    /// Whose files must go.
    dropped: Vec<(u64, String)>,
    /// Whether events are kept in files.
    files: bool,
}

impl Queue {
    /// A queue of what an earlier process left, oldest first.
    pub(super) fn new(files: bool, left: Vec<(u64, Event)>) -> Self {
        let next = left.last().map_or(0, |(number, _)| number.saturating_add(1));
        let mut queue = Self {
            entries: VecDeque::new(),
            next,
            sending: None,
            lost: None,
            dropped: Vec::new(),
            files,
        };
        for (number, event) in left {
            queue.insert(Entry { number, event, kept: Kept::File, tries: Tries::default() });
        }
        queue
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an event at the end. A full queue drops what matters least: the
    /// oldest of the lowest severity.
    pub(super) fn push(&mut self, event: Event) {
        let entry = self.entry(event);
        self.insert(entry);
    }

    fn entry(&mut self, event: Event) -> Entry {
        let number = self.next;
        self.next = number.saturating_add(1);
        let kept = if self.files { Kept::Awaited } else { Kept::Memory };
        Entry { number, event, kept, tries: Tries::default() }
    }

    fn insert(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() <= CAPACITY {
            return;
        }
        let waiting = self.entries.iter().enumerate();
        let waiting = waiting.filter(|(_, entry)| Some(entry.number) != self.sending);
        let least = waiting.min_by_key(|(_, entry)| (entry.event.severity, entry.number));
        let Some(entry) = least.map(|(at, _)| at).and_then(|at| self.entries.remove(at)) else {
            return;
        };
        if self.lost.is_none() {
            tracing::warn!(capacity = CAPACITY, "the webhook's queue is full: events are dropped");
        }
        let lost = self.lost.unwrap_or(Lost { count: 0, worst: Severity::Info });
        let worst = lost.worst.max(entry.event.severity);
        self.lost = Some(Lost { count: lost.count.saturating_add(1), worst });
        if entry.kept == Kept::File {
            self.dropped.push((entry.number, entry.event.id));
        }
    }

    /// The next to send; it is then on its way. After each further stumble of
    /// the first it is another one, whichever stumbled least.
    pub(super) fn take(&mut self) -> Option<(u64, Event)> {
        let ready = |entry: &&Entry| entry.kept != Kept::Awaited;
        let first = self.entries.front()?;
        let gives_way = first.tries.stumbles >= STUMBLES && self.sending == Some(first.number);
        let others = self.entries.iter().skip(1).filter(ready);
        let other = others.min_by_key(|entry| entry.tries.stumbles).filter(|_| gives_way);
        let next = other.or(Some(first).filter(ready))?;
        self.sending = Some(next.number);
        Some((next.number, next.event.clone()))
    }

    /// An event was answered with 500.
    pub(super) fn stumbled(&mut self, number: u64) {
        if let Some(Entry { tries, .. }) = self.entry_of(number) {
            tries.stumbles = tries.stumbles.saturating_add(1);
        }
    }

    /// An event was refused. True when that was once too often.
    pub(super) fn refused(&mut self, number: u64) -> bool {
        self.entry_of(number).is_some_and(|Entry { tries, .. }| {
            tries.refusals = tries.refusals.saturating_add(1);
            tries.refusals >= REFUSALS
        })
    }

    /// An event was taken; gives those before it for which that was once too
    /// often.
    pub(super) fn passed(&mut self, number: u64) -> Vec<(u64, Event)> {
        let before = self.entries.iter_mut().take_while(|entry| entry.number != number);
        let stumbled = before.filter(|entry| entry.tries.stumbles >= STUMBLES);
        let given_up = stumbled.filter_map(|Entry { number, event, tries, .. }| {
            *tries = Tries { stumbles: 0, passes: tries.passes.saturating_add(1), ..*tries };
            (tries.passes >= PASSES).then(|| (*number, event.clone()))
        });
        given_up.collect()
    }

    fn entry_of(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.number == number)
    }

    /// An event is delivered or given up. True when it has a file.
    pub(super) fn finish(&mut self, number: u64) -> bool {
        self.sending = None;
        let at = self.entries.iter().position(|entry| entry.number == number);
        let entry = at.and_then(|at| self.entries.remove(at));
        entry.is_some_and(|entry| entry.kept == Kept::File)
    }

    /// The receiver is back: puts an event in front that says what was lost.
    pub(super) fn tell_loss(&mut self, at: Timestamp, entropy: &dyn Entropy) {
        let Some(Lost { count, worst }) = self.lost.take() else { return };
        let events = if count == 1 { "1 event was" } else { &format!("{count} events were") };
        let news = News {
            severity: worst.max(Severity::Warning),
            code: "eventsLost",
            key: None,
            job: None,
            reason: None,
            message: format!(
                "{events} dropped while the receiver took none; `retune status` says how things are"
            ),
            at,
        };
        let entry = self.entry(Event::new(&news, entropy));
        self.entries.push_front(entry);
    }

    /// What the state directory has to do next.
    pub(super) fn chore(&mut self) -> Option<Chore> {
        if let Some((number, id)) = self.dropped.pop() {
            return Some(Chore::Remove(number, id));
        }
        let awaited = self.entries.iter().find(|entry| entry.kept == Kept::Awaited)?;
        Some(Chore::Write(awaited.number, Box::new(awaited.event.clone())))
    }

    /// A file was written, or could not be. The event may be dropped by now.
    pub(super) fn kept(&mut self, number: u64, id: String, kept: Kept) {
        match self.entries.iter_mut().find(|entry| entry.number == number) {
            Some(entry) => entry.kept = kept,
            None if kept == Kept::File => self.dropped.push((number, id)),
            None => {}
        }
    }
}
