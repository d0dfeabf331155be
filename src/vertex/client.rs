//! [`Vertex`] over HTTP.

mod unanswered;

use std::num::NonZeroU32;
use std::sync::Arc;

use self::unanswered::{NoAnswer, may_refuse_a_filter, refusal, unclear};
pub(super) use self::unanswered::{Subject, read_error};
use reqwest::Url;
use serde_json::Value;

use super::endpoint::{Endpoint, EndpointError};
use super::error::ReadError;
use super::known::Known;
use super::listing::{Lister, Pages};
use super::models::Registry;
use super::wire::{self, Sieve, WireError};
use super::{CancelOutcome, CreateOutcome, Keep, VerifiedJob, Vertex};
use crate::clock::{Clock, Entropy};
use crate::google::{
    Answer, Caller, Counters, Environment, TransportError, Unanswered, api_error, chain, host,
};
use crate::model::{
    FoundModel, JobName, Key, Listing, Name, Observed, Place, Progress, ResourceName, Untrusted,
    labels,
};

/// Jobs asked for in one page. The maximum is undocumented; clients send up to
/// 200 without complaint, and a shorter page is no error.
const PAGE_SIZE: &str = "100";

pub(super) const V1: &str = "v1";
const V1BETA1: &str = "v1beta1";

/// What a client needs to know from outside.
#[derive(Default)]
pub struct ClientOptions {
    /// `--endpoint` or `GOOGLE_VERTEX_BASE_URL`; Google's hosts when absent.
    pub endpoint: Option<String>,
    /// What the environment says of credentials.
    pub environment: Environment,
    /// Reads wait once that many requests a minute are made; writes are counted
    /// and never wait. `None`: requests are made as they come.
    pub requests_per_minute: Option<NonZeroU32>,
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
    pub(super) caller: Caller<C, E>,
    pub(super) endpoint: Endpoint,
    known: Known,
}

impl<C: Clock, E: Entropy> Client<C, E> {
    /// A client. Nothing is asked of anybody yet: credentials are looked for
    /// at the first request that may carry one.
    ///
    /// # Errors
    /// An endpoint that is neither https nor on loopback.
    pub fn new(options: ClientOptions, clock: C, entropy: E) -> Result<Self, ClientError> {
        let ClientOptions { endpoint, environment, requests_per_minute } = options;
        let endpoint = match endpoint {
            Some(text) => Endpoint::parse(&text)?,
            None => Endpoint::google(),
        };
        let caller = Caller::new(endpoint.instead(), environment, clock, entropy);
        let caller = caller.map_err(ClientError::Http)?.paced(requests_per_minute);
        Ok(Self { caller, endpoint, known: Known::default() })
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many requests were made.
    pub fn counters(&self) -> Arc<Counters> {
        self.caller.counters()
    }

    /// GET something that has a name, or below it by `verb`, with a query.
    pub(super) async fn read_resource(
        &self,
        name: &ResourceName,
        verb: &str,
        query: &[(&str, &str)],
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        let mut url = self.endpoint.resource(V1, name, verb)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.read(&url, &Subject::Resource(name), body).await
    }

    /// As [`Vertex::get`], with the statistics of its data.
    ///
    /// # Errors
    /// As [`Vertex::get`].
    pub async fn get_whole(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.get_as(job, wire::whole_job).await
    }

    /// As [`Vertex::get`], with what else the job was asked for: the paths of
    /// fields that nothing here knows.
    ///
    /// # Errors
    /// As [`Vertex::get`].
    pub async fn get_asked(&self, job: &JobName) -> Result<(Observed, Vec<Untrusted>), ReadError> {
        let mut rest = Vec::new();
        let decode = |body: &[u8], place: &Place| {
            rest = wire::rest(body)?;
            wire::job(body, place)
        };
        let observed = self.get_as(job, decode).await?;
        Ok((observed, rest))
    }

    async fn get_as(
        &self,
        job: &JobName,
        decode: impl FnOnce(&[u8], &Place) -> Result<Observed, WireError>,
    ) -> Result<Observed, ReadError> {
        let url = self.endpoint.job(V1, job, "")?;
        let mut body = Vec::new();
        self.read(&url, &Subject::Job(job), &mut body).await?;
        let garbled = |source| ReadError::Garbled { host: host(&url), source };
        let observed = decode(&body, &Subject::Job(job).place()).map_err(garbled)?;
        if (observed.name.id(), observed.name.location()) != (job.id(), job.location()) {
            return Err(garbled(WireError::OtherJob));
        }
        Ok(observed)
    }

    async fn read(
        &self,
        url: &Url,
        subject: &Subject<'_>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        self.caller.read(url, body).await.map_err(|failure| read_error(url, subject, failure))
    }

    /// One page of a place's models, as it comes.
    pub(super) async fn models_page(
        &self,
        place: &Place,
        filter: &str,
        token: Option<&str>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        let mut url = self.endpoint.models(V1, place)?;
        url.query_pairs_mut().append_pair("pageSize", PAGE_SIZE).append_pair("filter", filter);
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
    ) -> Result<Answer, NoAnswer> {
        let url = url.map_err(|e| NoAnswer::not_sent(&e))?;
        match self.caller.write(url, json, body).await {
            Ok((answer, _)) => Ok(answer),
            Err(Unanswered::Credential(error)) => Err(NoAnswer::not_sent(&error)),
            Err(Unanswered::Transport(error @ TransportError::NotSent(_))) => {
                Err(NoAnswer::not_sent(&error))
            }
            Err(Unanswered::Transport(error)) => {
                Err(NoAnswer::Unknown(Untrusted::new(chain(&error))))
            }
        }
    }
}

impl<C: Clock, E: Entropy> Vertex for Client<C, E> {
    async fn list(&self, place: &Place, keep: &Keep) -> Result<Listing, ReadError> {
        let sieve = Arc::new(Sieve::new(keep));
        let known = &self.known;
        Lister { pages: self, place, filter: None, sieve, known }.list().await
    }

    /// The API promises tuningJobs "the standard list filter" (discovery
    /// `aiplatform.v1`, revision 20261106) and says of models alone that it
    /// takes labels.
    async fn list_ours(
        &self,
        place: &Place,
        owner: &Name,
        keep: &Keep,
    ) -> Result<Option<Listing>, ReadError> {
        let (managed_by, retune) = (labels::MANAGED_BY, labels::RETUNE);
        let filter =
            format!("labels.{managed_by}=\"{retune}\" AND labels.{}=\"{owner}\"", labels::OWNER);
        let sieve = Arc::new(Sieve::new(keep));
        let (filter, known) = (Some(&*filter), &self.known);
        let listing = Lister { pages: self, place, filter, sieve, known }.list().await;
        match listing {
            Err(error) if may_refuse_a_filter(&error) => {
                tracing::debug!(%place, %error, "no listing by labels");
                Ok(None)
            }
            listing => listing.map(Some),
        }
    }

    async fn get(&self, job: &JobName) -> Result<Observed, ReadError> {
        self.get_as(job, wire::job).await
    }

    async fn models(
        &self,
        key: &Key,
        base_model: Option<&str>,
    ) -> Result<Vec<FoundModel>, ReadError> {
        Registry { client: self, key, base_model }.models().await
    }

    async fn create(&self, place: &Place, json: &Value) -> CreateOutcome {
        let mut body = Vec::new();
        let url = self.endpoint.jobs(V1, place);
        let answer = match self.write(url, json.to_string().into_bytes(), &mut body).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(refusal)) => return CreateOutcome::Refused(refusal),
            Err(NoAnswer::Unknown(why)) => return CreateOutcome::OutcomeUnknown(why),
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

    async fn cancel(&self, job: VerifiedJob) -> CancelOutcome {
        let mut body = Vec::new();
        let url = self.endpoint.job(V1, job.name(), ":cancel");
        let answer = match self.write(url, b"{}".to_vec(), &mut body).await {
            Ok(answer) if answer.is_success() => return CancelOutcome::Requested,
            Ok(answer) => answer,
            Err(NoAnswer::NotSent(refusal)) => return CancelOutcome::Refused(refusal),
            Err(NoAnswer::Unknown(why)) => return CancelOutcome::OutcomeUnknown(why),
        };
        let said = api_error(&body, answer.content_type.as_deref());
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

impl<C: Clock, E: Entropy> Pages for Client<C, E> {
    async fn page(
        &self,
        place: &Place,
        filter: Option<&str>,
        token: Option<&str>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        let mut url = self.endpoint.jobs(V1, place)?;
        url.query_pairs_mut().append_pair("pageSize", PAGE_SIZE);
        if let Some(filter) = filter {
            url.query_pairs_mut().append_pair("filter", filter);
        }
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        self.read(&url, &Subject::Place(place), body).await
    }

    fn host_of(&self, place: &Place) -> String {
        self.endpoint.jobs(V1, place).map(|url| host(&url)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
