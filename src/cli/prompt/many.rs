//! Every line of a file, several at a time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Asking;
use super::input::Prompts;
use super::one::ask;
use super::results::{Results, unwritten};
use super::show::{Answered, unasked};
use super::whom::Whom;
use crate::apply::Stop;
use crate::cli::count::count;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::guarded;
use crate::clock::Clock;
use crate::google::chain;
use crate::model::Untrusted;
use crate::prompt::batch::{
    Item, ItemError, Line, NoAnswer, Resumed, answered, fingerprint, resume, unanswered,
};
use crate::prompt::body;
use crate::vertex::ReadError;

/// After how many lines in a row that nobody answered the rest is not tried:
/// each was tried three times already, so the service is gone for minutes.
const GIVE_UP_AFTER: u32 = 16;

/// For how long answers may be lost when the power goes.
const SYNC_EVERY: Duration = Duration::from_secs(5);

/// How often the bar is drawn though nothing changes.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// A line, ready to be asked.
struct Ready {
    line: Line,
    /// What to send, or why nothing can be.
    request: Result<Value, NoAnswer>,
}

/// What became of a line.
enum Outcome {
    Answered(Answered),
    /// Nobody answered this line.
    Not(NoAnswer),
    /// Nobody will answer any line.
    Never(ReadError),
}

/// How far it is.
#[derive(Default)]
struct Tally {
    /// The place of the result of each line.
    places: BTreeMap<u64, usize>,
    good: usize,
    /// An answer without a text to use.
    empty: usize,
    failed: usize,
    /// Failures of the service since the last answer.
    in_a_row: u32,
    /// What the last of them said.
    last: String,
    /// The first line without an answer to use, and why: inert text.
    first: Option<(u64, String)>,
}

/// Asks what is not answered yet.
pub(super) async fn run(
    asking: &Asking<'_>,
    whom: &Whom,
    prompts: &Prompts,
    mut results: Option<Results>,
) -> Result<Exit, Failure> {
    let asked: Vec<(u64, String)> = prompts
        .lines()
        .map(|(number, item)| (number, ready(asking, whom, number, item).line.request))
        .collect();
    let known = results.as_ref().map(|results| results.known.as_slice()).unwrap_or_default();
    let Resumed { done, stale } = resume(&asked, known);
    if !stale.is_empty() && !asking.args.drop_stale {
        return Err(refuse_stale(asking, prompts, stale.len()));
    }
    let mut tally = Tally::default();
    for (number, place) in &done {
        match known.get(*place).is_some_and(|known| known.good) {
            true => tally.good += 1,
            false => {
                tally.empty += 1;
                tally.lacks(*number, "its answer was without a text before");
            }
        }
    }
    tally.places.clone_from(&done);
    begin(asking, results.as_ref(), done.len(), asked.len());

    let bar = bar(asking, asked.len(), done.len());
    let stop = Stop::new();
    // The reader of stdout went away, or nobody answers.
    let halt = Cell::new(false);
    let mut never = None;
    let mut broken = None;
    let mut synced = asking.clock.elapsed();
    let work = async {
        let lines = prompts.lines().filter(|(number, _)| !done.contains_key(number));
        let questions = lines
            .take_while(|_| !stop.is_set() && !halt.get())
            .map(async |(number, item)| put(asking, whom, number, item, &stop).await);
        let mut outcomes =
            futures_util::stream::iter(questions).buffer_unordered(asking.args.concurrency.into());
        while let Some((line, outcome)) = outcomes.next().await {
            let result = match outcome {
                Outcome::Answered(it) => {
                    tally.in_a_row = 0;
                    match it.answer.verdict() {
                        verdict if verdict.is_answer() => tally.good += 1,
                        verdict => {
                            tally.empty += 1;
                            tally.lacks(line.number, &verdict.words().unwrap_or_default());
                        }
                    }
                    answered(&line, &it.answer, it.took)
                }
                Outcome::Not(why) => {
                    tally.failed += 1;
                    tally.lacks(line.number, &why.message);
                    if is_of_the_service(why.kind) {
                        tally.in_a_row += 1;
                        tally.last.clone_from(&why.message);
                    }
                    unanswered(&line, &why)
                }
                Outcome::Never(error) => {
                    halt.set(true);
                    never.get_or_insert(error);
                    continue;
                }
            };
            match &mut results {
                Some(results) => {
                    let due = asking.clock.elapsed().saturating_sub(synced) >= SYNC_EVERY;
                    let added = results.add(&result).and_then(|place| {
                        tally.places.insert(line.number, place);
                        if due { results.sync() } else { Ok(()) }
                    });
                    if due {
                        synced = asking.clock.elapsed();
                    }
                    if let Err(error) = added {
                        halt.set(true);
                        broken.get_or_insert(error);
                    }
                }
                None => bar.suspend(|| asking.output.line(&result)),
            }
            bar.inc(1);
            bar.set_message(tally.remark());
            if asking.output.is_deaf() || tally.in_a_row >= GIVE_UP_AFTER {
                halt.set(true);
            }
        }
    };
    let last_words = || {
        let kept = if asking.args.output.is_some() { "what was answered is kept; " } else { "" };
        format!("\nended: {kept}what was on its way may be billed\n")
    };
    guarded(work, &stop, last_words, asking.output).await;
    bar.finish_and_clear();

    if let Some(error) = broken {
        let path = results.map(|results| results.path).unwrap_or_default();
        return Err(unwritten(&path, error));
    }
    let over = tally.good + tally.empty + tally.failed;
    let left = asked.len().saturating_sub(over);
    end(asking, results, &tally, left)?;
    if let Some(error) = never {
        return Err(goes_on(asking, unasked(asking, whom, error)));
    }
    if stop.is_set() {
        let next = match asking.args.output {
            Some(_) => "; the same command goes on from there",
            None => "; with --output FILE it could go on from here",
        };
        asking.output.complain(&format!("interrupted with {} left{next}\n", count(left, "line")));
        return Ok(Exit::Interrupted);
    }
    if tally.in_a_row >= GIVE_UP_AFTER {
        let text = format!(
            "{GIVE_UP_AFTER} lines in a row got no answer, so the rest was not tried; the last \
             said: {}",
            tally.last
        );
        return Err(goes_on(asking, Failure::new(Exit::Unreachable, text)));
    }
    // Nobody read on: no line failed for that.
    if asking.output.is_deaf() {
        return Ok(Exit::Done);
    }
    tally.verdict(asking)
}

impl Tally {
    /// A line has no answer to use. Lines end in any order.
    fn lacks(&mut self, number: u64, why: &str) {
        if self.first.as_ref().is_none_or(|(first, _)| number < *first) {
            self.first = Some((number, why.to_owned()));
        }
    }

    /// The end of the command, once every line was asked.
    fn verdict(&self, asking: &Asking<'_>) -> Result<Exit, Failure> {
        let Some((number, why)) = &self.first else { return Ok(Exit::Done) };
        let failure = Failure::new(Exit::Failed, format!("line {number}: {why}"));
        let file = asking
            .args
            .output
            .as_deref()
            .map(|path| format!(" in {}", Untrusted::new(path.to_string_lossy()).shown()));
        Err(match self.empty + self.failed {
            1 => failure,
            _ => failure.hint(format!(
                "`error` says why of each of the others{}",
                file.unwrap_or_else(|| ", in its result".to_owned())
            )),
        })
    }

    fn remark(&self) -> String {
        let Self { places: _, good: _, empty, failed, in_a_row: _, last: _, first: _ } = self;
        let parts = [(empty, "without a text"), (failed, "failed")];
        let parts = parts.iter().filter(|(number, _)| **number > 0);
        parts.map(|(number, what)| format!(", {number} {what}")).collect()
    }
}

/// What a line asks, and its fingerprint.
fn ready(asking: &Asking<'_>, whom: &Whom, number: u64, item: Result<Item, ItemError>) -> Ready {
    let settings = asking.args.settings();
    let (id, expected, request) = match item {
        Ok(Item { id, contents, own, expected }) => {
            let request = body(&contents, &settings, whom.base_model.as_deref(), own);
            (id, expected, Ok(request))
        }
        Err(error) => (None, None, Err(NoAnswer { kind: "input", message: error.to_string() })),
    };
    let sent = request.as_ref().map_or_else(|why| Value::from(&*why.message), Clone::clone);
    let model = format!("{} {}", whom.endpoint, whom.model.as_deref().unwrap_or_default());
    let request_name = fingerprint(&model, id.as_ref(), &sent);
    Ready { line: Line { number, id, request: request_name, expected }, request }
}

/// Asks one line; once `stop` is set it is not asked again.
async fn put(
    asking: &Asking<'_>,
    whom: &Whom,
    number: u64,
    item: Result<Item, ItemError>,
    stop: &Stop,
) -> (Line, Outcome) {
    let Ready { line, request } = ready(asking, whom, number, item);
    let outcome = match request {
        Err(why) => Outcome::Not(why),
        Ok(request) => match ask(asking, &whom.endpoint, &request, stop.wait()).await {
            Ok(answered) => Outcome::Answered(answered),
            Err(error) => failed(error),
        },
    };
    (line, outcome)
}

/// Whether the next line may fare better.
fn failed(error: ReadError) -> Outcome {
    let kind = match &error {
        ReadError::Throttled { .. } => "throttled",
        ReadError::Unreachable { .. } => "unreachable",
        ReadError::Unavailable { .. } => "unavailable",
        ReadError::Garbled { .. } => "garbled",
        ReadError::Refused { .. } => "refused",
        _ => return Outcome::Never(error),
    };
    Outcome::Not(NoAnswer { kind, message: chain(&error) })
}

/// Whether it says something about the service, and not about the line.
fn is_of_the_service(kind: &str) -> bool {
    !["input", "refused"].contains(&kind)
}

fn refuse_stale(asking: &Asking<'_>, prompts: &Prompts, stale: usize) -> Failure {
    let shown = |path: &Path| Untrusted::new(path.to_string_lossy()).shown().to_string();
    let results = asking.args.output.as_deref().map(shown).unwrap_or_default();
    let it = if stale == 1 { "it" } else { "them" };
    Failure::refused(format!(
        "{results} holds {} to what {} does not ask, or asks otherwise now: another line, setting \
         or model",
        count(stale, "answer"),
        shown(&prompts.path)
    ))
    .hint(format!("name another --output, or pass --drop-stale to ask anew and drop {it}"))
}

fn begin(asking: &Asking<'_>, results: Option<&Results>, done: usize, all: usize) {
    if results.is_some_and(|results| results.mended) {
        asking.output.say("mended the last line of the results, which was half written\n");
    }
    if done > 0 {
        asking.output.say(&format!("{done} of {} done before\n", count(all, "line")));
    }
}

fn bar(asking: &Asking<'_>, all: usize, done: usize) -> ProgressBar {
    if !asking.output.draws() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(all as u64).with_position(done as u64);
    if let Ok(style) = ProgressStyle::with_template("  [{bar:24}] {pos}/{len}{msg}, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.reset_eta();
    bar.enable_steady_tick(HEARTBEAT);
    bar
}

/// Puts the results in the order of the lines, and says how many there are.
fn end(
    asking: &Asking<'_>,
    results: Option<Results>,
    tally: &Tally,
    left: usize,
) -> Result<(), Failure> {
    let mut to = String::new();
    if let Some(results) = results {
        let path = results.path.clone();
        let argument = asking.args.output.as_deref().unwrap_or(&path);
        to = format!(" ({})", Untrusted::new(argument.to_string_lossy()).shown());
        results.sync().map_err(|error| unwritten(&path, error))?;
        // With lines left, what is stale or failed before may still be wanted.
        if left == 0 {
            let order: Vec<(u64, usize)> = tally.places.clone().into_iter().collect();
            results.finish(&order).map_err(|error| unwritten(&path, error))?;
        }
    }
    let (good, remark, on) = (tally.good, tally.remark(), asking.on());
    asking.output.say(&format!("{good} answered{remark}{to}{on}\n"));
    Ok(())
}

fn goes_on(asking: &Asking<'_>, failure: Failure) -> Failure {
    let before = failure.hint.clone().map(|hint| format!("{hint}; then ")).unwrap_or_default();
    match asking.args.output {
        Some(_) => failure.hint(format!("{before}the same command goes on from there")),
        None => failure,
    }
}
