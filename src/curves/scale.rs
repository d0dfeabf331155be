//! From values to places on a picture.

/// A range of an axis, with round ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Between two ticks.
    pub(super) step: f64,
}

impl Scale {
    /// The smallest range with round ends around the values, about `ticks`
    /// ticks in it. Without a value: from 0 to 1.
    pub(super) fn around(values: impl IntoIterator<Item = f64>, ticks: usize) -> Self {
        let mut range: Option<(f64, f64)> = None;
        for value in values.into_iter().filter(|value| value.is_finite()) {
            let (low, high) = range.unwrap_or((value, value));
            range = Some((low.min(value), high.max(value)));
        }
        let (low, high) = range.unwrap_or((0.0, 1.0));
        // One value alone is drawn in the middle. Halves, since the whole
        // width may be more than a double holds.
        let room = (high / 2.0 - low / 2.0) * 2.0;
        let (low, high) = if room > low.abs().max(high.abs()) * 1e-9 && room > 0.0 {
            (low, high)
        } else {
            let around = if low == 0.0 { 0.5 } else { low.abs() * 0.1 };
            (low - around, high + around)
        };
        let step = round_step((high / 2.0 - low / 2.0) / ticks.max(1) as f64 * 2.0);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        if low.is_finite() && high.is_finite() && step.is_finite() && low < high {
            Self { low, high, step }
        } else {
            Self { low: -f64::MAX / 4.0, high: f64::MAX / 4.0, step: f64::MAX / 8.0 }
        }
    }

    /// From the first step to the last, no more.
    pub(super) fn of_steps(first: i64, last: i64, ticks: usize) -> Self {
        let (low, high) = (first as f64, last as f64);
        // Where doubles are wider apart than 1, adding 1 makes no other one.
        let high = if high > low { high } else { (low + 1.0).max(low.next_up()) };
        let step = round_step((high - low) / ticks.max(1) as f64).max(1.0);
        Self { low, high, step }
    }

    /// Where a value is: 0 at the lower end, 1 at the upper one; what lies
    /// outside is at the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let span = self.high / 2.0 - self.low / 2.0;
        ((value / 2.0 - self.low / 2.0) / span).clamp(0.0, 1.0)
    }

    /// The round values in the range.
    pub(super) fn ticks(&self) -> Vec<f64> {
        /// A scale has a dozen ticks; rounding may not make it endless.
        const MOST: i64 = 40;
        let first = (self.low / self.step - 1e-9).ceil();
        (0..MOST)
            .map(|n| (first + n as f64) * self.step)
            .take_while(|tick| *tick <= self.high + self.step * 1e-9)
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.abs().max(f64::MIN_POSITIVE).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ends_are_round() {
        let scale = Scale::around([0.31, 2.74], 5);
        assert_eq!((scale.low, scale.high, scale.step), (0.0, 3.0, 0.5));
        assert_eq!(scale.ticks(), [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(Scale::of_steps(1, 400, 4).ticks(), [100.0, 200.0, 300.0, 400.0]);
    }

    proptest! {
        #[test]
        fn any_values_lie_within(values in prop::collection::vec(any::<f64>(), 0..20)) {
            let scale = Scale::around(values.iter().copied(), 5);
            prop_assert!(scale.low < scale.high && scale.step > 0.0);
            prop_assert!(scale.ticks().len() >= 2 && scale.ticks().len() < 40);
            for value in values.into_iter().filter(|value| value.is_finite()) {
                prop_assert!((0.0..=1.0).contains(&scale.at(value)));
            }
        }
    }
}
