//! From an experiment to its points (protos `Context`, `TensorboardRun`,
//! `TensorboardTimeSeries`, `TimeSeriesData`).

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::lenient::{self, Double, Int};
use super::{WireError, object};
use crate::curves::Point;
use crate::model::{ResourceName, Untrusted};

/// One page of something, as much of it as was understood.
pub(crate) struct Listed<T> {
    pub(crate) found: Vec<T>,
    /// The next page's token; `None` at the end.
    pub(crate) next: Option<String>,
}

/// A run on a TensorBoard.
pub(crate) struct BoardRun {
    pub(crate) name: ResourceName,
    /// RFC 3339 in UTC: later is greater.
    pub(crate) created: Option<jiff::Timestamp>,
}

/// A series without its points: its name, what it is called, its last step.
pub(crate) struct WireHead {
    pub(crate) name: ResourceName,
    pub(crate) title: Untrusted,
    pub(crate) max_step: Option<i64>,
}

/// The TensorBoard behind a context; `None` while it names none.
pub(crate) fn board(body: &[u8]) -> Result<Option<ResourceName>, WireError> {
    #[derive(Deserialize)]
    struct Context<'a> {
        #[serde(borrow)]
        metadata: Option<&'a RawValue>,
        error: Option<IgnoredAny>,
    }
    let Context { metadata, error } = object(body)?;
    refuse(error.is_some())?;
    // Google's own name for it, in a map that is anybody's.
    let name = lenient::at(metadata, &["backing_tensorboard_resource"]);
    Ok(lenient::text(name).and_then(|name| name.parse().ok()))
}

/// The runs of an experiment.
pub(crate) fn runs(body: &[u8]) -> Result<Listed<BoardRun>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<'a> {
        #[serde(borrow)]
        tensorboard_runs: Option<Vec<Run<'a>>>,
        #[serde(borrow)]
        next_page_token: Option<&'a RawValue>,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Run<'a> {
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        #[serde(borrow)]
        create_time: Option<&'a RawValue>,
    }
    let Page { tensorboard_runs, next_page_token, error } = object(body)?;
    refuse(error.is_some())?;
    let run = |run: Run<'_>| {
        let name = lenient::text(run.name)?.parse().ok()?;
        Some(BoardRun { name, created: lenient::time(run.create_time) })
    };
    let found = tensorboard_runs.unwrap_or_default().into_iter().filter_map(run).collect();
    Ok(Listed { found, next: token(next_page_token) })
}

/// The series of a run; those that are no scalars are left out.
pub(crate) fn heads(body: &[u8]) -> Result<Listed<WireHead>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page<'a> {
        #[serde(borrow)]
        tensorboard_time_series: Option<Vec<Head<'a>>>,
        #[serde(borrow)]
        next_page_token: Option<&'a RawValue>,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head<'a> {
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        #[serde(borrow)]
        display_name: Option<&'a RawValue>,
        #[serde(borrow)]
        value_type: Option<&'a RawValue>,
        #[serde(borrow)]
        metadata: Option<&'a RawValue>,
    }
    let Page { tensorboard_time_series, next_page_token, error } = object(body)?;
    refuse(error.is_some())?;
    let head = |head: Head<'_>| {
        let other = lenient::text(head.value_type).is_some_and(|kind| kind != "SCALAR");
        if other {
            return None;
        }
        let name: ResourceName = lenient::text(head.name)?.parse().ok()?;
        let title = lenient::string(head.display_name).unwrap_or_else(|| name.id().to_owned());
        let max_step = lenient::parse::<Int>(lenient::at(head.metadata, &["maxStep"]));
        Some(WireHead { name, title: Untrusted::new(title), max_step: max_step.map(|Int(n)| n) })
    };
    let found = tensorboard_time_series.unwrap_or_default().into_iter().filter_map(head).collect();
    Ok(Listed { found, next: token(next_page_token) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow)]
    tensorboard_time_series_id: Option<&'a RawValue>,
    #[serde(borrow)]
    values: Option<Vec<Value<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    #[serde(default, deserialize_with = "lenient::field")]
    step: Option<Int>,
    #[serde(borrow)]
    wall_time: Option<&'a RawValue>,
    #[serde(borrow)]
    scalar: Option<&'a RawValue>,
}

/// The points of several series, by the series' last segment.
pub(crate) fn points(body: &[u8]) -> Result<Vec<(String, Vec<Point>)>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer<'a> {
        #[serde(borrow)]
        time_series_data: Option<Vec<Data<'a>>>,
        error: Option<IgnoredAny>,
    }
    let Answer { time_series_data, error } = object(body)?;
    refuse(error.is_some())?;
    let data = time_series_data.unwrap_or_default().into_iter();
    Ok(data
        .filter_map(|data| Some((lenient::string(data.tensorboard_time_series_id)?, all(data))))
        .collect())
}

/// The points of one series that was read alone.
pub(crate) fn points_of_one(body: &[u8]) -> Result<Vec<Point>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer<'a> {
        #[serde(borrow)]
        time_series_data: Option<Data<'a>>,
        error: Option<IgnoredAny>,
    }
    let Answer { time_series_data, error } = object(body)?;
    refuse(error.is_some())?;
    Ok(time_series_data.map(all).unwrap_or_default())
}

fn all(data: Data<'_>) -> Vec<Point> {
    data.values.unwrap_or_default().iter().filter_map(point).collect()
}

/// proto3 JSON leaves zeros out: a point without a step is of step 0, and a
/// scalar without a value is 0. A point without a scalar is of another kind.
fn point(value: &Value<'_>) -> Option<Point> {
    #[derive(Deserialize)]
    struct Scalar<'a> {
        #[serde(borrow)]
        value: Option<&'a RawValue>,
    }
    let Value { step, wall_time, scalar } = value;
    let Scalar { value } = lenient::message(*scalar)?;
    let value = match value {
        None => 0.0,
        // As a text it may be `NaN`, `Infinity` or `-Infinity`.
        Some(_) => lenient::parse::<Double>(value)?.0,
    };
    Some(Point {
        step: step.map_or(0, |Int(step)| step),
        wall_time: lenient::time(*wall_time),
        value,
    })
}

/// Where a job says that its metrics are, beside an experiment.
pub(crate) fn metrics_uri(body: &[u8]) -> Result<Option<Untrusted>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Job<'a> {
        #[serde(borrow)]
        gcs_metrics_uri: Option<&'a RawValue>,
    }
    let Job { gcs_metrics_uri } = object(body)?;
    Ok(lenient::string(gcs_metrics_uri).filter(|uri| !uri.is_empty()).map(Untrusted::new))
}

fn token(raw: Option<&RawValue>) -> Option<String> {
    lenient::string(raw).filter(|token| !token.is_empty())
}

fn refuse(error: bool) -> Result<(), WireError> {
    if error { Err(WireError::ErrorInside) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out_and_nan_is_a_text() {
        let body = br#"{"timeSeriesData":[{"tensorboardTimeSeriesId":"7","valueType":"SCALAR",
            "values":[{"wallTime":"2026-11-20T09:20:00Z","scalar":{}},
                {"step":"1","scalar":{"value":"NaN"}},{"step":2,"scalar":{"value":"-Infinity"}},
                {"step":"3","scalar":{"value":1}},{"step":"4","tensor":{}},
                {"step":"5","scalar":{"value":"x"}}]}]}"#;
        let found = points(body).unwrap();
        let (id, points) = &found[0];
        assert_eq!(id, "7");
        assert_eq!(
            points[0],
            Point { step: 0, wall_time: "2026-11-20T09:20:00Z".parse().ok(), value: 0.0 }
        );
        assert!(points[1].value.is_nan() && points[1].step == 1);
        assert_eq!((points[2].value, points[3].value, points.len()), (f64::NEG_INFINITY, 1.0, 4));
    }

    #[test]
    fn a_board_must_be_a_name() {
        let named = |name: &str| {
            let body =
                format!(r#"{{"metadata":{{"x":[1],"backing_tensorboard_resource":{name}}}}}"#);
            board(body.as_bytes()).unwrap().map(|name| name.to_string())
        };
        let name = "projects/1/locations/eu/tensorboards/2";
        assert_eq!(named(&format!("\"{name}\"")).as_deref(), Some(name));
        for none in ["\"\"", "7", "\"projects/1/locations/evil.com#/tensorboards/2\""] {
            assert_eq!(named(none), None, "{none}");
        }
        assert_eq!(board(b"{}").unwrap(), None);
        assert!(board(b"<html>").is_err());
        assert!(board(br#"{"error":{"code":5}}"#).is_err());
    }
}
