//! A plan for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::{Row, rows};
use crate::plan::Plan;

/// How to show a plan as text.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextOptions<'a> {
    /// List what is in sync, too.
    pub full: bool,
    /// Columns of the terminal; lines are not wrapped without.
    pub width: Option<usize>,
    /// Said wherever the text could be taken for the real service.
    pub emulator: bool,
    /// The flags that lead a command to the same service.
    pub same_service: &'a str,
}

/// The plan as text, styled; a stream without colour strips the styles. No
/// meaning is in a colour alone.
pub fn text(plan: &Plan, options: TextOptions<'_>) -> String {
    let mut out = String::new();
    let rows = rows(plan, options.full, options.same_service);
    let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &rows {
        write_row(&mut out, row, names.min(MAX_NAME), options.width);
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    out.push_str(&last_lines(plan, options));
    out
}

/// Names longer than this push their row instead of indenting all others.
const MAX_NAME: usize = 32;

fn write_row(out: &mut String, row: &Row, names: usize, width: Option<usize>) {
    let style = style(row.symbol);
    let pad = names.saturating_sub(row.name.chars().count());
    let head = format!("  {} {}{:pad$}   {:<9}  ", row.symbol, row.name, "", row.verb);
    let indent = head.chars().count();
    let why = wrapped(&row.why, indent, width);
    let styled = format!(
        "  {style}{}{style:#} {}{:pad$}   {style}{:<9}{style:#}  ",
        row.symbol, row.name, "", row.verb
    );
    let _ = writeln!(out, "{styled}{why}");
    let shown = indent.min(width.map_or(indent, |w| w / 3));
    for (old, new) in &row.details {
        let (old, new) = emphasised(old, new);
        let _ = writeln!(out, "{:shown$}- {old}\n{:shown$}+ {new}", "", "");
    }
}

/// Old and new with the parts that differ underlined.
fn emphasised(old: &str, new: &str) -> (String, String) {
    use similar::{ChangeTag, TextDiff};
    let mark = Style::new().underline();
    let (mut before, mut after) = (String::new(), String::new());
    let diff = TextDiff::from_words(old, new);
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                before.push_str(text);
                after.push_str(text);
            }
            ChangeTag::Delete => before.push_str(&format!("{mark}{text}{mark:#}")),
            ChangeTag::Insert => after.push_str(&format!("{mark}{text}{mark:#}")),
        }
    }
    (before, after)
}

fn style(symbol: char) -> Style {
    let colour = |c: AnsiColor| c.on_default().bold();
    match symbol {
        '+' => colour(AnsiColor::Green),
        'x' => colour(AnsiColor::Red),
        '!' => colour(AnsiColor::Yellow),
        '…' => colour(AnsiColor::Cyan),
        '?' => colour(AnsiColor::Magenta),
        _ => Style::new().dimmed(),
    }
}

/// Breaks `text` at spaces so that it fits beside an indent.
pub fn wrapped(text: &str, indent: usize, width: Option<usize>) -> String {
    // A column of under 24 characters is harder to read than a long line.
    let Some(room) = width.and_then(|w| w.checked_sub(indent)).filter(|room| *room >= 24) else {
        return text.to_owned();
    };
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > room {
            let _ = write!(out, "\n{:indent$}", "");
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

fn last_lines(plan: &Plan, options: TextOptions<'_>) -> String {
    let summary = plan.summary();
    let on = if options.emulator { " (emulator)" } else { "" };
    let mut out = String::new();
    let settled = plan.actions.is_empty() && plan.held.is_empty() && plan.in_flight.is_empty();
    if settled {
        let _ = writeln!(out, "No changes{on}. Every tuned model matches its manifest.");
    } else if plan.actions.is_empty() {
        let _ = writeln!(out, "No changes{on}. {summary}.");
    } else {
        let _ = writeln!(out, "Plan{on}: {summary}.");
        let _ = writeln!(out, "Digest: {}", plan.digest());
    }
    let dim = Style::new().dimmed();
    let places: Vec<String> = plan.places.iter().map(ToString::to_string).collect();
    let mut beside = Vec::new();
    if plan.foreign > 0 {
        beside.push(format!("{} foreign", plan.foreign));
    }
    if plan.orphaned_ended > 0 {
        beside.push(format!("{} ended without a manifest", plan.orphaned_ended));
    }
    let beside = if beside.is_empty() {
        String::new()
    } else {
        format!(" Left alone: {}.", beside.join(", "))
    };
    let footer = format!("Listed {}.{beside}", places.join(", "));
    let _ = writeln!(out, "{dim}{}{dim:#}", wrapped(&footer, 0, options.width));
    out
}
