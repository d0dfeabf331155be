//! The task that sends.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::watch;

use super::body::{body, signature};
use super::event::Event;
use super::queue::{Chore, Kept};
use super::spool::Spool;
use super::target::Target;
use super::{Format, Shared};
use crate::clock::{Clock, Entropy};
use crate::google::{Secret, chain, failure, head};

/// The first wait after a failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait of our own: an outage costs twelve requests an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// The longest wait that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(10 * 60);

/// See the module.
pub(super) struct Worker<C> {
    pub(super) shared: Arc<Shared>,
    pub(super) spool: Option<Arc<Spool>>,
    pub(super) client: Client,
    pub(super) target: Target,
    pub(super) secret: Option<Secret>,
    pub(super) format: Format,
    pub(super) clock: C,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) on_delivery: Box<dyn Fn(bool) + Send + Sync>,
    /// How long may be tried at shutdown; `None` while running.
    pub(super) closing: watch::Receiver<Option<Duration>>,
}

/// How a try ended.
enum Outcome {
    /// 2xx.
    Delivered,
    /// May be better later: why, and when the receiver wants to be asked.
    Later(String, Option<Duration>),
    /// With 500: as `Later`, unless it is this event that the receiver stumbles
    /// over.
    Stumbled,
    /// Will hardly be better.
    Refused(u16),
}

impl<C: Clock> Worker<C> {
    /// Until everything is delivered at shutdown, or its time is up. Gives how
    /// many events are left.
    pub(super) async fn run(self) -> usize {
        let mut closing = self.closing.clone();
        let out_of_time = async {
            let limit = closing.wait_for(Option::is_some).await.map_or(None, |limit| *limit);
            self.clock.sleep(limit.unwrap_or_default()).await;
        };
        let over = watch::Sender::new(false);
        let delivering = async {
            tokio::select! {
                () = self.deliver_all() => {}
                () = out_of_time => {}
            }
            over.send_replace(true);
        };
        // Writing is never cut off: what came last is kept as well.
        tokio::join!(delivering, self.keep_all(over.subscribe()));
        let left = self.shared.queue().len();
        if left > 0 && self.spool.is_some() {
            tracing::info!(left, webhook = %self.target, "the next start sends the other events");
        } else if left > 0 {
            tracing::warn!(left, webhook = %self.target, "events are lost: they were not taken in time");
        }
        left
    }

    async fn deliver_all(&self) {
        let (mut changed, mut closing) = (self.shared.changed.subscribe(), self.closing.clone());
        let mut failures = 0;
        loop {
            changed.mark_unchanged();
            let (next, empty) = {
                let mut queue = self.shared.queue();
                (queue.take(), queue.len() == 0)
            };
            if let Some((number, event)) = next {
                self.deliver(number, &event, &mut failures).await;
            } else if empty && closing.borrow_and_update().is_some() {
                return;
            } else {
                tokio::select! {
                    _ = changed.changed() => {}
                    closing = closing.changed() => if closing.is_err() { return },
                }
            }
        }
    }

    /// Tries once, and waits when it failed. `failures` are those in a row.
    async fn deliver(&self, number: u64, event: &Event, failures: &mut u32) {
        let outcome = self.send(event).await;
        (self.on_delivery)(matches!(outcome, Outcome::Delivered));
        let (why, asked) = match outcome {
            Outcome::Delivered => {
                if std::mem::take(failures) > 0 {
                    tracing::info!(webhook = %self.target, "the webhook takes events again");
                }
                let given_up = self.shared.change(|queue| queue.passed(number));
                self.finish(number, event).await;
                let now = self.clock.now();
                self.shared.change(|queue| queue.tell_loss(now, self.entropy.as_ref()));
                for (number, event) in given_up {
                    self.give_up(number, &event, 500).await;
                }
                return;
            }
            Outcome::Refused(status) if self.shared.change(|queue| queue.refused(number)) => {
                *failures = 0;
                return self.give_up(number, event, status).await;
            }
            Outcome::Refused(status) => (format!("answered {status}"), None),
            Outcome::Stumbled => {
                self.shared.change(|queue| queue.stumbled(number));
                ("answered 500".to_owned(), None)
            }
            Outcome::Later(why, asked) => (why, asked),
        };
        *failures = failures.saturating_add(1);
        let wait = self.wait(*failures, asked);
        if *failures == 1 {
            tracing::warn!(webhook = %self.target, why, ?wait, "the webhook took no event; trying again");
        } else {
            tracing::debug!(webhook = %self.target, why, ?wait, failures, "trying again");
        }
        self.pause(wait).await;
    }

    /// Drops an event that was refused once too often.
    async fn give_up(&self, number: u64, event: &Event, status: u16) {
        tracing::warn!(
            webhook = %self.target, status, event = event.event, id = event.id,
            "the webhook refuses an event; it is dropped"
        );
        self.finish(number, event).await;
    }

    /// How long to wait after so many failures: half of a doubling ceiling,
    /// and a random part of the other half; no less than what was asked for.
    fn wait(&self, failures: u32, asked: Option<Duration>) -> Duration {
        if self.closing.borrow().is_some() {
            return FIRST_WAIT;
        }
        let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        let own = doubled.min(LONGEST_WAIT).mul_f64(0.5 + 0.5 * self.entropy.fraction());
        own.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    /// Waits; the beginning of the shutdown ends it.
    async fn pause(&self, wait: Duration) {
        let mut closing = self.closing.clone();
        if closing.borrow_and_update().is_some() {
            return self.clock.sleep(wait).await;
        }
        tokio::select! {
            () = self.clock.sleep(wait) => {}
            _ = closing.changed() => {}
        }
    }

    async fn send(&self, event: &Event) -> Outcome {
        let body = body(event, self.format);
        let now = self.clock.now().as_second();
        let signature = self.secret.as_ref().and_then(|secret| signature(secret, now, &body));
        let mut request = self.client.post(self.target.url());
        request = request.header(CONTENT_TYPE, "application/json");
        request = request.header("Retune-Event-Id", &event.id);
        if let Some(signature) = signature {
            request = request.header("Retune-Signature", signature);
        }
        // The answer's body is nothing to us.
        match request.body(body).send().await {
            Ok(response) => {
                let answer = head(&response);
                match answer.status {
                    200..300 => Outcome::Delivered,
                    // A receiver that says when to come back is not well itself, and
                    // what stands before one answers 502 to 504 when it is not.
                    500 if answer.retry_after.is_none() => Outcome::Stumbled,
                    status @ (408 | 425 | 429 | 500..) => {
                        Outcome::Later(format!("answered {status}"), answer.retry_after)
                    }
                    status => Outcome::Refused(status),
                }
            }
            // The address is taken out of the error.
            Err(error) => Outcome::Later(chain(&failure(error)), None),
        }
    }

    async fn finish(&self, number: u64, event: &Event) {
        if self.shared.change(|queue| queue.finish(number)) {
            self.remove(number, event.id.clone()).await;
        }
    }

    /// Keeps events in files as they come, until it is over and all are kept.
    async fn keep_all(&self, mut over: watch::Receiver<bool>) {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if self.chore().await {
                continue;
            }
            if *over.borrow_and_update() {
                return;
            }
            tokio::select! {
                _ = changed.changed() => {}
                _ = over.changed() => {}
            }
        }
    }

    /// One thing that the state directory owes; false when there is none.
    async fn chore(&self) -> bool {
        let chore = self.shared.queue().chore();
        match chore {
            None => return false,
            Some(Chore::Remove(number, id)) => self.remove(number, id).await,
            Some(Chore::Write(number, event)) => {
                let id = event.id.clone();
                let written = self.on_disk(move |spool| spool.write(number, &event)).await;
                let kept = if written { Kept::File } else { Kept::Memory };
                self.shared.change(|queue| queue.kept(number, id, kept));
            }
        }
        true
    }

    async fn remove(&self, number: u64, id: String) {
        self.on_disk(move |spool| spool.remove(number, &id)).await;
    }

    /// Works on the state directory, off the threads that must not wait.
    async fn on_disk(
        &self,
        work: impl FnOnce(&Spool) -> std::io::Result<()> + Send + 'static,
    ) -> bool {
        let Some(spool) = self.spool.clone() else { return false };
        let done = tokio::task::spawn_blocking(move || work(&spool)).await;
        match done.map_err(std::io::Error::other).and_then(|done| done) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "the webhook's state directory does not work");
                false
            }
        }
    }
}
