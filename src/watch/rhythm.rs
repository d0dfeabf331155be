//! When to look again.
//!
//! A run that goes on is asked for one by one; one that has ended never changes
//! and is never asked for again. Everything else, such as a run that somebody
//! started or cancelled by hand, is found by a complete listing, whose rhythm
//! follows what it costs.

use std::time::Duration;

use crate::clock::Entropy;

/// How often everything is looked at where nothing says otherwise.
pub const INTERVAL: Duration = Duration::from_secs(300);

/// Most requests a minute: the quota is 600 for a project and region, and people
/// and pipelines have their part of it.
pub const REQUESTS_A_MINUTE: u32 = 540;

/// What an idle hour may cost in listings: half a per cent of the quota, which
/// is 600 requests a minute and region (Google's quota page). A page has 100
/// jobs, so from 2,500 jobs on listings get rarer: 100,000 jobs are listed
/// every 3 h 20 m.
const PAGES_AN_HOUR: u32 = 300;

/// What an interval that was asked for, and looks that changes ask for, may cost
/// at most: half of the quota, so
/// that looks at runs and other programs have the other half.
const PAGES_A_MINUTE: u32 = 300;

/// How often a run that goes on is looked at. Tuning takes from 20 minutes to
/// days; Google's own samples ask once a minute.
const RUN: Duration = Duration::from_secs(60);

/// How often, while a run is in its first minutes: most that fail, fail then.
const YOUNG_RUN: Duration = Duration::from_secs(20);

/// Until when a run is young.
pub(super) const YOUNG: Duration = Duration::from_secs(600);

/// The rhythm of looks.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// `--interval`; `None` follows the cost.
    pub interval: Option<Duration>,
}

impl Rhythm {
    /// How long after a complete look of so many pages the next one is due,
    /// give or take a tenth, so that daemons that started together part.
    pub(super) fn complete(self, pages: u32, entropy: &impl Entropy) -> Duration {
        let every = self.interval.unwrap_or(INTERVAL).max(self.cost(pages));
        every.mul_f64(0.9 + entropy.fraction() / 5.0)
    }

    /// Whether so many pages make complete looks rarer than asked for.
    pub(super) fn is_stretched_by(self, pages: u32) -> bool {
        self.cost(pages) > self.interval.unwrap_or(INTERVAL)
    }

    fn cost(self, pages: u32) -> Duration {
        match self.interval {
            Some(_) => Self::least(pages),
            None => Duration::from_secs(3600) / PAGES_AN_HOUR * pages,
        }
    }

    /// How long after looks that took so many pages the next one may begin at
    /// all, whatever asks for it: somebody who types makes a create due with
    /// every digit.
    pub(super) fn least(pages: u32) -> Duration {
        Duration::from_secs(60) / PAGES_A_MINUTE * pages
    }

    /// How long until runs that go on are looked at again.
    pub(super) fn runs(self, any_young: bool) -> Duration {
        let every = if any_young { YOUNG_RUN } else { RUN };
        self.interval.map_or(every, |interval| interval.min(every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Middle;

    impl Entropy for Middle {
        fn bits(&self) -> u64 {
            1 << 63
        }
    }

    #[test]
    fn an_idle_hour_costs_little_however_many_jobs_there_are() {
        let rhythm = Rhythm { interval: None };
        let an_hour = |jobs: u32| {
            let pages = jobs.div_ceil(100);
            let every = rhythm.complete(pages, &Middle).as_secs_f64();
            (3600.0 / every * f64::from(pages)).round()
        };
        assert_eq!([10, 1_000, 100_000].map(an_hour), [12.0, 120.0, 300.0]);
    }

    #[test]
    fn an_interval_that_is_asked_for_is_kept_unless_it_would_eat_the_quota() {
        let rhythm = Rhythm { interval: Some(Duration::from_secs(10)) };
        assert_eq!(rhythm.complete(1, &Middle), Duration::from_secs(10));
        assert_eq!(rhythm.complete(1_000, &Middle), Duration::from_secs(200));
        assert_eq!(rhythm.runs(false), Duration::from_secs(10));
    }
}
