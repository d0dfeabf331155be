//! Looks at single models, for their own views.
//!
//! What the loop keeps of a job is what plans need; the statistics of its data
//! and its curves are read when somebody asks, and kept.
//!
//! # Invariants
//!
//! 1. Who reads pages cannot spend the quota that the loop lives on: looks are
//!    limited in number, whoever asks and however often.
//! 2. Who asks for a model that is being looked at waits for that look, but for
//!    no longer than a moment; then it is told what is known without it.
//! 3. What has ended is read once; what goes on or could not be read, once a
//!    minute.
//! 4. What is kept is bounded, and what nobody asked for the longest goes first.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex as Waiting;

use crate::model::{JobName, JobState, Name, Observed, Phase, Place, Untrusted};
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

/// How long somebody waits for a look. A connection ends after thirty seconds,
/// and a person takes a page for broken after far fewer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Models that are kept. Five jobs of 10 KB and a picture of 50 KB each are
/// 6 MB.
const MODELS: usize = 64;

/// What was read of one model.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The runs that could be read, now or before, newest first.
    pub(super) runs: Vec<Observed>,
    /// Why some could not be read now.
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
    /// A look goes on, and takes long.
    Reading {
        /// What an earlier look read.
        before: Option<Arc<Seen>>,
    },
}

/// A run as the listing has it.
type Listed = (JobName, JobState);

/// What is known of one model.
#[derive(Default)]
struct Entry {
    /// What the last look read.
    seen: Mutex<Option<Arc<Seen>>>,
    /// Who holds it looks.
    turn: Arc<Waiting<()>>,
}

/// The looks of the last minute, and what they read.
pub(super) struct Looks {
    reader: Arc<dyn Reader>,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When there were looks, in the last minute.
    times: VecDeque<Duration>,
    /// Those asked for last are the last.
    models: VecDeque<((Place, Name), Arc<Entry>)>,
}

impl Looks {
    pub(super) fn new(reader: Arc<dyn Reader>) -> Self {
        Self::with_patience(reader, PATIENCE)
    }

    /// As [`Looks::new`]; who asks waits that long for a look.
    pub(super) fn with_patience(reader: Arc<dyn Reader>, patience: Duration) -> Self {
        Self { reader, patience, state: Mutex::default() }
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
        let looking = self.look(&entry, name, jobs, now);
        match tokio::time::timeout(self.patience, looking).await {
            Ok(known) => known,
            Err(_) => Known::Reading { before: entry.seen() },
        }
    }

    async fn look(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        name: &Name,
        jobs: Vec<Listed>,
        now: Duration,
    ) -> Known {
        let turn = Arc::clone(&entry.turn).lock_owned().await;
        let before = entry.seen();
        if let Some(seen) = before.as_ref().filter(|seen| seen.is_fresh(&jobs, now)) {
            return Known::Fresh(Arc::clone(seen));
        }
        if let Err(wait) = self.lock().take(now) {
            return Known::Later { before, wait };
        }
        let (looks, kept, name) = (Arc::clone(self), Arc::clone(entry), name.clone());
        let known = before.clone();
        // A reader who goes away does not end a look that others wait for.
        let looking = tokio::spawn(async move {
            let seen = Arc::new(looks.read(known.as_deref(), &name, &jobs, now).await);
            kept.keep(Arc::clone(&seen));
            drop(turn);
            seen
        });
        match looking.await {
            Ok(seen) => Known::Fresh(seen),
            // It can only end early with the whole program.
            Err(_) => Known::Later { before, wait: Duration::ZERO },
        }
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
                Err(why) => {
                    let (short, why) = (job.short(), Untrusted::new(why));
                    let text = match known {
                        None => format!("{short} could not be read: {}.", why.phrase()),
                        Some(_) => format!(
                            "{short} could not be read again, and what is shown of it is older: {}.",
                            why.phrase()
                        ),
                    };
                    trouble.push(Notice { is_trouble: true, text });
                    runs.extend(known.cloned());
                }
            }
        }
        let charts = match (Observed::measured(&runs), before) {
            (None, _) if jobs.is_empty() => Charts::Unread("There is no run yet.".to_owned()),
            (None, _) => Charts::Failed("No run could be read.".to_owned()),
            // The same run, and it had ended: its curves are what they were.
            (Some(run), Some(before))
                if has_ended(run)
                    && Observed::measured(&before.runs) == Some(run)
                    && !matches!(before.charts, Charts::Failed(_)) =>
            {
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

impl Entry {
    fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, seen: Arc<Seen>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }
}

impl State {
    /// The place for what is known of a model, which is made when it is new.
    fn entry(&mut self, model: (Place, Name)) -> Arc<Entry> {
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
        let failed = !self.trouble.is_empty() || matches!(self.charts, Charts::Failed(_));
        let ended = !failed && self.runs.iter().all(has_ended);
        ended || now.saturating_sub(self.at) < MINUTE
    }
}

fn has_ended(run: &Observed) -> bool {
    matches!(run.phase(), Phase::Good | Phase::Bad | Phase::Cancelled)
}
