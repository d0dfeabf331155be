//! Looks at single models, for their own views.
//!
//! What the loop keeps of a job is what plans need; the statistics of its data
//! and its curves are read when somebody asks, and kept.
//!
//! # Invariants
//!
//! 1. Who reads pages cannot spend the quota that the loop lives on: looks are
//!    limited in number, whoever asks and however often.
//! 2. Who asks for a model that is being looked at waits for that look.
//! 3. What has ended is read once; what goes on, once a minute.
//! 4. What is kept is bounded, and what nobody asked for the longest goes first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex as Waiting;

use crate::model::{JobName, JobState, Name, Observed, Phase, Place};
use crate::page::{Charts, Notice};

/// Who reads from Vertex what a view needs beyond the listing.
#[async_trait]
pub trait Reader: Send + Sync {
    /// One job with the statistics of its data, or why not in words.
    async fn job(&self, job: &JobName) -> Result<Observed, String>;

    /// What a run measured.
    async fn curves(&self, name: &Name, run: &Observed) -> Charts;
}

/// Looks a minute, of all models together. A look reads at most five jobs and
/// the curves of one: with ten requests each, 100 of the 540 requests that the
/// daemon makes in a minute.
const LOOKS: usize = 10;

const MINUTE: Duration = Duration::from_secs(60);

/// Models that are kept. Five jobs of 10 KB and a picture of 50 KB each are
/// 6 MB.
const MODELS: usize = 64;

/// What was read of one model.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The runs that could be read, newest first.
    pub(super) runs: Vec<Observed>,
    /// Why others could not.
    pub(super) trouble: Vec<Notice>,
    /// What the newest run with an experiment measured.
    pub(super) charts: Charts,
    /// When it was read.
    at: Duration,
}

/// What is known of a model when somebody asks.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// Read a moment ago, or nothing can have changed.
    Fresh(Arc<Seen>),
    /// There were too many looks in the last minute.
    Later {
        /// What an earlier look read.
        before: Option<Arc<Seen>>,
        /// When there may be the next look.
        wait: Duration,
    },
}

/// A run as the listing has it.
type Listed = (JobName, JobState);

type Entry = Arc<Waiting<Option<Arc<Seen>>>>;

/// The looks of the last minute, and what they read.
pub(super) struct Looks {
    reader: Arc<dyn Reader>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When there were looks, in the last minute.
    times: VecDeque<Duration>,
    /// Those asked for last are the last.
    models: VecDeque<((Place, Name), Entry)>,
}

impl Looks {
    pub(super) fn new(reader: Arc<dyn Reader>) -> Self {
        Self { reader, state: Mutex::default() }
    }

    /// What is known of a model whose newest runs are `jobs`, in the states that
    /// the listing has them in, at the time `now`.
    pub(super) async fn of(
        self: &Arc<Self>,
        place: &Place,
        name: &Name,
        jobs: Vec<Listed>,
        now: Duration,
    ) -> Known {
        let entry = self.lock().entry((place.clone(), name.clone()));
        let (looks, name) = (Arc::clone(self), name.clone());
        // A reader who goes away does not end a look that others wait for.
        let looking = tokio::spawn(async move { looks.look(&entry, &name, &jobs, now).await });
        // It can only end early with the whole program.
        looking.await.unwrap_or(Known::Later { before: None, wait: Duration::ZERO })
    }

    async fn look(&self, entry: &Entry, name: &Name, jobs: &[Listed], now: Duration) -> Known {
        let mut kept = entry.lock().await;
        if let Some(seen) = kept.as_ref().filter(|seen| seen.is_fresh(jobs, now)) {
            return Known::Fresh(Arc::clone(seen));
        }
        if let Err(wait) = self.lock().take(now) {
            return Known::Later { before: kept.clone(), wait };
        }
        let seen = Arc::new(self.read(kept.as_deref(), name, jobs, now).await);
        *kept = Some(Arc::clone(&seen));
        Known::Fresh(seen)
    }

    async fn read(
        &self,
        before: Option<&Seen>,
        name: &Name,
        jobs: &[Listed],
        at: Duration,
    ) -> Seen {
        let (mut runs, mut trouble) = (Vec::new(), Vec::new());
        for (job, _) in jobs {
            let known = before.and_then(|seen| seen.runs.iter().find(|run| run.name == *job));
            let read = match known.filter(|run| has_ended(run)) {
                Some(run) => Ok(run.clone()),
                None => self.reader.job(job).await,
            };
            match read {
                // As the listing names it: a job's own name has the project's number.
                Ok(mut run) => {
                    run.name = job.clone();
                    runs.push(run);
                }
                Err(why) => trouble.push(Notice {
                    is_trouble: true,
                    text: format!("{} could not be read: {why}.", job.short()),
                }),
            }
        }
        let charts = match (measured(&runs), before) {
            (None, _) => Charts::Unread("There is no run yet.".to_owned()),
            // The same run, and it had ended: its curves are what they were.
            (Some(run), Some(before)) if has_ended(run) && measured(&before.runs) == Some(run) => {
                before.charts.clone()
            }
            (Some(run), _) => self.reader.curves(name, run).await,
        };
        Seen { runs, trouble, charts, at }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The place for what is known of a model, which is made when it is new.
    fn entry(&mut self, model: (Place, Name)) -> Entry {
        let at = self.models.iter().position(|(known, _)| *known == model);
        let entry = at.and_then(|at| self.models.remove(at)).map(|(_, entry)| entry);
        let entry = entry.unwrap_or_default();
        if self.models.len() >= MODELS {
            self.models.pop_front();
        }
        self.models.push_back((model, Arc::clone(&entry)));
        entry
    }

    /// Takes one of this minute's looks, or says when there is the next.
    fn take(&mut self, now: Duration) -> Result<(), Duration> {
        while self.times.front().is_some_and(|time| *time + MINUTE <= now) {
            self.times.pop_front();
        }
        match self.times.front() {
            Some(first) if self.times.len() >= LOOKS => Err((*first + MINUTE).saturating_sub(now)),
            _ => {
                self.times.push_back(now);
                Ok(())
            }
        }
    }
}

impl Seen {
    /// Whether a look at `jobs` would read nothing else.
    fn is_fresh(&self, jobs: &[Listed], now: Duration) -> bool {
        // What had ended is what it was, whatever an older listing says.
        let is_old = |(job, state): &Listed| {
            let read = self.runs.iter().find(|run| run.name == *job);
            read.is_none_or(|read| !has_ended(read) && read.state != *state)
        };
        if self.trouble.is_empty() && jobs.iter().any(is_old) {
            return false;
        }
        let ended = self.trouble.is_empty() && self.runs.iter().all(has_ended);
        ended || now.saturating_sub(self.at) < MINUTE
    }
}

fn has_ended(run: &Observed) -> bool {
    matches!(run.phase(), Phase::Good | Phase::Bad | Phase::Cancelled)
}

/// The run whose curves are shown: the newest that has any.
fn measured(runs: &[Observed]) -> Option<&Observed> {
    runs.iter().find(|run| run.experiment.is_some()).or(runs.first())
}
