//! From a job's experiment to its curves: four requests for a run, each of
//! which needs what the one before it answered.
//!
//! 1. The experiment is a metadata context, which names its TensorBoard.
//! 2. There it has a run. What the run is called is not documented, so it is
//!    asked for and never made up; runs of evaluations are left out.
//! 3. The run has series, whose names say what they measure.
//! 4. `batchRead` gives the points of all of them. Its answer names series by
//!    the last segment alone, which is unique within a run only, so that one
//!    request never asks for two runs.
//!
//! Who looks again keeps a [`Charted`] and begins at the third.

use std::collections::BTreeMap;

use super::client::Client;
use super::error::ReadError;
use super::listing::Pages;
use super::wire::{self, BoardRun, Listed, WireError};
use crate::clock::{Clock, Entropy};
use crate::curves::{Curves, Missing, Point, Series};
use crate::google::Answer;
use crate::model::{JobName, ResourceName, Untrusted};

/// Series and runs asked for in one page. A run has six series.
const PAGE_SIZE: &str = "1000";

/// Most pages of one listing: a thousand series each.
const MAX_PAGES: usize = 20;

/// Series whose points are asked for in one request. Google's SDK takes 20
/// (`READ_TIME_SERIES_BATCH_SIZE`); with names of 230 bytes the address then
/// stays below 5 KiB.
const SERIES_AT_A_TIME: usize = 20;

/// Points of a series that `batchRead` answers at most; of more it chooses so
/// many at random (its page of reference).
const SAMPLED_POINTS: usize = 1000;

/// How many points to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// As many as the service gives of itself: up to 1000 of each series.
    Sampled,
    /// All: one more request for each series that has more.
    All,
}

/// A run whose series can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charted {
    board: ResourceName,
    run: ResourceName,
}

/// A series without its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    name: ResourceName,
    title: Untrusted,
    /// Its last step, where the service says it.
    pub max_step: Option<i64>,
}

impl<C: Clock, E: Entropy> Client<C, E> {
    /// The curves of an experiment, or why there are none: 4 requests.
    ///
    /// # Errors
    /// An answer that cannot be had or read. What is not there is no error.
    pub async fn curves(
        &self,
        experiment: &ResourceName,
        reach: Reach,
    ) -> Result<Result<Curves, Missing>, ReadError> {
        let charted = match self.charted(experiment).await? {
            Ok(charted) => charted,
            Err(missing) => return Ok(Err(missing)),
        };
        let heads = self.heads(&charted).await?;
        if heads.is_empty() {
            return Ok(Err(Missing::NoSeries));
        }
        let curves = self.points(&charted, &heads, reach).await?;
        Ok(if curves.is_empty() { Err(Missing::NoSeries) } else { Ok(curves) })
    }

    /// Finds the run of an experiment: 2 requests.
    ///
    /// # Errors
    /// As [`Client::curves`].
    pub async fn charted(
        &self,
        experiment: &ResourceName,
    ) -> Result<Result<Charted, Missing>, ReadError> {
        let mut body = Vec::new();
        match self.read_resource(experiment, "", &[], &mut body).await {
            Ok(_) => {}
            Err(ReadError::NoSuchResource { .. }) => return Ok(Err(Missing::ExperimentAbsent)),
            Err(error) => return Err(error),
        }
        let board = wire::board(&body).map_err(|why| self.garbled(experiment, why))?;
        let Some(board) = board else { return Ok(Err(Missing::NoTensorboard)) };
        let Ok(parent) = board.child(&format!("experiments/{}", experiment.id())) else {
            return Ok(Err(Missing::NoTensorboardRun));
        };
        let runs = match self.pages(&parent, "/runs", wire::runs).await {
            Ok(runs) => runs,
            // The experiment is on the board once its run is.
            Err(ReadError::NoSuchResource { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        // A training that was begun anew has a run anew.
        let newest = runs.into_iter().filter(|run| !is_evaluation(run)).max_by_key(|r| r.created);
        Ok(newest.map(|run| Charted { board, run: run.name }).ok_or(Missing::NoTensorboardRun))
    }

    /// The series of a run: 1 request.
    ///
    /// # Errors
    /// As [`Client::curves`].
    pub async fn heads(&self, charted: &Charted) -> Result<Vec<Head>, ReadError> {
        let found = self.pages(&charted.run, "/timeSeries", wire::heads).await?;
        let head = |found: wire::WireHead| Head {
            name: found.name,
            title: found.title,
            max_step: found.max_step,
        };
        Ok(found.into_iter().map(head).collect())
    }

    /// The points of these series: 1 request for each 20 of them.
    ///
    /// # Errors
    /// As [`Client::curves`].
    pub async fn points(
        &self,
        charted: &Charted,
        heads: &[Head],
        reach: Reach,
    ) -> Result<Curves, ReadError> {
        let mut found: BTreeMap<String, Vec<Point>> = BTreeMap::new();
        let mut body = Vec::new();
        for some in heads.chunks(SERIES_AT_A_TIME) {
            let names: Vec<String> = some.iter().map(|head| head.name.to_string()).collect();
            let query: Vec<(&str, &str)> =
                names.iter().map(|name| ("timeSeries", name.as_str())).collect();
            self.read_resource(&charted.board, ":batchRead", &query, &mut body).await?;
            let points = wire::points(&body).map_err(|why| self.garbled(&charted.board, why))?;
            found.extend(points);
        }
        let mut curves = Curves::default();
        for head in heads {
            let mut points = found.remove(head.name.id()).unwrap_or_default();
            let more = |last: i64| last > points.len() as i64;
            let mut sampled = points.len() >= SAMPLED_POINTS && head.max_step.is_none_or(more);
            if sampled && reach == Reach::All {
                let query = [("maxDataPoints", "-1")];
                self.read_resource(&head.name, ":read", &query, &mut body).await?;
                points = wire::points_of_one(&body).map_err(|why| self.garbled(&head.name, why))?;
                sampled = false;
            }
            curves.series.push(Series::new(head.title.clone(), points, sampled));
        }
        Ok(curves)
    }

    /// Where a job without an experiment says that its metrics are: 1 request.
    ///
    /// # Errors
    /// As [`Client::curves`].
    pub async fn metrics_uri(&self, job: &JobName) -> Result<Option<Untrusted>, ReadError> {
        let Ok(name) = job.to_string().parse::<ResourceName>() else { return Ok(None) };
        let mut body = Vec::new();
        self.read_resource(&name, "", &[], &mut body).await?;
        wire::metrics_uri(&body).map_err(|why| self.garbled(&name, why))
    }

    async fn pages<T>(
        &self,
        parent: &ResourceName,
        verb: &str,
        read: impl Fn(&[u8]) -> Result<Listed<T>, WireError>,
    ) -> Result<Vec<T>, ReadError> {
        let (mut all, mut body) = (Vec::new(), Vec::new());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("pageSize", PAGE_SIZE)];
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let _: Answer = self.read_resource(parent, verb, &query, &mut body).await?;
            let Listed { found, next } = read(&body).map_err(|why| self.garbled(parent, why))?;
            all.extend(found);
            match next {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                Some(_) => break,
                None => return Ok(all),
            }
        }
        let why = "the pages of a TensorBoard come again, or are more than 20";
        Err(ReadError::Endless { place: parent.place().clone(), why })
    }

    fn garbled(&self, name: &ResourceName, source: WireError) -> ReadError {
        ReadError::Garbled { host: self.host_of(name.place()), source }
    }
}

impl Head {
    /// What it is called.
    pub fn title(&self) -> &Untrusted {
        &self.title
    }
}

/// An evaluation of checkpoints writes runs of its own to the experiment
/// (Google's notebook on automatic evaluation).
fn is_evaluation(run: &BoardRun) -> bool {
    run.name.id().contains("-evaluation-")
}
