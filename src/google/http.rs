//! HTTP below the API: three clients, their timeouts, and caps on what is read.
//!
//! # Invariants
//!
//! 1. What [`Http::write`] sends is written to the wire at most once: its
//!    client keeps no connection, so no pool replays a request on another one
//!    (hyper-util repeats a request only when the connection was reused), it
//!    follows no redirect, and reqwest's own retries are off.
//! 2. [`TransportError::NotSent`] means that no byte of the request was written.
//! 3. No more than a cap is ever held of an answer, counted after
//!    decompression.
//! 4. What [`Http::ask`] sends changes nothing at the service. It may find a
//!    connection that was used before, and be written again when that one was
//!    closed before anything of it went out.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, ClientBuilder, Method, Request, Response, Url};

use super::auth::Authorization;
use super::counters::{Counters, Try};

/// Time to connect, TLS included. A region on another continent answers within
/// half a second; ten allow for two lost SYNs (1 s, 3 s).
const CONNECT: Duration = Duration::from_secs(10);

/// Longest silence while an answer is read.
const IDLE: Duration = Duration::from_secs(60);

/// One request as a whole. A page of 100 jobs is 0.4 MB; Google's frontends
/// give up after a minute themselves.
const WHOLE: Duration = Duration::from_secs(60);

/// One question to a model as a whole: 65,536 tokens at 75 a second are 15
/// minutes, the most that one may answer with.
const QUESTION: Duration = Duration::from_secs(15 * 60);

/// Longest silence of a model: one that thinks says nothing until it has done.
const THINKING: Duration = Duration::from_secs(5 * 60);

/// Most bytes of one answer: a page of 100 jobs of 1.5 to 4 KB has 0.4 MB, and
/// the cap leaves each job 160 KB for the training rows that it echoes.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;

/// Most bytes of a refusal; the rest of it is left unread.
const MAX_REFUSAL: usize = 64 * 1024;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection: no byte of the request was written.
    #[error("no connection")]
    NotSent(#[source] reqwest::Error),
    /// The time was up.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke while the request was sent or the answer read.
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    /// An answer beyond the cap.
    #[error("the answer is longer than {} MiB", MAX_BODY / (1024 * 1024))]
    TooLarge,
}

/// The head of an answer; the body is in the caller's buffer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The server's time.
    pub(crate) date: Option<Timestamp>,
    /// `Retry-After`, measured from `date` when it is a date: the server's
    /// clock against itself, never against ours.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) content_type: Option<String>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends requests.
pub(crate) struct Http {
    reads: Client,
    /// Made at the first write: it loads the machine's root certificates
    /// again, and most runs write nothing.
    writes: OnceLock<Client>,
    /// Made at the first question.
    questions: OnceLock<Client>,
    kind: Kind,
    pub(crate) counters: Arc<Counters>,
}

/// What kind of endpoint is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// On this machine: no proxy is asked.
    pub(crate) loopback: bool,
    /// With TLS. Without, no root certificates are loaded.
    pub(crate) https: bool,
    /// One request as a whole.
    pub(crate) timeout: Duration,
}

impl Kind {
    pub(crate) fn of(loopback: bool, https: bool) -> Self {
        Self { loopback, https, timeout: WHOLE }
    }

    /// What every client has: no redirect, no retry of its own, TLS 1.2 or later.
    pub(crate) fn builder(self) -> ClientBuilder {
        // Fails when a provider is there already, which does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(concat!("retune/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(CONNECT)
            .read_timeout(IDLE)
            .timeout(self.timeout)
            .gzip(true)
            .https_only(self.https);
        let builder = if self.loopback { builder.no_proxy() } else { builder };
        if self.https { builder } else { builder.tls_certs_only([]) }
    }
}

impl Http {
    pub(crate) fn new(kind: Kind) -> Result<Self, reqwest::Error> {
        let reads = kind.builder().build()?;
        Ok(Self {
            reads,
            writes: OnceLock::new(),
            questions: OnceLock::new(),
            kind,
            counters: Arc::default(),
        })
    }

    /// The client of what must be written once: see the first invariant.
    fn writes(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.writes.get() {
            return Ok(client);
        }
        let client = self.kind.builder().pool_max_idle_per_host(0).http1_only().build()?;
        Ok(self.writes.get_or_init(|| client))
    }

    /// The client of what may take long and changes nothing. It keeps its
    /// connections: of many questions each but the first finds one.
    fn questions(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.questions.get() {
            return Ok(client);
        }
        let client = self.kind.builder().read_timeout(THINKING).timeout(QUESTION).build()?;
        Ok(self.questions.get_or_init(|| client))
    }

    /// GET. The answer's body replaces what is in `body`.
    pub(crate) async fn read(
        &self,
        url: Url,
        headers: HeaderMap,
        body: &mut Vec<u8>,
    ) -> Result<Answer, TransportError> {
        let counted = self.counters.begin(&Method::GET, url.path());
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = headers;
        count(counted, send(&self.reads, request, body).await)
    }

    /// POST, once.
    pub(crate) async fn write(
        &self,
        url: Url,
        headers: HeaderMap,
        json: Vec<u8>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, TransportError> {
        let counted = self.counters.begin(&Method::POST, url.path());
        let request = post(url, headers, json);
        let result = match self.writes() {
            Ok(client) => send(client, request, body).await,
            Err(error) => Err(TransportError::NotSent(error)),
        };
        count(counted, result)
    }

    /// POST of what changes nothing: the answer's head, with the body unread.
    pub(crate) async fn ask(
        &self,
        url: Url,
        headers: HeaderMap,
        json: Vec<u8>,
    ) -> Result<(Answer, Response), TransportError> {
        let counted = self.counters.begin(&Method::POST, url.path());
        let request = post(url, headers, json);
        let client = self.questions().map_err(TransportError::NotSent)?;
        let (answer, response) = execute(client, request).await?;
        counted.answered(answer.status);
        Ok((answer, response))
    }
}

fn post(url: Url, headers: HeaderMap, json: Vec<u8>) -> Request {
    let mut request = Request::new(Method::POST, url);
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(json.into());
    request
}

/// Counts what became of a try.
fn count(
    counted: Try<'_>,
    result: Result<Answer, TransportError>,
) -> Result<Answer, TransportError> {
    if let Ok(answer) = &result {
        counted.answered(answer.status);
    }
    result
}

/// The headers of a request. The quota project is who pays for the request
/// and is checked with the credential, so it goes only where that goes.
pub(crate) fn headers(authorization: Option<&Authorization>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(Authorization { bearer, quota_project, source: _, renewable: _ }) = authorization {
        headers.insert(AUTHORIZATION, bearer.clone());
        if let Some(project) = quota_project {
            headers.insert("x-goog-user-project", project.clone());
        }
    }
    headers
}

async fn send(
    client: &Client,
    request: Request,
    body: &mut Vec<u8>,
) -> Result<Answer, TransportError> {
    let (answer, response) = execute(client, request).await?;
    whole(&answer, response, body).await?;
    Ok(answer)
}

/// Sends, and waits for the head of the answer.
async fn execute(client: &Client, request: Request) -> Result<(Answer, Response), TransportError> {
    // The query holds page tokens, the headers a credential: neither is logged.
    let (method, url) = (request.method().clone(), request.url().clone());
    let (host, path) = (url.host_str().unwrap_or_default(), url.path());
    let response = client.execute(request).await.map_err(|error| {
        let error = failure(error);
        tracing::debug!(%method, host, path, %error, "no answer");
        error
    })?;
    let answer = head(&response);
    tracing::debug!(%method, host, path, status = answer.status, "answered");
    Ok((answer, response))
}

/// Reads the rest of an answer into `body`.
pub(crate) async fn whole(
    answer: &Answer,
    mut response: Response,
    body: &mut Vec<u8>,
) -> Result<(), TransportError> {
    body.clear();
    let cap = if answer.is_success() { MAX_BODY } else { MAX_REFUSAL };
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(()),
            Ok(Some(chunk)) if body.len() + chunk.len() <= cap => body.extend_from_slice(&chunk),
            Ok(Some(_)) if answer.is_success() => return Err(TransportError::TooLarge),
            // The status of a refusal says enough, with or without its text.
            Ok(Some(_)) => return Ok(()),
            Err(_) if !answer.is_success() => return Ok(()),
            Err(error) => return Err(failure(error)),
        }
    }
}

/// Sorts an error by whether the request can have arrived. The address is
/// taken out of the text: the caller names the host.
pub(crate) fn failure(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent(error)
    } else if error.is_timeout() {
        TransportError::TimedOut
    } else {
        TransportError::Broken(error)
    }
}

pub(crate) fn head(response: &Response) -> Answer {
    let text = |name| response.headers().get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let date = text(DATE).and_then(http_date);
    let retry_after = text(RETRY_AFTER).and_then(|value| match value.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Duration::try_from(http_date(value)?.duration_since(date?)).ok(),
    });
    Answer {
        status: response.status().as_u16(),
        date,
        retry_after,
        content_type: text(CONTENT_TYPE).map(str::to_owned),
    }
}

/// An HTTP date (RFC 9110, 5.6.7), in the one form that servers send.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn silence_is_a_time_out_and_not_a_broken_connection() {
        // The connection is taken by the system's queue, and nobody answers.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let timeout = Duration::from_millis(30);
        let http = Http::new(Kind { loopback: true, https: false, timeout }).unwrap();
        let (url, mut body) = (Url::parse(&url).unwrap(), Vec::new());
        let read = http.read(url.clone(), HeaderMap::new(), &mut body).await;
        assert!(matches!(read, Err(TransportError::TimedOut)), "{read:?}");
        let write = http.write(url, HeaderMap::new(), b"{}".to_vec(), &mut body).await;
        assert!(matches!(write, Err(TransportError::TimedOut)), "{write:?}");
        assert_eq!(http.counters.read().failures, 2);
    }

    #[test]
    fn an_http_date_is_read() {
        let date = http_date("Sun, 22 Nov 2026 21:30:39 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-22T21:30:39Z");
        assert_eq!(http_date("soon"), None);
    }
}
