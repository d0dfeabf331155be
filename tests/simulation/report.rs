//! What a mode came to, as a row of a table.

use crate::mode::Mode;
use crate::runtime::Millis;
use crate::schedule::Outcome;

#[derive(Debug, Default)]
pub struct Totals {
    pub schedules: u64,
    virtual_millis: Millis,
    creates: u64,
    jobs: u64,
    cancels: u64,
    kills: u64,
    compared: u64,
    most: u64,
    lag: Millis,
    late: Millis,
    pause: Millis,
    pub violations: u64,
}

impl Totals {
    pub fn add(&mut self, outcome: &Outcome) {
        self.schedules += 1;
        self.virtual_millis += outcome.virtual_millis;
        self.creates += outcome.creates;
        self.jobs += outcome.jobs;
        self.cancels += outcome.cancels;
        self.kills += outcome.kills;
        self.compared += outcome.compared;
        self.most = self.most.max(outcome.most_for_one_run);
        self.lag = self.lag.max(outcome.measured.lag);
        self.late = self.late.max(outcome.measured.late);
        self.pause = self.pause.max(outcome.measured.pause);
        self.violations += u64::from(!outcome.violations.is_empty());
    }

    pub fn head() {
        println!(
            "{:<13} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>5} {:>7} {:>7} {:>7} {:>7}  assumed",
            "mode",
            "schedules",
            "days",
            "creates",
            "jobs",
            "cancels",
            "kills",
            "replans",
            "most",
            "lag",
            "late",
            "pause",
            "broken"
        );
    }

    pub fn row(&self, mode: Mode) {
        let seconds = |millis: Millis| format!("{:.1} s", millis as f64 / 1_000.0);
        println!(
            "{:<13} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>5} {:>7} {:>7} {:>7} {:>7}  {}",
            mode.name(),
            self.schedules,
            self.virtual_millis / 86_400_000,
            self.creates,
            self.jobs,
            self.cancels,
            self.kills,
            self.compared,
            self.most,
            seconds(self.lag),
            seconds(self.late),
            seconds(self.pause),
            self.violations,
            mode.assumed()
        );
    }
}
