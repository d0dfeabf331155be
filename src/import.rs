//! Manifests for jobs that exist already.
//!
//! A manifest asks for what the job was asked for, as far as the service echoes
//! it. What the service filled in stands beside as a comment where that can be
//! known: the digest on a run of retune's own says which fields were set.
//!
//! # Invariants
//!
//! 1. With the manifests added, a plan over the same listing creates and cancels
//!    what it did without them, and nothing else. Where one would, the manifest
//!    is suspended, or left out.
//! 2. Every manifest is valid: what a manifest does not take stands as a comment,
//!    or the whole job is left out. None is half a job.
//! 3. Text from the service is quoted by a library, or inert in a comment.

mod asked;
mod draft;
mod fields;
mod naming;
mod select;
mod settle;
#[cfg(test)]
mod tests;
mod yaml;

pub use select::{NamedError, Passed, Selected, all, named};

use crate::model::{Desired, JobName, Name, Observation, Observed, Untrusted, Workspace};
use crate::plan::Policy;

/// What is there already.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The manifests.
    pub desired: &'a [Desired],
    /// Every job of the listed places, with its labels.
    pub seen: &'a Observation,
    /// What the manifests share.
    pub workspace: Option<&'a Workspace>,
    /// What the operator allows; its owner is whose jobs are ours.
    pub policy: &'a Policy,
    /// Whether the jobs are the emulator's.
    pub emulator: bool,
}

/// A job as it is read for a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What retune knows of it.
    pub observed: Observed,
    /// What else it was asked for: paths of fields that no manifest has.
    pub rest: Vec<Untrusted>,
}

/// A manifest for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the model is called; no other manifest has the name.
    pub name: Name,
    /// The job.
    pub job: JobName,
    /// The manifest: one document.
    pub text: String,
    /// What a person should know of it, in inert words.
    pub remarks: Vec<String>,
}

/// A job that no manifest can stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub job: JobName,
    /// Why, in inert words.
    pub why: String,
}

/// What an import comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Manifests, in the order of their jobs.
    pub manifests: Vec<Imported>,
    /// Jobs without one.
    pub left_out: Vec<LeftOut>,
}

/// Manifests for these jobs.
pub fn import(jobs: &[Job], around: &Around<'_>) -> Import {
    let mut names = naming::Names::of(around);
    let (mut drafts, mut left_out) = (Vec::new(), Vec::new());
    for job in jobs {
        match draft::Draft::of(job, around, &mut names) {
            Ok(draft) => drafts.push(draft),
            Err(why) => left_out.push(LeftOut { job: job.observed.name.clone(), why }),
        }
    }
    left_out.extend(settle::settle(&mut drafts, around));
    let manifests = drafts.into_iter().map(draft::Draft::imported).collect();
    Import { manifests, left_out }
}
