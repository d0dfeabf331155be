//! What one process has seen and sent since it started, as an onlooker knows
//! it: the checks rest on this and not on the product's own memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::job::{Job, Stage};
use crate::manifests::{Manifests, OWNER, model};
use crate::runtime::Millis;

/// One row of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub job: usize,
    pub stage: Stage,
}

/// A complete listing.
#[derive(Debug, Clone, Default)]
pub struct Look {
    pub began: Millis,
    pub ended: Millis,
    pub rows: Vec<Row>,
}

/// A run that no listing showed since that time, without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    pub name: String,
    pub rerun: u64,
    pub model: String,
    pub attempt: u32,
    pub since: Millis,
}

/// What one process has seen and sent since it started.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Which of the process's lives it is.
    pub number: u32,
    /// The commit that its pass is about, by its place among the edits.
    pub edit: usize,
    /// What it says.
    pub manifests: Arc<Manifests>,
    /// What only a daemon that watches files has.
    pub watch: Option<Watch>,
    /// The last listing; `None` when it could not be read.
    pub last: Option<Look>,
    /// When the listing before it was read.
    pub before_last: Millis,
    pub missing: Vec<Missing>,
    /// Names of which it was told that a job exists, beside the listings.
    pub made: BTreeSet<String>,
    /// What GETs showed, by job.
    pub gets: Vec<(usize, Millis, Stage)>,
    /// When it read which claim.
    pub claims: Vec<(String, Millis)>,
    pub creates_of_pass: u32,
    pub cancels_of_pass: u32,
    /// Jobs that creates of this pass were answered with.
    pub made_in_pass: Vec<usize>,
}

/// What a daemon that watches files knows beside that.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// The newest manifests are not valid.
    pub invalid: bool,
    /// Since when each manifest has been as it is.
    pub since: BTreeMap<String, Millis>,
    /// When a create of that name was last refused, as it is now.
    pub refused: BTreeMap<String, Millis>,
    /// Passes in a row that asked the service in vain, and when the last ended.
    pub failed: (u32, Millis),
    /// Its pass begins whatever failed before: it is its first.
    pub is_first: bool,
    /// For how long it was asked to wait in this pass.
    pub asked: Option<Duration>,
    /// Requests that this pass has sent.
    pub requests: u32,
}

impl Life {
    /// The process starts anew.
    pub fn begin(&mut self) {
        *self = Self { number: self.number + 1, ..Self::default() };
    }

    /// It begins a pass over the manifests of that edit. What it sends is
    /// checked against them, and counted, until the next.
    pub fn pass(&mut self, edit: usize, manifests: &Arc<Manifests>) {
        self.edit = edit;
        self.manifests = Arc::clone(manifests);
        self.creates_of_pass = 0;
        self.cancels_of_pass = 0;
        self.made_in_pass.clear();
        self.gets.clear();
    }

    /// It was shown this listing.
    pub fn listed(&mut self, jobs: &[Job], look: Look) {
        let before = std::mem::take(&mut self.missing);
        for desired in &Arc::clone(&self.manifests).desired {
            let (name, model) = (desired.key.name.as_str(), model(desired));
            let runs = look.rows.iter().filter(|row| {
                let job = &jobs[row.job];
                job.is_of(OWNER, name) && job.model() == model && rerun(job) == desired.key.rerun
            });
            if let Some(attempt) = next_attempt(jobs, runs) {
                let mut missing = Missing {
                    name: name.to_owned(),
                    rerun: desired.key.rerun,
                    model: model.to_owned(),
                    attempt,
                    since: look.ended,
                };
                let same =
                    |known: &&Missing| Missing { since: known.since, ..missing.clone() } == **known;
                let since = before.iter().find(same).map(|known| known.since);
                missing.since = since.unwrap_or(look.ended);
                self.missing.push(missing);
            }
        }
        self.before_last = self.last.as_ref().map_or(0, |last| last.ended);
        self.last = Some(look);
    }

    /// The listing's last byte was read.
    pub fn ended(&mut self, at: Millis) {
        if let Some(look) = &mut self.last {
            look.ended = at;
        }
    }

    /// What a GET showed of a job, at last and before now.
    pub fn got(&self, job: usize) -> Option<(Millis, Stage)> {
        let got = self.gets.iter().rev().find(|(of, _, _)| *of == job);
        got.map(|(_, at, stage)| (*at, *stage))
    }
}

/// Which attempt may follow these runs of one training: the oldest of the
/// highest attempt speaks, the others were its duplicates. `None`: one of them
/// is live, or good, or was cancelled.
pub fn next_attempt<'a>(jobs: &[Job], runs: impl Iterator<Item = &'a Row>) -> Option<u32> {
    let mut speaks: Option<(&Job, Stage)> = None;
    // The highest attempt first, then the oldest.
    let rank = |job: &Job| (Reverse(attempt(job)), job.created, job.name().clone());
    for row in runs {
        if !matches!(row.stage, Stage::Failed | Stage::Cancelled) {
            return None;
        }
        let job = &jobs[row.job];
        if speaks.is_none_or(|(known, _)| rank(job) < rank(known)) {
            speaks = Some((job, row.stage));
        }
    }
    match speaks {
        None => Some(1),
        Some((job, Stage::Failed)) => Some(attempt(job) + 1),
        Some(_) => None,
    }
}

fn attempt(job: &Job) -> u32 {
    job.stamp().map_or(1, |stamp| stamp.attempt)
}

/// The rerun that a job is of.
pub fn rerun(job: &Job) -> u64 {
    job.stamp().and_then(|stamp| stamp.rerun).unwrap_or(0)
}
