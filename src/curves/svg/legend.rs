//! What the lines of a chart mean, below it.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::draw::{Look, mark, star};
use super::text::escaped;
use crate::curves::number::number;
use crate::curves::panel::Panel;

/// Height of a row.
pub(super) const ROW: f64 = 19.0;

/// The sample line before each entry.
const SAMPLE: f64 = 26.0;

/// Width of a letter on average, rounded up: a font is the reader's.
const LETTER: f64 = 6.5;

/// A longer name is cut; the tooltips have it in full.
const LONGEST: usize = 52;

/// One entry: how its line looks, and its text.
pub(super) struct Entry {
    look: Look,
    best: bool,
    text: String,
}

impl Entry {
    fn width(&self) -> f64 {
        SAMPLE + self.text.width() as f64 * LETTER + 14.0
    }
}

/// An entry for each line, and for each best step where runs are compared.
pub(super) fn entries(panel: &Panel<'_>) -> Vec<Entry> {
    let mut found = Vec::new();
    for line in &panel.lines {
        let name = if panel.compares() {
            let split = line.split.map(|split| format!(", {}", split.word())).unwrap_or_default();
            format!("{}{split}", line.label)
        } else {
            line.series.title()
        };
        let bad = line.series.not_finite();
        let bad = if bad == 0 { String::new() } else { format!(" ({bad} not a number)") };
        let look = || Look::of(panel, line);
        found.push(Entry { look: look(), best: false, text: cut(&name) + &bad });
        if let Some(best) = line.best.filter(|_| panel.compares()) {
            let text = format!("best {} at step {}", number(best.loss), best.step);
            found.push(Entry { look: look(), best: true, text });
        }
    }
    found
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
            let Entry { look, best, text } = entry;
            let (class, middle) = (look.class(), y + 0.5);
            let _ = write!(out, "<g class=\"rc-c{}\">", look.colour);
            if *best {
                let _ =
                    write!(out, "<path class=\"rc-best\" d=\"{}\"/>", star(x + 10.0, middle, 7.0));
            } else {
                let _ = write!(out, "<path class=\"{class}\" d=\"M{x:.0} {middle:.1}h20\"/>");
                if look.marks {
                    let d = mark(look.shape, x + 10.0, middle, 3.6);
                    let _ = write!(out, "<path class=\"rc-mark\" d=\"{d}\"/>");
                }
            }
            let _ = writeln!(
                out,
                "<text x=\"{:.0}\" y=\"{:.0}\">{}</text></g>",
                x + SAMPLE,
                y + 4.5,
                escaped(text)
            );
            x += entry.width();
        }
    }
}
