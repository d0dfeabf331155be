//! What unblocks a hold, decided once: the words for a hold say it in passing,
//! and a page shows it ready to be copied. What passes by itself has none.

use std::fmt;

use crate::model::{JobName, JobState, Key, Place, identity};
use crate::plan::{ClaimedBy, Held, HoldReason, Newer};

/// What unblocks a hold. Displayed it is part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// Raise `lifecycle.rerun`, at least to this.
    Raise(u64),
    /// Set `lifecycle.rerun` to that of a run.
    Rerun(u64),
    /// Set `lifecycle.adopt` to this job.
    Adopt(JobName),
    /// Take this job out of `lifecycle.adopt`.
    Release(JobName),
    /// Take `lifecycle.suspend` out.
    Resume,
    /// Pass a flag to a command.
    Pass {
        /// The flag, with its value.
        flag: String,
        /// The command with it, as it is typed.
        command: String,
    },
    /// A command, as it is typed.
    Run(String),
    /// Take the newer commit of the manifests.
    Pull,
    /// Say which revision the manifests are of.
    Revision,
    /// Take a newer retune.
    Upgrade,
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raise(_) => f.write_str("raise lifecycle.rerun"),
            Self::Rerun(rerun) => write!(f, "set lifecycle.rerun to {rerun}"),
            Self::Adopt(_) => f.write_str("set lifecycle.adopt"),
            Self::Release(_) => f.write_str("take lifecycle.adopt out"),
            Self::Resume => f.write_str("take lifecycle.suspend out"),
            Self::Pass { flag, .. } => write!(f, "pass {flag}"),
            Self::Run(command) => write!(f, "`{command}`"),
            Self::Pull => f.write_str("take the newer commit"),
            Self::Revision => f.write_str("run inside their git work tree, or pass --revision"),
            Self::Upgrade => f.write_str("upgrade retune"),
        }
    }
}

impl Cure {
    /// What to do with what: `Set in the manifest` and `lifecycle.rerun: 4`.
    pub fn steps(&self) -> (&'static str, String) {
        const SET: &str = "Set in the manifest";
        const TAKE_OUT: &str = "Take out of the manifest";
        match self {
            Self::Raise(rerun) | Self::Rerun(rerun) => (SET, format!("lifecycle.rerun: {rerun}")),
            Self::Adopt(job) => (SET, format!("lifecycle.adopt: {job}")),
            Self::Release(job) => (TAKE_OUT, format!("lifecycle.adopt: {job}")),
            Self::Resume => (TAKE_OUT, "lifecycle.suspend: true".to_owned()),
            Self::Pass { command, .. } | Self::Run(command) => ("Run", command.clone()),
            Self::Pull => ("Run", "git pull".to_owned()),
            Self::Revision => {
                ("Run inside the manifests' git work tree, or with", "--revision".to_owned())
            }
            Self::Upgrade => ("Upgrade", "retune".to_owned()),
        }
    }
}

/// What unblocks `held`; `None` when it passes by itself. `same_service` are the
/// flags that lead a command to the same service.
pub fn cure(held: &Held, same_service: &str) -> Option<Cure> {
    let key = &held.key;
    let typed = |what: &str| format!("retune {what}{same_service}");
    let pass = |command: &str, flag: String| {
        let command = typed(&format!("{command} {flag}"));
        Cure::Pass { flag, command }
    };
    let place = &key.place;
    let jobs = || {
        let Place { project, location } = place;
        let mut jobs = "jobs".to_owned();
        for (flag, value) in [("--project", project), ("--location", location)] {
            // What was given before is this place's, or the manifest was refused.
            if !same_service.contains(&format!(" {flag} ")) {
                jobs.push_str(&format!(" {flag} {value}"));
            }
        }
        Cure::Run(typed(&jobs))
    };
    Some(match &held.reason {
        HoldReason::LastRunFailed { retry_in: Some(_), .. }
        | HoldReason::Cancelling { .. }
        | HoldReason::Settling { .. }
        | HoldReason::AmbiguousCreate { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Pending { .. }, .. } => return None,
        HoldReason::LastRunFailed { job, adopted: true, .. }
        | HoldReason::LastRunCancelled { job, adopted: true, .. } => Cure::Release(job.clone()),
        HoldReason::LastRunFailed { .. }
        | HoldReason::LastRunCancelled { .. }
        | HoldReason::ClaimedElsewhere { claim: ClaimedBy::Done { .. }, .. } => again(key),
        HoldReason::Suspended => Cure::Resume,
        HoldReason::CreateLimit { wanted, recent: 0, .. } => {
            pass("apply", format!("--max-creates {wanted}"))
        }
        // In a daemon, whose limit is that of a day.
        HoldReason::CreateLimit { wanted, recent, .. } => {
            pass("watch", format!("--max-creates {}", wanted + recent))
        }
        HoldReason::CancelLimit { wanted, .. } => pass("apply", format!("--max-cancels {wanted}")),
        HoldReason::ConcurrencyLimit { .. } => Cure::Run(typed("apply --wait")),
        HoldReason::StaleRevision { newer, .. } => match newer {
            Newer::Rerun { theirs, .. } => Cure::Rerun(*theirs),
            Newer::Revision { ours: Some(_), .. } => Cure::Pull,
            Newer::Revision { ours: None, .. } => Cure::Revision,
        },
        HoldReason::SameSpecElsewhere { job, .. } => Cure::Adopt(job.clone()),
        // A digest of another version; one of this version stands where the
        // rerun cannot be read.
        HoldReason::UnknownDialect { label: Some(label), .. } if !identity::is_known(label) => {
            Cure::Upgrade
        }
        HoldReason::UnknownState { state: Some(JobState::Unknown(_)), .. } => Cure::Upgrade,
        HoldReason::UnknownState { state: Some(_), .. } => {
            Cure::Run(typed(&format!("describe {}", key.name)))
        }
        HoldReason::ImplausibleListing { .. }
        | HoldReason::ListIncomplete { .. }
        | HoldReason::UnknownDialect { .. }
        | HoldReason::UnknownState { state: None, .. } => jobs(),
    })
}

/// A rerun more than there is.
fn again(key: &Key) -> Cure {
    Cure::Raise(key.rerun.saturating_add(1))
}
