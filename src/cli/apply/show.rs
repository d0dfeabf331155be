//! Tells what happens: to people on a terminal, to people in a log, to programs.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Format, json, report};
use crate::apply::{Event, Observer, Report};
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::model::{JobName, JobState, Key, Pretty, Progress};
use crate::plan::{Action, Plan, show};

/// How often a line that does not change shows that it lives.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Tells what happens, in one of the forms.
pub(super) struct Telling<'a> {
    format: Format,
    session: &'a Session,
    output: &'a Output,
    lines: Option<MultiProgress>,
    runs: Mutex<HashMap<JobName, Shown>>,
    /// What was begun and has no outcome yet.
    open: Mutex<BTreeSet<String>>,
    columns: Columns,
}

/// How wide names and words are: aligned on a terminal, bare in a log.
#[derive(Debug, Default)]
struct Columns {
    terminal: bool,
    names: AtomicUsize,
}

/// The longest common state, `succeeded`.
const WORD: usize = 9;

impl Columns {
    fn set(&self, plan: &Plan) {
        let keys = plan.actions.iter().map(crate::plan::Action::key);
        let keys = keys.chain(plan.in_flight.iter().map(|run| &run.key));
        let keys = keys.chain(plan.deferred().map(|create| &create.key));
        let longest = keys.map(|key| key.name.as_str().len()).max().unwrap_or(0);
        self.names.store(if self.terminal { longest } else { 0 }, Ordering::Relaxed);
    }

    fn names(&self) -> usize {
        self.names.load(Ordering::Relaxed)
    }

    fn words(&self) -> usize {
        if self.terminal { WORD } else { 0 }
    }
}

/// What was last told of a run.
struct Shown {
    state: JobState,
    line: Option<ProgressBar>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(format: Format, session: &'a Session, output: &'a Output) -> Self {
        let draws = format == Format::Text && output.draws();
        let lines = draws.then(MultiProgress::new);
        let columns = Columns { terminal: output.width().is_some(), ..Columns::default() };
        let (runs, open) = (Mutex::default(), Mutex::default());
        Self { format, session, output, lines, runs, open, columns }
    }

    /// The plan, before anybody is asked.
    pub(super) fn plan(&self, plan: &Plan, options: show::TextOptions<'_>) {
        match self.format {
            Format::Text => {
                self.columns.set(plan);
                self.output.data(&show::text(plan, options));
            }
            Format::Jsonl => self.line(json::plan(plan, self.session.same_service())),
        }
    }

    /// What became of the plan.
    pub(super) fn report(&self, report: &Report, plan: &Plan) {
        if self.format == Format::Text && !report.items.is_empty() {
            self.output.data(&format!(
                "\nApplied{}: {}.\n",
                self.on(),
                report::summary(report, plan)
            ));
        }
    }

    /// Columns of the terminal; `None` for pipes and files.
    pub(super) fn width(&self) -> Option<usize> {
        self.output.width()
    }

    /// A line for people.
    pub(super) fn text(&self, text: &str) {
        if self.format == Format::Text {
            self.clear();
            self.output.data(text);
        }
    }

    /// What is said when nothing more is waited for; `again` is the command that
    /// shows what became of it.
    pub(super) fn last_words(&self, again: &str) -> String {
        self.end(Exit::Interrupted);
        let open: Vec<String> = self.open().iter().cloned().collect();
        if open.is_empty() {
            return format!("\nended{}: look again with {again}\n", self.on());
        }
        let open = open.join(", ");
        format!("\nended without an answer to {open}: {again} shows what became of it\n")
    }

    fn open(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what has been sent and not been answered.
    fn keep_open(&self, event: &Event<'_>) {
        match event {
            Event::Begun(action) => self.open().insert(request(action)),
            Event::Done(action, _) => self.open().remove(&request(action)),
            // Between two rounds nothing is on the wire; what was begun may be
            // decided again.
            _ => return self.open().clear(),
        };
    }

    /// The very end.
    pub(super) fn end(&self, exit: Exit) {
        self.clear();
        if self.format == Format::Jsonl {
            self.line(json::end(exit));
        }
    }

    pub(super) fn json(&self, value: serde_json::Value) {
        if self.format == Format::Jsonl {
            self.line(value);
        }
    }

    /// ` (emulator)` where a line could be taken for the real service's.
    pub(super) fn on(&self) -> &'static str {
        if self.session.emulator { " (emulator)" } else { "" }
    }

    fn line(&self, value: serde_json::Value) {
        self.output.line(&value);
    }

    fn clear(&self) {
        for (_, shown) in self.runs().drain() {
            if let Some(line) = shown.line {
                line.finish_and_clear();
            }
        }
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<JobName, Shown>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says above the lines that are being drawn.
    fn narrate(&self, text: &str) {
        match &self.lines {
            Some(lines) => lines.suspend(|| self.output.complain(text)),
            None => self.output.complain(text),
        }
    }

    /// Prints above the lines that are being drawn.
    fn above(&self, text: &str) {
        match &self.lines {
            Some(lines) => lines.suspend(|| self.output.data(text)),
            None => self.output.data(text),
        }
    }

    fn seen(&self, run: &Run<'_>) {
        let mut runs = self.runs();
        let known = runs.get(run.job).map(|shown| shown.state.clone());
        if known.as_ref() != Some(run.state) {
            self.above(&changed(run, self.on(), &self.columns));
        }
        let line = match (&self.lines, runs.remove(run.job).and_then(|shown| shown.line)) {
            (_, Some(line)) => Some(line),
            (Some(lines), None) if !run.state.has_ended() => Some(spinner(lines)),
            _ => None,
        };
        if let Some(line) = &line {
            draw(line, run, self.on());
            if run.state.has_ended() {
                line.finish_and_clear();
            }
        }
        runs.insert(run.job.clone(), Shown { state: run.state.clone(), line });
    }
}

/// What is waited for is never said to be shorter than it is.
pub(super) fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// A run that was looked at.
struct Run<'a> {
    key: &'a Key,
    job: &'a JobName,
    state: &'a JobState,
    progress: Option<&'a Progress>,
    epochs: Option<i64>,
    endpoint: Option<&'a str>,
    error: Option<String>,
}

impl Observer for Telling<'_> {
    fn notice(&self, event: &Event<'_>) {
        self.keep_open(event);
        if self.format == Format::Jsonl {
            if let Some(value) = json::event(event, self.session) {
                self.line(value);
            }
            return;
        }
        match event {
            Event::Begun(_) => {}
            Event::Done(action, outcome) => {
                let (verb, why) = report::outcome(action, outcome, self.session);
                let style = if outcome.is_failure() { AnsiColor::Yellow } else { AnsiColor::Green };
                let style = style.on_default().bold();
                let (names, words) = (self.columns.names(), self.columns.words());
                let name = action.key().name.as_str();
                self.above(&format!(
                    "  {name:names$}  {style}{verb:words$}{style:#}  {why}{}\n",
                    self.on()
                ));
            }
            Event::Seen { key, job, state, progress, epochs, tuned_model, error } => {
                self.seen(&Run {
                    key,
                    job,
                    state,
                    progress: *progress,
                    epochs: *epochs,
                    endpoint: tuned_model.and_then(|m| m.endpoint.as_deref()),
                    error: error.map(|text| text.shown().to_string()),
                });
            }
            Event::Stopped { key, run } => {
                let (names, words) = (self.columns.names(), self.columns.words());
                let (name, word) = (key.name.as_str(), run.state.word());
                let text = report::stopped(run);
                self.above(&format!("  {name:names$}  {word:words$}  {text}{}\n", self.on()));
            }
            Event::Settling { creates, wait } => {
                let text = format!(
                    "  looking again in {} before {} created: a run that is not listed yet may \
                     exist\n",
                    Pretty(whole_seconds(*wait)),
                    if *creates == 1 { "it is" } else { "they are" }
                );
                self.narrate(&text);
            }
            Event::ClaimedElsewhere { key, holder, remaining, again_in } => {
                let text = format!(
                    "  {}: claimed by {}, who is about to create it or died trying; looking again \
                     in {}, free in {} at the latest\n",
                    key.name,
                    holder.shown(),
                    Pretty(whole_seconds(*again_in)),
                    Pretty(whole_seconds(*remaining))
                );
                self.narrate(&text);
            }
            Event::LookFailed { why, again_in } => {
                let again_in = whole_seconds(*again_in).as_secs();
                let text = format!("  look failed: {why}; again in {again_in} s\n");
                self.narrate(&text);
            }
        }
    }
}

/// What is sent for an action.
fn request(action: &Action) -> String {
    match action {
        Action::Create(create) => format!("the create of {}", create.key.name),
        Action::Cancel(cancel) => {
            format!("the cancel of {} ({})", cancel.job.short(), cancel.key.name)
        }
    }
}

/// `  faq  running  tuningJobs/12`, once for each change of state.
fn changed(run: &Run<'_>, on: &str, columns: &Columns) -> String {
    let style = match run.state {
        JobState::Succeeded => AnsiColor::Green.on_default().bold(),
        JobState::Failed | JobState::Expired => AnsiColor::Red.on_default().bold(),
        _ => Style::new().bold(),
    };
    let word = run.state.word();
    let (names, words) = (columns.names(), columns.words());
    let name = run.key.name.as_str();
    let mut text = format!("  {name:names$}  {style}{word:words$}{style:#}  {}", run.job.short());
    // On a terminal the list at the end has it, where it fits a line.
    if let Some(endpoint) = run.endpoint.filter(|_| !columns.terminal) {
        let endpoint = crate::model::Untrusted::new(endpoint);
        text.push_str(&format!("  {}", endpoint.shown()));
    }
    if let Some(error) = &run.error {
        text.push_str(&format!(": {error}"));
    }
    format!("{text}{on}\n")
}

fn spinner(lines: &MultiProgress) -> ProgressBar {
    let line = lines.add(ProgressBar::new_spinner());
    line.enable_steady_tick(HEARTBEAT);
    line
}

/// A bar where steps are known, else state and age.
fn draw(line: &ProgressBar, run: &Run<'_>, on: &str) {
    let bar = run.progress.and_then(|p| Some((p.completed_steps?, p.total_steps?)));
    let bar = bar.and_then(|(done, all)| {
        Some((u64::try_from(done).ok()?, u64::try_from(all).ok().filter(|all| *all > 0)?))
    });
    let template = match bar {
        Some(_) => "  {spinner} {prefix}  [{bar:16}] {pos}/{len} steps, {wide_msg}",
        None => "  {spinner} {prefix}  {wide_msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style.progress_chars("=> ").tick_chars("|/-\\ "));
    }
    if let Some((done, all)) = bar {
        line.set_length(all);
        line.set_position(done.min(all));
    }
    line.set_prefix(format!("{}{on}", run.key.name));
    let detail = run.progress.and_then(|p| p.detail.as_deref());
    let word = detail.unwrap_or_else(|| run.state.word());
    let epochs = run.progress.and_then(|p| p.completed_epochs).zip(run.epochs);
    let epochs = epochs.map(|(done, all)| format!(", epoch {done} of {all}")).unwrap_or_default();
    let waited = crate::model::Pretty(Duration::from_secs(line.elapsed().as_secs()));
    line.set_message(format!("{word}{epochs}, {waited}"));
}
