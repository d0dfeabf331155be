//! `retune status --html`: the page that the daemon serves, as one file.

use std::path::Path;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::session::Session;
use super::super::write::{self, Written};
use super::progress;
use crate::clock::{Clock, SystemClock};
use crate::model::{Costs, Untrusted};
use crate::page::{Form, Overview, Runs};
use crate::plan::Policy;
use crate::vertex::Keep;

/// Looks, and writes the page into `file`.
pub(super) async fn write(
    file: &Path,
    session: &Session,
    policy: &Policy,
    output: &Output,
) -> Result<(), Failure> {
    // With every label and the statistics: each model's own view shows them.
    let mut seen = session.observe_keeping(&Keep::All).await?;
    let plan = session.decide_over(&mut seen, policy).await?;
    let progress = progress(&session.client, &plan).await;
    let runs = Runs::of(&seen, &policy.owner, &session.desired);
    let costs = Costs::of(&seen, &policy.owner, &session.prices());
    let overview = Overview {
        owner: &policy.owner,
        plan: &plan,
        progress: &progress,
        runs: &runs,
        costs: &costs,
        at: SystemClock::new().now(),
        notices: &[],
        emulator: session.emulator,
    };
    let page = overview.render(Form::File);
    if file == Path::new("-") {
        output.data(&page.html);
        return Ok(());
    }
    let written = write::replace(file, &page.html);
    let written = written.map_err(|error| Failure::new(Exit::Unexpected, error))?;
    let name = Untrusted::new(file.to_string_lossy());
    output.say(&match written {
        Written::Changed => format!("wrote {}\n", name.shown()),
        Written::Unchanged => format!("{} holds this page already\n", name.shown()),
    });
    Ok(())
}
