//! Curves as JSON: everything that is known, by the service's own names.
//!
//! A value that is no number is `null`, with `notFinite` beside it to say
//! which: JSON has no NaN. One point stands on each line, since a series may
//! have a hundred thousand.

mod layout;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::number::not_finite;
use super::panel::Selection;
use super::{Curves, Point, Run, Series};
use crate::model::inert_json;

/// Version of the document.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    #[serde(skip_serializing_if = "is_false")]
    emulator: bool,
    runs: Vec<JsonRun<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonRun<'a> {
    name: Option<&'a str>,
    job: Option<String>,
    state: Option<&'a str>,
    experiment: Option<&'a str>,
    /// Why there are no curves; `null` where there are.
    missing: Option<&'static str>,
    best: Option<JsonBest<'a>>,
    overfit: Option<JsonOverfit>,
    notes: Vec<JsonNote>,
    series: Vec<JsonSeries<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonBest<'a> {
    step: i64,
    eval_loss: f64,
    checkpoint_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonOverfit {
    after_step: i64,
    last_step: i64,
    last_eval_loss: f64,
    train_loss_before: f64,
    train_loss_after: f64,
}

#[derive(Serialize)]
struct JsonNote {
    code: &'static str,
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonSeries<'a> {
    name: &'a str,
    measure: Option<&'static str>,
    split: Option<&'static str>,
    sampled: bool,
    not_finite: usize,
    #[serde(serialize_with = "points")]
    points: &'a [Point],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonPoint {
    step: i64,
    wall_time: Option<String>,
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_finite: Option<&'static str>,
}

/// What is not said of Vertex itself.
fn is_false(value: &bool) -> bool {
    !value
}

/// The document; of an emulator's runs it says that they are.
pub fn json(runs: &[Run], selection: &Selection, emulator: bool) -> String {
    let runs = runs.iter().map(|run| json_run(run, selection)).collect();
    let document = Document { format_version: FORMAT_VERSION, emulator, runs };
    inert_json(&layout::text(&document))
}

fn json_run<'a>(run: &'a Run, selection: &Selection) -> JsonRun<'a> {
    let best = run.best().map(|best| JsonBest {
        step: best.step,
        eval_loss: best.loss,
        checkpoint_id: run.checkpoint(best.step).map(|checkpoint| checkpoint.id.as_str()),
    });
    let overfit = run.overfit().map(|found| JsonOverfit {
        after_step: found.best.step,
        last_step: found.last.step,
        last_eval_loss: found.last.loss,
        train_loss_before: found.training.0,
        train_loss_after: found.training.1,
    });
    let notes = run.notes().into_iter().map(|note| JsonNote { code: note.code, text: note.text });
    let series = run.curves().into_iter().flat_map(|Curves { series }| series);
    JsonRun {
        name: run.name.as_deref(),
        job: run.job.as_ref().map(ToString::to_string),
        state: run.state.as_ref().map(crate::model::JobState::word),
        experiment: run.experiment.as_deref(),
        missing: run.curves.as_ref().err().map(super::Missing::word),
        best,
        overfit,
        notes: notes.collect(),
        series: series.filter(|series| selection.has(series)).map(json_series).collect(),
    }
}

fn json_series(series: &Series) -> JsonSeries<'_> {
    let known = series.known();
    JsonSeries {
        name: series.name.raw(),
        measure: known.map(|known| known.measure.word()),
        split: known.map(|known| known.split.word()),
        sampled: series.sampled,
        not_finite: series.not_finite(),
        points: &series.points,
    }
}

fn points<S: Serializer>(points: &&[Point], serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(points.len()))?;
    for point in *points {
        seq.serialize_element(&json_point(point))?;
    }
    seq.end()
}

fn json_point(point: &Point) -> JsonPoint {
    JsonPoint {
        step: point.step,
        wall_time: point.wall_time.map(|time| time.to_string()),
        value: Some(point.value).filter(|value| value.is_finite()),
        not_finite: not_finite(point.value),
    }
}

#[derive(Serialize)]
struct Step<'a> {
    #[serde(skip_serializing_if = "is_false")]
    emulator: bool,
    name: Option<&'a str>,
    job: Option<String>,
    step: i64,
    values: std::collections::BTreeMap<&'a str, JsonPoint>,
}

/// A line of JSON for each step that has a point which `fresh` says yes to; of
/// an emulator's run it says that it is.
pub fn json_steps(run: &Run, fresh: impl Fn(&Series, &Point) -> bool, emulator: bool) -> String {
    let mut steps: std::collections::BTreeMap<i64, Step<'_>> = Default::default();
    for series in run.curves().into_iter().flat_map(|curves| &curves.series) {
        for point in series.points.iter().filter(|point| fresh(series, point)) {
            let step = steps.entry(point.step).or_insert_with(|| Step {
                emulator,
                name: run.name.as_deref(),
                job: run.job.as_ref().map(ToString::to_string),
                step: point.step,
                values: Default::default(),
            });
            step.values.insert(series.name.raw(), json_point(point));
        }
    }
    let line = |step: &Step<'_>| serde_json::to_string(step).unwrap_or_default() + "\n";
    inert_json(&steps.values().map(line).collect::<String>())
}
