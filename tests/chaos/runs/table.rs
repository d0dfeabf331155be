//! What all runs came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Trouble;
use super::judge::Cost;

/// How creates were kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Settling,
    Claims,
    Control,
}

/// A run that was played.
pub struct Played {
    pub scenario: &'static str,
    pub kind: Kind,
    pub cost: Result<Cost, Trouble>,
    pub kills: u64,
    pub took: Duration,
}

#[derive(Default)]
struct Row {
    runs: u64,
    failed: u64,
    cost: Cost,
    kills: u64,
    took: Duration,
}

/// See the module.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<(Kind, &'static str), Row>,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.failed += other.failed;
        self.cost.paid += other.cost.paid;
        self.cost.extra += other.cost.extra;
        self.cost.cancelled += other.cost.cancelled;
        self.kills += other.kills;
        self.took += other.took;
    }
}

impl Table {
    pub fn add(&mut self, played: Played) {
        let Played { scenario, kind, cost, kills, took } = played;
        let failed = u64::from(cost.is_err());
        let row = Row { runs: 1, failed, cost: cost.unwrap_or_default(), kills, took };
        self.rows.entry((kind, scenario)).or_default().add(&row);
    }

    pub fn failed(&self) -> usize {
        self.rows.values().map(|row| row.failed as usize).sum()
    }

    /// The controls that cost nothing extra.
    pub fn blind(&self) -> Vec<&'static str> {
        let control = self.rows.iter().filter(|((kind, _), _)| *kind == Kind::Control);
        control.filter(|(_, row)| row.cost.extra == 0).map(|((_, scenario), _)| *scenario).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["runs", "failed", "paid", "extra", "cancelled", "kills", "seconds"];
        write!(f, "\n{:22}", "scenario")?;
        for word in head {
            write!(f, "{word:>10}")?;
        }
        let mut line = |name: &str, row: &Row| {
            let Row { runs, failed, cost: Cost { paid, extra, cancelled }, kills, took } = row;
            write!(f, "\n{name:22}")?;
            for number in [runs, failed, paid, extra, cancelled, kills, &took.as_secs()] {
                write!(f, "{number:>10}")?;
            }
            Ok(())
        };
        for (kind, with, all) in [
            (Kind::Settling, "", "all, settling"),
            (Kind::Claims, " + claims", "all, claims"),
            (Kind::Control, "", "all controls"),
        ] {
            let mut sum = Row::default();
            for ((_, name), row) in self.rows.iter().filter(|((other, _), _)| *other == kind) {
                line(&format!("{name}{with}"), row)?;
                sum.add(row);
            }
            if sum.runs > 0 {
                line(all, &sum)?;
            }
        }
        Ok(())
    }
}
