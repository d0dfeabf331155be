//! Claims as objects in a Cloud Storage bucket, over its JSON API.
//!
//! A claim that is not there is read with one request, one that is with two:
//! the metadata, which has the generation, the time of writing and the server's
//! `Date` in one answer, then that very generation's content. Both are strongly
//! consistent (Cloud Storage documentation, "consistency").

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Url;
use serde::Deserialize;

use super::claim::MAX_BYTES;
use super::path::ESCAPED;
use super::{
    Bucket, Claim, ClaimError, ClaimPath, ClaimState, ClaimStore, Expect, Held, Malformed,
    PutOutcome,
};
use crate::clock::{Clock, Entropy};
use crate::google::{
    AddressError, Answer, Base, Caller, Counters, Environment, Refused, TransportError, Unanswered,
    Unread, chain, host,
};
use crate::model::{JobName, Name, Place, Untrusted};

/// Most looks at a claim that is overwritten between its two requests. It
/// changes twice in its life, so three looks see it stand still.
const LOOKS: u32 = 3;

/// What a store needs to know from outside.
pub struct ClaimsOptions {
    /// Where the claims are.
    pub bucket: Bucket,
    /// `STORAGE_EMULATOR_HOST`, or the address of the emulator in the process.
    pub emulator_host: Option<String>,
    /// What the environment says of credentials.
    pub environment: Environment,
}

/// Why no store can be made.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsSetupError {
    /// The address is none.
    #[error("STORAGE_EMULATOR_HOST cannot be used")]
    Address(#[from] AddressError),
    /// TLS or the proxy settings are broken.
    #[error("could not set up HTTP")]
    Http(#[source] reqwest::Error),
}

/// How many claims are read to tell whether a listing can be empty.
const SAMPLE: &str = "8";

/// Claims in a bucket.
pub struct GcsClaims<C, E> {
    caller: Caller<C, E>,
    base: Base,
    bucket: Bucket,
}

/// An object's metadata, as much of it as is asked for. Cloud Storage writes
/// 64-bit numbers as strings.
#[derive(Deserialize)]
struct Metadata {
    generation: String,
    updated: String,
    size: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
}

#[derive(Deserialize)]
struct Written {
    generation: String,
}

impl<C: Clock, E: Entropy> GcsClaims<C, E> {
    /// A store. Nothing is asked of anybody yet.
    ///
    /// # Errors
    /// An address that is neither https nor on loopback.
    pub fn new(options: ClaimsOptions, clock: C, entropy: E) -> Result<Self, ClaimsSetupError> {
        let ClaimsOptions { bucket, emulator_host, environment } = options;
        let base = Base::storage(emulator_host.as_deref())?;
        let caller = Caller::new(Some(&base), environment, clock, entropy);
        Ok(Self { caller: caller.map_err(ClaimsSetupError::Http)?, base, bucket })
    }

    /// The bucket.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// How many requests were made.
    pub fn counters(&self) -> Arc<Counters> {
        self.caller.counters()
    }

    fn object(&self, path: &ClaimPath) -> Url {
        let name = percent_encoding::utf8_percent_encode(path.object(), ESCAPED);
        self.base.join(&format!("storage/v1/b/{}/o/{name}", self.bucket.name()))
    }

    fn upload(&self, path: &ClaimPath, expect: Expect) -> Url {
        let mut url = self.base.join(&format!("upload/storage/v1/b/{}/o", self.bucket.name()));
        let generation = match expect {
            Expect::Absent => 0,
            Expect::Generation(generation) => generation,
        };
        url.query_pairs_mut()
            .append_pair("uploadType", "media")
            .append_pair("name", path.object())
            .append_pair("ifGenerationMatch", &generation.to_string())
            .append_pair("fields", "generation");
        url
    }

    /// The generation, the time of writing and the length, with the answer's
    /// `Date`. `None`: no such object.
    async fn metadata(
        &self,
        path: &ClaimPath,
    ) -> Result<Option<(u64, Timestamp, u64, Timestamp)>, ClaimError> {
        let mut url = self.object(path);
        url.query_pairs_mut().append_pair("fields", "generation,updated,size");
        let mut body = Vec::new();
        let answer = match self.caller.read(&url, &mut body).await {
            Ok(answer) => answer,
            Err(Unread::Refused(refused)) if refused.status == 404 && !refused.said.foreign => {
                return if is_no_bucket(&refused) { Err(self.no_bucket()) } else { Ok(None) };
            }
            Err(failure) => return Err(self.unread(&url, failure)),
        };
        let garbled = |what| ClaimError::Garbled { host: host(&url), what };
        let meta: Metadata =
            serde_json::from_slice(&body).map_err(|_| garbled("it is no object's metadata"))?;
        let Metadata { generation, updated, size } = meta;
        let generation = generation.parse().ok().filter(|number| *number > 0);
        let generation = generation.ok_or_else(|| garbled("it has no generation"))?;
        let updated = updated.parse().map_err(|_| garbled("it has no time of writing"))?;
        let size = size.parse().map_err(|_| garbled("it has no size"))?;
        let date = answer.date.ok_or_else(|| garbled("it has no date"))?;
        Ok(Some((generation, updated, size, date)))
    }

    /// The content of one generation. `None`: it is not the live one any more.
    async fn content(
        &self,
        path: &ClaimPath,
        generation: u64,
    ) -> Result<Option<Vec<u8>>, ClaimError> {
        let mut url = self.object(path);
        url.query_pairs_mut()
            .append_pair("alt", "media")
            .append_pair("generation", &generation.to_string());
        let mut body = Vec::new();
        match self.caller.read(&url, &mut body).await {
            Ok(_) => Ok(Some(body)),
            Err(Unread::Refused(Refused { status: 404, .. })) => Ok(None),
            Err(failure) => Err(self.unread(&url, failure)),
        }
    }

    fn no_bucket(&self) -> ClaimError {
        ClaimError::NoBucket { bucket: self.bucket.clone() }
    }

    fn unread(&self, url: &Url, failure: Unread) -> ClaimError {
        match failure {
            Unread::Credential(source) => {
                ClaimError::Credential { bucket: self.bucket.clone(), source }
            }
            Unread::Transport(source) => self.unreachable(url, source),
            Unread::Refused(refused) => self.refused(url, refused, "read"),
        }
    }

    fn unreachable(&self, url: &Url, source: TransportError) -> ClaimError {
        ClaimError::Unreachable { bucket: self.bucket.clone(), host: host(url), source }
    }

    fn refused(&self, url: &Url, refused: Refused, doing: &'static str) -> ClaimError {
        let host = host(url);
        let no_bucket = is_no_bucket(&refused);
        let Refused { status, said, retry_after, credential } = refused;
        let (message, permission) = (said.message, said.permission);
        match status {
            401 => ClaimError::Unauthenticated { host, credential, message },
            403 => {
                ClaimError::Forbidden { bucket: self.bucket.clone(), doing, permission, message }
            }
            404 if no_bucket => self.no_bucket(),
            429 => ClaimError::Throttled { host, message, retry_after },
            408 | 500.. => ClaimError::Unavailable { host, status, message },
            _ => ClaimError::Refused { host, status, message },
        }
    }

    fn outcome(
        &self,
        url: &Url,
        answer: &Answer,
        body: &[u8],
        credential: Option<&'static str>,
    ) -> PutOutcome {
        if answer.is_success() {
            let written = serde_json::from_slice::<Written>(body).ok();
            let generation = written.and_then(|written| written.generation.parse().ok());
            return match generation {
                Some(generation) => PutOutcome::Written { generation },
                None => PutOutcome::Unknown(Untrusted::new("an answer without a generation")),
            };
        }
        let refused = Refused::new(answer, body, credential);
        match refused.status {
            412 => PutOutcome::Conflict,
            // The server may have seen the request; a redirect says nothing.
            408 | 500.. | ..400 => {
                let text = format!("HTTP {}: {}", refused.status, refused.said.message.raw());
                PutOutcome::Unknown(Untrusted::new(text))
            }
            _ => PutOutcome::Refused(self.refused(url, refused, "written")),
        }
    }
}

/// A missing object and a missing bucket are both a 404, without details. Were
/// the words to change, a missing bucket would read as a missing claim, and the
/// write would fail.
fn is_no_bucket(refused: &Refused) -> bool {
    refused.status == 404 && refused.said.message.raw().contains("bucket does not exist")
}

impl<C: Clock, E: Entropy> ClaimStore for GcsClaims<C, E> {
    async fn read(&self, path: &ClaimPath) -> Result<Option<Held>, ClaimError> {
        let foreign = |why| ClaimError::Foreign {
            bucket: self.bucket.clone(),
            object: path.object().to_owned(),
            why,
        };
        for _ in 0..LOOKS {
            let Some((generation, updated, size, date)) = self.metadata(path).await? else {
                return Ok(None);
            };
            if size > MAX_BYTES {
                return Err(foreign(Malformed::TooLarge { size }));
            }
            if let Some(content) = self.content(path, generation).await? {
                let claim = Claim::decode(&content, path.attempt()).map_err(foreign)?;
                return Ok(Some(Held { claim, generation, updated, date }));
            }
        }
        let (bucket, object) = (self.bucket.clone(), path.object().to_owned());
        Err(ClaimError::Restless { bucket, object })
    }

    async fn done(&self, owner: &Name, place: &Place) -> Result<Vec<JobName>, ClaimError> {
        let mut url = self.base.join(&format!("storage/v1/b/{}/o", self.bucket.name()));
        url.query_pairs_mut()
            .append_pair("prefix", &ClaimPath::prefix(owner, place))
            .append_pair("maxResults", SAMPLE)
            .append_pair("fields", "items(name)");
        let mut body = Vec::new();
        self.caller.read(&url, &mut body).await.map_err(|failure| self.unread(&url, failure))?;
        let Listed { items } = serde_json::from_slice(&body).map_err(|_| ClaimError::Garbled {
            host: host(&url),
            what: "it is no list of objects",
        })?;
        let mut jobs = Vec::new();
        for path in items.iter().filter_map(|item| ClaimPath::of_object(&item.name)) {
            let claim = self.read(&path).await?.map(|held| held.claim.state);
            if let Some(ClaimState::Done { job }) = claim {
                jobs.push(job);
            }
        }
        Ok(jobs)
    }

    async fn put(&self, path: &ClaimPath, claim: &Claim, expect: Expect) -> PutOutcome {
        let url = self.upload(path, expect);
        let mut body = Vec::new();
        match self.caller.write(url.clone(), claim.encode(), &mut body).await {
            Ok((answer, credential)) => self.outcome(&url, &answer, &body, credential),
            Err(Unanswered::Credential(source)) => {
                PutOutcome::Refused(ClaimError::Credential { bucket: self.bucket.clone(), source })
            }
            Err(Unanswered::Transport(error @ TransportError::NotSent(_))) => {
                PutOutcome::Refused(self.unreachable(&url, error))
            }
            Err(Unanswered::Transport(error)) => PutOutcome::Unknown(Untrusted::new(chain(&error))),
        }
    }
}
