//! `retune status --html`: the page that the daemon serves, as one file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::runs::runs;
use super::super::session::Session;
use super::super::write::{self, Written};
use super::progress;
use crate::clock::{Clock, SystemClock};
use crate::detail::Detail;
use crate::model::{
    Costs, Desired, JobName, Name, Observation, Place, Prices, Progress, Untrusted,
};
use crate::page::{Charts, Overview, Runs, View};
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
    let newest = Runs::of(&seen, &policy.owner, &session.desired);
    let prices = session.prices();
    let costs = Costs::of(&seen, &policy.owner, &prices);
    let overview = Overview {
        owner: &policy.owner,
        plan: &plan,
        progress: &progress,
        runs: &newest,
        costs: &costs,
        at: SystemClock::new().now(),
        notices: &[],
        emulator: session.emulator,
    };
    let views = views(session, policy, &seen, &progress, &prices);
    let index: HashMap<(&Place, &Name), usize> = views
        .iter()
        .enumerate()
        .map(|(at, (detail, _))| ((&detail.key.place, &detail.key.name), at))
        .collect();
    let page = overview.file(|place, name| {
        let at = index.get(&(place, name)).copied()?;
        let (detail, curves) = views.get(at)?;
        let Overview { at, notices, emulator, .. } = overview;
        let listed = &[];
        Some(View { detail, listed, plan: &plan, prices: &prices, curves, at, notices, emulator })
    });
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

/// The own view of each model that is shown, from what the listing said.
fn views<'a>(
    session: &'a Session,
    policy: &Policy,
    seen: &'a Observation,
    progress: &'a BTreeMap<JobName, Progress>,
    prices: &Prices,
) -> Vec<(Detail<'a>, Charts)> {
    let wanted = session.desired.iter().filter(|desired| policy.concerns(&desired.key.name));
    let view = |desired: &'a Desired| {
        let key = &desired.key;
        let listing = seen.get(&key.place).and_then(|listing| listing.as_ref().ok());
        let at = listing.and_then(|listing| listing.date);
        let runs = runs(desired, seen);
        let detail = Detail::new(desired, &runs, prices, at, |job| progress.get(job));
        let charts = Charts::None(format!(
            "{} shows them.",
            session.command(&format!("metrics {}", key.name))
        ));
        (detail, charts)
    };
    wanted.map(view).collect()
}
