//! Events for people: each change of state is POSTed to one address.
//!
//! [`Webhook::post`] puts an event into a bounded queue and returns; a task of
//! its own delivers in order, one at a time; only an event that is answered with
//! 500 for minutes lets others go first. Nothing that the receiver does or
//! does not do reaches the loop.
//!
//! # Invariants
//!
//! 1. At least once: an event leaves the queue when it was answered with 2xx,
//!    when the receiver refused it for good, or as the loss of a full queue,
//!    which is told. Its id stays the same over all tries. Refused for good is
//!    what was answered with 4xx three times, or with 500 eight times before
//!    another was taken, three times.
//! 2. With a state directory an event is in a file before it is first sent, and
//!    the file goes after the 2xx; the next process sends what is left first.
//!    A crash loses at most what was posted in the milliseconds before it.
//! 3. The address may be a secret (Slack's is): no log, error or `Debug` has
//!    more of it than scheme and host.
//! 4. No redirect is followed, and no Google credential is known here.

mod body;
mod deliver;
mod event;
mod queue;
mod spool;
mod target;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::news::{News, Severity};
use crate::clock::{Clock, Entropy};
use crate::google::Secret;
use deliver::Worker;
use event::Event;
use queue::Queue;
use spool::Spool;
use target::Target;

/// Where events go, and which.
pub struct WebhookOptions {
    /// The address: https, or plain http on this machine.
    pub url: Secret,
    /// The key of the signature; without one events are not signed.
    pub secret: Option<Secret>,
    /// What the body looks like.
    pub format: Format,
    /// News below this severity are not sent.
    pub least: Severity,
    /// Where events are kept until they are delivered; without it, in memory.
    pub state_dir: Option<PathBuf>,
}

/// What the body of a request looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object with a field for each fact.
    Json,
    /// Slack's incoming webhooks, and what understands the same.
    Slack,
}

/// Why events cannot be sent. None holds the address.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not a URL with a host.
    #[error("the webhook's address is not an https URL")]
    NotAUrl,
    /// Plain http to another machine.
    #[error("the webhook's address is plain http, and `{host}` is another machine")]
    PlainHttp {
        /// The other machine.
        host: String,
    },
    /// A user name or password in front of the host.
    #[error("the webhook's address has a user name or password before `{host}`")]
    Userinfo {
        /// What is behind them.
        host: String,
    },
    /// A key that signs nothing.
    #[error("the webhook's secret is empty")]
    EmptySecret,
    /// Events cannot be kept there.
    #[error("cannot keep events in `{}`", path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process keeps its events there.
    #[error("another process keeps its events in `{}`", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// TLS could not be set up.
    #[error("cannot set up TLS for the webhook")]
    Client(#[source] reqwest::Error),
}

impl WebhookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotAUrl => "give the whole address: `https://HOST/PATH`".to_owned(),
            Self::PlainHttp { host } => {
                format!("use `https://{host}/…`; plain http is for loopback only")
            }
            Self::Userinfo { .. } => {
                "leave it out: the receiver knows us by the signature of a secret".to_owned()
            }
            Self::EmptySecret => "give one, such as `openssl rand -hex 32` prints".to_owned(),
            Self::StateDir { path, .. } => {
                format!("make `{}` a directory that this user may write", path.display())
            }
            Self::InUse { .. } => "give each daemon a state directory of its own".to_owned(),
            Self::Client(_) => return None,
        })
    }
}

/// Sends events. When it is dropped, sending ends where it is.
pub struct Webhook {
    shared: Arc<Shared>,
    least: Severity,
    entropy: Arc<dyn Entropy>,
    closing: watch::Sender<Option<Duration>>,
    done: watch::Receiver<Option<usize>>,
    task: AbortHandle,
}

/// What the poster and the worker share.
struct Shared {
    queue: Mutex<Queue>,
    /// Told of after each change of the queue.
    changed: watch::Sender<()>,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue, and wakes who waits for that.
    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let result = change(&mut self.queue());
        self.changed.send_replace(());
        result
    }
}

impl Webhook {
    /// Starts to send, first what an earlier process left. Needs a tokio
    /// runtime around it. `on_delivery` hears of each try, whether it was
    /// answered with 2xx; it counts, and must not wait.
    ///
    /// # Errors
    /// An address that may not be sent to, an empty secret, a state directory
    /// that cannot be used. Nothing was sent.
    pub fn start(
        options: WebhookOptions,
        clock: impl Clock + 'static,
        entropy: impl Entropy + 'static,
        on_delivery: impl Fn(bool) + Send + Sync + 'static,
    ) -> Result<Self, WebhookError> {
        let WebhookOptions { url, secret, format, least, state_dir } = options;
        let target = Target::parse(&url)?;
        if secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err(WebhookError::EmptySecret);
        }
        let client = target.client().map_err(WebhookError::Client)?;
        let (spool, left) = match state_dir {
            None => (None, Vec::new()),
            Some(directory) => {
                let (spool, left) = Spool::open(&directory)?;
                (Some(Arc::new(spool)), left)
            }
        };
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue::new(spool.is_some(), left)),
            changed: watch::Sender::new(()),
        });
        let entropy: Arc<dyn Entropy> = Arc::new(entropy);
        let closing = watch::Sender::new(None);
        let (finished, done) = watch::channel(None);
        let worker = Worker {
            shared: Arc::clone(&shared),
            spool,
            client,
            target,
            secret,
            format,
            clock,
            entropy: Arc::clone(&entropy),
            on_delivery: Box::new(on_delivery),
            closing: closing.subscribe(),
        };
        let task = tokio::spawn(async move {
            let left = worker.run().await;
            finished.send_replace(Some(left));
        });
        Ok(Self { shared, least, entropy, closing, done, task: task.abort_handle() })
    }

    /// Takes an event; never waits, never fails. After [`Webhook::flush`]
    /// nothing is sent.
    pub fn post(&self, news: &News) {
        if news.severity < self.least {
            return;
        }
        let event = Event::new(news, self.entropy.as_ref());
        self.shared.change(|queue| queue.push(event));
    }

    /// At shutdown: tries for at most `limit` to deliver what is left, without
    /// the long waits of an outage. Gives how many events are undelivered; they
    /// are lost unless there is a state directory.
    pub async fn flush(&self, limit: Duration) -> usize {
        self.closing.send_replace(Some(limit));
        let mut done = self.done.clone();
        match done.wait_for(Option::is_some).await {
            Ok(left) => left.unwrap_or_default(),
            Err(_) => self.shared.queue().len(),
        }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
