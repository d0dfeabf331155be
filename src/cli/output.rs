//! The only module that prints: data to stdout, everything else to stderr.
//!
//! A reader that goes away (`| head`) is no error and stops nothing: what an
//! `apply` has begun goes on. A full disk is one, and is said once.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

use crate::google::{chain, is_layer};
use crate::model::inert_json;

/// Rows of a terminal that does not know how many it has.
const USUAL_ROWS: usize = 24;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// When stdout is a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are heard.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Data could not be written. What the command did, it did.
#[derive(Debug, thiserror::Error)]
#[error("could not write to stdout; the command was carried out all the same")]
pub struct NotWritten(#[source] std::io::Error);

/// Where everything is printed.
#[derive(Debug)]
pub struct Output {
    choice: ColorChoice,
    quiet: bool,
    logs: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    failed: Option<std::io::Error>,
}

impl Output {
    /// Prints with that choice of colour; `quiet` keeps narration back.
    pub fn new(color: Color, quiet: bool) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { choice, quiet, logs: false, state: Mutex::default() }
    }

    /// The same, with everything but data as records of the log: for whoever
    /// reads stderr with a program.
    pub fn logging(self) -> Self {
        Self { logs: true, ..self }
    }

    /// Data: what the command was asked for.
    pub fn data(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.closed || state.failed.is_some() {
            return;
        }
        let mut stdout = anstream::AutoStream::new(std::io::stdout(), self.choice);
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => state.closed = true,
            Err(error) => state.failed = Some(error),
        }
    }

    /// Data for programs: one document, over several lines.
    pub fn document(&self, value: &serde_json::Value) {
        self.data(&inert_json(&format!("{value:#}\n")));
    }

    /// Data for programs: one line of many.
    pub fn line(&self, value: &serde_json::Value) {
        self.data(&inert_json(&format!("{value}\n")));
    }

    /// Narration: what goes on. Kept back by `--quiet`.
    pub fn say(&self, text: &str) {
        if self.logs && !text.is_empty() {
            let text = anstream::adapter::strip_str(text).to_string();
            tracing::info!(target: "retune::watch", event = "said", "{}", text.trim_end());
        } else if !self.quiet {
            self.complain(text);
        }
    }

    /// What must be said also under `--quiet`. A stderr that cannot be written
    /// leaves nobody to tell.
    pub fn complain(&self, text: &str) {
        if self.logs && !text.is_empty() {
            let text = anstream::adapter::strip_str(text).to_string();
            tracing::warn!(target: "retune::watch", event = "warned", "{}", text.trim_end());
            return;
        }
        let mut stderr = anstream::AutoStream::new(std::io::stderr(), self.choice);
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    /// An error with its causes and, after a blank line, what to type next.
    pub fn error(&self, error: &dyn std::error::Error, hint: Option<&str>) {
        if self.logs {
            let text = chain(error);
            tracing::error!(target: "retune::watch", event = "failed", hint, "{text}");
            return;
        }
        let red = AnsiColor::Red.on_default().bold();
        let bold = Style::new().bold();
        let mut text = format!("{red}error{red:#}: {error}\n");
        let mut cause = error.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !is_layer(&said) {
                text.push_str(&format!("  caused by: {said}\n"));
            }
            cause = error.source();
        }
        if let Some(hint) = hint {
            text.push_str(&format!("\n{bold}hint{bold:#}: {hint}\n"));
        }
        self.complain(&text);
    }

    /// The failure to write data, if there was one that matters.
    pub fn failure(&self) -> Option<NotWritten> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.failed.take().map(NotWritten)
    }

    /// Whether nobody can read data any more: the reader went away, or the disk
    /// is full. What costs money and is only for reading need not go on.
    pub fn is_deaf(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.closed || state.failed.is_some()
    }

    /// Whether stderr is a terminal, where progress can be drawn.
    pub fn draws(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Columns of the terminal that stdout is; `None` for pipes and files.
    pub fn width(&self) -> Option<usize> {
        self.size().map(|(columns, _)| columns)
    }

    /// Columns and rows of the terminal that stdout is. One that does not know
    /// its rows, as on a serial line, has the usual ones.
    pub fn size(&self) -> Option<(usize, usize)> {
        let stdout = std::io::stdout();
        if !stdout.is_terminal() {
            return None;
        }
        let (columns, rows) = size_of(stdout)?;
        let rows = if rows == 0 { USUAL_ROWS } else { usize::from(rows) };
        (columns > 0).then_some((usize::from(columns), rows))
    }

    /// A screen to draw on again and again; `None` for pipes and files.
    pub fn screen(&self) -> Option<Screen> {
        self.width()?;
        let colour = match self.choice {
            ColorChoice::Auto => anstream::AutoStream::choice(&std::io::stdout()),
            choice => choice,
        };
        Some(Screen::enter(colour != ColorChoice::Never))
    }
}

/// Columns and rows as the terminal gives them: 0 is what it does not know.
#[cfg(unix)]
fn size_of(stdout: std::io::Stdout) -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    Some((size.ws_col, size.ws_row))
}

/// Columns and rows, where the terminal knows both.
#[cfg(not(unix))]
fn size_of(stdout: std::io::Stdout) -> Option<(u16, u16)> {
    terminal_size::terminal_size_of(stdout).map(|(columns, rows)| (columns.0, rows.0))
}

/// The terminal's second screen. What was on the first is there again when this
/// is dropped.
#[derive(Debug)]
pub struct Screen {
    colour: bool,
}

impl Screen {
    fn enter(colour: bool) -> Self {
        // The second screen, without a cursor.
        Self::send("\u{1b}[?1049h\u{1b}[?25l");
        Self { colour }
    }

    /// Shows these lines and nothing else. What is below the last row is not
    /// seen. It comes in one piece, each line over the one before it, so that
    /// nothing flickers.
    pub fn show(&self, text: &str, rows: usize) {
        let text = match self.colour {
            true => text.to_owned(),
            false => anstream::adapter::strip_str(text).to_string(),
        };
        let lines: Vec<&str> = text.lines().take(rows).collect();
        // Terminals that know it hold their picture back until all is there.
        let lines = lines.join("\u{1b}[K\r\n");
        Self::send(&format!("\u{1b}[?2026h\u{1b}[H{lines}\u{1b}[K\u{1b}[J\u{1b}[?2026l"));
    }

    /// A terminal that went away leaves nobody to show anything to.
    fn send(text: &str) {
        let mut stdout = std::io::stdout();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        Self::send("\u{1b}[?25h\u{1b}[?1049l");
    }
}
