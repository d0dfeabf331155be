//! Curves for tests.

use super::*;

/// A training loss with a point at each step, and an evaluation loss at the end
/// of each `epoch` of steps.
pub(super) fn curves(train: Vec<f64>, eval: Vec<f64>, epoch: i64) -> Curves {
    let series = |name: &str, values: Vec<f64>, every: i64| {
        let point = |(index, value): (usize, f64)| Point {
            step: (index as i64 + 1) * every,
            wall_time: Some(Timestamp::constant(1_770_000_000 + index as i64, 0)),
            value,
        };
        let points = values.into_iter().enumerate().map(point).collect();
        Series::new(Untrusted::new(name), points, false)
    };
    let mut all = vec![series("/train_total_loss", train, 1)];
    if !eval.is_empty() {
        all.push(series("/eval_total_loss", eval, epoch));
    }
    Curves { series: all }
}

/// The values with noise of at most `size` either way, the same for a seed.
pub(super) fn noise(values: Vec<f64>, size: f64, seed: u64) -> Vec<f64> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
    };
    values.into_iter().map(|value| value * (1.0 + size * next())).collect()
}

#[test]
fn of_a_step_that_was_written_twice_the_last_stays() {
    let point = |step, value| Point { step, wall_time: None, value };
    let points = vec![point(2, 1.0), point(1, 3.0), point(2, 0.5)];
    let series = Series::new(Untrusted::new("x"), points, false);
    assert_eq!(series.points, [point(1, 3.0), point(2, 0.5)]);
}

#[test]
fn names_with_and_without_the_slash() {
    assert_eq!(Known::of("eval_total_loss"), Known::of("/eval_total_loss"));
    assert_eq!(Known::of("/eval_total_loss").unwrap().split, Split::Eval);
    assert_eq!(Known::of("//eval_total_loss"), None);
}
