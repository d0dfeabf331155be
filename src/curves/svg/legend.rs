//! What the lines of a chart mean, below it.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::draw::{Look, mark};
use super::text::escaped;
use crate::curves::Split;
use crate::curves::panel::{Line, Panel, not_numbers};

/// Height of a row.
pub(super) const ROW: f64 = 19.0;

/// The sample line before each entry.
const SAMPLE: f64 = 26.0;

/// Width of a letter on average, rounded up: a font is the reader's.
const LETTER: f64 = 6.5;

/// A longer name is cut; the tooltips have it in full.
const LONGEST: usize = 44;

/// One entry: how its line looks, and its text.
pub(super) struct Entry {
    look: Look,
    text: String,
}

impl Entry {
    fn width(&self) -> f64 {
        SAMPLE + self.text.width() as f64 * LETTER + 14.0
    }
}

/// An entry for each line; where runs are compared, one for each run, and what
/// tells its lines apart.
pub(super) fn entries(panel: &Panel<'_>) -> Vec<Entry> {
    let entry = |line: &Line<'_>, text: String| Entry { look: Look::of(panel, line), text };
    if panel.compares() {
        let of_run = |(line, said): (&Line<'_>, String)| entry(line, cut(&line.label) + &said);
        return panel.compared().map(of_run).collect();
    }
    let alone = |line: &Line<'_>| {
        entry(line, cut(&line.series.title()) + &not_numbers(line.series.not_finite()))
    };
    panel.lines.iter().map(alone).collect()
}

/// What tells the lines of a run apart, where runs are compared.
pub(super) fn key(panel: &Panel<'_>) -> Option<&'static str> {
    let both = panel.compares() && panel.has(Split::Train) && panel.has(Split::Eval);
    let best = panel.lines.iter().any(|line| line.best.is_some());
    both.then_some(match best {
        true => "dotted: training; with marks: evaluation; star: best",
        false => "dotted: training; with marks: evaluation",
    })
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The entries in rows of this width.
pub(super) fn rows(entries: Vec<Entry>, width: f64) -> Vec<Vec<Entry>> {
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        let used: f64 = rows.last().into_iter().flatten().map(Entry::width).sum();
        match rows.last_mut() {
            Some(row) if used + entry.width() <= width => row.push(entry),
            _ => rows.push(vec![entry]),
        }
    }
    rows
}

pub(super) fn draw(rows: &[Vec<Entry>], left: f64, top: f64, out: &mut String) {
    for (at, row) in rows.iter().enumerate() {
        let (mut x, y) = (left, top + at as f64 * ROW);
        for entry in row {
            let Entry { look, text } = entry;
            let (class, middle) = (look.class(), y + 0.5);
            let d =
                if look.marks { mark(look.shape, x + 10.0, middle, 3.6) } else { String::new() };
            let _ = writeln!(
                out,
                "<g class=\"rc-c{}\"><path class=\"{class}\" d=\"M{x:.0} {middle:.1}h20\"/>\
                 <path class=\"rc-mark\" d=\"{d}\"/><text x=\"{:.0}\" y=\"{:.0}\">{}</text></g>",
                look.colour,
                x + SAMPLE,
                y + 4.5,
                escaped(text)
            );
            x += entry.width();
        }
    }
}
