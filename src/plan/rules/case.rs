//! What the rules ask about one tuned model.

use std::time::Duration;

use super::super::runs::{Index, Run, has_digest, has_spec};
use super::super::{InFlight, InSync, Newer, Policy, Remark};
use crate::model::identity::{Digests, equivalent, removed_fields};
use crate::model::{Desired, FoundModel, JobName, Observed, Phase, Text, labels};
use crate::mutant::{Mutant, is};

/// One manifest and everything observed of it.
pub(super) struct Case<'a> {
    pub(super) desired: &'a Desired,
    /// What the manifest's spec is known by.
    pub(super) digests: &'a Digests,
    /// Our runs of the name, of any spec and rerun, oldest first.
    pub(super) runs: &'a [Run<'a>],
    /// The adopted job, when the listing has it.
    pub(super) adopted: Option<&'a Observed>,
    /// Jobs that were asked for what the manifest asks for, oldest first.
    wanted: Vec<&'a Observed>,
    pub(super) index: &'a Index<'a>,
    pub(super) policy: &'a Policy,
}

impl<'a> Case<'a> {
    pub(super) fn new(desired: &'a Desired, index: &'a Index<'a>, policy: &'a Policy) -> Self {
        let digests = desired.digests();
        let runs = index.runs(&desired.key);
        let adopted = index.adopted(desired);
        let rerun = Some(desired.key.rerun);
        let mut same: Vec<&Run<'_>> = runs
            .iter()
            .filter(|run| run.stamp.rerun == rerun && has_spec(run, desired, digests))
            .collect();
        // What only echoes the same may have been asked for more. It counts
        // where no run of this very spec is live or good.
        let exact = |run: &Run<'_>| has_digest(run.stamp, digests);
        let lives = |run: &Run<'_>| matches!(run.job.phase(), Phase::Good | Phase::Active);
        if same.iter().any(|run| exact(run) && lives(run)) {
            same.retain(|run| exact(run));
        }
        let mut wanted: Vec<&Observed> = same.into_iter().map(|run| run.job).collect();
        // An adopted job counts while its echo equals every set field.
        let taken = adopted.filter(|job| {
            let stamped = job.stamp.as_ref().is_some_and(|stamp| has_digest(stamp, digests));
            stamped || equivalent(&desired.spec, &job.echo)
        });
        wanted.extend(taken.filter(|job| wanted.iter().all(|w| w.name != job.name)));
        if !is(Mutant::ListingOrder) {
            wanted.sort_by_key(|job| job.age_order());
        }
        if is(Mutant::NewestSurvives) {
            wanted.reverse();
        }
        Self { desired, digests, runs, adopted, wanted, index, policy }
    }

    /// A model of this very spec whose run is not listed.
    pub(super) fn model(&self) -> Option<&'a FoundModel> {
        self.index.model(&self.desired.key, self.digests)
    }

    /// The oldest wanted run in that phase.
    pub(super) fn oldest(&self, phase: Phase) -> Option<&'a Observed> {
        self.wanted.iter().find(|job| job.phase() == phase).copied()
    }

    /// The wanted runs, oldest first.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &'a Observed> {
        self.wanted.iter().copied()
    }

    pub(super) fn is_wanted(&self, job: &Observed) -> bool {
        self.wanted.iter().any(|w| w.name == job.name)
    }

    /// Our active runs of the name. A foreign job is never among them, also
    /// when it is adopted: no plan changes it.
    pub(super) fn active_runs(&self) -> impl Iterator<Item = &'a Run<'a>> {
        self.runs.iter().filter(|run| run.job.phase() == Phase::Active)
    }

    /// The run of ours that this job is.
    pub(super) fn own(&self, job: &Observed) -> Option<&'a Run<'a>> {
        self.runs.iter().find(|run| run.job.name == job.name)
    }

    /// Whether only the adoption makes this job a run of the manifest, so that
    /// a raised rerun would not part them.
    pub(super) fn by_adoption(&self, job: &Observed) -> bool {
        self.own(job).is_none_or(|run| run.stamp.rerun != Some(self.desired.key.rerun))
    }

    /// Whether a wanted run was asked for the same as the one that survives it.
    /// Two that only echo what the manifest sets can differ from each other.
    pub(super) fn is_twin(&self, run: &Run<'_>, survivor: &Observed) -> bool {
        let theirs = survivor.stamp.as_ref().and_then(|stamp| stamp.spec.as_ref());
        let same_spec = theirs.is_none_or(|theirs| run.stamp.spec.as_ref() == Some(theirs));
        self.is_wanted(run.job) && (same_spec || has_digest(run.stamp, self.digests))
    }

    /// Whether nothing is known that tells the two runs' data apart.
    pub(super) fn same_data(&self, a: &Observed, b: &Observed) -> bool {
        let stamps = a.stamp.as_ref().zip(b.stamp.as_ref());
        let data = stamps.and_then(|(a, b)| a.data.as_ref().zip(b.data.as_ref()));
        data.is_none_or(|(a, b)| a == b)
    }

    /// How old an active run is, on the server's clock. What has not started
    /// does not age.
    fn age(&self, job: &Observed) -> Option<Duration> {
        let date = self.index.date(&self.desired.key.place)?;
        Duration::try_from(date.duration_since(job.start_time?)).ok()
    }

    /// The timeout, when the run is past it.
    pub(super) fn timed_out(&self, job: &Observed) -> Option<Duration> {
        self.desired
            .lifecycle
            .timeout
            .filter(|timeout| self.age(job).is_some_and(|a| a >= *timeout))
    }

    pub(super) fn in_sync(&self, job: &Observed) -> InSync {
        InSync {
            key: self.desired.key.clone(),
            job: Some(job.name.clone()),
            tuned_model: job.tuned_model.clone(),
        }
    }

    pub(super) fn in_flight(&self, job: &Observed) -> InFlight {
        let waiting = || {
            let date = self.index.date(&self.desired.key.place)?;
            Duration::try_from(date.duration_since(job.create_time?)).ok()
        };
        InFlight {
            key: self.desired.key.clone(),
            job: job.name.clone(),
            state: job.state.clone(),
            age: self.age(job).or_else(waiting),
        }
    }

    /// Names our active runs that a hold leaves alone.
    pub(super) fn other_active(&self) -> Option<Remark> {
        let jobs: Vec<JobName> = self
            .active_runs()
            .filter(|run| !self.is_wanted(run.job))
            .map(|run| run.job.name.clone())
            .collect();
        (!jobs.is_empty()).then_some(Remark::OtherRunActive { jobs })
    }

    /// What a person should know of a wanted run that is good or active.
    pub(super) fn remarks(&self, job: &Observed) -> Vec<Remark> {
        let removed = || {
            let label = job.stamp.as_ref()?.spec.as_deref()?;
            if self.digests.agree_with(label) {
                return None;
            }
            let fields = removed_fields(&self.desired.spec, &job.echo, label)?;
            let fields = fields.iter().map(|field| field.path.to_owned()).collect();
            Some(Remark::FieldRemoved { fields })
        };
        let fields = self.presentation_differences(job);
        let later = (!fields.is_empty()).then_some(Remark::AppliesNextRun { fields });
        removed().into_iter().chain(later).collect()
    }

    /// Fields that never start a run and differ from the job's.
    fn presentation_differences(&self, job: &Observed) -> Vec<String> {
        let (wanted, echo) = (&self.desired.spec, &job.echo);
        let mut fields = Vec::new();
        let mut differs = |path: &str, wanted: &Option<Text>, echo: &Option<Text>| {
            if wanted.is_some() && wanted != echo {
                fields.push(path.to_owned());
            }
        };
        differs(
            "tunedModelDisplayName",
            &wanted.tuned_model_display_name,
            &echo.tuned_model_display_name,
        );
        differs("description", &wanted.description, &echo.description);
        differs("serviceAccount", &wanted.service_account, &echo.service_account);
        let theirs = echo.labels.iter().filter(|(key, _)| !labels::is_reserved(key));
        // A foreign job that was adopted never had our labels.
        if self.own(job).is_some() && !theirs.eq(wanted.labels.iter()) {
            fields.push("labels".to_owned());
        }
        fields
    }
}

/// In what a run's revision is later than the plan's. A plan without a revision
/// is older than any.
pub(in crate::plan) fn newer_revision(run: &Run<'_>, policy: &Policy) -> Option<Newer> {
    let theirs = run.revision()?;
    if is(Mutant::NoRevisionGuard) {
        return None;
    }
    let newer = policy.revision.is_none_or(|ours| theirs > ours);
    newer.then_some(Newer::Revision { theirs, ours: policy.revision })
}
