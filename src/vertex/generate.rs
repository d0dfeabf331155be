//! Asks models: `generateContent` and `streamGenerateContent`.
//!
//! A question changes nothing at the service, but is billed: what may have been
//! answered is not asked again here (see [`Caller::ask`](crate::google)).

use std::collections::VecDeque;

use reqwest::{Response, Url};
use serde_json::Value;

use super::client::{Client, Subject, V1, read_error};
use super::error::ReadError;
use super::wire::{self, Decoder, TooLong, WireError};
use crate::clock::{Clock, Entropy};
use crate::google::{TransportError, api_error, failure, host, whole};
use crate::model::{ResourceName, Untrusted};

/// The pieces of an answer, as they come.
pub struct Pieces {
    response: Response,
    host: String,
    decoder: Option<Decoder>,
    /// Events that came together with the one before them.
    ready: VecDeque<Vec<u8>>,
}

/// Why a stream went no further.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The connection broke, or nothing more came in time.
    #[error("the answer of `{host}` broke off")]
    Broken {
        /// Who answered.
        host: String,
        /// What went wrong.
        #[source]
        source: TransportError,
    },
    /// A piece that cannot be read.
    #[error("could not read a piece of the answer of `{host}`")]
    Garbled {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        #[source]
        source: WireError,
    },
    /// The service said in the middle that it cannot go on.
    #[error("`{host}` broke its answer off: {}", message.shown())]
    Refused {
        /// Who answered.
        host: String,
        /// What it said.
        message: Untrusted,
    },
    /// A piece without end.
    #[error("could not read the answer of `{host}`")]
    TooLong {
        /// Who answered.
        host: String,
        /// What is wrong with it.
        #[source]
        source: TooLong,
    },
}

impl<C: Clock, E: Entropy> Client<C, E> {
    /// Asks `model`, an endpoint or a model of Google's, and waits for the
    /// whole answer. Once `stop` is over it is not asked again: what is on the
    /// wire is waited for, and nothing else.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer that is not the API's.
    pub async fn generate(
        &self,
        model: &ResourceName,
        request: &Value,
        stop: impl Future<Output = ()>,
    ) -> Result<Value, ReadError> {
        let url = self.endpoint.resource(V1, model, ":generateContent")?;
        let (answer, response) = self.ask(&url, model, request, stop).await?;
        let (host, mut body) = (host(&url), Vec::new());
        let read = whole(&answer, response, &mut body).await;
        read.map_err(|source| ReadError::Unreachable { host: host.clone(), source })?;
        let garbled = |source| ReadError::Garbled { host, source };
        if let Some(kind) = foreign(answer.content_type.as_deref(), "application/json") {
            return Err(garbled(WireError::Foreign(kind)));
        }
        wire::object(&body).map_err(garbled)
    }

    /// As [`Client::generate`], and hands the answer on piece by piece.
    ///
    /// # Errors
    /// As [`Client::generate`], but for what goes wrong once the answer has begun.
    pub async fn generate_stream(
        &self,
        model: &ResourceName,
        request: &Value,
    ) -> Result<Pieces, ReadError> {
        let mut url = self.endpoint.resource(V1, model, ":streamGenerateContent")?;
        url.query_pairs_mut().append_pair("alt", "sse");
        let (answer, response) = self.ask(&url, model, request, std::future::pending()).await?;
        let host = host(&url);
        if let Some(kind) = foreign(answer.content_type.as_deref(), "text/event-stream") {
            return Err(ReadError::Garbled { host, source: WireError::Foreign(kind) });
        }
        let (decoder, ready) = (Some(Decoder::default()), VecDeque::new());
        Ok(Pieces { response, host, decoder, ready })
    }

    async fn ask(
        &self,
        url: &Url,
        model: &ResourceName,
        request: &Value,
        stop: impl Future<Output = ()>,
    ) -> Result<(crate::google::Answer, Response), ReadError> {
        let asked = self.caller.ask(url, request.to_string().into_bytes(), stop).await;
        asked.map_err(|failure| read_error(url, &Subject::Resource(model), failure))
    }
}

impl Pieces {
    /// The next piece; `None` at the end of the stream. Giving up while this
    /// waits loses nothing that has come.
    ///
    /// # Errors
    /// The stream went no further; there is no next piece then.
    pub async fn next(&mut self) -> Option<Result<Value, StreamError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let piece = self.piece(&event);
                if piece.is_err() {
                    self.stop();
                }
                return Some(piece);
            }
            let decoder = self.decoder.as_mut()?;
            match self.response.chunk().await {
                Ok(Some(bytes)) => {
                    let mut events = Vec::new();
                    let fed = decoder.feed(&bytes, &mut events);
                    self.ready.extend(events);
                    if let Err(source) = fed {
                        self.stop();
                        let host = self.host.clone();
                        return Some(Err(StreamError::TooLong { host, source }));
                    }
                }
                Ok(None) => {
                    let left = self.decoder.take().and_then(Decoder::finish);
                    self.ready.extend(left);
                }
                Err(error) => {
                    self.stop();
                    let (host, source) = (self.host.clone(), failure(error));
                    return Some(Err(StreamError::Broken { host, source }));
                }
            }
        }
    }

    fn stop(&mut self) {
        self.decoder = None;
        self.ready.clear();
    }

    fn piece(&self, event: &[u8]) -> Result<Value, StreamError> {
        let host = self.host.clone();
        let value: Value = match wire::object(event) {
            Ok(value) => value,
            Err(source) => return Err(StreamError::Garbled { host, source }),
        };
        if value.get("error").is_some() {
            let message = api_error(event, None).message;
            return Err(StreamError::Refused { host, message });
        }
        Ok(value)
    }
}

/// What an answer says it is, when that is not `expected`. One that does not
/// say is taken at its word.
fn foreign(content_type: Option<&str>, expected: &str) -> Option<Untrusted> {
    let kind = content_type?.split(';').next().unwrap_or_default().trim();
    (!kind.is_empty() && !kind.eq_ignore_ascii_case(expected)).then(|| Untrusted::new(kind))
}
