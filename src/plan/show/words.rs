//! The words for every reason: the condition, and the next thing to do.

use super::super::{
    Action, CancelReason, CancelledBy, Change, ClaimedBy, CreateReason, Held, HoldReason, InFlight,
    InSync, Known, Newer, Orphan, Remark, Settling,
};
use super::{Row, command, cure};
use crate::model::{JobName, JobState, Pretty, Untrusted, identity};

/// Texts longer than this are shown below the row, old above new.
const LONG: usize = 24;

/// One change of the world.
pub(super) fn action(action: &Action, name: String) -> Row {
    match action {
        Action::Create(create) => {
            let (short, long): (Vec<&Change>, Vec<&Change>) =
                create.changes.iter().partition(|change| !is_long(change));
            let mut why: Vec<String> = short.iter().map(|c| one_line(c)).collect();
            why.extend(long.iter().map(|c| format!("{} changed", last(&c.path))));
            let why = match create.reason {
                CreateReason::Missing => "new manifest".to_owned(),
                CreateReason::Retry => {
                    let attempt = create.request.labels.get(crate::model::labels::ATTEMPT);
                    let attempt = attempt.unwrap_or("2");
                    format!("attempt {attempt}: the last run failed for a passing reason")
                }
                CreateReason::SpecChanged | CreateReason::RerunRaised if why.is_empty() => {
                    "spec changed".to_owned()
                }
                CreateReason::SpecChanged | CreateReason::RerunRaised => why.join(", "),
            };
            let details = long.iter().map(|c| (side(&c.old), side(&c.new))).collect();
            Row { symbol: '+', name, verb: "create", why, details }
        }
        Action::Cancel(cancel) => {
            let job = cancel.job.short();
            let why = match &cancel.reason {
                CancelReason::Superseded { by: None } => {
                    format!("{job}: superseded, once the new run is accepted")
                }
                CancelReason::Superseded { by: Some(by) } => {
                    format!("{job}: superseded by {}", by.short())
                }
                CancelReason::Duplicate { of } => format!("{job}: duplicate of {}", of.short()),
                CancelReason::Stopped => format!("{job}: the manifest says `desired: stopped`"),
                CancelReason::TimedOut { after } => {
                    format!("{job}: timed out, it runs for longer than {}", Pretty(*after))
                }
                CancelReason::Pruned => format!("{job}: pruned"),
            };
            Row { symbol: 'x', name, verb: "cancel", why, details: Vec::new() }
        }
    }
}

/// Why an action is due, in a line: `epochCount 3 -> 4`.
pub fn why(of: &Action) -> String {
    action(of, String::new()).why
}

/// `epochCount 3 -> 4`.
fn one_line(change: &Change) -> String {
    format!("{} {} -> {}", last(&change.path), side(&change.old), side(&change.new))
}

fn side(text: &Option<String>) -> String {
    let text = text.as_deref().unwrap_or("(unset)");
    Untrusted::new(text).shown().to_string()
}

fn is_long(change: &Change) -> bool {
    [&change.old, &change.new].into_iter().flatten().any(|text| text.chars().count() > LONG)
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What is held, by which rule, and what unblocks it. `same_service` are the
/// flags that lead the commands in it to the same service.
pub fn held(held: &Held, same_service: &str) -> String {
    let key = &held.key;
    let command = |what: &str| command(what, same_service);
    let cure = cure(held, same_service).map(|cure| cure.to_string()).unwrap_or_default();
    match &held.reason {
        HoldReason::LastRunFailed { job, error, has_model, retry_in, adopted: _ } => {
            let error = error.as_ref().map(|e| format!(": {}", e.message.phrase()));
            let error = error.unwrap_or_default();
            let next = match (retry_in, has_model) {
                (Some(wait), _) => format!("tried again in {}", Pretty(*wait)),
                (None, true) => format!(
                    "it left a model, see {}; {cure} to train again",
                    command(&format!("describe {}", key.name))
                ),
                (None, false) => format!("{cure} to try again"),
            };
            format!("last run failed ({}){error}; {next}", job.short())
        }
        HoldReason::LastRunCancelled { job, by, adopted: _ } => {
            let by = match by {
                CancelledBy::Superseded(later) => format!("superseded by {}", later.short()),
                CancelledBy::TimedOut => "timed out".to_owned(),
                CancelledBy::Elsewhere => "by hand or elsewhere".to_owned(),
            };
            format!("last run was cancelled ({}: {by}); {cure} to train again", job.short())
        }
        HoldReason::Cancelling { job } => {
            format!("{} is being cancelled; look again when it has ended", job.short())
        }
        HoldReason::Suspended => {
            format!("the manifest says `suspend: true`; {cure} to go on")
        }
        HoldReason::CreateLimit { wanted, recent: 0, limit } => {
            over("create", *wanted, *limit, &cure)
        }
        HoldReason::CreateLimit { wanted, recent, limit } => format!(
            "{wanted} wanted and {recent} created in the last 24 h, limit {limit}; {cure} to {}, \
             or raise limits.maxCreates, if they are meant",
            command("watch")
        ),
        HoldReason::CancelLimit { wanted, limit } => over("cancel", *wanted, *limit, &cure),
        HoldReason::ConcurrencyLimit { running, limit, .. } => format!(
            "{running} of {limit} runs (limits.maxConcurrent); {}, or {cure}, starts it when one \
             ends",
            command("watch")
        ),
        HoldReason::Settling { why, remaining, .. } => {
            let wait = Pretty(*remaining);
            match why {
                Settling::Unlisted => format!(
                    "looking again in {wait} before it is created: a run that is not listed yet \
                     may exist"
                ),
                Settling::Changing => format!(
                    "created in {wait} if its manifest stays as it is: it may still be changing"
                ),
                Settling::Unclaimed => "looking at its claim before it is created".to_owned(),
            }
        }
        HoldReason::AmbiguousCreate { age, run, wait } => format!(
            "a create {} ago was not answered (retune-run {run}) and may have started a run; \
             settled by a listing in {}",
            Pretty(*age),
            Pretty(*wait)
        ),
        HoldReason::ClaimedElsewhere { claim, .. } => claimed(claim, &cure),
        HoldReason::ImplausibleListing { listed, known: Known::Before(before) } => format!(
            "the listing has {listed} of our jobs where {before} were seen before, and jobs cannot \
             be deleted; look with {cure}, and start retune again if they are gone"
        ),
        HoldReason::ImplausibleListing { known: Known::Claimed(job), .. } => format!(
            "the listing has none of our jobs, and {} exists by its claim; look with {cure}",
            job.short()
        ),
        HoldReason::ListIncomplete { why } => {
            format!("{} could not be listed: {}; look again with {cure}", key.place, why.shown())
        }
        HoldReason::UnknownDialect { job, label } => match label {
            Some(label) if identity::is_known(label) => format!(
                "{} carries our labels without a rerun that retune writes; look at it with {cure}",
                job.short()
            ),
            Some(label) => format!(
                "{} carries the spec digest `{}` of another version; {cure}",
                job.short(),
                Untrusted::new(label.clone()).shown()
            ),
            None => format!(
                "{} carries our labels without a spec digest; look at it with {cure}",
                job.short()
            ),
        },
        HoldReason::UnknownState { job, state } => unknown_state(job, state.as_ref(), &cure),
        HoldReason::StaleRevision { job, newer } => stale(job, *newer, &cure),
        HoldReason::SameSpecElsewhere { job, owner, name } => format!(
            "{} has this very spec (owner {owner}, name {name}); {cure} to take it over, or raise \
             lifecycle.rerun to train anyway",
            job.short()
        ),
    }
}

fn claimed(claim: &ClaimedBy, cure: &str) -> String {
    match claim {
        ClaimedBy::Pending { holder, run, remaining } => format!(
            "claimed by {} (retune-run {run}), who is about to create it or died trying; free in \
             {} at the latest",
            holder.phrase(),
            Pretty(*remaining)
        ),
        ClaimedBy::Done { job } => format!(
            "its claim says that {} was created for it, and that is no run of this manifest now; \
             {cure} to train again",
            job.short()
        ),
    }
}

/// A limit that tripped, and what lifts it.
fn over(what: &str, wanted: usize, limit: u32, cure: &str) -> String {
    let (s, they_are) = if wanted == 1 { ("", "it is") } else { ("s", "they are") };
    format!("{wanted} {what}{s} wanted, limit {limit}; {cure} if {they_are} meant")
}

fn unknown_state(job: &JobName, state: Option<&JobState>, cure: &str) -> String {
    match state {
        None => format!(
            "{} is not in the listing; check lifecycle.adopt, and look with {cure}",
            job.short()
        ),
        Some(JobState::Unknown(word)) => format!(
            "{} is in state `{}`, which this version does not know; {cure}, or look again when it \
             has ended",
            job.short(),
            word.shown()
        ),
        Some(state) => format!(
            "{}: {}; look at it with {cure}, and again when it goes on or has ended",
            job.short(),
            state.word()
        ),
    }
}

fn stale(job: &JobName, newer: Newer, cure: &str) -> String {
    let job = job.short();
    match newer {
        Newer::Rerun { theirs, ours } => format!(
            "{job} is of rerun {theirs}, the manifest says {ours}; take the newer commit, or {cure}"
        ),
        Newer::Revision { theirs, ours: None } => {
            format!("{job} was made from revision {theirs} and these manifests have none; {cure}")
        }
        Newer::Revision { theirs, ours: Some(ours) } => format!(
            "{job} was made from revision {theirs}, these manifests are of {ours}; {cure}, or pass \
             --revision"
        ),
    }
}

/// A run under way.
pub fn in_flight(run: &InFlight) -> String {
    let age = run.age.map(|age| format!(", {}", Pretty(age))).unwrap_or_default();
    format!("{}: {}{age}", run.job.short(), run.state.word())
}

/// A model that is what its manifest says.
pub fn in_sync(model: &InSync) -> String {
    let tuned = model.tuned_model.as_ref();
    let tuned = tuned.and_then(|m| m.endpoint.as_deref().or(m.model.as_deref()));
    let tuned = tuned.map(|name| Untrusted::new(name).shown().to_string());
    match (&model.job, tuned) {
        (Some(job), Some(tuned)) => format!("{}: {tuned}", job.short()),
        (Some(job), None) => job.short(),
        (None, Some(tuned)) => tuned,
        (None, None) => "stopped".to_owned(),
    }
}

/// A run without a manifest, and what stops it.
pub fn orphan(orphan: &Orphan, same_service: &str) -> String {
    format!(
        "{}: {}; no manifest; {} stops it",
        orphan.job.short(),
        orphan.state.word(),
        command(&format!("apply --prune {}", orphan.key.name), same_service)
    )
}

/// A remark.
pub fn remark(remark: &Remark) -> String {
    match remark {
        Remark::FieldRemoved { fields } => {
            let names: Vec<&str> = fields.iter().map(|path| last(path)).collect();
            let (are, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
            format!(
                "{} {are} no longer set; the run was trained with {them}; raise lifecycle.rerun \
                 to train without",
                names.join(", ")
            )
        }
        Remark::FoundByModel { model } => format!(
            "its run is not listed; {} carries its labels and counts as its model",
            Untrusted::new(model.as_str()).shown()
        ),
        Remark::AppliesNextRun { fields } => {
            let (differ, they_apply) = match fields.len() {
                1 => ("differs", "it applies"),
                _ => ("differ", "they apply"),
            };
            format!("{} {differ} from the run's; {they_apply} to the next run", fields.join(", "))
        }
        Remark::OtherRunActive { jobs } => {
            let jobs: Vec<String> = jobs.iter().map(JobName::short).collect();
            format!("left alone: {}", jobs.join(", "))
        }
    }
}
