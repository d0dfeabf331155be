//! Which series are drawn together: one panel for each measure, with all runs
//! and both parts of the data in it.

use super::number::number;
use super::verdict::{Best, best};
use super::{Curves, Known, Labeled, Measure, Series, Split};
use crate::model::Untrusted;

/// Which series to show.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// Loss and accuracy; where a run has neither, everything.
    #[default]
    Usual,
    /// Everything.
    All,
    /// Series of these names, with or without the slash.
    Named(Vec<String>),
}

/// One chart.
#[derive(Debug)]
pub(super) struct Panel<'a> {
    /// What is measured; `None` for a series that nobody has described.
    pub(super) measure: Option<Measure>,
    /// The heading.
    pub(super) title: String,
    /// Its lines, run by run.
    pub(super) lines: Vec<Line<'a>>,
}

/// One series of one run.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Which run, by its place in the list.
    pub(super) run: usize,
    /// The run's name, inert.
    pub(super) label: String,
    /// Over what it is measured, where that is known.
    pub(super) split: Option<Split>,
    /// The points.
    pub(super) series: &'a Series,
    /// The run's best step, on the line that it was read from.
    pub(super) best: Option<Best>,
}

impl Selection {
    /// Whether a series is shown.
    pub fn has(&self, series: &Series) -> bool {
        match self {
            Self::Usual => series.known().is_some_and(|k| k.measure != Measure::Predictions),
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| is_named(series, name)),
        }
    }
}

/// Whether somebody who types `name` means this series.
pub(super) fn is_named(series: &Series, name: &str) -> bool {
    let bare = |text: &str| text.strip_prefix('/').unwrap_or(text).to_owned();
    let own = bare(series.name.raw());
    own == bare(name) || series.known().is_some_and(|known| known.title == name)
}

/// The panels of these runs, in the order of the guide, then of names.
pub(super) fn panels<'a>(runs: &[Labeled<'a>], selection: &Selection) -> Vec<Panel<'a>> {
    let chosen = |selection: &Selection| {
        let all = runs.iter().enumerate().flat_map(|(at, run)| lines(at, *run));
        all.filter(|line| selection.has(line.series)).collect::<Vec<_>>()
    };
    let mut found = chosen(selection);
    if found.is_empty() && *selection == Selection::Usual {
        found = chosen(&Selection::All);
    }
    let mut panels: Vec<Panel<'a>> = Vec::new();
    for line in found {
        let known = line.series.known();
        let measure = known.map(|known: &Known| known.measure);
        let title = measure.map_or_else(|| line.series.title(), |m| m.title().to_owned());
        match panels.iter_mut().find(|panel| panel.measure == measure && panel.title == title) {
            Some(panel) => panel.lines.push(line),
            None => panels.push(Panel { measure, title, lines: vec![line] }),
        }
    }
    // `None` is last: what nobody has described comes after what the guide has.
    panels.sort_by(|a, b| {
        (a.measure.is_none(), a.measure, &a.title).cmp(&(b.measure.is_none(), b.measure, &b.title))
    });
    panels
}

fn lines<'a>(run: usize, labeled: Labeled<'a>) -> impl Iterator<Item = Line<'a>> {
    let Labeled { label, curves }: Labeled<'a> = labeled;
    let label = Untrusted::new(label).shown().to_string();
    let judged = curves.of(Measure::Loss, Split::Eval);
    let best = best(curves);
    let drawn = |series: &&Series| !series.points.is_empty();
    let Curves { series } = curves;
    series.iter().filter(drawn).map(move |series| Line {
        run,
        label: label.clone(),
        split: series.known().map(|known| known.split),
        best: best.filter(|_| judged.is_some_and(|judged| std::ptr::eq(judged, series))),
        series,
    })
}

impl Line<'_> {
    /// Whether it is of evaluations.
    pub(super) fn evaluates(&self) -> bool {
        self.split == Some(Split::Eval)
    }
}

/// A remark on points that cannot be drawn.
pub(super) fn not_numbers(count: usize) -> String {
    if count > 0 { format!(" ({count} not a number)") } else { String::new() }
}

impl Panel<'_> {
    /// The steps that anything was measured at, the first and the last.
    pub(super) fn steps(&self) -> Option<(i64, i64)> {
        let points = || self.lines.iter().flat_map(|line| line.series.finite());
        let first = points().map(|point| point.step).min()?;
        Some((first, points().map(|point| point.step).max()?))
    }

    /// Whether lines of several runs are in it.
    pub(super) fn compares(&self) -> bool {
        let first = self.lines.first().map(|line| line.run);
        self.lines.iter().any(|line| Some(line.run) != first)
    }

    /// Whether a line is over that part of the data.
    pub(super) fn has(&self, split: Split) -> bool {
        self.lines.iter().any(|line| line.split == Some(split))
    }

    /// The lines as they are drawn. Evaluation lies over training: it has few
    /// points, and says more.
    pub(super) fn bottom_up(&self) -> impl Iterator<Item = &Line<'_>> {
        let (above, below): (Vec<_>, Vec<_>) = self.lines.iter().partition(|l| l.evaluates());
        below.into_iter().chain(above)
    }

    /// Of each run the line that stands for it in a legend, and what is said
    /// behind its name.
    pub(super) fn compared(&self) -> impl Iterator<Item = (&Line<'_>, String)> {
        self.lines.chunk_by(|a, b| a.run == b.run).filter_map(|lines| {
            let line = lines.iter().find(|line| line.evaluates()).or(lines.first())?;
            let bad = lines.iter().map(|line| line.series.not_finite()).sum();
            let best = |best: Best| format!(": best {} at step {}", number(best.loss), best.step);
            Some((line, line.best.map(best).unwrap_or_default() + &not_numbers(bad)))
        })
    }
}
