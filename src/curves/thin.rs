//! As many points as a picture has room for.

use super::Point;

/// At most about four points in each of `buckets` equal parts of the steps:
/// the first, the lowest, the highest and the last. A line through them covers
/// the same pixels as one through all points; whoever took every n-th instead
/// would lose the one bad step that matters. Points that are no numbers part
/// the line and are left out; `gaps` says where.
pub(super) fn thinned(points: &[Point], buckets: usize) -> Vec<Point> {
    let finite: Vec<Point> = points.iter().copied().filter(|p| p.value.is_finite()).collect();
    let (Some(first), Some(last)) = (finite.first(), finite.last()) else { return finite };
    if finite.len() <= buckets.saturating_mul(4) {
        return finite;
    }
    // In 128 bits: a step is anybody's number, and the span of two may not fit.
    let (low, span) = (i128::from(first.step), i128::from(last.step) - i128::from(first.step) + 1);
    let bucket = |point: &Point| (i128::from(point.step) - low) * buckets.max(1) as i128 / span;
    let mut kept: Vec<Point> = Vec::with_capacity(buckets * 4);
    for part in finite.chunk_by(|a, b| bucket(a) == bucket(b)) {
        let lowest = part.iter().min_by(|a, b| a.value.total_cmp(&b.value));
        let highest = part.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        let mut four: Vec<Point> =
            [part.first(), lowest, highest, part.last()].into_iter().flatten().copied().collect();
        four.sort_by_key(|point| point.step);
        four.dedup_by_key(|point| point.step);
        kept.extend(four);
    }
    kept
}

/// A line that lets the noise of single batches go: each point is the mean of
/// those around it, a twentieth of the series to both sides together.
pub(super) fn smoothed(points: &[Point]) -> Vec<Point> {
    let finite: Vec<Point> = points.iter().copied().filter(|p| p.value.is_finite()).collect();
    let reach = finite.len() / 40;
    if reach == 0 {
        return finite;
    }
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for point in &finite {
        sum += point.value;
        sums.push(sum);
    }
    let mean = |(index, point): (usize, &Point)| {
        // The same number to both sides: at an end the window shrinks, so that
        // a falling line ends where it falls to.
        let reach = reach.min(index).min(finite.len() - 1 - index);
        let (from, to) = (index - reach, index + reach + 1);
        let total = sums.get(to).copied().unwrap_or(sum) - sums.get(from).copied().unwrap_or(0.0);
        let value = total / (to - from) as f64;
        Point { value: if value.is_finite() { value } else { point.value }, ..*point }
    };
    finite.iter().enumerate().map(mean).collect()
}

/// The steps at which a line is parted, because what was measured is no number.
pub(super) fn gaps(points: &[Point]) -> Vec<i64> {
    points.iter().filter(|point| !point.value.is_finite()).map(|point| point.step).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        let point = |(step, value): (usize, &f64)| Point {
            step: step as i64,
            wall_time: None,
            value: *value,
        };
        values.iter().enumerate().map(point).collect()
    }

    proptest! {
        #[test]
        fn ends_and_extremes_stay_and_nothing_is_invented(
            values in prop::collection::vec(-1e6..1e6f64, 1..800), buckets in 1usize..40,
        ) {
            let all = points(&values);
            let few = thinned(&all, buckets);
            prop_assert!(few.len() <= buckets * 4 + 4);
            prop_assert!(few.iter().all(|point| all.contains(point)));
            prop_assert!(few.is_sorted_by(|a, b| a.step < b.step));
            let extreme = |of: &[Point]| {
                let values = || of.iter().map(|p| p.value);
                (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max))
            };
            prop_assert_eq!(extreme(&few), extreme(&all));
            prop_assert_eq!((few.first(), few.last()), (all.first(), all.last()));
        }

        #[test]
        fn a_smooth_line_stays_between_the_extremes(
            values in prop::collection::vec(-1e6..1e6f64, 1..400),
        ) {
            let all = points(&values);
            let smooth = smoothed(&all);
            prop_assert_eq!(smooth.len(), all.len());
            let low = values.iter().copied().fold(f64::MAX, f64::min) - 1e-3;
            let high = values.iter().copied().fold(f64::MIN, f64::max) + 1e-3;
            prop_assert!(smooth.iter().all(|p| (low..=high).contains(&p.value)));
        }
    }

    #[test]
    fn a_hundred_thousand_points_fit_and_the_one_peak_stays() {
        let mut values = vec![1.0; 100_000];
        values[77_777] = 9.0;
        values[3] = f64::NAN;
        let few = thinned(&points(&values), 100);
        assert!(few.len() <= 400, "{}", few.len());
        assert!(few.iter().any(|p| p.step == 77_777 && p.value == 9.0));
        assert!(few.iter().all(|p| p.value.is_finite()));
        assert_eq!(gaps(&points(&values)), [3]);
    }

    #[test]
    fn steps_at_the_ends_of_the_numbers() {
        let wide: Vec<Point> = [i64::MIN, -1, 0, 1, i64::MAX]
            .into_iter()
            .map(|step| Point { step, wall_time: None, value: 1.0 })
            .collect();
        assert_eq!(thinned(&wide, 1).len(), 2);
    }
}
