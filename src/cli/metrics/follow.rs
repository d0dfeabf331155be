//! `--follow`: looks again until every run has ended.
//!
//! A look at a run is one request for the job and one for its series; their
//! points are asked for only when a series has a new last step, or a new series
//! came: two requests, or three. Until the experiment is known there is one
//! more to find it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reading::failure;
use super::show::{Shown, note_lines};
use super::{Args, Chosen, Format, known_series, reach};
use crate::cli::charts::{Unread, experiment, without_experiment};
use crate::cli::connect::VertexClient;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::{Resized, Signals};
use crate::cli::output::{Output, Screen};
use crate::cli::session::Session;
use crate::clock::{Clock, SystemClock};
use crate::curves::{self, Missing, Point, Run, Series, number};
use crate::model::{JobState, Phase, Untrusted};
use crate::vertex::{Charted, Head, Reach, Vertex};

/// Between two looks: a step takes seconds and a run most of an hour, and three
/// requests a run and look stay far below the quota of 600 a minute.
const INTERVAL: Duration = Duration::from_secs(20);

/// On an emulator, whose runs take seconds.
const LOOPBACK_INTERVAL: Duration = Duration::from_millis(200);

/// Looks at one run that may fail in a row, each after its own retries.
const FAILURES_IN_A_ROW: u32 = 5;

/// One run, and what is known of where its curves are.
struct Followed {
    chosen: Chosen,
    run: Run,
    charted: Option<Charted>,
    heads: Vec<Head>,
    /// Whether a look has succeeded. Before that nothing is known of the curves,
    /// and `run` says nothing true of them.
    looked: bool,
    /// Looks that have failed since the last one that did not.
    failures: u32,
    /// The last step of each series that was printed.
    printed: BTreeMap<String, i64>,
}

pub(super) async fn follow(
    args: &Args,
    session: &Session,
    chosen: Vec<Chosen>,
    shown: &Shown<'_>,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut signals = Signals::new();
    let mut runs: Vec<Followed> = chosen.into_iter().map(Followed::new).collect();
    let draws = shown.format == Format::Text && !shown.to_file() && shown.moves;
    let screen = if draws { output.screen() } else { None };
    let mut telling = Telling { shown, output, screen, headed: false };
    let ended = tokio::select! {
        ended = until_all_end(args, session, &mut runs, &mut telling) => Some(ended),
        () = signals.next() => None,
    };
    // The screen of before is there again, and what was seen last stays on it.
    let drawn = telling.screen.is_some();
    drop(telling);
    let last = seen(&runs);
    match ended {
        Some(Err(failure)) => Err(failure),
        // Nobody looks any more, and nothing else was asked for.
        Some(Ok(())) if output.is_deaf() => Ok(Exit::Done),
        Some(Ok(())) => {
            if drawn {
                shown.all(&last)?;
            } else if shown.format == Format::Text && !shown.to_file() {
                let notes = last.iter().map(|run| note_lines(run, last.len() > 1, None, false));
                output.data(&notes.collect::<String>());
            }
            Ok(verdict(&runs, args.require_curves))
        }
        None => {
            if drawn {
                shown.all(&last)?;
            }
            let names: Vec<&str> = runs
                .iter()
                .filter(|followed| followed.run.goes_on())
                .map(|followed| followed.run.label.as_str())
                .collect();
            let again = session.command(&again(args));
            let on = match names.as_slice() {
                [] => String::new(),
                names => format!("; the runs go on: {}", names.join(", ")),
            };
            output.complain(&format!("Interrupted{on}. Look again with {again}.\n"));
            Ok(Exit::Interrupted)
        }
    }
}

/// What shows these runs again.
fn again(args: &Args) -> String {
    let mut command = "metrics".to_owned();
    let runs = args.run.iter().flat_map(|run| ["--run", run]);
    for part in args.names.iter().map(String::as_str).chain(runs) {
        command.push(' ');
        command.push_str(&Untrusted::new(part).shown().to_string());
    }
    command
}

/// The runs of which something is known.
fn seen(runs: &[Followed]) -> Vec<Run> {
    let looked = runs.iter().filter(|followed| followed.looked);
    looked.map(|followed| followed.run.clone()).collect()
}

/// 0 when all went well, and no curves are missing that must be there.
fn verdict(runs: &[Followed], require_curves: bool) -> Exit {
    let good = |followed: &Followed| {
        followed.chosen.job.as_ref().is_some_and(|job| job.phase() == Phase::Good)
            && (followed.run.curves.is_ok() || !require_curves)
    };
    if runs.iter().all(good) { Exit::Done } else { Exit::Failed }
}

async fn until_all_end(
    args: &Args,
    session: &Session,
    runs: &mut [Followed],
    telling: &mut Telling<'_>,
) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let interval =
        if session.client.endpoint().is_loopback() { LOOPBACK_INTERVAL } else { INTERVAL };
    let mut resized = Resized::new();
    let mut all_looked = false;
    loop {
        let mut changed = false;
        for followed in runs.iter_mut().filter(|followed| followed.goes_on()) {
            match followed.look(&session.client, reach(args)).await {
                Ok(new) => {
                    changed |= new || !followed.looked;
                    followed.looked = true;
                    followed.failures = 0;
                }
                Err(unread) => {
                    followed.failures += 1;
                    if followed.failures >= FAILURES_IN_A_ROW {
                        return Err(failure(unread, session));
                    }
                    telling.failed(&unread, interval);
                }
            }
        }
        // A run that was not read may be the one with the series.
        if !all_looked && runs.iter().all(|followed| followed.looked) {
            all_looked = true;
            known_series(&args.series, &seen(runs))?;
        }
        if changed {
            telling.news(runs)?;
        }
        if !runs.iter().any(Followed::goes_on) || telling.output.is_deaf() {
            return Ok(());
        }
        let pause = clock.sleep(interval);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                () = resized.next() => telling.draw(runs),
            }
        }
    }
}

impl Followed {
    fn new(chosen: Chosen) -> Self {
        let missing = if chosen.job.is_some() { Missing::NoExperiment } else { Missing::NoRun };
        let run = chosen.described(Err(missing));
        Self {
            chosen,
            run,
            charted: None,
            heads: Vec::new(),
            looked: false,
            failures: 0,
            printed: BTreeMap::new(),
        }
    }

    /// Whether it is to be looked at: also what has ended has to be read once.
    fn goes_on(&self) -> bool {
        !self.looked || self.run.goes_on()
    }

    /// Looks once; whether anything is new.
    async fn look(&mut self, client: &VertexClient, reach: Reach) -> Result<bool, Unread> {
        let label = self.chosen.label.clone();
        let unread = |error| Unread::new(&label, error);
        let Some(job) = &self.chosen.job else { return Ok(false) };
        // The job first: what it measured before it ended is there when it has.
        let job = client.get(&job.name).await.map_err(unread)?;
        let before = (self.run.state.clone(), self.run.curves.as_ref().err().cloned());
        let missing = self.find(client, &job).await?;
        self.chosen.job = Some(job);
        let mut curves = missing.map_or_else(|| self.run.curves.clone(), Err);
        let mut points = false;
        if let Some(charted) = &self.charted {
            let heads = client.heads(charted).await.map_err(unread)?;
            // Without a last step nothing says that nothing is new.
            let unsure = heads.iter().any(|head| head.max_step.is_none());
            if heads.is_empty() {
                curves = Err(Missing::NoSeries);
            } else if heads != self.heads || unsure {
                let read = client.points(charted, &heads, reach).await.map_err(unread)?;
                curves = if read.is_empty() { Err(Missing::NoSeries) } else { Ok(read) };
                points = curves != self.run.curves;
            }
            self.heads = heads;
        }
        self.run = self.chosen.described(curves);
        let now = (self.run.state.clone(), self.run.curves.as_ref().err().cloned());
        Ok(points || before != now)
    }

    /// Finds the run on its TensorBoard, once. `Some`: why there is none.
    async fn find(
        &mut self,
        client: &VertexClient,
        job: &crate::model::Observed,
    ) -> Result<Option<Missing>, Unread> {
        if self.charted.is_some() {
            return Ok(None);
        }
        let label = &self.chosen.label;
        let name = experiment(job).map_err(|error| Unread::new(label, error))?;
        let found = match name {
            Some(name) => client.charted(&name).await,
            // Whether it is elsewhere is asked once, when it has ended.
            None if self.run.goes_on() && job.state == JobState::Running => {
                return Ok(Some(Missing::NoExperiment));
            }
            None => without_experiment(client, job).await.map(Err),
        };
        match found.map_err(|error| Unread::new(label, error))? {
            Ok(charted) => {
                self.charted = Some(charted);
                Ok(None)
            }
            Err(missing) => Ok(Some(missing)),
        }
    }

    /// What was not printed yet, in the form that was asked for.
    fn fresh(&mut self, shown: &Shown<'_>, several: bool) -> String {
        let printed = self.printed.clone();
        let fresh = |series: &Series, point: &Point| {
            let last = printed.get(series.name.raw());
            shown.selection.has(series) && last.is_none_or(|last| point.step > *last)
        };
        let text = match shown.format {
            Format::Csv => curves::csv_rows(&self.run, fresh),
            Format::Json => curves::json_steps(&self.run, fresh, shown.emulator),
            Format::Text | Format::Svg | Format::Html => steps(&self.run, fresh, several),
        };
        for series in self.run.curves().into_iter().flat_map(|curves| &curves.series) {
            if let Some(last) = series.points.last() {
                self.printed.insert(series.name.raw().to_owned(), last.step);
            }
        }
        text
    }
}

/// A line for each step: `step 25: training loss 0.81, evaluation loss 0.93`.
fn steps(run: &Run, fresh: impl Fn(&Series, &Point) -> bool, several: bool) -> String {
    let mut steps: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for series in run.curves().into_iter().flat_map(|curves| &curves.series) {
        for point in series.points.iter().filter(|point| fresh(series, point)) {
            let text = format!("{} {}", series.title(), number(point.value));
            steps.entry(point.step).or_default().push(text);
        }
    }
    let who = if several { format!("{} ", run.label) } else { String::new() };
    let line =
        |(step, values): (i64, Vec<String>)| format!("{who}step {step}: {}\n", values.join(", "));
    steps.into_iter().map(line).collect()
}

/// How news are told: on a screen, in a file, or line by line.
struct Telling<'a> {
    shown: &'a Shown<'a>,
    output: &'a Output,
    screen: Option<Screen>,
    /// Whether the rows have their heading.
    headed: bool,
}

impl Telling<'_> {
    fn news(&mut self, runs: &mut [Followed]) -> Result<(), Failure> {
        if self.screen.is_some() {
            self.draw(runs);
            return Ok(());
        }
        let several = runs.len() > 1;
        if self.shown.to_file() {
            return self.shown.all(&seen(runs));
        }
        if self.shown.format == Format::Csv && !self.headed {
            self.headed = true;
            self.output.data(&curves::csv(&[], &self.shown.selection));
        }
        for followed in runs.iter_mut().filter(|followed| followed.looked) {
            let text = followed.fresh(self.shown, several);
            self.output.data(&text);
            let Run { label, .. } = &followed.run;
            let state = followed.run.state_word();
            match &followed.run.curves {
                Err(_) => {
                    let notes = note_lines(&followed.run, true, None, false);
                    self.output.say(&notes);
                }
                Ok(_) if !followed.goes_on() => self.output.say(&format!("{label}: {state}\n")),
                Ok(_) => {}
            }
        }
        Ok(())
    }

    fn draw(&self, runs: &[Followed]) {
        let (Some(screen), Some((width, rows))) = (&self.screen, self.output.size()) else {
            return;
        };
        screen.show(&self.shown.fitting(&seen(runs), width, rows.saturating_sub(1)), rows);
    }

    fn failed(&self, unread: &Unread, interval: Duration) {
        // On a screen it would be drawn over; the next look says whether it lasts.
        if self.screen.is_none() {
            let why = crate::google::chain(unread);
            let seconds = interval.as_secs_f64();
            self.output.say(&format!("{why}; looking again in {seconds} s\n"));
        }
    }
}
