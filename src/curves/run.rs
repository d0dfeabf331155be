//! A run with its curves, or with why there are none, and what is to be said
//! of it.

use super::number::number;
use super::verdict::{Best, Overfit, best, overfit};
use super::{Curves, Labeled, Measure, Split};
use crate::model::{Checkpoint, JobName, JobState, Untrusted};

/// One run, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its name in legends; of the runs that are shown together, each has its
    /// own.
    pub label: String,
    /// The tuned model, where a manifest or a label names it.
    pub name: Option<String>,
    /// The job; `None` for a tuned model that has none yet.
    pub job: Option<JobName>,
    /// Where the job stands.
    pub state: Option<JobState>,
    /// Its experiment, as the service names it.
    pub experiment: Option<String>,
    /// Whether it was given a validation dataset.
    pub validation: bool,
    /// The checkpoints that were kept.
    pub checkpoints: Vec<Checkpoint>,
    /// What was measured.
    pub curves: Result<Curves, Missing>,
}

/// Why a run has no curves to show. None of it is a failure: it is what there
/// is to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The tuned model was never trained.
    NoRun,
    /// The job names no experiment.
    NoExperiment,
    /// The job names none, and says that its metrics are in Cloud Storage.
    InCloudStorage(Untrusted),
    /// The experiment that the job names is not there.
    ExperimentAbsent,
    /// The experiment names no TensorBoard.
    NoTensorboard,
    /// The TensorBoard has no run of the experiment.
    NoTensorboardRun,
    /// The run has no series, or none with a point.
    NoSeries,
}

impl Missing {
    /// One word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoRun => "noRun",
            Self::NoExperiment => "noExperiment",
            Self::InCloudStorage(_) => "inCloudStorage",
            Self::ExperimentAbsent => "experimentAbsent",
            Self::NoTensorboard => "noTensorboard",
            Self::NoTensorboardRun => "noTensorboardRun",
            Self::NoSeries => "noSeries",
        }
    }
}

/// Something to be said of a run beside its curves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One word for programs.
    pub code: &'static str,
    /// For people, inert.
    pub text: String,
}

impl Note {
    /// With a capital and a full stop.
    pub fn sentence(&self) -> String {
        let mut letters = self.text.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        format!("{first}{}.", letters.as_str())
    }
}

impl Run {
    /// The curves; none where there are none.
    pub fn curves(&self) -> Option<&Curves> {
        self.curves.as_ref().ok()
    }

    /// For a legend. `nothing` stands for curves that are missing.
    pub fn labeled<'a>(&'a self, nothing: &'a Curves) -> Labeled<'a> {
        Labeled { label: &self.label, curves: self.curves().unwrap_or(nothing) }
    }

    /// Whether the job may still bring points.
    pub fn goes_on(&self) -> bool {
        let unsaid = |state: &JobState| matches!(state, JobState::Absent | JobState::Unknown(_));
        self.state.as_ref().is_some_and(|state| !state.has_ended() && !unsaid(state))
    }

    /// The state in a word: `succeeded`.
    pub fn state_word(&self) -> &'static str {
        self.state.as_ref().map_or("no run", JobState::word)
    }

    /// Its best step.
    pub fn best(&self) -> Option<Best> {
        self.curves().and_then(best)
    }

    /// Whether it learned by heart.
    pub fn overfit(&self) -> Option<Overfit> {
        self.curves().and_then(overfit)
    }

    /// The checkpoint that was kept of a step.
    pub fn checkpoint(&self, step: i64) -> Option<&Checkpoint> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.step == Some(step))
    }

    /// Everything that is to be said, the most important first.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |code, text: String| notes.push(Note { code, text });
        let curves = match &self.curves {
            Ok(curves) => curves,
            Err(missing) => {
                note(missing.word(), self.why(missing));
                return notes;
            }
        };
        if let Some(best) = self.best() {
            let kept = self.kept(best.step).map(|kept| format!(" ({kept})")).unwrap_or_default();
            let loss = number(best.loss);
            note("best", format!("best step {}{kept}: evaluation loss {loss}", best.step));
        }
        if let Some(found) = self.overfit() {
            note("overfit", self.overfit_text(&found));
        }
        if curves.of(Measure::Loss, Split::Eval).is_none() && !curves.is_empty() {
            let text = match (self.validation, self.goes_on()) {
                (false, _) => "no validation dataset: no evaluation curves, and no best step",
                (true, true) => "no evaluation yet: it comes at the end of an epoch",
                (true, false) => "no evaluation curves, although the run has a validation dataset",
            };
            note("noEvaluation", text.to_owned());
        }
        for series in &curves.series {
            let (bad, title) = (series.not_finite(), series.title());
            let first = series.points.iter().find(|point| !point.value.is_finite());
            if let Some(first) = first {
                let (all, value) = (series.points.len(), number(first.value));
                let text = format!(
                    "{title}: {bad} of {all} points not a number, the first ({value}) at step {}",
                    first.step
                );
                note("notFinite", text);
            }
        }
        let sampled: Vec<String> =
            curves.series.iter().filter(|series| series.sampled).map(|s| s.title()).collect();
        if !sampled.is_empty() {
            let text = format!(
                "{}: the service chose these points from among more; --all-points reads all",
                sampled.join(", ")
            );
            note("sampled", text);
        }
        notes
    }

    /// Why there are no curves, in the words of the run's state.
    fn why(&self, missing: &Missing) -> String {
        let goes_on = self.goes_on();
        match (missing, &self.state) {
            (Missing::NoRun, _) => "no run yet, so no curves".to_owned(),
            (Missing::NoExperiment, Some(JobState::Queued | JobState::Pending)) => {
                format!("no curves yet: the run is {} and has not begun", self.state_word())
            }
            (Missing::NoExperiment, _) if goes_on => {
                "no curves yet: the run has no experiment so far; Vertex names it minutes after \
                 the start"
                    .to_owned()
            }
            (Missing::NoExperiment, _) => {
                format!("no curves: the run ({}) never had an experiment", self.state_word())
            }
            (Missing::InCloudStorage(uri), _) => format!(
                "no curves here: the run names no experiment; Vertex says that its metrics are \
                 at {}, in a form that is not documented",
                uri.shown()
            ),
            (Missing::ExperimentAbsent, _) if goes_on => {
                "no curves yet: the experiment that the run names is not there so far".to_owned()
            }
            (Missing::ExperimentAbsent, _) => {
                "no curves: the experiment that the run names is not there; it may have been \
                 deleted"
                    .to_owned()
            }
            (Missing::NoTensorboard, _) => {
                format!("no curves{}: the experiment names no TensorBoard", yet(goes_on))
            }
            (Missing::NoTensorboardRun, _) => {
                format!("no curves{}: the TensorBoard has no run of the experiment", yet(goes_on))
            }
            (Missing::NoSeries, _) => {
                format!("no curves{}: nothing was measured{}", yet(goes_on), so_far(goes_on))
            }
        }
    }

    fn overfit_text(&self, found: &Overfit) -> String {
        let Overfit { best, last, training } = found;
        let kept = self.kept(best.step).map(|kept| format!(", or {kept},")).unwrap_or_default();
        format!(
            "over-fits after step {}: evaluation loss rose {:.0} % to {} while training loss fell \
             from {} to {}; fewer epochs{kept} may do better",
            best.step,
            found.rise() * 100.0,
            number(last.loss),
            number(training.0),
            number(training.1),
        )
    }

    fn kept(&self, step: i64) -> Option<String> {
        let checkpoint = self.checkpoint(step)?;
        Some(format!("checkpoint {}", Untrusted::new(&*checkpoint.id).shown()))
    }
}

fn yet(goes_on: bool) -> &'static str {
    if goes_on { " yet" } else { "" }
}

fn so_far(goes_on: bool) -> &'static str {
    if goes_on { " so far" } else { "" }
}
