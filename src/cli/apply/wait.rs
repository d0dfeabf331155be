//! `apply --wait`.

use std::time::Duration;

use serde_json::json;

use super::show::Telling;
use crate::apply::{Ended, Executor, Report, Verdict, Wait};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::{Session, VertexClient};
use crate::clock::{SystemClock, SystemEntropy};
use crate::model::{Key, Untrusted};
use crate::plan::{Plan, Policy, show};

/// Between two looks. A run takes most of an hour, and 3 requests a run and
/// look stay far below the quota of 600 a minute.
const INTERVAL: Duration = Duration::from_secs(20);

/// On the emulator a run takes seconds.
const EMULATOR_INTERVAL: Duration = Duration::from_millis(250);

pub(super) async fn run(
    limit: Option<Duration>,
    executor: &Executor<'_, VertexClient, SystemEntropy>,
    session: &Session,
    policy: &Policy,
    confirmed: &Plan,
    report: &Report,
    telling: &Telling<'_>,
) -> Result<Exit, Failure> {
    let clock = SystemClock::new();
    let wait = Wait {
        executor,
        clock: &clock,
        desired: &session.desired,
        places: &session.places,
        policy,
        interval: if session.emulator { EMULATOR_INTERVAL } else { INTERVAL },
        limit,
    };
    let ended = wait.run(confirmed, report, telling).await.map_err(|error| {
        Failure::new(Exit::Unreachable, error).hint("`retune status` looks again")
    })?;
    tell(&ended, limit, telling);
    let failed = !report.is_success() || ended.any_failure();
    Ok(match ended.verdict {
        Verdict::Interrupted(_) => Exit::Interrupted,
        _ if failed => Exit::Failed,
        Verdict::AllGood => Exit::Done,
        Verdict::NotGood(_) => Exit::Failed,
        Verdict::TimedOut(_) => Exit::TimedOut,
    })
}

fn tell(ended: &Ended, limit: Option<Duration>, telling: &Telling<'_>) {
    let names = |keys: &[Key]| {
        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        names.join(", ")
    };
    let on = telling.on();
    let verdict = match &ended.verdict {
        Verdict::AllGood => format!("\nDone{on}. Every tuned model matches its manifest.\n"),
        Verdict::NotGood(keys) => format!("\nNot tuned{on}: {}.\n", names(keys)),
        Verdict::TimedOut(keys) => format!(
            "\nThe wait timed out{}; runs go on: {}. Look again with `retune status`.\n",
            super::after(limit),
            names(keys)
        ),
        Verdict::Interrupted(keys) => format!(
            "\nInterrupted; runs go on: {}. Look again with `retune status`.\n",
            names(keys)
        ),
    };
    telling.text(&verdict);
    if let Some(plan) = &ended.plan {
        telling.text(&models(plan));
        telling.json(json!({"event": "result", "plan": show::json(plan)}));
    }
}

/// Each model with what it came to.
fn models(plan: &Plan) -> String {
    let mut text = String::new();
    for model in &plan.in_sync {
        let tuned = model.tuned_model.as_ref();
        let name = tuned.and_then(|m| m.endpoint.as_deref().or(m.model.as_deref()));
        let name = Untrusted::new(name.unwrap_or("no endpoint"));
        text.push_str(&format!("  {}  {}\n", model.key.name, name.shown()));
    }
    for held in &plan.held {
        text.push_str(&format!("  {}  held: {}\n", held.key.name, show::hold(held)));
    }
    text
}
