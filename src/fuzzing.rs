//! Ways in for the fuzz targets of `tests/fuzz`: what users reach through files
//! and HTTP alone, from bytes in memory. No part of the public interface.

use std::sync::Arc;

use crate::google::Answer;
use crate::manifest::{self, Loaded, Settings};
use crate::model::{Listing, Observed, Place};
use crate::vertex::known::{Common, Known};
use crate::vertex::listing::{Lister, Pages};
use crate::vertex::wire::{self, Page, Sieve};
use crate::vertex::{Keep, ReadError, WireError};

/// [`manifest::load`] of one file with these bytes, called `a.yaml`.
pub fn manifest(bytes: &[u8], settings: &Settings) -> Loaded {
    manifest::load_bytes(bytes.to_vec(), settings)
}

/// The values of a text's documents, unless something is wrong with its YAML.
pub fn yaml(text: &str) -> Option<Vec<serde_yaml::Value>> {
    manifest::values(text)
}

/// Reads an answer as one job.
///
/// # Errors
/// When it is none.
pub fn job(body: &[u8], place: &Place) -> Result<Observed, WireError> {
    wire::job(body, place)
}

/// Reads an answer as one page: kept jobs, how many others, and the next token.
///
/// # Errors
/// When it is none.
pub fn page(
    body: &[u8],
    place: &Place,
    keep: &Keep,
) -> Result<(Vec<Observed>, u64, Option<String>), WireError> {
    let Page { kept, foreign, next } =
        wire::page(body, place, &Sieve::new(keep), &mut Common::default())?;
    Ok((kept, foreign, next))
}

/// The next token as it is guessed from the end of a page.
pub fn next_token(body: &[u8]) -> Option<String> {
    wire::next_token(body)
}

/// Lists a place from pages that `answer` gives for each token.
///
/// # Errors
/// When the listing is not complete.
pub async fn listing(
    answer: impl Fn(Option<&str>) -> Vec<u8>,
    place: &Place,
    keep: &Keep,
) -> Result<Listing, ReadError> {
    let sieve = Arc::new(Sieve::new(keep));
    let (pages, known) = (&InMemory(answer), &Known::default());
    Lister { pages, place, filter: None, sieve, known }.list().await
}

struct InMemory<F>(F);

impl<F: Fn(Option<&str>) -> Vec<u8>> Pages for InMemory<F> {
    async fn page(
        &self,
        _: &Place,
        _: Option<&str>,
        token: Option<&str>,
        body: &mut Vec<u8>,
    ) -> Result<Answer, ReadError> {
        *body = (self.0)(token);
        Ok(Answer { status: 200, date: None, retry_after: None, content_type: None })
    }

    fn host_of(&self, _: &Place) -> String {
        "memory".to_owned()
    }
}
