//! A request from its URL to its answer: credential, retries, and what is said
//! of a failure.

use std::fmt;
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use reqwest::{Response, Url};

use super::address::Base;
use super::auth::{Authorization, CredentialError, Credentials, Environment};
use super::counters::Counters;
use super::error_body::{ApiError, api_error};
use super::http::{Answer, Http, Kind, TransportError, headers, whole};
use super::quota::Quota;
use super::retry::{self, Budget};
use crate::clock::{Clock, Entropy};

/// Asks one service.
pub(crate) struct Caller<C, E> {
    http: Http,
    pub(crate) credentials: Credentials,
    budget: Budget,
    /// `None`: requests are made as they come.
    quota: Option<Quota>,
    clock: C,
    entropy: E,
}

/// Why a read gave nothing, after all tries.
#[derive(Debug)]
pub(crate) enum Unread {
    /// There is no credential, or it gives no token.
    Credential(CredentialError),
    /// No answer.
    Transport(TransportError),
    /// A refusal.
    Refused(Refused),
}

impl Unread {
    /// How long the service asks us to wait.
    fn asked(&self) -> Option<Duration> {
        match self {
            Self::Refused(refused) => refused.retry_after,
            Self::Credential(_) | Self::Transport(_) => None,
        }
    }
}

/// For the log; people get an error that says what was asked.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Refused(refused) => write!(f, "HTTP {}", refused.status),
        }
    }
}

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Refused {
    /// The HTTP status.
    pub(crate) status: u16,
    /// What the body says.
    pub(crate) said: ApiError,
    /// How long the service asks us to wait, in the head or in the body.
    pub(crate) retry_after: Option<Duration>,
    /// Where the credential came from; `None` when none was sent.
    pub(crate) credential: Option<&'static str>,
}

impl Refused {
    pub(crate) fn new(answer: &Answer, body: &[u8], credential: Option<&'static str>) -> Self {
        let said = api_error(body, answer.content_type.as_deref());
        let retry_after = answer.retry_after.or(said.retry_delay);
        Self { status: answer.status, said, retry_after, credential }
    }
}

/// A write without an answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// No byte was written: there is no credential.
    Credential(CredentialError),
    /// No byte was written, or the request may have arrived: see
    /// [`TransportError::NotSent`].
    Transport(TransportError),
}

impl<C: Clock, E: Entropy> Caller<C, E> {
    /// For requests to `base`, or to Google when there is none. Nothing is
    /// asked of anybody yet: credentials are looked for at the first request
    /// that may carry one.
    pub(crate) fn new(
        base: Option<&Base>,
        environment: Environment,
        clock: C,
        entropy: E,
    ) -> Result<Self, reqwest::Error> {
        let loopback = base.is_some_and(Base::is_loopback);
        let http = Http::new(Kind::of(loopback, base.is_none_or(Base::is_https)))?;
        let credentials = Credentials::new(environment);
        Ok(Self { http, credentials, budget: Budget::new(), quota: None, clock, entropy })
    }

    /// Reads wait for their turn once that many requests a minute are made.
    pub(crate) fn paced(self, requests_per_minute: Option<NonZeroU32>) -> Self {
        Self { quota: requests_per_minute.map(Quota::new), ..self }
    }

    /// How many requests were made.
    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.http.counters)
    }

    /// GET with retries: up to [`retry::MAX_ATTEMPTS`] tries while the fault
    /// is transient, and one more with a fresh token after a 401.
    pub(crate) async fn read(&self, url: &Url, body: &mut Vec<u8>) -> Result<Answer, Unread> {
        self.budget.request();
        let mut tries = Tries::new();
        loop {
            self.turn().await;
            let credential = self.authorize(url, &mut tries).await?;
            let result = self.http.read(url.clone(), headers(credential.as_ref()), body).await;
            let failure = match result {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(answer) if tries.renews(&answer, credential.as_ref()) => continue,
                Ok(answer) => {
                    let refused = Refused::new(&answer, body, credential.map(|c| c.source));
                    if !retry::is_transient(answer.status) {
                        return Err(Unread::Refused(refused));
                    }
                    Unread::Refused(refused)
                }
                Err(error @ TransportError::TooLarge) => return Err(Unread::Transport(error)),
                Err(error) => Unread::Transport(error),
            };
            let Some(wait) = tries.next(self, url, &failure) else { return Err(failure) };
            self.http.counters.retried();
            self.clock.sleep(wait).await;
        }
    }

    /// POSTs JSON that changes nothing at the service and is billed, and hands
    /// the answer on unread. It is tried again, as often as a read, only when
    /// nothing can have been billed: without a connection, and when the service
    /// says that it did not begin (429, 503); once more with a fresh token
    /// after a 401. A time-out, a broken connection and any other failure of the
    /// service may have been an answer, so who asks decides. Once `stop` is
    /// over nothing is tried again: the last failure is the outcome.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        json: Vec<u8>,
        stop: impl Future<Output = ()>,
    ) -> Result<(Answer, Response), Unread> {
        let mut stop = pin!(stop.fuse());
        self.budget.request();
        let mut tries = Tries::new();
        loop {
            let credential = self.authorize(url, &mut tries).await?;
            let mut headers = headers(credential.as_ref());
            // Compression would hold the pieces of a stream back.
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            let failure = match self.http.ask(url.clone(), headers, json.clone()).await {
                Ok((answer, response)) if answer.is_success() => return Ok((answer, response)),
                Ok((answer, _))
                    if !is_over(stop.as_mut()) && tries.renews(&answer, credential.as_ref()) =>
                {
                    continue;
                }
                Ok((answer, response)) => {
                    let mut body = Vec::new();
                    whole(&answer, response, &mut body).await.map_err(Unread::Transport)?;
                    let refused = Refused::new(&answer, &body, credential.map(|c| c.source));
                    if !matches!(answer.status, 429 | 503) {
                        return Err(Unread::Refused(refused));
                    }
                    Unread::Refused(refused)
                }
                Err(error @ TransportError::NotSent(_)) => Unread::Transport(error),
                Err(error) => return Err(Unread::Transport(error)),
            };
            // What is not tried again costs no retry.
            if is_over(stop.as_mut()) {
                return Err(failure);
            }
            let Some(wait) = tries.next(self, url, &failure) else { return Err(failure) };
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = &mut stop => return Err(failure),
            }
            self.http.counters.retried();
        }
    }

    /// The credential of the next try.
    async fn authorize(
        &self,
        url: &Url,
        tries: &mut Tries,
    ) -> Result<Option<Authorization>, Unread> {
        let renew = std::mem::take(&mut tries.renew);
        self.credentials.authorize(url, renew).await.map_err(Unread::Credential)
    }

    /// Waits until a read may be made.
    async fn turn(&self) {
        let Some(quota) = &self.quota else { return };
        let wait = quota.read(self.clock.elapsed());
        if !wait.is_zero() {
            tracing::debug!(?wait, "waiting for the quota");
            self.clock.sleep(wait).await;
        }
    }

    /// POSTs JSON, once. An answer comes with the source of the credential.
    pub(crate) async fn write(
        &self,
        url: Url,
        json: Vec<u8>,
        body: &mut Vec<u8>,
    ) -> Result<(Answer, Option<&'static str>), Unanswered> {
        let credential = self.credentials.authorize(&url, false).await;
        let credential = credential.map_err(Unanswered::Credential)?;
        if let Some(quota) = &self.quota {
            quota.write(self.clock.elapsed());
        }
        let answer = self.http.write(url, headers(credential.as_ref()), json, body).await;
        Ok((answer.map_err(Unanswered::Transport)?, credential.map(|c| c.source)))
    }
}

/// The tries of one request.
struct Tries {
    /// Which one it is, from 1.
    attempt: u32,
    /// Whether the next one needs a fresh token.
    renew: bool,
    /// Whether one had a fresh token already: another would be refused as well.
    renewed: bool,
}

impl Tries {
    fn new() -> Self {
        Self { attempt: 1, renew: false, renewed: false }
    }

    /// Whether the answer wants a fresh token, and the next try gets one. It is
    /// not counted and not waited for.
    fn renews(&mut self, answer: &Answer, credential: Option<&Authorization>) -> bool {
        let renewable = credential.is_some_and(|credential| credential.renewable);
        self.renew = answer.status == 401 && renewable && !self.renewed;
        self.renewed |= self.renew;
        self.renew
    }

    /// How long the next try waits after a transient failure; `None`: there is
    /// none.
    fn next<C: Clock, E: Entropy>(
        &mut self,
        caller: &Caller<C, E>,
        url: &Url,
        failure: &Unread,
    ) -> Option<Duration> {
        let wait = retry::wait_after(self.attempt, failure.asked(), &caller.entropy)?;
        if self.attempt >= retry::MAX_ATTEMPTS || !caller.budget.retry() {
            return None;
        }
        tracing::debug!(attempt = self.attempt, ?wait, host = host(url), %failure, "trying again");
        self.attempt += 1;
        Some(wait)
    }
}

/// Whether it is over, without waiting for it.
fn is_over(mut stop: Pin<&mut impl FusedFuture<Output = ()>>) -> bool {
    stop.is_terminated() || stop.as_mut().now_or_never().is_some()
}

/// The host of a URL, with its port when it has an odd one.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a text is what the HTTP client calls one of its own layers. It is
/// the system's word below them that says what is wrong.
pub(crate) fn is_layer(text: &str) -> bool {
    [
        "error sending request",
        "client error (Connect)",
        "tcp connect error",
        "error decoding response body",
        "request or response body error",
        "error reading a body from connection",
    ]
    .contains(&text)
}

/// An error and its causes on one line, for outcomes, which have no `source`.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !is_layer(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
