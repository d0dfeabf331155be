//! The statistics of a run's dataset, for people.

use std::fmt::Write;

use crate::detail::Run;
use crate::model::{DataStats, Distribution, Grouped, Prices, Share};

/// Columns of a histogram.
const COLUMNS: usize = 20;

/// What of the whole is no more than an error of rounding: 1e-16, a few times.
const ROUNDING: f64 = 1e-12;

/// The data of a run and what it costs; empty when nothing was counted.
pub(super) fn data(run: &Run<'_>, prices: &Prices) -> String {
    let mut out = String::new();
    if let Some(data) = run.job.data.as_deref() {
        counts(&mut out, data);
    }
    if let Some(tokens) = run.job.billable_tokens {
        let _ = write!(out, "  tokens      {} billable", Grouped(tokens));
        if let Some((epochs, all)) = run.job.epochs().zip(run.training_tokens) {
            let s = if epochs == 1 { "" } else { "s" };
            let _ = write!(out, " x {epochs} epoch{s} = {}", Grouped(all));
        }
        out.push('\n');
        let _ = writeln!(out, "  cost        {}{}", run.cost, price(run, prices));
    }
    let spreads = run.job.data.iter().flat_map(|data| &data.distributions);
    // Every example of plain text counts two messages: nothing to draw.
    let vary = spreads.filter(|spread| spread.min < spread.max);
    for spread in vary {
        let _ = writeln!(out, "  {}", line(spread));
    }
    if out.is_empty() { out } else { format!("\nData of {}\n{out}", run.job.name.short()) }
}

fn counts(out: &mut String, data: &DataStats) {
    if let Some(examples) = data.examples {
        let _ = write!(out, "  examples    {}", Grouped(examples));
        if let Some(steps) = data.steps {
            let _ = write!(out, ", {} steps", Grouped(steps));
        }
        out.push('\n');
    }
    if let Some(dropped) = data.dropped.filter(|dropped| *dropped > 0) {
        let _ = writeln!(out, "  left out    {} by Vertex, not billed:", Grouped(dropped));
        for row in &data.dropped_rows {
            let reason = row.reason.as_ref().map(|reason| format!(": {}", reason.shown()));
            let _ = writeln!(out, "    row {}{}", row.row, reason.unwrap_or_default());
        }
        let more = usize::try_from(dropped).unwrap_or_default();
        let more = more.saturating_sub(data.dropped_rows.len());
        if more > 0 {
            let _ = writeln!(out, "    and {} more that Vertex does not name", Grouped(more));
        }
    }
}

fn price(run: &Run<'_>, prices: &Prices) -> String {
    let price = run.job.base_model().and_then(|model| prices.of(model));
    price.filter(|_| run.cost.usd().is_some()).map(|price| price.words()).unwrap_or_default()
}

/// `input tokens   25 ▇▂▁▁ ▁ 2,932  median 414, 90 % from 101 to 1,016`
fn line(spread: &Distribution) -> String {
    let name = spread.measure.words();
    let number = |n: Option<f64>| n.map(|n| spread.measure.figure(n)).unwrap_or_default();
    let (min, max) = (number(spread.min), number(spread.max));
    let mut text = format!("{name:<14} {min:>6} {} {max}", bars(spread));
    if let Some(median) = spread.median {
        let _ = write!(text, ", median {}", spread.measure.figure(median));
    }
    if let Some((low, high)) = spread.p5.zip(spread.p95) {
        let (low, high) = (spread.measure.figure(low), spread.measure.figure(high));
        let _ = write!(text, ", 90 % from {low} to {high}");
    }
    text
}

/// The histogram in eighths of a line. Buckets need not join, so each column
/// takes what of them lies in it; a column with anything in it is never blank.
fn bars(spread: &Distribution) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shares = spread.shares();
    if shares.is_empty() {
        return String::new();
    }
    let width = 1.0 / COLUMNS as f64;
    let heights: Vec<f64> = (0..COLUMNS)
        .map(|column| {
            let from = width * column as f64;
            let to = from + width;
            let within = |share: &Share| {
                let wide = (share.right - share.left).max(width);
                let common = (share.left + wide).min(to) - share.left.max(from);
                if common > ROUNDING { share.height * (common / wide) } else { 0.0 }
            };
            shares.iter().map(within).sum()
        })
        .collect();
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let level = |height: &f64| {
        let eighths = if highest > 0.0 { (height / highest * 8.0).round() } else { 0.0 };
        let eighths = if *height > 0.0 { eighths.max(1.0) } else { eighths };
        LEVELS.get(eighths as usize).copied().unwrap_or(' ')
    };
    heights.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bar, Measure};

    #[test]
    fn a_recorded_distribution_is_drawn() {
        let bar = |count, left, right| Bar { left, right, count };
        let spread = Distribution {
            measure: Measure::InputTokens,
            sum: Some(233_592.0),
            billable_sum: None,
            min: Some(25.0),
            max: Some(2932.0),
            mean: Some(467.184),
            median: Some(414.0),
            p5: Some(101.0),
            p95: Some(1016.0),
            buckets: vec![
                bar(326.0, 25.0, 509.0),
                bar(148.0, 510.0, 994.0),
                bar(20.0, 995.0, 1478.0),
                bar(5.0, 1479.0, 1963.0),
                bar(1.0, 2449.0, 2932.0),
            ],
        };
        assert_eq!(
            line(&spread),
            "input tokens       25 ███▅▄▄▃▁▁▁▁▁▁▁  ▁▁▁▁ 2,932, median 414, 90 % from 101 to 1,016"
        );
    }

    #[test]
    fn numbers_without_end_are_short_and_drawn() {
        let bar = |count, left, right| Bar { left, right, count };
        let spread = Distribution {
            measure: Measure::Scores,
            sum: None,
            billable_sum: None,
            min: Some(-1e308),
            max: Some(1e308),
            mean: None,
            median: Some(0.5),
            p5: Some(-1e15),
            p95: Some(999_999_999_999_999.0),
            buckets: vec![bar(8.0, -1e308, -0.9e308), bar(4.0, 0.9e308, 1e308)],
        };
        assert_eq!(
            line(&spread),
            "scores         -1.00e308 █                  ▄ 1.00e308, median 0.50, 90 % from \
             -1.00e15 to 999999999999999.00"
        );
        let tokens = Distribution { measure: Measure::InputTokens, ..spread };
        assert!(line(&tokens).ends_with("median 1, 90 % from -1.00e15 to 999,999,999,999,999"));
    }
}
