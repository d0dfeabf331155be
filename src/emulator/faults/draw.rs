//! The rules in force, and what they have in store for a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::asked::{Asked, Operation};
use super::fault::Fault;
use super::hold::{Held, Holds};
use super::log::{Effect, Entry, Log};
use super::rule::{Rule, RuleError};
use crate::emulator::chance;

/// The faults of a running emulator. Clones are the same faults.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    holds: Arc<Holds>,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    rules: Vec<InForce>,
    /// Rules so far: each draws from a sequence of its own.
    added: u64,
    log: Log,
}

/// A rule and what it has done so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct InForce {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// Requests it was about.
    pub matched: u64,
    /// Requests it did something to.
    pub fired: u64,
    #[serde(skip)]
    sequence: u64,
}

/// What becomes of one request.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) delay: Duration,
    pub(super) delay_answer: Duration,
    pub(super) hold: bool,
    pub(super) hold_answer: bool,
    pub(super) decides: Option<Fault>,
    pub(super) twist: Twist,
    faults: Vec<Fault>,
}

/// How a request is carried out differently.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Twist {
    /// Lists are as old as this, in seconds.
    pub(crate) stale: Option<f64>,
    pub(crate) lost_page: bool,
    pub(crate) repeat_token: bool,
    /// What a filter says of everything, instead of what it means.
    pub(crate) filter_says: Option<bool>,
    pub(crate) cancel_loses: bool,
    pub(crate) labels_not_echoed: bool,
    /// The request is carried out this much later, in seconds.
    pub(crate) late: Option<f64>,
}

impl Faults {
    pub(crate) fn new(seed: u64, rules: &[Rule]) -> Result<Self, RuleError> {
        let state = State { seed, ..State::default() };
        let faults = Self { state: Arc::new(Mutex::new(state)), holds: Arc::default() };
        for rule in rules {
            faults.add(rule.clone())?;
        }
        Ok(faults)
    }

    /// Adds a rule after the others.
    pub fn add(&self, rule: Rule) -> Result<(), RuleError> {
        rule.check()?;
        let mut state = self.state();
        state.added += 1;
        let sequence = state.added;
        state.rules.push(InForce { rule, matched: 0, fired: 0, sequence });
        Ok(())
    }

    /// The requests that are held, in the order in which they came in.
    pub fn held(&self) -> Vec<Held> {
        self.holds.held()
    }

    /// Lets a request go that is held; nothing otherwise.
    pub fn release(&self, number: u64) {
        self.holds.release(number);
    }

    /// Lets every request go that is held.
    pub fn release_all(&self) {
        self.holds.release_all();
    }

    /// Waits until the request is let go.
    pub(super) async fn hold(&self, held: Held) {
        self.holds.wait(held).await;
    }

    /// Ends all rules. A request that is already late still comes, and one that
    /// is held stays held.
    pub fn clear(&self) {
        self.state().rules.clear();
    }

    /// The rules in force.
    pub fn rules(&self) -> Vec<InForce> {
        self.state().rules.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.state().log.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; counters are never half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> Vec<Entry> {
        self.state().log.entries()
    }

    /// Whether there is anything to ask rules about.
    pub(super) fn are_none(&self) -> bool {
        self.state().rules.is_empty()
    }

    pub(super) fn begin(
        &self,
        time: Timestamp,
        method: &str,
        path: &str,
        operation: Operation,
    ) -> u64 {
        self.state().log.begin(time, method, path, operation)
    }

    /// Lets the rules decide about a request, and notes what they decided.
    pub(super) fn draw(&self, asked: &Asked, number: u64) -> Drawn {
        let mut state = self.state();
        let seed = state.seed;
        let mut drawn = Drawn::default();
        for in_force in &mut state.rules {
            let taken = drawn.decides.is_some() && in_force.rule.fault.decides();
            if !taken && in_force.rule.wants(asked) && in_force.fires(seed) {
                drawn.take(&in_force.rule.fault);
            }
        }
        if let Some(entry) = state.log.entry(number) {
            entry.faults.clone_from(&drawn.faults);
        }
        drawn
    }

    /// A connection that a rule ends before it begins.
    pub(crate) fn refuse_connection(&self, now: Timestamp) -> bool {
        if self.are_none() {
            return false;
        }
        let drawn = self.draw(&Asked::connection(), 0);
        if drawn.decides.is_none() {
            return false;
        }
        let mut state = self.state();
        let number = state.log.begin(now, "", "", Operation::Connect);
        if let Some(entry) = state.log.entry(number) {
            entry.faults = drawn.faults;
        }
        true
    }

    /// Notes what a request earned.
    pub(crate) fn processed(&self, number: u64, status: u16) {
        if let Some(entry) = self.state().log.entry(number) {
            entry.processed = Some(status);
        }
    }

    /// Notes what a request changed.
    pub(crate) fn applied(&self, number: u64, effects: Vec<Effect>) {
        if let Some(entry) = self.state().log.entry(number) {
            entry.effects.extend(effects);
        }
    }

    /// Notes what was sent.
    pub(super) fn answered(&self, number: u64, status: u16) {
        if let Some(entry) = self.state().log.entry(number) {
            entry.answered = Some(status);
        }
    }
}

impl InForce {
    /// Counts a matching request and says whether the rule fires for it.
    fn fires(&mut self, seed: u64) -> bool {
        let Self { rule, matched, fired, sequence } = self;
        *matched += 1;
        let Some(turn) = matched.checked_sub(rule.after).filter(|turn| *turn > 0) else {
            return false;
        };
        let fires = turn % rule.every.max(1) == 0
            && rule.times.is_none_or(|times| *fired < times)
            && chance::fraction(seed, &format!("fault {sequence}"), *matched) < rule.probability;
        *fired += u64::from(fires);
        fires
    }
}

impl Drawn {
    fn take(&mut self, fault: &Fault) {
        self.faults.push(fault.clone());
        let twist = &mut self.twist;
        match fault {
            Fault::Delay { millis } => self.delay += Duration::from_millis(*millis),
            Fault::DelayAnswer { millis } => self.delay_answer += Duration::from_millis(*millis),
            Fault::Hold => self.hold = true,
            Fault::HoldAnswer => self.hold_answer = true,
            Fault::Stale { seconds } => twist.stale = Some(*seconds),
            Fault::LostPage => twist.lost_page = true,
            Fault::RepeatToken => twist.repeat_token = true,
            Fault::FilterIgnored => twist.filter_says = Some(true),
            Fault::FilterMatchesNothing => twist.filter_says = Some(false),
            Fault::CancelLoses => twist.cancel_loses = true,
            Fault::LabelsNotEchoed => twist.labels_not_echoed = true,
            decides => {
                if let Fault::Late { seconds } = decides {
                    twist.late = Some(*seconds);
                }
                self.decides = Some(decides.clone());
            }
        }
    }

    /// Whether the request goes its ordinary way.
    pub(super) fn is_nothing(&self) -> bool {
        self.faults.is_empty()
    }
}
