//! After the chaos: everything is healed, applied until it is at rest, and
//! judged by what the emulator says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::Trouble;
use super::emulator::Request;
use super::wait::until;
use super::world::{Mode, World};

/// What a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Jobs that somebody pays for.
    pub paid: u64,
    /// Those of them that the same spec had already.
    pub extra: u64,
    /// Those that were asked to stop.
    pub cancelled: u64,
}

/// Applies after the healing that may still change something.
const PASSES: usize = 6;

/// How much less than a settle window two looks may seem apart: the first ends
/// for the client after it does for the emulator.
const SLACK: Duration = Duration::from_millis(5);

impl World {
    /// One apply by itself; `codes` are the ends that it may come to.
    pub fn pass(&mut self, codes: &[i32]) -> Result<Pass, Trouble> {
        let before = self.emulator.log()?.len();
        let mut client = self.apply()?;
        client.ends(codes)?;
        let pass = self.looked_at(before)?;
        pass.map_err(|why| format!("{why}{}", client.said().unwrap_or_default()).into())
    }

    /// Judges the requests of a client that was alone: those after `before`.
    pub fn looked_at(&self, before: usize) -> Result<Result<Pass, String>, Trouble> {
        let log = self.emulator.log()?;
        let requests = log.get(before..).unwrap_or_default();
        Ok(alone(requests, self.models.len(), self.mode))
    }

    /// Ends all faults and lets the clients work in peace.
    fn heal(&mut self) -> Result<(), Trouble> {
        self.emulator.end_faults()?;
        self.emulator.release()?;
        until("end of what is held", || Ok(self.emulator.held()?.is_empty()))?;
        let mut quiet = 0;
        for _ in 0..PASSES {
            let pass = self.pass(&[0])?;
            quiet = if pass.creates + pass.cancels == 0 { quiet + 1 } else { 0 };
            if quiet == 2 {
                return Ok(());
            }
        }
        Err(format!("still not at rest after {PASSES} applies").into())
    }

    /// What everything came to.
    pub fn judge(&mut self) -> Result<Cost, Trouble> {
        self.heal()?;
        let (jobs, log) = (self.emulator.jobs()?, self.emulator.log()?);
        let label = |job: &Value, name: &str| job["labels"][name].as_str().map(str::to_owned);
        let is_ours = |job: &&Value| label(job, "retune-owner").as_deref() == Some("acme-tuning");
        let (ours, foreign): (Vec<&Value>, Vec<&Value>) = jobs.iter().partition(is_ours);

        let cancelled: BTreeSet<&str> =
            log.iter().filter_map(|request| request.cancelled.as_deref()).collect();
        let stopped =
            |job: &Value| job["name"].as_str().is_some_and(|name| cancelled.contains(name));
        if foreign.len() != 2 || foreign.iter().any(|job| stopped(job)) {
            return Err(format!("foreign jobs were touched: {foreign:?}").into());
        }
        once_per_decision(&log)?;

        let mut cost = Cost::default();
        let mut groups: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
        for job in &ours {
            let name = label(job, "retune-name").ok_or("a job of ours without a name")?;
            let epochs = &job["supervisedTuningSpec"]["hyperParameters"]["epochCount"];
            let epochs = epochs.as_str().ok_or("a job of ours without epochs")?;
            groups.entry((name, epochs.to_owned())).or_default().push(job);
        }
        let current = self.epochs.to_string();
        for name in &self.models {
            if !groups.contains_key(&(name.clone(), current.clone())) {
                return Err(format!("{name} was never created").into());
            }
        }
        for ((name, epochs), jobs) in &groups {
            let copies = self.copies.get(name).copied().unwrap_or_default();
            let extra = jobs.len() as u64 - 1;
            if extra > self.allowed + copies {
                let allowed = self.allowed;
                return Err(format!("{extra} extra jobs of {name}, {allowed} allowed").into());
            }
            cost.paid += jobs.len() as u64;
            cost.extra += extra.saturating_sub(copies);
            cost.cancelled += jobs.iter().filter(|job| stopped(job)).count() as u64;
            // The oldest of the newest spec stays; all others stop.
            for (age, job) in jobs.iter().enumerate() {
                let survives = *epochs == current && age == 0;
                let shown = || format!("{name} with {epochs} epochs, {age}: {job}");
                if survives && (stopped(job) || !is_live(job)) {
                    return Err(format!("the survivor was stopped: {}", shown()).into());
                }
                if !survives && !stopped(job) {
                    return Err(format!("a superfluous run goes on: {}", shown()).into());
                }
            }
        }
        Ok(cost)
    }
}

fn is_live(job: &Value) -> bool {
    let live = ["QUEUED", "PENDING", "RUNNING", "UPDATING", "SUCCEEDED"];
    let state = job["state"].as_str().and_then(|state| state.strip_prefix("JOB_STATE_"));
    state.is_some_and(|state| live.contains(&state))
}

/// Every create carries a number of its own: two jobs with the same one are
/// one decision that was sent twice.
fn once_per_decision(log: &[Request]) -> Result<(), Trouble> {
    let mut runs = BTreeSet::new();
    for labels in log.iter().filter_map(|request| request.created.as_ref()) {
        let Some(run) = labels["retune-run"].as_str() else { continue };
        if !runs.insert(run) {
            return Err(format!("the create {run} was carried out twice").into());
        }
    }
    Ok(())
}

/// What a client that was alone asked for.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    pub looks: usize,
    pub creates: usize,
    pub cancels: usize,
}

/// No more than one create for each manifest, and none without two complete
/// looks, a settle window apart or with a look at the claims between them.
fn alone(requests: &[Request], models: usize, mode: Mode) -> Result<Pass, String> {
    let Mode { settle, claims, .. } = mode;
    let count = |operation: &str| requests.iter().filter(|r| r.is(operation)).count();
    let (looks, creates, cancels) = (count("list-jobs"), count("create"), count("cancel"));
    let pass = Pass { looks, creates, cancels };
    if pass.creates > models {
        return Err(format!("{} creates for {models} manifests", pass.creates));
    }
    let Some(first) = requests.iter().position(|request| request.is("create")) else {
        return Ok(pass);
    };
    let looks = requests.iter().take(first).filter(|r| r.is("list-jobs"));
    let times: Vec<_> = looks.filter(|r| r.processed == Some(200)).map(|r| r.time).collect();
    let (Some(one), Some(other)) = (times.first(), times.last()) else {
        return Err("a create without a look".to_owned());
    };
    if claims {
        let before = |operation| requests.iter().take(first).rposition(|r| r.is(operation));
        let (claim, look) = (before("storage-put"), before("list-jobs"));
        let read = requests.iter().position(|r| r.is("storage-get"));
        return match read < look && look < claim && read.is_some() {
            true => Ok(pass),
            false => Err(format!("read {read:?}, listed {look:?}, claimed {claim:?}")),
        };
    }
    let apart = Duration::try_from(other.duration_since(*one)).unwrap_or_default();
    if apart + SLACK < Duration::from_secs(settle) {
        return Err(format!("a create {apart:?} after the first look; the window is {settle} s"));
    }
    Ok(pass)
}
