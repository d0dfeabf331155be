//! Points as CSV (RFC 4180): one line a point, of every run and series.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a
//! formula, and series have anybody's names: such a text gets a `'` before it.
//! Values are numbers, `NaN`, `Infinity` or `-Infinity`, and stay as they are.

use std::fmt::Write;

use super::number::not_finite;
use super::panel::Selection;
use super::{Point, Run, Series};
use crate::model::Untrusted;

const HEADING: &str = "name,job,series,step,wall_time,value\r\n";

/// All points of the selected series, below a heading.
pub fn csv(runs: &[Run], selection: &Selection) -> String {
    let mut out = HEADING.to_owned();
    for run in runs {
        let series = run.curves().into_iter().flat_map(|curves| &curves.series);
        for series in series.filter(|series| selection.has(series)) {
            for point in &series.points {
                row(run, series, point, &mut out);
            }
        }
    }
    out
}

/// Only the points that `fresh` says yes to, without a heading.
pub fn csv_rows(run: &Run, fresh: impl Fn(&Series, &Point) -> bool) -> String {
    let mut out = String::new();
    for series in run.curves().into_iter().flat_map(|curves| &curves.series) {
        for point in series.points.iter().filter(|point| fresh(series, point)) {
            row(run, series, point, &mut out);
        }
    }
    out
}

fn row(run: &Run, series: &Series, point: &Point, out: &mut String) {
    let job = run.job.as_ref().map(ToString::to_string).unwrap_or_default();
    let time = point.wall_time.map(|time| time.to_string()).unwrap_or_default();
    let value = not_finite(point.value).map_or_else(|| point.value.to_string(), str::to_owned);
    let _ = write!(
        out,
        "{},{},{},{},{time},{value}\r\n",
        cell(run.name.as_deref().unwrap_or_default()),
        cell(&job),
        cell(series.name.raw()),
        point.step,
    );
}

/// A text in a cell: inert in a terminal, in a spreadsheet and in CSV.
fn cell(text: &str) -> String {
    let shown = Untrusted::new(text).shown().to_string();
    let formula = shown
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let safe = if formula { format!("'{shown}") } else { shown };
    if safe.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_a_row() {
        for (text, shown) in [
            ("/train_total_loss", "/train_total_loss"),
            ("=1+1", "'=1+1"),
            (" @SUM(A1)", "' @SUM(A1)"),
            ("\t-1", "' -1"),
            ("a,b", "\"a,b\""),
            ("=\"x\",y", "\"'=\"\"x\"\",y\""),
            ("a\r\nb", "a  b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
