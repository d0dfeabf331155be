//! Our own breadth-first search, which keeps the graph: Stateright promises
//! "eventually" on acyclic paths only, and waiting is a cycle.

use stateright::Model;

use super::decide::{Sight, Wish};
use super::model::{Search, Step};
use super::state::{Packed, Pc, Phase, Proc, State, Wrong};

const FAULT: u32 = 1 << 31;
const WRITE: u32 = 1 << 30;
const ID: u32 = WRITE - 1;

/// What a search has found.
#[derive(Default)]
pub struct Found {
    pub states: usize,
    pub edges: usize,
    /// Steps to the farthest state.
    pub depth: usize,
    /// Whether every state that can be reached was reached.
    pub complete: bool,
    /// Most jobs that were ever created for one spec, in any state.
    pub most_jobs: usize,
    /// Most runs of one spec that are active at a time.
    pub most_live: usize,
    /// States from which nothing is ever done again.
    pub quiet: usize,
    /// Quiet states in which something is not as it should be.
    pub quiet_wrong: usize,
    /// States from which no good quiet state can be reached without faults.
    pub stuck: usize,
    /// Creates and cancels that follow a good quiet state without faults.
    pub restless: usize,
    /// The first thing that is wrong, and the way to it.
    pub wrong: Option<(String, Vec<String>)>,
}

/// Every state that can be reached, in the order of its distance.
struct Graph {
    states: Vec<Packed>,
    parents: Vec<u32>,
    /// Where the edges of each state begin.
    begins: Vec<usize>,
    edges: Vec<u32>,
    index: Index,
}

/// Ids of states by their hash, open addressing.
struct Index {
    slots: Vec<u32>,
    used: usize,
}

const FREE: u32 = u32::MAX;

impl Index {
    fn new() -> Self {
        Self { slots: vec![FREE; 1 << 12], used: 0 }
    }

    fn hash(state: &Packed) -> u64 {
        let mix = |hash: u64, word: &u64| {
            let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^ (mixed >> 29)
        };
        state.iter().fold(0x517c_c1b7_2722_0a95, mix)
    }

    /// The id of a state, or the slot for it.
    fn find(&self, states: &[Packed], state: &Packed) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = Self::hash(state) as usize & mask;
        loop {
            match self.slots[slot] {
                FREE => return Err(slot),
                id if states[id as usize] == *state => return Ok(id),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn add(&mut self, states: &[Packed], slot: usize, id: u32) {
        self.slots[slot] = id;
        self.used += 1;
        if self.used * 3 < self.slots.len() * 2 {
            return;
        }
        self.slots = vec![FREE; self.slots.len() * 2];
        for (id, state) in states.iter().enumerate() {
            if let Err(slot) = self.find(states, state) {
                self.slots[slot] = id as u32;
            }
        }
    }
}

/// Searches every state of a variant, up to a number of them, or up to the
/// first that is wrong.
pub fn search(model: &Search, max_states: usize) -> Found {
    let mut found = Found::default();
    let mut graph = Graph {
        states: Vec::new(),
        parents: Vec::new(),
        begins: Vec::new(),
        edges: Vec::new(),
        index: Index::new(),
    };
    graph.id(model.first().pack(), 0);
    let (mut steps, mut level_ends, mut at) = (Vec::new(), 1, 0);
    while at < graph.states.len() {
        if graph.states.len() > max_states {
            found.states = graph.states.len();
            return found;
        }
        if at == level_ends {
            level_ends = graph.states.len();
            found.depth += 1;
        }
        let packed = graph.states[at];
        let state = State::unpack(&packed);
        found.look_at(&state);
        if state.wrong != Wrong::Nothing {
            found.states = graph.states.len();
            found.wrong = Some((format!("{:?}", state.wrong), graph.way(model, at)));
            return found;
        }
        steps.clear();
        model.steps(&state, &mut steps);
        let begin = graph.edges.len();
        graph.begins.push(begin);
        for step in &steps {
            let next = model.after(&state, *step).map(|next| next.pack());
            let Some(next) = next.filter(|next| *next != packed) else { continue };
            let fault = u32::from(step.is_fault()) * FAULT;
            let flags = fault | (u32::from(step.is_write()) * WRITE);
            let edge = graph.id(next, at as u32) | flags;
            graph.edges.push(edge);
        }
        at += 1;
    }
    graph.begins.push(graph.edges.len());
    found.complete = true;
    (found.states, found.edges) = (graph.states.len(), graph.edges.len());
    graph.judge(model, &mut found);
    found
}

impl Graph {
    fn id(&mut self, state: Packed, parent: u32) -> u32 {
        match self.index.find(&self.states, &state) {
            Ok(id) => id,
            Err(slot) => {
                let id = self.states.len() as u32;
                assert!(id < ID, "more states than an edge can name");
                self.states.push(state);
                self.parents.push(parent);
                self.index.add(&self.states, slot, id);
                id
            }
        }
    }

    fn next(&self, id: usize) -> &[u32] {
        &self.edges[self.begins[id]..self.begins[id + 1]]
    }

    /// The steps from the start.
    fn way(&self, model: &Search, mut id: usize) -> Vec<String> {
        let mut way = Vec::new();
        while id != 0 {
            let parent = self.parents[id] as usize;
            let (mut steps, from) = (Vec::new(), self.states[parent]);
            model.steps(&State::unpack(&from), &mut steps);
            let leads = |step: &&Step| model.next_state(&from, **step) == Some(self.states[id]);
            way.extend(steps.iter().find(leads).map(|step| format!("{step:?}")));
            id = parent;
        }
        way.reverse();
        way
    }

    /// Rest: it is reached from everywhere, it is good, and it lasts.
    fn judge(&self, model: &Search, found: &mut Found) {
        let mut good = Vec::new();
        for (id, packed) in self.states.iter().enumerate() {
            match model.rest(&State::unpack(packed)) {
                None => {}
                Some(Ok(())) => good.push(id as u32),
                Some(Err(what)) => {
                    found.quiet_wrong += 1;
                    if found.wrong.is_none() {
                        found.wrong = Some((what, self.way(model, id)));
                    }
                }
            }
        }
        found.quiet = good.len() + found.quiet_wrong;
        let reaches = self.reaching(&good);
        found.stuck = reaches.iter().filter(|reaches| !**reaches).count();
        if let Some(id) = reaches.iter().position(|reaches| !reaches) {
            let way = || ("no good end can be reached".to_owned(), self.way(model, id));
            found.wrong.get_or_insert_with(way);
        }
        found.restless = self.writes_after(&good);
        if found.restless > 0 {
            let way = || ("a good end does not last".to_owned(), Vec::new());
            found.wrong.get_or_insert_with(way);
        }
    }

    /// Which states lead to one of these without faults.
    fn reaching(&self, good: &[u32]) -> Vec<bool> {
        let mut begins = vec![0_usize; self.states.len() + 1];
        let calm = || self.edges.iter().filter(|edge| **edge & FAULT == 0);
        for edge in calm() {
            begins[(edge & ID) as usize + 1] += 1;
        }
        for id in 0..self.states.len() {
            begins[id + 1] += begins[id];
        }
        let mut from = vec![0_u32; calm().count()];
        let mut free = begins.clone();
        for id in 0..self.states.len() {
            for edge in self.next(id).iter().filter(|edge| **edge & FAULT == 0) {
                let slot = &mut free[(edge & ID) as usize];
                from[*slot] = id as u32;
                *slot += 1;
            }
        }
        drop(free);
        let mut reaches = vec![false; self.states.len()];
        let mut open = good.to_vec();
        open.iter().for_each(|id| reaches[*id as usize] = true);
        while let Some(id) = open.pop() {
            for before in &from[begins[id as usize]..begins[id as usize + 1]] {
                if !std::mem::replace(&mut reaches[*before as usize], true) {
                    open.push(*before);
                }
            }
        }
        reaches
    }

    /// How many writes can follow these states without faults.
    fn writes_after(&self, good: &[u32]) -> usize {
        let mut seen = vec![false; self.states.len()];
        let mut open = good.to_vec();
        let mut writes = 0;
        while let Some(id) = open.pop() {
            if std::mem::replace(&mut seen[id as usize], true) {
                continue;
            }
            for edge in self.next(id as usize).iter().filter(|edge| **edge & FAULT == 0) {
                writes += usize::from(edge & WRITE != 0);
                open.push(edge & ID);
            }
        }
        writes
    }
}

impl Found {
    fn look_at(&mut self, state: &State) {
        for role in 0..2 {
            let of = |live: bool| {
                let jobs = state.jobs.iter().filter(|job| job.role == role && job.landed());
                jobs.filter(|job| !live || job.phase == Phase::Active).count()
            };
            self.most_jobs = self.most_jobs.max(of(false));
            self.most_live = self.most_live.max(of(true));
        }
    }
}

impl Search {
    /// Whether a state is quiet: nothing is under way, everything is listed as
    /// it is, and no process wants anything. `Err`: what is not as it should be
    /// all the same.
    fn rest(&self, state: &State) -> Option<Result<(), String>> {
        if !self.is_at_rest(state) {
            return None;
        }
        let mut alive = self.procs(state).filter(|(_, proc)| proc.pc != Pc::Dead);
        let wish = |p: usize| {
            let sight = Sight {
                role: self.bounds.roles[p],
                took: 0,
                jobs: state.jobs.map(|job| job.phase),
                roles: state.jobs.map(|job| job.role),
            };
            self.real.decide(&sight, &Proc::NEW).wish
        };
        let wishes: Vec<(u8, Wish)> =
            alive.by_ref().map(|(p, _)| (self.bounds.roles[p], wish(p))).collect();
        let wants = |wish: &Wish| matches!(wish, Wish::Create | Wish::Settling | Wish::Cancel);
        let newest = wishes.iter().map(|(role, _)| *role).max()?;
        if wishes.iter().any(|(_, wish)| wants(wish)) {
            return None;
        }
        let failed = state.left.failures < self.bounds.faults.failures;
        let stopped = state.left.humans < self.bounds.faults.humans;
        let wrong = wishes.iter().find(|(role, wish)| match wish {
            Wish::InSync | Wish::InFlight => false,
            // What nobody cancelled and what did not fail is not held for it.
            Wish::LastRunFailed => !failed,
            Wish::LastRunCancelled => !failed && !stopped,
            Wish::StaleRevision => *role == newest && !state.jobs.iter().any(|j| j.role > *role),
            _ => true,
        });
        let live = |role: u8| {
            let active = |job: &&super::state::Job| job.role == role && job.phase == Phase::Active;
            state.jobs.iter().filter(active).count()
        };
        Some(match wrong {
            Some((role, wish)) => Err(format!("at rest, commit {role} says {wish:?}")),
            None if live(0).max(live(1)) > 1 => Err("at rest, two runs of one spec".to_owned()),
            None => Ok(()),
        })
    }
}
