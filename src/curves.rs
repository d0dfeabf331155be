//! The curves of a training: what was measured at which step, what they say,
//! and how they are shown.
//!
//! Everything here is pure: points in, text out. A value may be NaN or
//! infinite (a training that diverged says so), a series may have a hundred
//! thousand points, and its name may be anybody's text.
//!
//! - [`Known`]: what Google's names mean;
//! - [`verdict`]: the best step, and whether the run learned by heart;
//! - [`chart()`] for terminals, [`svg()`] and [`html()`] for browsers, [`csv()`]
//!   and [`json()`] for programs.

mod chart;
mod csv;
mod html;
mod json;
mod names;
mod number;
mod panel;
mod plain;
mod run;
mod scale;
mod svg;
mod thin;
pub mod verdict;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use chart::{Look, MOST_RUNS, chart};
pub use csv::{csv, csv_rows};
pub use html::html;
pub use json::{json, json_steps};
pub use names::{Known, Measure, Split};
pub use number::number;
pub use panel::Selection;
pub use run::{Missing, Note, Run};
pub use svg::{Options, STYLE, svg};

use crate::model::Untrusted;

/// What one run measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curves {
    /// In the order in which the service has them.
    pub series: Vec<Series>,
}

/// One measure over the steps of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The service's name for it: `/train_total_loss`.
    pub name: Untrusted,
    /// By step, each step once.
    pub points: Vec<Point>,
    /// Whether the service chose these points from among more.
    pub sampled: bool,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The training step.
    pub step: i64,
    /// When it was written.
    pub wall_time: Option<Timestamp>,
    /// What was measured; may be no number.
    pub value: f64,
}

/// Curves with the name they have in a legend.
#[derive(Debug, Clone, Copy)]
pub struct Labeled<'a> {
    /// A name for people; shown inert, whatever it holds.
    pub label: &'a str,
    /// The curves.
    pub curves: &'a Curves,
}

impl Curves {
    /// The series that is known to be this measure of that part of the data.
    /// Where the service has several, the first.
    pub fn of(&self, measure: Measure, split: Split) -> Option<&Series> {
        self.series.iter().find(|series| {
            series.known().is_some_and(|known| known.measure == measure && known.split == split)
        })
    }

    /// The last step that anything was measured at.
    pub fn last_step(&self) -> Option<i64> {
        self.series.iter().filter_map(|series| series.points.last()).map(|p| p.step).max()
    }

    /// Whether anything at all was measured.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }
}

impl Series {
    /// A series from points in any order. Of several points of a step the last
    /// one stays: a training that was taken up again wrote it anew.
    pub fn new(name: Untrusted, mut points: Vec<Point>, sampled: bool) -> Self {
        points.sort_by_key(|point| point.step);
        points.reverse();
        points.dedup_by_key(|point| point.step);
        points.reverse();
        Self { name, points, sampled }
    }

    /// What Google's guide says of a series of this name.
    pub fn known(&self) -> Option<&'static Known> {
        Known::of(self.name.raw())
    }

    /// What people call it; the service's name where nothing else is known.
    pub fn title(&self) -> String {
        match self.known() {
            Some(known) => known.title.to_owned(),
            None => self.name.shown().to_string(),
        }
    }

    /// The points whose values are numbers.
    pub fn finite(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.points.iter().filter(|point| point.value.is_finite())
    }

    /// How many points are not numbers.
    pub fn not_finite(&self) -> usize {
        self.points.len() - self.finite().count()
    }
}
