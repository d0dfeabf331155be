//! What the curves of a run say: its best step, and whether it learned by
//! heart.
//!
//! The best step is the one with the lowest evaluation loss; of equals the
//! earliest. Without evaluation there is none: a training loss falls also
//! where a model gets worse.
//!
//! A run over-fits, by this rule:
//!
//! 1. at least two evaluations follow the best one, and the last two both lie
//!    2 % of the best above it: one bad evaluation is chance, and a validation
//!    set of a few hundred examples repeats to about a percent;
//! 2. the evaluations after the best one rise: of all pairs of them, at least
//!    three quarters are higher later than earlier;
//! 3. training loss went on falling: its median over the steps after the best
//!    one is lower than that over as many steps before it.
//!
//! Values that are no numbers count as not measured.

use super::{Curves, Measure, Point, Split};

/// How far above the best the last two evaluations lie: see the module.
const CLEAR_RISE: f64 = 0.02;

/// The part of pairs that rise. Of pairs in no order half do.
const RISING_PAIRS: f64 = 0.75;

/// Evaluations that are compared in pairs: one an epoch is common, and the
/// pairs of 400 are compared in no time.
const MOST_EVALUATIONS: usize = 400;

/// A step and what was measured there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// The step with the lowest evaluation loss.
    pub step: i64,
    /// That loss.
    pub loss: f64,
}

/// Evaluation loss turned while training loss fell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overfit {
    /// Where it turned.
    pub best: Best,
    /// The last evaluation.
    pub last: Best,
    /// Median training loss before and after the best step, over as many steps.
    pub training: (f64, f64),
}

impl Overfit {
    /// By how much evaluation loss rose: 0.1 is ten per cent.
    pub fn rise(&self) -> f64 {
        self.last.loss / self.best.loss - 1.0
    }
}

/// The step with the lowest evaluation loss.
pub fn best(curves: &Curves) -> Option<Best> {
    let evaluation = curves.of(Measure::Loss, Split::Eval)?;
    let lowest = evaluation.finite().min_by(|a, b| {
        // Minus zero is no better than zero.
        a.value.partial_cmp(&b.value).unwrap_or(std::cmp::Ordering::Equal)
    })?;
    Some(Best { step: lowest.step, loss: lowest.value })
}

/// Whether the run learned by heart, by the rule of the module.
pub fn overfit(curves: &Curves) -> Option<Overfit> {
    let best = best(curves)?;
    let evaluation = curves.of(Measure::Loss, Split::Eval)?;
    let training = curves.of(Measure::Loss, Split::Train)?;
    let after: Vec<&Point> = evaluation.finite().filter(|point| point.step > best.step).collect();
    let [.., before_last, last] = after.as_slice() else { return None };
    // A loss is positive; what is not has no percent.
    let clear = best.loss + best.loss.abs() * CLEAR_RISE;
    let risen = before_last.value >= clear && last.value >= clear && best.loss > 0.0;
    if !risen || rising_pairs(&after) < RISING_PAIRS {
        return None;
    }
    let (earlier, later): (Vec<&Point>, Vec<&Point>) =
        training.finite().partition(|point| point.step <= best.step);
    let skipped = earlier.len().saturating_sub(later.len());
    let before = median(earlier.into_iter().skip(skipped))?;
    let after = median(later.into_iter())?;
    let last = Best { step: last.step, loss: last.value };
    (after < before).then_some(Overfit { best, last, training: (before, after) })
}

/// The part of all pairs whose later one is the higher one.
fn rising_pairs(points: &[&Point]) -> f64 {
    let skipped = points.len().saturating_sub(MOST_EVALUATIONS);
    let points = points.get(skipped..).unwrap_or_default();
    let (mut rising, mut all) = (0_u32, 0_u32);
    for (index, later) in points.iter().enumerate() {
        for earlier in points.iter().take(index) {
            all += 1;
            rising += u32::from(later.value > earlier.value);
        }
    }
    f64::from(rising) / f64::from(all.max(1))
}

fn median<'a>(points: impl Iterator<Item = &'a Point>) -> Option<f64> {
    let mut values: Vec<f64> = points.map(|point| point.value).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    match values.len() % 2 {
        0 => Some(values.get(middle - 1)? / 2.0 + upper / 2.0),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{curves, noise};
    use super::*;

    /// Evaluation loss that falls to a valley and rises to `end` times its
    /// floor, a training loss that falls by `fall` a step, ten steps an epoch.
    fn valley(down: usize, up: usize, end: f64, noisy: f64, seed: u64, fall: f64) -> Curves {
        let falling = (0..down).map(|i| 1.0 + (down - i) as f64 * 0.2);
        let rising = (0..=up).map(|i| 1.0 + (end - 1.0) * i as f64 / up.max(1) as f64);
        let eval: Vec<f64> = falling.chain(rising).collect();
        let train = (0..eval.len() * 10).map(|step| 3.0 - fall * step as f64).collect();
        curves(train, noise(eval, noisy, seed), 10)
    }

    #[test]
    fn of_equals_the_earliest_is_best() {
        let curves = curves(vec![1.0; 40], vec![0.9, 0.5, 0.5, 0.7], 10);
        assert_eq!(best(&curves), Some(Best { step: 20, loss: 0.5 }));
    }

    #[test]
    fn without_evaluation_there_is_no_best() {
        let curves = curves(vec![1.0, 0.5], vec![], 10);
        assert_eq!((best(&curves), overfit(&curves)), (None, None));
    }

    #[test]
    fn a_run_that_turned() {
        let found = overfit(&valley(3, 3, 1.3, 0.0, 0, 0.01)).unwrap();
        assert_eq!((found.best.step, found.last.step), (40, 70));
        assert!((found.rise() - 0.3).abs() < 1e-9);
        assert!(found.training.1 < found.training.0);
    }

    #[test]
    fn one_bad_evaluation_is_chance() {
        assert_eq!(overfit(&valley(4, 1, 1.5, 0.0, 0, 0.01)), None);
        let dip = curves(
            (0..60).map(|step| 3.0 - 0.01 * f64::from(step)).collect(),
            vec![0.9, 0.7, 0.5, 0.8, 0.6, 0.55],
            10,
        );
        assert_eq!(overfit(&dip), None);
    }

    proptest! {
        /// Falling evaluation loss is never called over-fitting, as long as it
        /// is no noisier than 0.9 % either way.
        #[test]
        fn falling_is_not_turning(
            mut eval in prop::collection::vec(0.1..5.0f64, 1..30), noisy in 0.0..0.009f64,
            seed: u64,
        ) {
            eval.sort_by(|a, b| b.total_cmp(a));
            let train = (0..eval.len() * 10).map(|step| 3.0 - 0.001 * step as f64).collect();
            prop_assert_eq!(overfit(&curves(train, noise(eval, noisy, seed), 10)), None);
        }

        /// A valley that rises by a tenth and more is always found, wherever
        /// it is, under 1 % of noise.
        #[test]
        fn turning_is_found(
            down in 1usize..10, up in 2usize..8, each in 0.04..0.2f64, seed: u64,
        ) {
            let end = 1.0 + each * up as f64 + 0.02;
            let found = overfit(&valley(down, up, end, 0.01, seed, 0.01));
            prop_assert!(found.is_some_and(|found| found.rise() > 0.02));
        }

        /// Where training loss rises as well, the training went wrong, and
        /// nothing was learned by heart.
        #[test]
        fn both_rising_is_not_overfitting(down in 1usize..10, up in 2usize..8, seed: u64) {
            prop_assert_eq!(overfit(&valley(down, up, 1.5, 0.01, seed, -0.01)), None);
        }

        /// What is no number changes nothing, and neither does the unit.
        #[test]
        fn neither_units_nor_gaps_matter(
            down in 1usize..6, up in 2usize..6, seed: u64, unit in 0.01..100.0f64, at in 0usize..6,
        ) {
            let plain = valley(down, up, 1.4, 0.01, seed, 0.01);
            let mut scaled = plain.clone();
            for series in &mut scaled.series {
                series.points.iter_mut().for_each(|point| point.value *= unit);
                if let Some(point) = series.points.get(at).copied() {
                    let step = point.step * 1000 + 1;
                    series.points.push(Point { step, value: f64::NAN, ..point });
                }
            }
            let steps = |found: Option<Overfit>| found.map(|f| (f.best.step, f.last.step));
            prop_assert_eq!(steps(overfit(&scaled)), steps(overfit(&plain)));
        }

        #[test]
        fn anything_at_all_is_judged_without_an_end(
            train in prop::collection::vec(any::<f64>(), 0..50),
            eval in prop::collection::vec(any::<f64>(), 0..50),
        ) {
            let _ = overfit(&curves(train, eval, 1));
        }
    }
}
