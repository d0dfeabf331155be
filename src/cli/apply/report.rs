//! The words for what became of an action.

use std::time::Duration;

use crate::apply::{Outcome, Report, Skipped, Withheld};
use crate::cli::session::Session;
use crate::model::{Observed, Phase, Pretty};
use crate::plan::{Action, Held, HoldReason, Plan, show};

/// What became of an action, in a verb and its reason.
pub(super) fn outcome(
    action: &Action,
    outcome: &Outcome,
    session: &Session,
) -> (&'static str, String) {
    let job = match action {
        Action::Create(_) => None,
        Action::Cancel(cancel) => Some(cancel.job.short()),
    };
    let of_job = |text: String| match &job {
        Some(job) => format!("{job}: {text}"),
        None => text,
    };
    match outcome {
        Outcome::Created(job) => ("created", job.short()),
        Outcome::CancelRequested => ("cancelled", of_job("asked to stop".to_owned())),
        Outcome::AlreadyEnded(state) => {
            let state = match state {
                crate::model::JobState::Absent => "had ended",
                state => state.word(),
            };
            ("ended", of_job(format!("nothing to cancel ({state})")))
        }
        Outcome::Refused(refusal) => {
            ("refused", of_job(format!("{}; nothing was changed", refusal.message.phrase())))
        }
        Outcome::Throttled(refusal) => {
            let wait = refusal.retry_after.map(|wait| format!(" in {} s", wait.as_secs()));
            let wait = wait.unwrap_or_else(|| " later".to_owned());
            let text =
                format!("{}; nothing was changed, apply again{wait}", refusal.message.phrase());
            ("throttled", of_job(text))
        }
        Outcome::Unknown(why) => {
            let next = match action {
                Action::Create(_) => format!(
                    "a run may exist: look with {} in a few minutes before applying again",
                    session.command("status")
                ),
                Action::Cancel(_) => "apply again: asking twice does no harm".to_owned(),
            };
            ("unknown", of_job(format!("{}; {next}", why.phrase())))
        }
        Outcome::Unclaimed { why, hint } => {
            let hint = hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            ("not begun", format!("it could not be claimed: {}{hint}", why.phrase()))
        }
        Outcome::Held(reason) => {
            let held = Held { key: action.key().clone(), reason: HoldReason::clone(reason) };
            ("held", of_job(show::hold(&held, session.same_service())))
        }
        Outcome::Withheld(withheld) => ("not sent", of_job(against(withheld, session))),
        Outcome::Skipped(Skipped::CreateNotAccepted) => {
            ("goes on", of_job("its successor was not accepted".to_owned()))
        }
        Outcome::Skipped(Skipped::NoLongerDue) => {
            ("not needed", of_job("a newer look no longer asks for it".to_owned()))
        }
        Outcome::Skipped(Skipped::Changed) => (
            "not begun",
            of_job("the plan is another one by now; look at it, then apply again".to_owned()),
        ),
        Outcome::Skipped(Skipped::TooLate) => {
            ("not begun", of_job("the look was too old; apply again".to_owned()))
        }
        Outcome::Skipped(Skipped::Overtaken) => {
            ("not begun", of_job("another run of retune was quicker; apply again".to_owned()))
        }
        Outcome::Skipped(Skipped::Outdated) => {
            ("not begun", of_job("the manifests changed; apply again".to_owned()))
        }
        Outcome::Skipped(Skipped::NotLooked) => (
            "not begun",
            of_job("the second look failed, and nothing is created without it".to_owned()),
        ),
        Outcome::Skipped(Skipped::Mistrust) => (
            "not begun",
            of_job(format!(
                "the service did not echo our labels; look with {}",
                session.command("jobs")
            )),
        ),
        Outcome::Skipped(Skipped::Interrupted) => ("not begun", of_job("interrupted".to_owned())),
    }
}

/// What became of a run that was asked to stop, and what it costs.
pub(super) fn stopped(run: &Observed) -> String {
    let job = run.name.short();
    let ran = run.start_time.zip(run.end_time).map(|(start, end)| end.duration_since(start));
    let ran = ran.and_then(|ran| Duration::try_from(ran).ok()).map(Pretty);
    let ended = match run.phase() {
        Phase::Cancelled => "",
        _ => ", although it was asked to stop",
    };
    match ran {
        Some(ran) => format!("{job}{ended}: ran for {ran}, and what it did until then is billed"),
        None => format!("{job}{ended}: it had not started"),
    }
}

fn against(withheld: &Withheld, session: &Session) -> String {
    match withheld {
        Withheld::NotOurs => {
            format!("its labels are not ours any more; look with {}", session.command("jobs"))
        }
        Withheld::Unclear(state) => {
            format!("its state cannot be judged ({}); apply again later", state.word())
        }
        Withheld::SurvivorGone(job, state) => format!(
            "{}, which was to survive it, is {} by now; plan again",
            job.short(),
            state.word()
        ),
        Withheld::Unreadable(why) => {
            format!("it could not be read right before: {why}; apply again")
        }
    }
}

/// The last line: what was done.
pub(super) fn summary(report: &Report, plan: &Plan) -> String {
    let count =
        |what: fn(&Outcome) -> bool| report.items.iter().filter(|i| what(&i.outcome)).count();
    let created = count(|o| matches!(o, Outcome::Created(_)));
    let cancelled = count(|o| matches!(o, Outcome::CancelRequested));
    // It may have been done, and may cost something.
    let unknown = count(|o| matches!(o, Outcome::Unknown(_)));
    let failed = count(Outcome::is_failure) - unknown;
    let waiting = plan.deferred().count();
    let mut parts = Vec::new();
    if created > 0 || cancelled == 0 {
        parts.push(format!("{created} created"));
    }
    if cancelled > 0 {
        parts.push(format!("{cancelled} cancelled"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} unknown"));
    }
    if failed > 0 {
        parts.push(format!("{failed} not done"));
    }
    if waiting > 0 {
        parts.push(format!("{waiting} waiting for a free slot"));
    }
    parts.join(", ")
}
