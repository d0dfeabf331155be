//! The curves in the form that was asked for.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Args, Format, selection};
use crate::cli::environment::Terminal;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::write;
use crate::curves::{self, Curves, Labeled, Look, Options, Run, Selection};
use crate::model::Untrusted;
use crate::plan::show::wrapped;

/// Columns where there is no terminal to ask.
const USUAL_WIDTH: usize = 80;

/// Rows of a chart where nobody has less.
const USUAL_ROWS: usize = 12;

/// The least with which a chart says anything.
const FEWEST_ROWS: usize = 5;

/// How everything is shown, and where.
pub(super) struct Shown<'a> {
    pub(super) format: Format,
    pub(super) selection: Selection,
    write: Option<&'a std::path::Path>,
    ascii: bool,
    /// Whether the terminal moves its cursor.
    pub(super) moves: bool,
    pub(super) emulator: bool,
    output: &'a Output,
}

impl<'a> Shown<'a> {
    pub(super) fn new(
        args: &'a Args,
        session: &Session,
        output: &'a Output,
        terminal: Terminal,
    ) -> Self {
        Self {
            format: args.format,
            selection: selection(args),
            write: args.write.as_deref(),
            ascii: args.ascii || terminal.ascii,
            moves: !terminal.dumb,
            emulator: session.emulator,
            output,
        }
    }

    /// Whether it goes to a file.
    pub(super) fn to_file(&self) -> bool {
        self.write.is_some()
    }

    /// Shows these runs, once.
    pub(super) fn all(&self, runs: &[Run]) -> Result<(), Failure> {
        let text = self.document(runs);
        match self.write {
            Some(path) => {
                let plain = anstream::adapter::strip_str(&text).to_string();
                write::save(path, &plain, self.output)?;
            }
            None => self.output.data(&text),
        }
        // What a picture or a table has no place for.
        if matches!(self.format, Format::Csv | Format::Svg) {
            for run in runs.iter().filter(|run| run.curves.is_err()) {
                self.output.complain(&note_lines(run, runs.len() > 1, None, self.ascii));
            }
        }
        Ok(())
    }

    fn document(&self, runs: &[Run]) -> String {
        let nothing = Curves::default();
        match self.format {
            Format::Text => {
                let width = self.output.width().filter(|_| self.write.is_none());
                self.text(runs, width.unwrap_or(USUAL_WIDTH), USUAL_ROWS)
            }
            Format::Json => curves::json(runs, &self.selection, self.emulator),
            Format::Csv => curves::csv(runs, &self.selection),
            Format::Html => curves::html(runs, &self.selection, self.emulator),
            Format::Svg => {
                let labeled: Vec<Labeled<'_>> =
                    runs.iter().map(|run| run.labeled(&nothing)).collect();
                let selection = self.selection.clone();
                curves::svg(&labeled, Options { columns: 2, selection, ..Options::default() })
            }
        }
    }

    /// Heads, charts and notes.
    pub(super) fn text(&self, runs: &[Run], width: usize, rows: usize) -> String {
        let nothing = Curves::default();
        let labeled: Vec<Labeled<'_>> = runs.iter().map(|run| run.labeled(&nothing)).collect();
        let look = Look { width, rows, ascii: self.ascii };
        let charts = curves::chart(&labeled, &self.selection, look);
        let mut out = String::new();
        for run in runs {
            out.push_str(&self.head(run, width));
        }
        if !charts.is_empty() {
            let _ = write!(out, "\n{charts}");
        }
        let notes: String = runs
            .iter()
            .map(|run| note_lines(run, runs.len() > 1, Some(width), self.ascii))
            .collect();
        if !notes.is_empty() {
            let _ = write!(out, "\n{notes}");
        }
        out
    }

    /// As [`Shown::text`], with charts as high as these rows allow.
    pub(super) fn fitting(&self, runs: &[Run], width: usize, rows: usize) -> String {
        let lines = |plot: usize| self.text(runs, width, plot).lines().count();
        let mut plot = USUAL_ROWS * 2;
        // A row less in a plot is a row less for each chart below another.
        while plot > FEWEST_ROWS && lines(plot) > rows {
            plot -= 1;
        }
        self.text(runs, width, plot)
    }

    fn head(&self, run: &Run, width: usize) -> String {
        let on = if self.emulator { " (emulator)" } else { "" };
        let bold = Style::new().bold();
        let label = Untrusted::new(&*run.label).shown().to_string();
        let mut out = format!("{label}{on}");
        match &run.job {
            // The label may say it already.
            Some(job) if label.contains(&job.short()) => {
                let _ = write!(out, ": {}", run.state_word());
            }
            Some(job) => _ = write!(out, "  {}: {}", job.short(), run.state_word()),
            None => {}
        }
        if let Some(step) = run.curves().and_then(Curves::last_step) {
            let _ = write!(out, ", step {step}");
        }
        // Escape sequences have no width, so they come last.
        let out = wrapped(&out, 2, Some(width));
        let lines = out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        match lines.strip_prefix(&label) {
            Some(rest) => format!("{bold}{label}{bold:#}{rest}\n"),
            None => format!("{lines}\n"),
        }
    }
}

/// What is to be said of a run, a line each.
pub(super) fn note_lines(run: &Run, named: bool, width: Option<usize>, ascii: bool) -> String {
    let mut out = String::new();
    for note in run.notes() {
        let (sign, style) = match (note.code, ascii) {
            ("best", false) => ("★", AnsiColor::Green.on_default()),
            ("best", true) => ("*", AnsiColor::Green.on_default()),
            ("overfit" | "notFinite", _) => ("!", AnsiColor::Yellow.on_default()),
            (_, false) => ("·", Style::new()),
            (_, true) => ("-", Style::new()),
        };
        let label = Untrusted::new(&*run.label);
        let who = if named { format!("{}: ", label.shown()) } else { String::new() };
        let text = wrapped(&format!("{who}{}", note.text), 2, width);
        let _ = writeln!(out, "{style}{sign}{style:#} {text}");
    }
    out
}
