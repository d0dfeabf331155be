//! [`Vertex`] over HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use super::auth::{Authorization, Credentials, Environment};
use super::endpoint::{Endpoint, EndpointError};
use super::error::ReadError;
use super::http::{Answer, Counters, Http, Kind, TransportError, headers};
use super::listing::Lister;
use super::retry::{self, Budget};
use super::wire::{self, ApiError, Sieve, WireError};
use super::{CancelOutcome, CreateOutcome, Keep, Refusal, Vertex};
use crate::clock::{Clock, Entropy};
use crate::model::{JobName, Listing, Observed, Place, Progress, Untrusted};

/// Jobs asked for in one page. The maximum is undocumented; clients send up to
/// 200 without complaint, and a shorter page is no error.
const PAGE_SIZE: &str = "100";

const V1: &str = "v1";
const V1BETA1: &str = "v1beta1";

/// What a client needs to know from outside.
pub struct ClientOptions {
    /// `--endpoint` or `GOOGLE_VERTEX_BASE_URL`; Google's hosts when absent.
    pub endpoint: Option<String>,
    /// What the environment says of credentials.
    pub environment: Environment,
}

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The endpoint is none.
    #[error("the endpoint cannot be used")]
    Endpoint(#[from] EndpointError),
    /// TLS or the proxy settings are broken.
    #[error("could not set up HTTP")]
    Http(#[source] reqwest::Error),
}

/// The Vertex AI tuning service over HTTP.
pub struct Client<C, E> {
    http: Http,
    endpoint: Endpoint,
    credentials: Credentials,
    budget: Budget,
    clock: C,
    entropy: E,
}

/// What is being read, for errors.
enum Subject<'a> {
    Place(&'a Place),
    Job(&'a JobName),
}

impl<C: Clock, E: Entropy> Client<C, E> {
    /// A client. Nothing is asked of anybody yet: credentials are looked for
    /// at the first request that may carry one.
    ///
    /// # Errors
    /// An endpoint that is neither https nor on loopback.
    pub fn new(options: ClientOptions, clock: C, entropy: E) -> Result<Self, ClientError> {
        let ClientOptions { endpoint, environment } = options;
        let endpoint = match endpoint {
            Some(text) => Endpoint::parse(&text)?,
            None => Endpoint::google(),
        };
        let http = Http::new(Kind::of(&endpoint)).map_err(ClientError::Http)?;
        let credentials = Credentials::new(environment);
        Ok(Self { http, endpoint, credentials, budget: Budget::new(), clock, entropy })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many requests were made.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.http.counters)
    }

    /// GET with retries: up to [`retry::MAX_ATTEMPTS`] tries while the fault
    /// is transient, and one more with a fresh token after a 401.
    async fn read(
        &self,
        url: &Url,
        subject: &Subject<'_>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        self.budget.request();
        let mut attempt = 1;
        let (mut renew, mut renewed) = (false, false);
        loop {
            let credential = self.credentials.authorize(url, renew).await?;
            renew = false;
            let result = self.http.read(url.clone(), headers(credential.as_ref()), body).await;
            let (error, asked) = match result {
                Ok(answer) if answer.is_success() => return Ok(answer),
                Ok(Answer { status: 401, .. })
                    if !renewed && credential.as_ref().is_some_and(|c| c.renewable) =>
                {
                    (renew, renewed) = (true, true);
                    continue;
                }
                Ok(answer) => {
                    let said = wire::api_error(body, answer.content_type.as_deref());
                    let asked = answer.retry_after.or(said.retry_delay);
                    let error = read_error(url, subject, credential, answer.status, said, asked);
                    if !retry::is_transient(answer.status) {
                        return Err(error);
                    }
                    (error, asked)
                }
                Err(source) => {
                    let again = !matches!(source, TransportError::TooLarge);
                    let error = ReadError::Unreachable { host: host(url), source };
                    if !again {
                        return Err(error);
                    }
                    (error, None)
                }
            };
            let wait = retry::wait_after(attempt, asked, &self.entropy);
            let Some(wait) = wait.filter(|_| attempt < retry::MAX_ATTEMPTS) else {
                return Err(error);
            };
            if !self.budget.retry() {
                return Err(error);
            }
            tracing::debug!(attempt, ?wait, host = host(url), %error, "trying again");
            self.http.counters.retried();
            self.clock.sleep(wait).await;
            attempt += 1;
        }
    }

    /// One page of a listing, as it comes.
    pub(super) async fn page(
        &self,
        place: &Place,
        token: Option<&str>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        let mut url = self.endpoint.jobs(V1, place)?;
        url.query_pairs_mut().append_pair("pageSize", PAGE_SIZE);
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        self.read(&url, &Subject::Place(place), body).await
    }

    /// Sends once and says what came back, or the refusal when nothing left.
    async fn write(
        &self,
        url: Result<Url, EndpointError>,
        json: Vec<u8>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, Unanswered> {
        let url = url.map_err(|e| Unanswered::not_sent(&e))?;
        let credential = self.credentials.authorize(&url, false).await;
        let credential = credential.map_err(|e| Unanswered::not_sent(&e))?;
        match self.http.write(url, headers(credential.as_ref()), json, body).await {
            Ok(answer) => Ok(answer),
            Err(error @ TransportError::NotSent(_)) => Err(Unanswered::not_sent(&error)),
            Err(error) => Err(Unanswered::Unknown(Untrusted::new(chain(&error)))),
        }
    }
}

/// The error of a read that was refused.
fn read_error(
    url: &Url,
    subject: &Subject<'_>,
    credential: Option<Authorization>,
    status: u16,
    said: ApiError,
    retry_after: Option<Duration>,
) -> ReadError {
    let ApiError { status: _, message, permission, retry_delay: _ } = said;
    let host = host(url);
    match (status, subject) {
        (401, _) => {
            let credential = credential.map(|c| c.source);
            ReadError::Unauthenticated { host, credential, message }
        }
        (403, subject) => ReadError::Forbidden { place: subject.place(), permission, message },
        (404, Subject::Job(job)) => ReadError::NotFound { job: (*job).clone() },
        (404, Subject::Place(place)) => {
            ReadError::NoSuchPlace { host, place: (*place).clone(), message }
        }
        (429, _) => ReadError::Throttled { host, message, retry_after },
        (408 | 500.., _) => ReadError::Unavailable { host, status, message },
        _ => ReadError::Refused { host, status, message },
    }
}

/// A write without an answer.
enum Unanswered {
    /// No byte was written.
    NotSent(Refusal),
    /// The request may have arrived.
    Unknown(Untrusted),
}

impl Unanswered {
    fn not_sent(error: &dyn std::error::Error) -> Self {
        let message = Untrusted::new(chain(error));
        Self::NotSent(Refusal { status: 0, message, retry_after: None })
    }
}

impl Subject<'_> {
    fn place(&self) -> Place {
        match self {
            Self::Place(place) => (*place).clone(),
            Self::Job(job) => Place::new(&*job.project, &*job.location),
        }
    }
}

impl<C: Clock, E: Entropy> Vertex for Client<C, E> {
    async fn list(&self, place: &Place, keep: &Keep) -> Result<Listing, ReadError> {
        Lister { client: self, place, sieve: Arc::new(Sieve::new(keep)) }.list().await
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        let url = self.endpoint.job(V1, job, "")?;
        let mut body = Vec::new();
        self.read(&url, &Subject::Job(job), &mut body).await?;
        let garbled = |source| ReadError::Garbled { host: host(&url), source };
        let observed = wire::job(&body, &Subject::Job(job).place()).map_err(garbled)?;
        if observed.name.id != job.id || observed.name.location != job.location {
            return Err(garbled(WireError::OtherJob));
        }
        Ok(observed)
    }

    async fn create(&self, place: &Place, json: &Value) -> CreateOutcome {
        let mut body = Vec::new();
        let url = self.endpoint.jobs(V1, place);
        let answer = match self.write(url, json.to_string().into_bytes(), &mut body).await {
            Ok(answer) => answer,
            Err(Unanswered::NotSent(refusal)) => return CreateOutcome::Refused(refusal),
            Err(Unanswered::Unknown(why)) => return CreateOutcome::OutcomeUnknown(why),
        };
        if answer.is_success() {
            return match wire::job(&body, place) {
                Ok(job) => CreateOutcome::Created(Box::new(job)),
                // It said yes: something was created.
                Err(error) => CreateOutcome::OutcomeUnknown(Untrusted::new(chain(&error))),
            };
        }
        match (answer.status, refusal(&answer, &body)) {
            (429, refusal) => CreateOutcome::Throttled(refusal),
            // gRPC says of UNAVAILABLE, which is a 503 here, that the server
            // may have seen the request; a redirect says nothing at all.
            (408 | 500.. | ..400, refusal) => CreateOutcome::OutcomeUnknown(unclear(refusal)),
            (_, refusal) => CreateOutcome::Refused(refusal),
        }
    }

    async fn cancel(&self, job: &JobName) -> CancelOutcome {
        let mut body = Vec::new();
        let url = self.endpoint.job(V1, job, ":cancel");
        let answer = match self.write(url, b"{}".to_vec(), &mut body).await {
            Ok(answer) if answer.is_success() => return CancelOutcome::Requested,
            Ok(answer) => answer,
            Err(Unanswered::NotSent(refusal)) => return CancelOutcome::Refused(refusal),
            Err(Unanswered::Unknown(why)) => return CancelOutcome::OutcomeUnknown(why),
        };
        let said = wire::api_error(&body, answer.content_type.as_deref());
        let ended = said.status.as_deref() == Some("FAILED_PRECONDITION");
        match (answer.status, refusal(&answer, &body)) {
            // What Vertex's other jobs answer when they have ended.
            (400, _) if ended => CancelOutcome::AlreadyEnded,
            (408 | 500.. | ..400, refusal) => CancelOutcome::OutcomeUnknown(unclear(refusal)),
            (_, refusal) => CancelOutcome::Refused(refusal),
        }
    }

    async fn progress(&self, job: &JobName) -> Result<Progress, ReadError> {
        let subject = Subject::Job(job);
        let mut body = Vec::new();
        let url = self.endpoint.job(V1BETA1, job, "")?;
        match self.read(&url, &subject, &mut body).await {
            Ok(_) => {
                if let Ok(progress) = wire::progress(&body) {
                    return Ok(progress);
                }
            }
            // A service without this version, or one that does not know the
            // job there.
            Err(
                ReadError::NotFound { .. }
                | ReadError::Refused { status: 400, .. }
                | ReadError::Unavailable { status: 501, .. },
            ) => {}
            Err(error) => return Err(error),
        }
        let url = self.endpoint.job(V1, job, "")?;
        self.read(&url, &subject, &mut body).await?;
        wire::progress_v1(&body).map_err(|source| ReadError::Garbled { host: host(&url), source })
    }
}

impl<C: Clock, E: Entropy> Client<C, E> {
    pub(super) fn host_of(&self, place: &Place) -> String {
        self.endpoint.jobs(V1, place).map(|url| host(&url)).unwrap_or_default()
    }
}

fn refusal(answer: &Answer, body: &[u8]) -> Refusal {
    let said = wire::api_error(body, answer.content_type.as_deref());
    let retry_after = answer.retry_after.or(said.retry_delay);
    Refusal { status: answer.status, message: said.message, retry_after }
}

fn unclear(refusal: Refusal) -> Untrusted {
    Untrusted::new(format!("HTTP {}: {}", refusal.status, refusal.message.raw()))
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An error and its causes on one line, for outcomes, which have no `source`.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
