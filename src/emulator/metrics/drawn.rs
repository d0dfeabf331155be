//! Curves that look like training, drawn from a seed.
//!
//! A value depends on the run's seed, the series and the step alone. So a
//! point that was read once never changes, and two readers see the same.

use jiff::Timestamp;

use super::{Curves, Run};
use crate::emulator::storage::Draw;

/// Most points of one series in an answer, unless the client asks for all.
pub(super) const SAMPLED_POINTS: usize = 1000;

/// Number of the first series, as in the service.
const FIRST_ID: usize = 1000;

/// One time series of a run.
#[derive(Debug, Clone)]
pub(super) struct Series {
    /// Its number in the run, as text.
    pub(super) id: String,
    /// Its display name; the slash belongs to it.
    pub(super) name: &'static str,
    evaluation: bool,
    shape: Shape,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Cross entropy of the next token.
    Loss,
    /// Loss of telling two answers apart; a coin toss is ln 2.
    PreferenceLoss,
    /// Fraction of correct next tokens.
    Accuracy,
    /// Tokens predicted in a step.
    Predictions,
}

impl Shape {
    fn is_loss(self) -> bool {
        matches!(self, Self::Loss | Self::PreferenceLoss)
    }
}

/// Series of supervised tuning.
const SUPERVISED: [(&str, bool, Shape); 6] = [
    ("/train_total_loss", false, Shape::Loss),
    ("/train_fraction_of_correct_next_step_preds", false, Shape::Accuracy),
    ("/train_num_predictions", false, Shape::Predictions),
    ("/eval_total_loss", true, Shape::Loss),
    ("/eval_fraction_of_correct_next_step_preds", true, Shape::Accuracy),
    ("/eval_num_predictions", true, Shape::Predictions),
];

/// Series of preference tuning.
const PREFERENCE: [(&str, bool, Shape); 2] = [
    ("/preference_optimization_train_loss", false, Shape::PreferenceLoss),
    ("/eval_total_loss", true, Shape::PreferenceLoss),
];

/// The series of a run that have a point: the service makes a series when it
/// writes the first one.
pub(super) fn all(run: &Run) -> Vec<Series> {
    let catalogue = if run.preference { PREFERENCE.as_slice() } else { SUPERVISED.as_slice() };
    let series = catalogue.iter().enumerate().map(|(index, (name, evaluation, shape))| Series {
        id: (FIRST_ID + index).to_string(),
        name,
        evaluation: *evaluation,
        shape: *shape,
    });
    series.filter(|series| !series.steps(run).is_empty()).collect()
}

/// The series with this id, if it has a point.
pub(super) fn series(run: &Run, id: &str) -> Option<Series> {
    all(run).into_iter().find(|series| series.id == id)
}

impl Series {
    /// The steps with a point: all for training, ends of epochs for evaluation.
    pub(super) fn steps(&self, run: &Run) -> Vec<u64> {
        let done = run.steps_done.min(run.steps_total);
        if !self.evaluation {
            return (1..=done).collect();
        }
        if !run.validation {
            return Vec::new();
        }
        let epochs = run.epochs.max(1);
        let mut ends: Vec<_> = (1..=epochs)
            .map(|epoch| run.steps_total.saturating_mul(epoch) / epochs)
            .filter(|step| (1..=done).contains(step))
            .collect();
        ends.dedup();
        ends
    }

    /// The value at a step.
    pub(super) fn value(&self, run: &Run, step: u64) -> f64 {
        let mut run_draw = Draw::new(run.seed, "curve");
        let (start, floor, speed) =
            (run_draw.fraction(), run_draw.fraction(), 4.0 + 3.0 * run_draw.fraction());
        let progress = step as f64 / run.steps_total.max(1) as f64;
        let left = (-speed * progress).exp();
        let passes = progress * run.epochs as f64;
        let noise =
            Draw::new(run.seed ^ step.wrapping_mul(0x9e37_79b9), self.name).fraction() - 0.5;
        // Evaluation averages over many examples, training over one batch.
        let noise = if self.evaluation { noise * 0.02 } else { noise * 0.16 };
        // Training loss goes on falling where the model learns by heart;
        // evaluation loss starts to rise there.
        let by_heart = (passes - 3.0).max(0.0);
        let drift = if self.evaluation { 0.02 * by_heart } else { -0.01 * by_heart };
        let drift = match run.curves {
            // Half in all, fifty times the noise.
            Curves::Overfit if self.evaluation => 0.85 * (progress - 0.4).max(0.0),
            Curves::Diverged if self.shape.is_loss() && !self.evaluation => {
                let at = (run.steps_total * 3 / 5).max(1);
                match step.cmp(&at) {
                    std::cmp::Ordering::Less => drift,
                    std::cmp::Ordering::Equal => return f64::INFINITY,
                    std::cmp::Ordering::Greater => return f64::NAN,
                }
            }
            _ => drift,
        };
        let value = match self.shape {
            Shape::Loss => {
                let (start, floor) = (1.9 + start, 0.35 + 0.3 * floor);
                (floor + (start - floor) * left + drift) * (1.0 + noise)
            }
            Shape::PreferenceLoss => {
                let floor = 0.18 + 0.15 * floor;
                let coin_toss = std::f64::consts::LN_2;
                (floor + (coin_toss - floor) * left + drift) * (1.0 + noise)
            }
            Shape::Accuracy => {
                let (first, last) = (0.42 + 0.15 * start, 0.86 + 0.08 * floor);
                last - (last - first) * left - drift / 4.0 + noise * 0.3
            }
            // Evaluation always runs over the whole validation set.
            Shape::Predictions if self.evaluation => (4_000.0 + 9_000.0 * start).round(),
            Shape::Predictions => (900.0 * (1.0 + 4.0 * noise)).round(),
        };
        match self.shape {
            Shape::Predictions => value,
            Shape::Accuracy => round(value.clamp(0.0, 1.0)),
            Shape::Loss | Shape::PreferenceLoss => round(value.max(0.01)),
        }
    }
}

/// At most `limit` of the steps, evenly, the last one always among them.
pub(super) fn sample(steps: Vec<u64>, limit: Option<usize>) -> Vec<u64> {
    let count = steps.len();
    match limit {
        Some(limit) if limit > 0 && count > limit => {
            let stays = |index: &usize| (index + 1) * limit / count > index * limit / count;
            steps
                .into_iter()
                .enumerate()
                .filter(|(index, _)| stays(index))
                .map(|(_, s)| s)
                .collect()
        }
        _ => steps,
    }
}

/// When a step was done.
pub(super) fn wall_time(run: &Run, step: u64) -> Timestamp {
    let whole = run.last_step.duration_since(run.first_step);
    let passed = whole.mul_f64(step as f64 / run.steps_total.max(1) as f64);
    run.first_step.checked_add(passed).unwrap_or(run.first_step)
}

/// The number of the TensorBoard of a project in a location: 19 digits.
pub(super) fn board_id(project_number: u64, location: &str) -> String {
    let bits = Draw::new(project_number, location).bits();
    (1_000_000_000_000_000_000 + bits % 8_000_000_000_000_000_000).to_string()
}

/// Five digits are what a chart shows.
fn round(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;

    #[test]
    fn loss_falls_and_accuracy_rises_for_any_seed() {
        for seed in 0..50 {
            let run = Run { seed, ..run() };
            for series in all(&run) {
                let steps = series.steps(&run);
                let (first, last) = (steps[0], steps[steps.len() - 1]);
                let (first, last) = (series.value(&run, first), series.value(&run, last));
                match series.shape {
                    Shape::Loss | Shape::PreferenceLoss => {
                        assert!(last < first, "{seed} {series:?}")
                    }
                    Shape::Accuracy => assert!(last > first && last <= 1.0, "{seed} {series:?}"),
                    Shape::Predictions => assert!(first > 0.0 && first.fract() == 0.0),
                }
            }
        }
    }

    #[test]
    fn points_exist_as_far_as_training_went() {
        let done = |steps_done| all(&Run { steps_done, ..run() });
        assert!(done(0).is_empty());
        // No epoch has ended: no evaluation yet.
        assert_eq!(done(10).len(), 3);
        assert_eq!(done(100).len(), 6);
        let without = Run { validation: false, ..run() };
        assert_eq!(all(&without).len(), 3);
        let early = Run { steps_done: 10, ..run() };
        assert_eq!(all(&early)[0].steps(&early), (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn evaluation_comes_at_the_ends_of_epochs() {
        let eval = all(&run()).into_iter().find(|series| series.evaluation).unwrap();
        assert_eq!(eval.steps(&run()), [25, 50, 75, 100]);
    }

    #[test]
    fn curves_out_of_the_ordinary() {
        let all = |curves| {
            let run = Run { curves, ..run() }.lengthened();
            (super::all(&run), run)
        };
        for seed in 0..50 {
            let (series, run) = all(Curves::Overfit);
            let run = Run { seed, ..run };
            let values: Vec<f64> =
                series[3].steps(&run).iter().map(|step| series[3].value(&run, *step)).collect();
            let lowest = values.iter().copied().fold(f64::MAX, f64::min);
            assert!(values[3] > lowest * 1.1 && values[2] > lowest * 1.02, "{seed}: {values:?}");
        }
        let (series, run) = all(Curves::Diverged);
        assert!(series[0].value(&run, 59).is_finite());
        assert_eq!(series[0].value(&run, 60), f64::INFINITY);
        assert!(series[0].value(&run, 61).is_nan() && series[3].value(&run, 75).is_finite());
        let (series, run) = all(Curves::Long);
        assert_eq!(series[0].steps(&run).len(), 100_000);
    }

    #[test]
    fn samples_keep_the_last_step() {
        assert_eq!(sample((1..=10).collect(), Some(4)), [3, 5, 8, 10]);
        assert_eq!(sample((1..=3).collect(), Some(4)), [1, 2, 3]);
        assert_eq!(sample((1..=3).collect(), None), [1, 2, 3]);
    }
}
