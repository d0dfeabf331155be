//! One tuning job over time: queued, prepared, running through its phases,
//! ended. The course is drawn once, when the job leaves the queue; from then
//! on every state is a function of the course and the time.
//!
//! Durations are chosen to look like the real service's (users report 30 to 60
//! minutes for a few hundred short examples); Google publishes none.

use serde::{Deserialize, Serialize};

use super::chance;
use super::moment::Moment;

/// gRPC code numbers, as `google.rpc.Status` in a job carries them.
const CANCELLED: i64 = 1;
const INVALID_ARGUMENT: i64 = 3;
const INTERNAL: i64 = 13;

/// How a job ends unless it is cancelled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    Succeed,
    /// The dataset is refused after it was read.
    BadDataset(String),
    /// A fault of the service in the middle of training.
    Internal,
    /// The model is there, deploying it failed. Seen at the real service in
    /// November 2024.
    NoEndpoint,
    /// Never starts.
    Expire,
}

/// When what happens. Later moments may lie behind `end` and then never come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Course {
    /// When it left the queue.
    #[serde(default)]
    admitted: Option<Moment>,
    pub(crate) start: Moment,
    quota: Moment,
    experiment: Moment,
    processed: Moment,
    capacity: Moment,
    tuned: Moment,
    pub(crate) end: Moment,
}

/// A wish to stop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cancel {
    asked: Moment,
    /// When the job stops; `None` if it is too near its end to be stopped.
    stops: Option<Moment>,
}

/// What a job does at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    Queued,
    Pending,
    Running,
    Cancelling,
    Cancelled,
    Succeeded,
    Failed,
    Expired,
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "JOB_STATE_QUEUED",
            Self::Pending => "JOB_STATE_PENDING",
            Self::Running => "JOB_STATE_RUNNING",
            Self::Cancelling => "JOB_STATE_CANCELLING",
            Self::Cancelled => "JOB_STATE_CANCELLED",
            Self::Succeeded => "JOB_STATE_SUCCEEDED",
            Self::Failed => "JOB_STATE_FAILED",
            Self::Expired => "JOB_STATE_EXPIRED",
        }
    }

    pub(crate) fn has_ended(self) -> bool {
        match self {
            Self::Queued | Self::Pending | Self::Running | Self::Cancelling => false,
            Self::Cancelled | Self::Succeeded | Self::Failed | Self::Expired => true,
        }
    }
}

/// What decides over a job's time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) created: Moment,
    pub(crate) fate: Fate,
    /// Training steps over all epochs.
    pub(crate) steps: u64,
    pub(crate) epochs: u64,
    pub(crate) examples: u64,
    /// `None` while queued.
    pub(crate) course: Option<Course>,
    pub(crate) cancel: Option<Cancel>,
}

impl Life {
    /// Leaves the queue at `admitted`.
    pub(crate) fn admit(&mut self, admitted: Moment, seed: u64, serial: u64, speed: f64) {
        let lasts =
            |what: &str, from: f64, to: f64| chance::between(seed, what, serial, from, to) / speed;
        let waited = admitted > self.created;
        let start = admitted.plus(lasts("pending", 15.0, 45.0));
        let quota = if waited { start.plus(lasts("quota", 5.0, 15.0)) } else { start };
        let processed =
            quota.plus(lasts("processing", 60.0, 120.0) + self.examples as f64 / 50.0 / speed);
        let capacity = processed.plus(lasts("capacity", 20.0, 120.0));
        // A step takes about a second; six hours are the longest seen.
        let training = (600.0 + self.steps as f64).min(21_600.0)
            * chance::between(seed, "tuning", serial, 0.8, 1.3);
        let tuned = capacity.plus(training / speed);
        let regular_end = tuned.plus(lasts("post-processing", 60.0, 180.0));
        /// Invented: how long a job may stay pending.
        const EXPIRES_AFTER: f64 = 7200.0;
        let end = match self.fate {
            Fate::Succeed | Fate::NoEndpoint => regular_end,
            Fate::BadDataset(_) => processed,
            Fate::Internal => capacity.plus(training * 0.4 / speed),
            Fate::Expire => admitted.plus(EXPIRES_AFTER / speed),
        };
        let start = if self.fate == Fate::Expire { end.plus(1.0) } else { start };
        let experiment = start.plus(30.0 / speed);
        self.course = Some(Course {
            admitted: Some(admitted),
            start,
            quota,
            experiment,
            processed,
            capacity,
            tuned,
            end,
        });
    }

    /// Asks the job to stop. Whether it does is decided here: in its last
    /// seconds nothing can stop it any more.
    pub(crate) fn ask_cancel(&mut self, now: Moment, seed: u64, serial: u64, speed: f64) {
        const POINT_OF_NO_RETURN: f64 = 30.0;
        let grace = chance::between(seed, "cancel", serial, 10.0, 40.0) / speed;
        let stops = match &self.course {
            None => Some(now.plus(grace)),
            Some(course) if now.seconds_until(course.end) * speed < POINT_OF_NO_RETURN => None,
            Some(course) => Some(now.plus(grace).min(course.end)),
        };
        self.cancel = Some(Cancel { asked: now, stops });
    }

    /// Asks the job to stop and has it go on all the same.
    pub(crate) fn ask_cancel_in_vain(&mut self, now: Moment) {
        self.cancel = Some(Cancel { asked: now, stops: None });
    }

    /// Whether it waits for a slot: not yet admitted, and not about to stop.
    pub(crate) fn is_waiting(&self) -> bool {
        self.course.is_none() && !self.stops()
    }

    /// Whether somebody asked it to stop and it will.
    pub(crate) fn stops(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.stops.is_some())
    }

    /// When the job gives its slot back; `None` while that is not known.
    pub(crate) fn finish(&self) -> Option<Moment> {
        match (&self.cancel, &self.course) {
            (Some(Cancel { stops: Some(stops), .. }), _) => Some(*stops),
            (_, Some(course)) => Some(course.end),
            (_, None) => None,
        }
    }

    pub(crate) fn state(&self, now: Moment) -> State {
        // Somebody may ask for a moment that has passed.
        match self.cancel.as_ref().filter(|cancel| cancel.asked <= now) {
            Some(Cancel { stops: Some(stops), .. }) if *stops <= now => return State::Cancelled,
            Some(_) if self.ended(now).is_none() => return State::Cancelling,
            // Asked too late to be stopped, and ended in its own way.
            Some(_) | None => {}
        }
        match &self.course {
            None => State::Queued,
            Some(course) if course.admitted.is_some_and(|admitted| admitted > now) => State::Queued,
            Some(course) if course.end <= now => match self.fate {
                Fate::Succeed => State::Succeeded,
                Fate::BadDataset(_) | Fate::Internal | Fate::NoEndpoint => State::Failed,
                Fate::Expire => State::Expired,
            },
            Some(course) if course.start <= now => State::Running,
            Some(_) => State::Pending,
        }
    }

    /// v1beta1's finer state, defined "while the overall JobState is running".
    pub(crate) fn phase(&self, now: Moment) -> Option<&'static str> {
        let course = self.course.as_ref().filter(|_| self.state(now) == State::Running)?;
        Some(if now < course.quota {
            "TUNING_JOB_STATE_WAITING_FOR_QUOTA"
        } else if now < course.processed {
            "TUNING_JOB_STATE_PROCESSING_DATASET"
        } else if now < course.capacity {
            "TUNING_JOB_STATE_WAITING_FOR_CAPACITY"
        } else if now < course.tuned {
            "TUNING_JOB_STATE_TUNING"
        } else {
            "TUNING_JOB_STATE_POST_PROCESSING"
        })
    }

    /// The last moment the job did anything, at most `now`.
    fn reached(&self, now: Moment) -> Moment {
        self.finish().map_or(now, |finish| finish.min(now))
    }

    fn passed(&self, at: Moment, now: Moment) -> bool {
        at <= self.reached(now)
    }

    pub(crate) fn started(&self, now: Moment) -> Option<Moment> {
        self.course.as_ref().map(|course| course.start).filter(|start| self.passed(*start, now))
    }

    pub(crate) fn ended(&self, now: Moment) -> Option<Moment> {
        self.finish().filter(|finish| *finish <= now)
    }

    pub(crate) fn has_experiment(&self, now: Moment) -> bool {
        self.course.as_ref().is_some_and(|course| self.passed(course.experiment, now))
    }

    pub(crate) fn has_stats(&self, now: Moment) -> bool {
        let refused = matches!(self.fate, Fate::BadDataset(_));
        !refused && self.course.as_ref().is_some_and(|course| self.passed(course.processed, now))
    }

    /// When the first step begins and the last one ends, if nothing stops it.
    pub(crate) fn training(&self) -> Option<(Moment, Moment)> {
        self.course.as_ref().map(|course| (course.capacity, course.tuned))
    }

    pub(crate) fn steps_done(&self, now: Moment) -> u64 {
        let Some(course) = &self.course else { return 0 };
        let whole = course.capacity.seconds_until(course.tuned);
        let done = course.capacity.seconds_until(self.reached(now)).clamp(0.0, whole);
        if whole > 0.0 { (self.steps as f64 * done / whole) as u64 } else { self.steps }
    }

    pub(crate) fn epochs_done(&self, now: Moment) -> u64 {
        (self.steps_done(now) * self.epochs).checked_div(self.steps).unwrap_or(0)
    }

    /// The latest change a client could have seen.
    pub(crate) fn updated(&self, now: Moment) -> Moment {
        let course = self.course.iter().flat_map(|course| {
            [
                course.start,
                course.quota,
                course.experiment,
                course.processed,
                course.capacity,
                course.tuned,
            ]
        });
        let reached = self.reached(now);
        course
            .filter(|moment| *moment <= reached)
            .chain(self.ended(now))
            .chain(self.cancel.iter().map(|cancel| cancel.asked).filter(|asked| *asked <= now))
            .fold(self.created, Moment::max)
    }

    /// `error` of an ended job: a code and a text.
    pub(crate) fn error(&self, now: Moment) -> Option<(i64, String)> {
        match self.state(now) {
            State::Cancelled => Some((CANCELLED, "CANCELED".to_owned())),
            State::Failed => Some(match &self.fate {
                Fate::BadDataset(why) => (INVALID_ARGUMENT, why.clone()),
                Fate::NoEndpoint => (
                    INTERNAL,
                    "Failed to create endpoint. The tuned model is available in Model Registry."
                        .to_owned(),
                ),
                Fate::Internal | Fate::Succeed | Fate::Expire => {
                    (INTERNAL, "Internal error encountered.".to_owned())
                }
            }),
            _ => None,
        }
    }
}
