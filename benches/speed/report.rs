//! The table.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use crate::measure::Measured;

/// What was measured, row by row.
#[derive(Default)]
pub(crate) struct Report {
    notes: Vec<String>,
    rows: Vec<[String; 6]>,
}

impl Report {
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    fn row(&mut self, row: [&str; 6]) {
        self.rows.push(row.map(str::to_owned));
    }

    /// Work that cannot be left out.
    pub(crate) fn floor(&mut self, what: &str, floor: Measured) {
        let wall = format!("wall {}", seconds(floor.wall));
        self.row([&format!("floor: {what}"), &seconds(floor.cpu), &wall, "", "", ""]);
    }

    /// A time that may be `limit` times its floor.
    pub(crate) fn ratio(&mut self, what: &str, floor: Duration, measured: Duration, limit: f64) {
        let ratio = measured.as_secs_f64() / floor.as_secs_f64();
        let (ratio_text, limit_text) = (format!("{ratio:.2}"), format!("<= {limit}"));
        let row = [&seconds(floor), &seconds(measured), &ratio_text, &limit_text];
        let verdict = verdict(ratio <= limit, ratio / limit);
        self.row([what, row[0], row[1], row[2], row[3], &verdict]);
    }

    /// A figure that must be below a limit.
    pub(crate) fn below(&mut self, what: &str, measured: f64, limit: f64, unit: &str) {
        let verdict = verdict(measured < limit, measured / limit);
        let (measured, limit) = (format!("{measured:.1} {unit}"), format!("< {limit} {unit}"));
        self.row([what, "", &measured, "", &limit, &verdict]);
    }

    /// A figure that must be at least a limit.
    pub(crate) fn above(&mut self, what: &str, measured: f64, limit: f64) {
        let verdict = verdict(measured >= limit, limit / measured);
        let (measured, limit) = (format!("{measured:.2}"), format!(">= {limit}"));
        self.row([what, "", &measured, "", &limit, &verdict]);
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// Whether a limit is met, else by how much it is missed.
fn verdict(met: bool, share: f64) -> String {
    if met { "met".to_owned() } else { format!("MISSED by {:.0} %", (share - 1.0) * 100.0) }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let rustc = Command::new("rustc").arg("--version").output().ok();
        let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let rustc = rustc.unwrap_or_default();
        let load = std::fs::read("/proc/loadavg").unwrap_or_default();
        let load = String::from_utf8_lossy(&load);
        let load = load.split(' ').next().unwrap_or("unknown");
        writeln!(f, "{cores} cores, {}; load {load}", rustc.trim())?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        writeln!(f)?;
        let head = ["", "floor", "measured", "ratio", "limit", "verdict"].map(str::to_owned);
        let rows = || std::iter::once(&head).chain(&self.rows);
        let mut widths = [0; 6];
        for row in rows() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.len().max(*width);
            }
        }
        for row in rows() {
            let mut line = String::new();
            for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
                let text = match i {
                    0 | 5 => format!("{cell:<width$}  "),
                    _ => format!("{cell:>width$}  "),
                };
                line.push_str(&text);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
