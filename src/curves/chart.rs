//! Curves in a terminal: lines of Braille dots, or of plain ASCII where there
//! is no Braille.
//!
//! Nothing is told by colour alone. Of one run, training is a line, evaluations
//! are marks and the best of them a star. Of several, each run has a letter:
//! small ones stand on its training line, capitals at its evaluations.

mod canvas;

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use self::canvas::Canvas;
use super::number::{number, tick};
use super::panel::{Line, Panel, Selection, not_numbers, panels};
use super::scale::Scale;
use super::thin::{gaps, smoothed, thinned};
use super::{Labeled, Point, Split};

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// Rows of a plot, without its heading, axis and legend.
    pub rows: usize,
    /// Plain ASCII only.
    pub ascii: bool,
}

/// Narrower than this there is no room for a line beside its axis.
const NARROWEST: usize = 32;

/// From so many columns on, two charts stand side by side.
const WIDE: usize = 140;

/// Columns between two charts side by side.
const GUTTER: usize = 4;

/// From so many points on, a training line is drawn as its mean.
const NOISY: usize = 60;

/// Columns between two letters on a line.
const LETTERS_APART: usize = 17;

/// The runs that have a letter of their own.
pub const MOST_RUNS: usize = 26;

const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Red,
];

/// The charts, one below the other, or two beside each other where there is
/// room. With escape sequences for colour, which a printer may take out. Empty
/// when there is no point.
pub fn chart(runs: &[Labeled<'_>], selection: &Selection, look: Look) -> String {
    let panels = panels(runs, selection);
    let width = look.width.max(NARROWEST);
    let beside = if width >= WIDE && panels.len() > 1 { 2 } else { 1 };
    let each = (width - GUTTER * (beside - 1)) / beside;
    let blocks: Vec<Vec<Row>> = panels.iter().map(|panel| block(panel, each, look)).collect();
    let mut out = String::new();
    for (at, group) in blocks.chunks(beside).enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let height = group.iter().map(Vec::len).max().unwrap_or(0);
        for row in 0..height {
            let mut text = String::new();
            let mut used = 0;
            for (column, block) in group.iter().enumerate() {
                let Some(row) = block.get(row) else { continue };
                let start = column * (each + GUTTER);
                text.extend(std::iter::repeat_n(' ', start.saturating_sub(used)));
                text.push_str(&row.text);
                used = start.max(used) + row.width;
            }
            out.push_str(text.trim_end());
            out.push('\n');
        }
    }
    out
}

/// A row and how wide it is: escape sequences have no width.
struct Row {
    text: String,
    width: usize,
}

impl Row {
    fn plain(text: String) -> Self {
        let width = text.width();
        Self { text, width }
    }
}

fn block(panel: &Panel<'_>, width: usize, look: Look) -> Vec<Row> {
    let (first, last) = panel.steps().unwrap_or((0, 1));
    let rows = look.rows.max(3);
    let values = panel.lines.iter().flat_map(|line| shown(line, usize::MAX));
    let scale = Scale::around(values.map(|point| point.value), (rows / 3).clamp(2, 6));
    let labels: Vec<(f64, String)> =
        scale.ticks().into_iter().map(|value| (value, tick(value, scale.step))).collect();
    let margin = labels.iter().map(|(_, label)| label.len()).max().unwrap_or(0).max("step".len());
    let columns = width.saturating_sub(margin + 2).max(8);
    let steps = Scale::of_steps(first, last, (columns / 14).clamp(2, 10));

    let mut canvas = Canvas::new(columns, rows);
    let place = Place { steps, scale, columns, rows };
    for line in panel.bottom_up() {
        draw(panel, line, &place, &mut canvas, look);
    }

    let bold = Style::new().bold();
    let mut out: Vec<Row> = lines(&panel.title, width)
        .into_iter()
        .map(|line| Row { width: line.width(), text: format!("{bold}{line}{bold:#}") })
        .collect();
    let (bar, joint) = if look.ascii { ('|', '+') } else { ('│', '┤') };
    for row in 0..rows {
        let label = labels.iter().find(|(value, _)| place.row(*value) == row);
        let (label, bar) = label.map_or(("", bar), |(_, label)| (label.as_str(), joint));
        let text = format!("{label:>margin$} {bar}{}", canvas.row(row, look.ascii, style));
        out.push(Row { text, width: margin + 2 + columns });
    }
    out.extend(axis(&place, margin, look.ascii));
    out.extend(legend(panel, width, look));
    out
}

/// Where a point is.
struct Place {
    steps: Scale,
    scale: Scale,
    columns: usize,
    rows: usize,
}

impl Place {
    /// A dot: two to a column, four to a row, from above.
    fn dot(&self, point: &Point) -> (usize, usize) {
        let x = self.steps.at(point.step as f64) * (self.columns * 2 - 1) as f64;
        let y = (1.0 - self.scale.at(point.value)) * (self.rows * 4 - 1) as f64;
        (x.round() as usize, y.round() as usize)
    }

    fn cell(&self, point: &Point) -> (usize, usize) {
        let (x, y) = self.dot(point);
        (x / 2, y / 4)
    }

    fn row(&self, value: f64) -> usize {
        let y = (1.0 - self.scale.at(value)) * (self.rows * 4 - 1) as f64;
        y.round() as usize / 4
    }
}

/// The points of a line as they are drawn.
fn shown(line: &Line<'_>, dots: usize) -> Vec<Point> {
    let points = &line.series.points;
    if line.evaluates() || points.len() < NOISY {
        return thinned(points, dots.min(1 << 12));
    }
    thinned(&smoothed(points), dots.min(1 << 12))
}

fn draw(panel: &Panel<'_>, line: &Line<'_>, place: &Place, canvas: &mut Canvas, look: Look) {
    let compares = panel.compares();
    let evaluates = line.evaluates();
    let paint = paint(panel, line);
    let points = shown(line, place.columns * 2);
    let breaks = gaps(&line.series.points);
    // Few evaluations are marks; of many, marks would hide each other.
    let as_marks = evaluates && points.len() <= place.columns / 2;
    if !as_marks || points.len() < 2 {
        let mut before: Option<&Point> = None;
        for point in &points {
            let passed = |step: i64| breaks.partition_point(|gap| *gap <= step);
            let from = before.filter(|before| passed(before.step) == passed(point.step));
            canvas.line(place.dot(from.unwrap_or(point)), place.dot(point), paint);
            before = Some(point);
        }
    }
    let letter = letter(line.run, evaluates);
    let mark = match (compares, evaluates) {
        (true, _) => letter,
        (false, true) => {
            if look.ascii {
                'o'
            } else {
                '●'
            }
        }
        (false, false) => {
            if look.ascii {
                '.'
            } else {
                '•'
            }
        }
    };
    if as_marks || points.len() < 2 {
        points.iter().for_each(|point| canvas.mark(place.cell(point), mark, paint));
    } else if compares {
        // Each run's letters begin elsewhere, so that they do not meet.
        let mut next = 2 + line.run * 5 % LETTERS_APART;
        for point in &points {
            let (column, row) = place.cell(point);
            if column >= next {
                canvas.mark((column, row), letter, paint);
                next = column + LETTERS_APART;
            }
        }
    }
    if let Some(best) = line.best.filter(|_| !compares) {
        let point = Point { step: best.step, wall_time: None, value: best.loss };
        canvas.mark(place.cell(&point), star(look.ascii), paint);
    }
}

fn star(ascii: bool) -> char {
    if ascii { '*' } else { '★' }
}

fn letter(run: usize, capital: bool) -> char {
    let first = if capital { b'A' } else { b'a' };
    char::from(first + (run % MOST_RUNS) as u8)
}

/// Which colour: of one run, training and evaluation have one each.
fn paint(panel: &Panel<'_>, line: &Line<'_>) -> usize {
    if panel.compares() { line.run } else { usize::from(line.evaluates()) }
}

fn style(paint: usize) -> Style {
    let colour = COLOURS.get(paint % COLOURS.len()).copied().unwrap_or(AnsiColor::Cyan);
    colour.on_default()
}

/// The axis of steps and what it says.
fn axis(place: &Place, margin: usize, ascii: bool) -> [Row; 2] {
    let (corner, dash, joint) = if ascii { ('+', '-', '+') } else { ('└', '─', '┬') };
    let mut line = vec![dash; place.columns];
    let mut labels = vec![' '; place.columns];
    // Each label is below its tick, and none touches the one before it.
    let mut free = 0;
    for value in place.steps.ticks() {
        let column = (place.steps.at(value) * (place.columns * 2 - 1) as f64).round() as usize / 2;
        let label = tick(value, place.steps.step);
        let start = (column + 1).saturating_sub(label.len().div_ceil(2));
        let start = start.min(place.columns.saturating_sub(label.len()));
        if start < free {
            continue;
        }
        if let Some(cell) = line.get_mut(column) {
            *cell = joint;
        }
        for (cell, letter) in labels.iter_mut().skip(start).zip(label.chars()) {
            *cell = letter;
        }
        free = start + label.len() + 1;
    }
    let line: String = line.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    [
        Row::plain(format!("{:>margin$} {corner}{line}", "")),
        Row::plain(format!("{:>margin$}  {labels}", "step")),
    ]
}

/// What the lines are, as many to a row as there is room for.
fn legend(panel: &Panel<'_>, width: usize, look: Look) -> Vec<Row> {
    // Those that go on with the one before begin a row.
    let mut entries: Vec<(bool, Row)> = Vec::new();
    let mut entry = |paint: usize, sample: &str, text: String| {
        let style = style(paint);
        let indent = sample.width() + 1;
        for (at, line) in lines(&text, width.saturating_sub(indent)).into_iter().enumerate() {
            let width = indent + line.width();
            let text = match at {
                0 => format!("{style}{sample}{style:#} {line}"),
                _ => format!("{:indent$}{line}", ""),
            };
            entries.push((at > 0, Row { text, width }));
        }
    };
    if panel.compares() {
        for (line, said) in panel.compared() {
            let letter = letter(line.run, line.evaluates()).to_string();
            entry(paint(panel, line), &letter, format!("{}{said}", line.label));
        }
        if panel.has(Split::Train) && panel.has(Split::Eval) {
            let text = "small: training; capital: evaluation";
            entries.extend(
                lines(&format!("({text})"), width)
                    .into_iter()
                    .enumerate()
                    .map(|(at, line)| (at > 0, Row::plain(line))),
            );
        }
        return in_rows(entries, width);
    }
    let line = if look.ascii { ".:'" } else { "⠤⠒⠉" };
    for drawn in &panel.lines {
        let evaluates = drawn.evaluates();
        let bad = not_numbers(drawn.series.not_finite());
        let smooth = !evaluates && drawn.series.points.len() >= NOISY;
        let smooth = if smooth { ", smoothed" } else { "" };
        let paint = paint(panel, drawn);
        let best = drawn.best.map(|best| (number(best.loss), best.step));
        let sample = match (evaluates, look.ascii) {
            (true, true) => "o",
            (true, false) => "●",
            (false, _) => line,
        };
        entry(paint, sample, format!("{}{smooth}{bad}", drawn.series.title()));
        if let Some((loss, step)) = best {
            entry(paint, &star(look.ascii).to_string(), format!("best: {loss} at step {step}"));
        }
    }
    in_rows(entries, width)
}

/// A text in lines of so many columns, broken between words where it can be.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        if used > 0 && used + word.trim_end().width() > width {
            lines.push(String::new());
            used = 0;
        }
        for letter in word.chars() {
            let wide = letter.width().unwrap_or(0);
            if letter != ' ' && used > 0 && used + wide > width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(letter);
            }
            used += wide;
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// As many entries in a row as there is room for.
fn in_rows(entries: Vec<(bool, Row)>, width: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (continues, entry) in entries {
        match rows.last_mut() {
            Some(row) if !continues && row.width + 3 + entry.width <= width => {
                let _ = write!(row.text, "   {}", entry.text);
                row.width += 3 + entry.width;
            }
            _ => rows.push(entry),
        }
    }
    rows
}

#[cfg(test)]
mod tests;
