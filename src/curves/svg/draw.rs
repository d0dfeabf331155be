//! One chart: its frame, its axes and its lines.

use std::fmt::Write;

use super::legend::{Entry, ROW, entries, key, rows};
use super::text::escaped;
use crate::curves::number::{number, tick};
use crate::curves::panel::{Line, Panel};
use crate::curves::scale::Scale;
use crate::curves::thin::{gaps, smoothed, thinned};
use crate::curves::{Measure, Point, Split};

/// Points that are drawn one by one, with a mark each.
const MARKED: usize = 64;

/// From so many points on, a training line is drawn as its mean over its noise.
const NOISY: usize = 40;

/// Columns that tell their values when a pointer rests on them.
const COLUMNS: usize = 48;

/// Colours in the style.
const COLOURS: usize = 6;

/// Where a chart's parts are. Text is 12 px high at the width that a phone
/// shows, and larger on larger screens.
pub(super) struct Frame {
    steps: Scale,
    values: Scale,
    legend: Vec<Vec<Entry>>,
    key: Option<&'static str>,
}

impl Frame {
    pub(super) const WIDTH: f64 = 390.0;
    pub(super) const EMPTY_HEIGHT: f64 = 120.0;
    const LEFT: f64 = 48.0;
    const RIGHT: f64 = 378.0;
    const TOP: f64 = 36.0;
    const BOTTOM: f64 = 216.0;
    /// From the lower edge of the plot to the legend: the steps are between.
    const BELOW: f64 = 40.0;

    pub(super) fn of(panel: &Panel<'_>) -> Self {
        let (first, last) = panel.steps().unwrap_or((0, 1));
        let values = panel.lines.iter().flat_map(|line| drawn(line)).map(|point| point.value);
        Self {
            steps: Scale::of_steps(first, last, 5),
            values: Scale::around(values, 5),
            legend: rows(entries(panel), Self::RIGHT - Self::LEFT),
            key: key(panel),
        }
    }

    pub(super) fn height(&self) -> f64 {
        let rows = self.legend.len() + usize::from(self.key.is_some());
        Self::BOTTOM + Self::BELOW + rows as f64 * ROW + 2.0
    }

    fn x(&self, step: i64) -> f64 {
        Self::LEFT + self.steps.at(step as f64) * (Self::RIGHT - Self::LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        Self::BOTTOM - self.values.at(value) * (Self::BOTTOM - Self::TOP)
    }

    pub(super) fn draw(&self, panel: &Panel<'_>, out: &mut String) {
        let title = escaped(&panel.title);
        let _ = writeln!(out, "<text class=\"rc-heading\" x=\"12\" y=\"20\">{title}</text>");
        self.axes(out);
        for line in panel.bottom_up() {
            self.line(panel, line, out);
        }
        self.columns(panel, out);
        let top = Self::BOTTOM + Self::BELOW;
        super::legend::draw(&self.legend, Self::LEFT, top, out);
        if let Some(key) = self.key {
            let y = top + self.legend.len() as f64 * ROW + 4.5;
            let left = Self::LEFT;
            let _ =
                writeln!(out, "<text class=\"rc-quiet\" x=\"{left:.0}\" y=\"{y:.0}\">{key}</text>");
        }
    }

    fn axes(&self, out: &mut String) {
        let (left, right, bottom) = (Self::LEFT, Self::RIGHT, Self::BOTTOM);
        for value in self.values.ticks() {
            let y = self.y(value);
            let (label, at) = (tick(value, self.values.step), y + 4.0);
            let _ = writeln!(
                out,
                "<path class=\"rc-grid\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text class=\"rc-quiet\" x=\"{:.0}\" y=\"{at:.1}\" text-anchor=\"end\">{label}</text>",
                left - 8.0
            );
        }
        let _ = writeln!(out, "<path class=\"rc-axis\" d=\"M{left} {bottom}H{right}\"/>");
        let ticks = self.steps.ticks();
        for step in &ticks {
            let x = self.x(*step as i64);
            let label = tick(*step, self.steps.step);
            let _ = writeln!(
                out,
                "<path class=\"rc-axis\" d=\"M{x:.1} {bottom}v4\"/><text class=\"rc-quiet\" \
                 x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
                bottom + 18.0
            );
        }
        let _ = writeln!(
            out,
            "<text class=\"rc-quiet\" x=\"12\" y=\"{:.0}\">step</text>",
            bottom + 18.0
        );
    }

    fn line(&self, panel: &Panel<'_>, line: &Line<'_>, out: &mut String) {
        let look = Look::of(panel, line);
        let _ = write!(out, "<g class=\"rc-c{}\">", look.colour);
        let buckets = (Self::RIGHT - Self::LEFT) as usize / 2;
        let points = thinned(&line.series.points, buckets);
        let breaks = gaps(&line.series.points);
        let marked = look.marks && points.len() <= MARKED;
        if look.marks || points.len() < NOISY {
            self.path(&points, &breaks, look.class(), out);
        } else {
            if !panel.compares() {
                self.path(&points, &breaks, "rc-raw", out);
            }
            let mean = thinned(&smoothed(&line.series.points), buckets);
            self.path(&mean, &breaks, look.class(), out);
        }
        // A point alone makes no line.
        if marked || points.len() == 1 {
            for point in &points {
                let (x, y) = (self.x(point.step), self.y(point.value));
                let _ =
                    write!(out, "<path class=\"rc-mark\" d=\"{}\"/>", mark(look.shape, x, y, 3.6));
            }
        }
        for step in breaks.iter().take(MARKED) {
            // A tick on the axis where the value is no number.
            let (x, bottom) = (self.x(*step), Self::BOTTOM);
            let _ = write!(out, "<path class=\"rc-gap\" d=\"M{x:.1} {bottom}v-7\"/>");
        }
        if let Some(best) = line.best {
            self.best(best.step, best.loss, !panel.compares(), out);
        }
        out.push_str("</g>\n");
    }

    /// A line through the points, parted where a value is no number.
    fn path(&self, points: &[Point], breaks: &[i64], class: &str, out: &mut String) {
        let mut d = String::new();
        let mut before: Option<i64> = None;
        for point in points {
            let after = before.map(|step| breaks.partition_point(|gap| *gap <= step));
            let next = breaks.partition_point(|gap| *gap <= point.step);
            let joined = after == Some(next);
            let (x, y) = (self.x(point.step), self.y(point.value));
            let _ = write!(d, "{}{x:.1} {y:.1}", if joined { 'L' } else { 'M' });
            before = Some(point.step);
        }
        if !d.is_empty() {
            let _ = write!(out, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    /// A star, and for one run alone what it stands for: above it, at the end of
    /// a rule, where no line is as a rule, or below where there is no room.
    fn best(&self, step: i64, loss: f64, noted: bool, out: &mut String) {
        /// From the star to its note.
        const AWAY: f64 = 34.0;
        /// Half of the note's width, so that it stays within the plot.
        const HALF: f64 = 72.0;
        let (x, y) = (self.x(step), self.y(loss));
        if noted {
            let above = y - AWAY - 14.0 > Self::TOP;
            let (to, baseline) = if above { (y - AWAY, -5.0) } else { (y + AWAY, 13.0) };
            let (middle, baseline) =
                (x.clamp(Self::LEFT + HALF, Self::RIGHT - HALF), to + baseline);
            let note = format!("best {} at step {step}", number(loss));
            let _ = write!(
                out,
                "<path class=\"rc-rule\" d=\"M{x:.1} {y:.1}V{to:.1}\"/><text class=\"rc-note\" \
                 x=\"{middle:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\">{note}</text>"
            );
        }
        let _ = write!(out, "<path class=\"rc-best\" d=\"{}\"/>", star(x, y, 8.0));
    }

    /// Stripes over the plot that say, as their title, what lies below them.
    fn columns(&self, panel: &Panel<'_>, out: &mut String) {
        let Some((first, last)) = panel.steps() else { return };
        let span = (last as f64 - first as f64).max(1.0) / COLUMNS as f64;
        let width = (Self::RIGHT - Self::LEFT) / COLUMNS as f64;
        for column in 0..COLUMNS {
            let low = first as f64 + span * column as f64;
            let within = |point: &&Point| {
                let at = point.step as f64;
                at >= low && (at < low + span || column + 1 == COLUMNS)
            };
            let mut lines: Vec<String> = Vec::new();
            for line in &panel.lines {
                let points = &line.series.points;
                let start = points.partition_point(|point| (point.step as f64) < low);
                let found = points.get(start..).unwrap_or_default().iter().take_while(within);
                if let Some(point) = found.last() {
                    let who =
                        if panel.compares() { format!("{} ", line.label) } else { String::new() };
                    let (what, value) = (line.series.title(), number(point.value));
                    lines.push(format!("{who}{what} {value} (step {})", point.step));
                }
            }
            if !lines.is_empty() {
                let x = Self::LEFT + width * column as f64;
                let (top, height) = (Self::TOP, Self::BOTTOM - Self::TOP);
                let _ = writeln!(
                    out,
                    "<rect class=\"rc-hit\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" \
                     height=\"{height}\"><title>{}</title></rect>",
                    escaped(&lines.join("\n"))
                );
            }
        }
    }
}

/// What of a line is drawn, and so what the axis has to hold: a single bad
/// batch in a thousand may leave the picture, its mean may not.
fn drawn(line: &Line<'_>) -> Vec<Point> {
    thinned(&line.series.points, MARKED)
}

/// How a line looks.
pub(super) struct Look {
    pub(super) colour: usize,
    pub(super) shape: usize,
    /// Whether each point has a mark.
    pub(super) marks: bool,
    thin: bool,
}

impl Look {
    /// Of one run, training and evaluation have a colour each; of several, each
    /// run has, and training is dotted.
    pub(super) fn of(panel: &Panel<'_>, line: &Line<'_>) -> Self {
        let evaluates = line.evaluates();
        let compares = panel.compares();
        let colour = if compares { line.run } else { usize::from(evaluates) };
        let both = panel.measure.is_some_and(|m: Measure| m != Measure::Predictions)
            && panel.has(Split::Eval);
        Self {
            colour: colour % COLOURS,
            shape: if compares { line.run } else { 0 },
            marks: evaluates,
            thin: compares && !evaluates && both,
        }
    }

    pub(super) fn class(&self) -> &'static str {
        if self.thin { "rc-line rc-thin" } else { "rc-line" }
    }
}

/// The mark of a run: a circle, a square, a triangle, a diamond, and these
/// again.
pub(super) fn mark(shape: usize, x: f64, y: f64, r: f64) -> String {
    match shape % 4 {
        0 => format!(
            "M{:.1} {y:.1}a{r:.1} {r:.1} 0 1 0 {d:.1} 0a{r:.1} {r:.1} 0 1 0 -{d:.1} 0z",
            x - r,
            d = r * 2.0
        ),
        1 => {
            let (x, y, side) = (x - r * 0.9, y - r * 0.9, r * 1.8);
            format!("M{x:.1} {y:.1}h{side:.1}v{side:.1}h-{side:.1}z")
        }
        2 => format!("M{x:.1} {:.1}l{:.1} {:.1}h-{:.1}z", y - r * 1.2, r * 1.15, r * 2.1, r * 2.3),
        _ => format!(
            "M{x:.1} {:.1}l{d:.1} {d:.1}l-{d:.1} {d:.1}l-{d:.1} -{d:.1}z",
            y - r * 1.3,
            d = r * 1.3
        ),
    }
}

/// The mark of the best step.
pub(super) fn star(x: f64, y: f64, r: f64) -> String {
    let corner = |at: usize| {
        let angle = std::f64::consts::PI * (at as f64 / 5.0 - 0.5);
        let r = if at.is_multiple_of(2) { r } else { r * 0.45 };
        format!("{:.1} {:.1}", x + r * angle.cos(), y + r * angle.sin())
    };
    let corners: Vec<String> = (0..10).map(corner).collect();
    format!("M{}z", corners.join("L"))
}
