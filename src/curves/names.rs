//! What Google's guide to tuning calls the series of a run.

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Total loss.
    Loss,
    /// The fraction of correct next-step predictions.
    Accuracy,
    /// How many predictions were made.
    Predictions,
}

/// Which part of the data it is measured over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// The training dataset, batch by batch.
    Train,
    /// The validation dataset, whole, at the end of epochs.
    Eval,
}

/// A series that the guide names.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// The service's name; the slash belongs to it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What is measured.
    pub measure: Measure,
    /// Over what.
    pub split: Split,
}

/// Google's page "Tune Gemini models by using supervised fine-tuning" names
/// the first six, the one on preference tuning the last and evaluation loss.
const KNOWN: [Known; 7] = [
    known("/train_total_loss", "training loss", Measure::Loss, Split::Train),
    known(
        "/train_fraction_of_correct_next_step_preds",
        "training accuracy",
        Measure::Accuracy,
        Split::Train,
    ),
    known("/train_num_predictions", "training predictions", Measure::Predictions, Split::Train),
    known("/eval_total_loss", "evaluation loss", Measure::Loss, Split::Eval),
    known(
        "/eval_fraction_of_correct_next_step_preds",
        "evaluation accuracy",
        Measure::Accuracy,
        Split::Eval,
    ),
    known("/eval_num_predictions", "evaluation predictions", Measure::Predictions, Split::Eval),
    known(
        "/preference_optimization_train_loss",
        "preference training loss",
        Measure::Loss,
        Split::Train,
    ),
];

const fn known(name: &'static str, title: &'static str, measure: Measure, split: Split) -> Known {
    Known { name, title, measure, split }
}

impl Known {
    /// The series of this name, with or without the slash.
    pub fn of(name: &str) -> Option<&'static Self> {
        let bare = name.strip_prefix('/').unwrap_or(name);
        KNOWN.iter().find(|known| known.name.strip_prefix('/') == Some(bare))
    }
}

impl Measure {
    /// The heading of its chart.
    pub fn title(self) -> &'static str {
        match self {
            Self::Loss => "Total loss",
            Self::Accuracy => "Fraction of correct next-step predictions",
            Self::Predictions => "Number of predictions",
        }
    }

    /// One word, for file formats and ids.
    pub fn word(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::Predictions => "predictions",
        }
    }
}

impl Split {
    /// One word, for file formats and legends.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Eval => "evaluation",
        }
    }
}
