//! Reads a listing, page after page.
//!
//! While one page is decoded the next one is on its way, so that a long
//! listing takes as long as the slower of the two and not their sum.
//!
//! # Invariants
//!
//! 1. A listing comes from one complete chain of pages or it is an error.
//! 2. At most two pages are in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::error::ReadError;
use super::known::{Common, Known};
use super::wire::{self, Page, Sieve, WireError};
use crate::google::Answer;
use crate::model::{JobName, Listing, Observed, Place};

/// Most pages of one listing: a million jobs, which at one create a minute is
/// two years of a busy project.
const MAX_PAGES: u32 = 10_000;

/// From this size on a page is decoded on a thread of its own: 64 KiB take
/// about 0.1 ms, as long as handing them over and back.
const WORTH_A_THREAD: usize = 64 * 1024;

/// Where pages come from.
pub(crate) trait Pages {
    /// One page of a place's listing, as it comes, into `body`.
    fn page(
        &self,
        place: &Place,
        filter: Option<&str>,
        token: Option<&str>,
        body: &mut Vec<u8>,
    ) -> impl Future<Output = Result<Answer, ReadError>>;

    /// Who answers, for errors.
    fn host_of(&self, place: &Place) -> String;
}

pub(crate) struct Lister<'a, P> {
    pub(crate) pages: &'a P,
    pub(crate) place: &'a Place,
    /// What the service is asked to leave out; whether it does, nobody checks.
    pub(crate) filter: Option<&'a str>,
    pub(crate) sieve: Arc<Sieve>,
    /// What was listed before.
    pub(crate) known: &'a Known,
}

/// Jobs by name: one that moves between pages while they are read comes twice,
/// and what was read later is newer.
#[derive(Default)]
struct Jobs {
    all: Vec<Observed>,
    /// Where each stands in `all`.
    places: HashMap<JobName, usize>,
}

impl Jobs {
    fn put(&mut self, job: Observed) {
        let place = self.places.get(&job.name).and_then(|&place| self.all.get_mut(place));
        match place {
            Some(older) => *older = job,
            None => {
                self.places.insert(job.name.clone(), self.all.len());
                self.all.push(job);
            }
        }
    }
}

/// A page as it came.
type Fetched = Result<(Answer, Vec<u8>), ReadError>;

impl<P: Pages> Lister<'_, P> {
    pub(crate) async fn list(self) -> Result<Listing, ReadError> {
        let mut jobs = Jobs::default();
        let mut foreign = 0;
        let mut seen = HashSet::new();
        let mut fetched = self.fetch(None, Vec::new()).await;
        let lasts = matches!(*self.sieve, Sieve::Lasting(_));
        let mut common = if lasts { self.known.of(self.place) } else { Common::default() };
        let mut spare = Vec::new();
        for number in 1..=MAX_PAGES {
            let (answer, body) = fetched.map_err(|why| self.incomplete(number, why))?;
            // What the end of the page says may be wrong only if the page is
            // broken as a whole, and then the listing is.
            let guess = wire::next_token(&body).filter(|token| !seen.contains(token));
            let ahead = async {
                let token = guess.as_deref()?;
                Some(self.fetch(Some(token), std::mem::take(&mut spare)).await)
            };
            let (decoded, ahead) = futures_util::join!(self.decode(body, common), ahead);
            let (page, body, taken) =
                decoded.map_err(|e| self.incomplete(number, self.garbled(e)))?;
            (spare, common) = (body, taken);
            let Page { kept, foreign: others, next } = page;
            foreign += others;
            kept.into_iter().for_each(|job| jobs.put(job));
            let Some(next) = next else {
                if lasts && self.filter.is_none() {
                    self.known.remember(self.place, common);
                }
                return Ok(Listing {
                    jobs: jobs.all,
                    models: Vec::new(),
                    foreign,
                    pages: number,
                    date: answer.date,
                });
            };
            if !seen.insert(next.clone()) {
                return Err(self.endless("a page token came twice"));
            }
            fetched = match ahead {
                Some(ahead) if guess.as_ref() == Some(&next) => ahead,
                _ => self.fetch(Some(&next), std::mem::take(&mut spare)).await,
            };
        }
        Err(self.endless("it has more than 10,000 pages"))
    }

    async fn fetch(&self, token: Option<&str>, mut body: Vec<u8>) -> Fetched {
        let answer = self.pages.page(self.place, self.filter, token, &mut body).await?;
        Ok((answer, body))
    }

    /// Decodes a page, and gives its buffer and what is common back.
    async fn decode(
        &self,
        body: Vec<u8>,
        mut common: Common,
    ) -> Result<(Page, Vec<u8>, Common), WireError> {
        // What lasts is made by one thread alone: memory that several have asked
        // for lies apart, and each keeps what it no longer needs.
        if body.len() < WORTH_A_THREAD || matches!(*self.sieve, Sieve::Lasting(_)) {
            let page = wire::page(&body, self.place, &self.sieve, &mut common)?;
            return Ok((page, body, common));
        }
        let (place, sieve) = (self.place.clone(), Arc::clone(&self.sieve));
        let decode = move || {
            let page = wire::page(&body, &place, &sieve, &mut common)?;
            Ok((page, body, common))
        };
        // Only a panic or the end of the program stops it.
        tokio::task::spawn_blocking(decode).await.unwrap_or(Err(WireError::Interrupted))
    }

    fn garbled(&self, source: WireError) -> ReadError {
        ReadError::Garbled { host: self.pages.host_of(self.place), source }
    }

    fn incomplete(&self, page: u32, why: ReadError) -> ReadError {
        match page {
            1 => why,
            _ => ReadError::Incomplete { place: self.place.clone(), page, why: Box::new(why) },
        }
    }

    fn endless(&self, why: &'static str) -> ReadError {
        ReadError::Endless { place: self.place.clone(), why }
    }
}
