//! One page of a listing (proto `ListTuningJobsResponse`).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::job::Job;
use super::lenient;
use super::{WireError, object};
use crate::model::{JobName, Observed, Place, labels};
use crate::vertex::Keep;
use crate::vertex::known::Common;

/// What one page said.
pub(crate) struct Page {
    /// The jobs that are kept.
    pub(crate) kept: Vec<Observed>,
    /// How many were not.
    pub(crate) foreign: u64,
    /// The next page's token; `None` at the end of the listing.
    pub(crate) next: Option<String>,
}

/// Which jobs are kept, prepared for a hundred thousand questions.
#[derive(Clone)]
pub(crate) enum Sieve {
    /// All.
    All,
    /// Those with retune's label, and adopted ones.
    Retune(Adopted),
    /// The same, without what no plan asks for.
    Lasting(Adopted),
}

/// Jobs by location and id: the listing writes the project as a number,
/// manifests may write its id.
type Adopted = HashSet<(String, String)>;

impl Sieve {
    pub(crate) fn new(keep: &Keep) -> Self {
        let ids = |jobs: &BTreeSet<JobName>| -> Adopted {
            jobs.iter().map(|job| (job.location().to_owned(), job.id().to_owned())).collect()
        };
        match keep {
            Keep::All => Self::All,
            Keep::Retune { adopted } => Self::Retune(ids(adopted)),
            Keep::Lasting { adopted } => Self::Lasting(ids(adopted)),
        }
    }

    fn keeps(&self, job: &Job<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Retune(adopted) | Self::Lasting(adopted) => {
                lenient::has_label(job.labels, labels::MANAGED_BY, labels::RETUNE)
                    || (!adopted.is_empty() && is_adopted(job, adopted))
            }
        }
    }
}

fn is_adopted(job: &Job<'_>, adopted: &Adopted) -> bool {
    let name: Option<JobName> = lenient::text(job.name).and_then(|name| name.parse().ok());
    name.is_some_and(|name| adopted.contains(&(name.location().to_owned(), name.id().to_owned())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<'a> {
    #[serde(borrow)]
    tuning_jobs: Option<Vec<Job<'a>>>,
    #[serde(borrow)]
    next_page_token: Option<&'a RawValue>,
    // Two ways to say "this is not the whole list" in a 200: an error in the
    // body, and AIP-217's list of places that did not answer.
    error: Option<IgnoredAny>,
    unreachable: Option<Vec<IgnoredAny>>,
}

/// Reads a page. An empty place answers `{}`. What many jobs have in common is
/// taken from `common`, and what lasts whole, where it was there before.
pub(crate) fn page(
    body: &[u8],
    place: &Place,
    sieve: &Sieve,
    common: &mut Common,
) -> Result<Page, WireError> {
    let WirePage { tuning_jobs, next_page_token, error, unreachable } = object(body)?;
    if error.is_some() {
        return Err(WireError::ErrorInside);
    }
    if unreachable.is_some_and(|places| !places.is_empty()) {
        return Err(WireError::Unreachable);
    }
    let next = match (next_page_token, lenient::text(next_page_token)) {
        (None, _) => None,
        (Some(_), Some(token)) => Some(Cow::into_owned(token)).filter(|token| !token.is_empty()),
        // A token that is no text must not end the listing early.
        (Some(_), None) => return Err(WireError::Shape { line: 0, column: 0 }),
    };
    let mut page = Page { kept: Vec::new(), foreign: 0, next };
    for job in tuning_jobs.unwrap_or_default() {
        if sieve.keeps(&job) {
            page.kept.push(match sieve {
                Sieve::All => job.whole(place, &mut common.texts)?,
                Sieve::Retune(_) => lighter(job.observed(place, &mut common.texts)?),
                Sieve::Lasting(_) => lasting(job, place, common)?,
            });
        } else {
            page.foreign += 1;
        }
    }
    Ok(page)
}

/// A job of ours without the labels that its stamp was read from: nobody asks
/// for them again, and with them ten thousand jobs take 20 MB more.
fn lighter(mut job: Observed) -> Observed {
    if job.stamp.is_some() {
        let labels = job.echo.labels.texts().iter();
        job.echo.labels = labels.filter(|(key, _)| !labels::is_reserved(key)).cloned().collect();
    }
    job
}

/// A job without what only those ask for who look at it alone: the one that was
/// there before, when nothing of it changed.
fn lasting(job: Job<'_>, place: &Place, common: &mut Common) -> Result<Observed, WireError> {
    let print = job.fingerprint(common.hashing());
    let known = lenient::text(job.name).and_then(|name| common.known(print, &name));
    let job = match known {
        Some(known) => known,
        None => {
            let mut job = lighter(job.observed(place, &mut common.texts)?);
            job.experiment = None;
            if let Some(model) = &mut job.tuned_model {
                model.checkpoints = Vec::new();
            }
            job
        }
    };
    common.shows(print, &job);
    Ok(job)
}

/// The next page's token, read from the end of the page alone, so that the
/// next page can be on its way while this one is decoded. `None`: not seen
/// there, which says nothing.
///
/// In valid JSON a `}` at the end closes the outermost object, so a member
/// before it is that object's own; whether the JSON is valid, [`page`] says.
pub(crate) fn next_token(body: &[u8]) -> Option<String> {
    let tail = body.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end();
    let tail = tail.strip_suffix(b"\"")?;
    let start = tail.iter().rposition(|&b| b == b'"')?;
    let (before, token) = tail.split_at_checked(start)?;
    let token = token.get(1..).filter(|token| !token.is_empty() && !token.contains(&b'\\'))?;
    let before = before.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
    let before = before.strip_suffix(b"\"nextPageToken\"")?.trim_ascii_end();
    let starts_a_member = matches!(before.last(), Some(b',' | b'{'));
    starts_a_member.then(|| String::from_utf8(token.to_vec()).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_at_the_end_is_the_token_or_not_seen() {
        for (body, seen) in [
            (r#"{"tuningJobs":[],"nextPageToken":"a/b="}"#, Some("a/b=")),
            ("{ \n \"nextPageToken\" : \"t\" \n } \n", Some("t")),
            (r#"{"nextPageToken":"t","tuningJobs":[]}"#, None),
            (r#"{"nextPageToken":""}"#, None),
            (r#"{"nextPageToken":"a\"b"}"#, None),
            (r#"{"x":{"nextPageToken":"t"}}"#, None),
            (r#"{"x\"nextPageToken":"t"}"#, None),
            (r#"{"x,\"nextPageToken":"t"}"#, None),
            (r#"{"other":"t"}"#, None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(next_token(body.as_bytes()).as_deref(), seen, "{body}");
            let decoded =
                page(body.as_bytes(), &Place::new("p", "l"), &Sieve::All, &mut Common::default());
            if let Some(seen) = seen {
                assert_eq!(decoded.ok().and_then(|page| page.next).as_deref(), Some(seen));
            }
        }
    }
}
