//! `apply --wait`.

use std::time::Duration;

use serde_json::json;

use super::show::Telling;
use crate::apply::{Ended, Report, Verdict, Wait};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::model::{Key, Untrusted};
use crate::plan::{Plan, show};

/// Between two looks. A run takes most of an hour, and 3 requests a run and
/// look stay far below the quota of 600 a minute.
const INTERVAL: Duration = Duration::from_secs(20);

/// On an emulator, whose runs take seconds, and which has no quota of requests.
const LOOPBACK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn run(
    limit: Option<Duration>,
    reconciler: &super::CommandLine<'_>,
    session: &Session,
    confirmed: &Plan,
    report: &Report,
    telling: &Telling<'_>,
) -> Result<Exit, Failure> {
    let wait = Wait {
        reconciler,
        interval: if session.client.endpoint().is_loopback() {
            LOOPBACK_INTERVAL
        } else {
            INTERVAL
        },
        limit,
    };
    let ended = wait.run(confirmed, report, telling).await.map_err(|error| {
        Failure::new(Exit::Unreachable, error)
            .hint(format!("{} looks again", session.command("status")))
    })?;
    // Nothing was begun and nothing was under way: the plan has said it all.
    let waited = !confirmed.actions.is_empty()
        || !confirmed.in_flight.is_empty()
        || confirmed.deferred().next().is_some();
    tell(&ended, limit, waited, session, telling);
    let failed = !report.is_success() || ended.any_failure();
    Ok(match ended.verdict {
        Verdict::Interrupted(_) => Exit::Interrupted,
        _ if failed => Exit::Failed,
        Verdict::AllGood => Exit::Done,
        Verdict::NotGood(_) => Exit::Failed,
        Verdict::TimedOut(_) => Exit::TimedOut,
    })
}

fn tell(
    ended: &Ended,
    limit: Option<Duration>,
    waited: bool,
    session: &Session,
    telling: &Telling<'_>,
) {
    let names = |keys: &[Key]| {
        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        names.join(", ")
    };
    let (on, again) = (telling.on(), session.command("status"));
    let verdict = match &ended.verdict {
        Verdict::AllGood if !waited => String::new(),
        Verdict::AllGood => format!("\nDone{on}. Every tuned model matches its manifest.\n"),
        Verdict::NotGood(keys) => format!("\nNot tuned{on}: {}.\n", names(keys)),
        Verdict::TimedOut(keys) => format!(
            "\nThe wait timed out{}{on}; runs go on: {}. Look again with {again}.\n",
            super::after(limit),
            names(keys)
        ),
        Verdict::Interrupted(keys) => {
            format!("\nInterrupted{on}; runs go on: {}. Look again with {again}.\n", names(keys))
        }
    };
    telling.text(&verdict);
    if let Some(plan) = &ended.plan {
        if waited {
            telling.text(&models(plan, telling.width(), session.same_service()));
        }
        telling.json(json!({"event": "result", "plan": show::json(plan, session.same_service())}));
    }
}

/// Each model with what it came to.
fn models(plan: &Plan, width: Option<usize>, same_service: &str) -> String {
    let mut text = String::new();
    let keys = plan.in_sync.iter().map(|m| &m.key).chain(plan.held.iter().map(|h| &h.key));
    let names = keys.map(|key| key.name.as_str().len()).max().unwrap_or(0);
    for model in &plan.in_sync {
        let tuned = model.tuned_model.as_ref();
        let name = tuned.and_then(|m| m.endpoint.as_deref().or(m.model.as_deref()));
        let name = Untrusted::new(name.unwrap_or("no endpoint"));
        let (model, name) = (model.key.name.as_str(), name.shown().to_string());
        // A name that is broken in two cannot be copied.
        if width.is_some_and(|width| names + 4 + name.len() > width) {
            text.push_str(&format!("  {model}\n    {name}\n"));
        } else {
            text.push_str(&format!("  {model:names$}  {name}\n"));
        }
    }
    for held in &plan.held {
        let name = held.key.name.as_str();
        text.push_str(&format!("  {name:names$}  held: {}\n", show::hold(held, same_service)));
    }
    text
}
