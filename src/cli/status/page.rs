//! `retune status --html`: the page that the daemon serves, as one file.

use std::collections::HashMap;
use std::path::Path;

use futures_util::StreamExt;

use super::super::charts::charts;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::runs::runs;
use super::super::session::Session;
use super::super::write;
use super::{LOOKS_AT_A_TIME, progress};
use crate::clock::{Clock, SystemClock};
use crate::detail::Detail;
use crate::model::{Belonging, Costs, Desired, Key, Name, Observation, Observed, Place};
use crate::page::{Charts, Notice, Overview, Runs, View};
use crate::plan::Policy;
use crate::vertex::Keep;

/// Most models with a view of their own in the file: 4 KB each, so that a
/// browser opens it at once and a mail server takes it.
const MOST_VIEWS: usize = 1_000;

/// Looks, and writes the page into `file`.
pub(super) async fn write(
    file: &Path,
    names: &[String],
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
    let costs = Costs::of(&seen, &Belonging::new(&policy.owner, &session.desired), &prices);
    let wanted: HashMap<(&Place, &Name), &Desired> = session
        .desired
        .iter()
        .filter(|desired| policy.concerns(&desired.key.name))
        .map(|desired| ((&desired.key.place, &desired.key.name), desired))
        .collect();
    let overview = Overview {
        owner: &policy.owner,
        plan: &plan,
        progress: &progress,
        runs: &newest,
        costs: &costs,
        at: SystemClock::new().now(),
        notices: &notices(session, wanted.len()),
        emulator: session.emulator,
        same_service: session.same_service(),
    };
    let runs = RunsByName::new(&seen, &policy.owner);
    let charts = match names {
        // Of a thousand models these would be thousands of requests.
        [] => HashMap::new(),
        _ => {
            let looks = wanted.iter().map(async |(key, desired)| {
                let run = Observed::measured(runs.of(desired, &seen))?;
                Some((*key, charts(&session.client, &desired.key.name, run).await))
            });
            let looks = futures_util::stream::iter(looks).buffer_unordered(LOOKS_AT_A_TIME);
            looks.filter_map(std::future::ready).collect().await
        }
    };
    let mut left = MOST_VIEWS;
    let page = overview.file(|place, name, show| {
        let Some(desired) = wanted.get(&(place, name)).filter(|_| left > 0) else { return };
        left -= 1;
        let at = seen.get(place).and_then(|listing| listing.as_ref().ok()?.date);
        let runs = runs.of(desired, &seen);
        let command = session.command(&format!("metrics {name}"));
        let unread = Charts::Unread(match runs.is_empty() {
            true => "There is no run yet.".to_owned(),
            false => format!("{command} shows them."),
        });
        show(&View {
            detail: &Detail::new(desired, &runs, &prices, at, |job| progress.get(job)),
            listed: &[],
            plan: &plan,
            prices: &prices,
            curves: charts.get(&(place, name)).unwrap_or(&unread),
            at: overview.at,
            notices: &[],
            emulator: overview.emulator,
        });
    });
    if file == Path::new("-") {
        output.data(&page.html);
        return Ok(());
    }
    write::save(file, &page.html, output)
}

/// What is not in the file.
fn notices(session: &Session, models: usize) -> Vec<Notice> {
    let text = format!(
        "{MOST_VIEWS} of {models} models have their own view in this file, those that need somebody \
         first; {} has another one's.",
        session.command("status NAME --html FILE")
    );
    let less = models > MOST_VIEWS;
    less.then_some(Notice { is_trouble: false, text }).into_iter().collect()
}

/// The runs of each name, found once: of thousands of models each would look
/// through the jobs of all.
struct RunsByName<'a> {
    ours: HashMap<(&'a Place, &'a Name), Vec<&'a Observed>>,
}

impl<'a> RunsByName<'a> {
    fn new(seen: &'a Observation, owner: &Name) -> Self {
        let mut ours: HashMap<_, Vec<&Observed>> = HashMap::new();
        for job in seen.values().flatten().flat_map(|listing| &listing.jobs) {
            if let Some(stamp) = job.stamp.as_ref().filter(|stamp| stamp.owner == *owner) {
                ours.entry((&job.place, &stamp.name)).or_default().push(job);
            }
        }
        for runs in ours.values_mut() {
            runs.sort_by(|a, b| b.age_order().cmp(&a.age_order()));
        }
        Self { ours }
    }

    /// Those of one model, newest first.
    fn of(&self, desired: &Desired, seen: &'a Observation) -> Vec<&'a Observed> {
        let Key { place, name, .. } = &desired.key;
        match desired.lifecycle.adopt {
            // A job without a label of ours.
            Some(_) => runs(desired, seen),
            None => self.ours.get(&(place, name)).cloned().unwrap_or_default(),
        }
    }
}
