//! How many requests were made, and what was answered.
//!
//! # Invariants
//!
//! 1. Every try is counted, also one that is given up before its answer.
//! 2. What is kept does not grow with time: there are a dozen methods and
//!    statuses are three digits.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use reqwest::Method;

/// How many requests were made.
#[derive(Debug, Default)]
pub struct Counters {
    reads: AtomicU64,
    writes: AtomicU64,
    failures: AtomicU64,
    retries: AtomicU64,
    by_method: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// [`Counters`] at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests that read, each try counted.
    pub reads: u64,
    /// Creates and cancels.
    pub writes: u64,
    /// Requests that got no answer, or one with a status of 400 or above.
    pub failures: u64,
    /// Reads that were tried again.
    pub retries: u64,
}

impl Counters {
    /// What was counted so far.
    pub fn read(&self) -> Counts {
        Counts {
            reads: self.reads.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }

    /// How many tries of each method of the API met each HTTP status so far,
    /// in the order of both; status 0 is no answer. Methods are named as in
    /// Google's discovery documents (`tuningJobs.list`, `objects.insert`);
    /// what is none of those that are used here is `other`.
    pub fn by_method(&self) -> Vec<(&'static str, u16, u64)> {
        let tries = self.by_method.lock().unwrap_or_else(PoisonError::into_inner);
        tries.iter().map(|(&(method, status), &tries)| (method, status, tries)).collect()
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A try begins. It counts as one without an answer unless the guard
    /// hears of one.
    pub(super) fn begin(&self, http: &Method, path: &str) -> Try<'_> {
        let requests = if *http == Method::GET { &self.reads } else { &self.writes };
        requests.fetch_add(1, Ordering::Relaxed);
        Try { counters: self, method: api_method(http, path), status: 0 }
    }
}

/// One try, counted when it is dropped.
pub(super) struct Try<'a> {
    counters: &'a Counters,
    method: &'static str,
    /// 0: no answer yet.
    status: u16,
}

impl Try<'_> {
    pub(super) fn answered(mut self, status: u16) {
        self.status = status;
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        let Self { counters, method, status } = *self;
        if status == 0 || status >= 400 {
            counters.failures.fetch_add(1, Ordering::Relaxed);
        }
        let mut tries = counters.by_method.lock().unwrap_or_else(PoisonError::into_inner);
        *tries.entry((method, status)).or_default() += 1;
    }
}

/// The method of the API that a request calls. It is read from the end of the
/// path, since an endpoint may have a prefix of its own.
fn api_method(http: &Method, path: &str) -> &'static str {
    let segments: Vec<&str> = path.split('/').collect();
    match (http.as_str(), segments.as_slice()) {
        ("GET", [.., "projects", _, "locations", _, "tuningJobs"]) => "tuningJobs.list",
        ("POST", [.., "projects", _, "locations", _, "tuningJobs"]) => "tuningJobs.create",
        ("GET", [.., "projects", _, "locations", _, "tuningJobs", _]) => "tuningJobs.get",
        ("POST", [.., "projects", _, "locations", _, "tuningJobs", job])
            if job.ends_with(":cancel") =>
        {
            "tuningJobs.cancel"
        }
        ("GET", [.., "projects", _, "locations", _, "models"]) => "models.list",
        ("POST", [.., "upload", "storage", "v1", "b", _, "o"]) => "objects.insert",
        ("GET", [.., "storage", "v1", "b", _, "o"]) => "objects.list",
        ("GET", [.., "storage", "v1", "b", _, "o", _]) => "objects.get",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_as_the_api_names_it() {
        let jobs = "projects/acme/locations/eu/tuningJobs";
        for (http, path, method) in [
            ("GET", format!("/v1/{jobs}"), "tuningJobs.list"),
            ("GET", format!("/proxy/vertex/v1/{jobs}"), "tuningJobs.list"),
            ("POST", format!("/v1/{jobs}"), "tuningJobs.create"),
            ("GET", format!("/v1beta1/{jobs}/123"), "tuningJobs.get"),
            ("POST", format!("/v1/{jobs}/123:cancel"), "tuningJobs.cancel"),
            ("POST", format!("/v1/{jobs}:rebaseTunedModel"), "other"),
            ("POST", format!("/v1/{jobs}/123"), "other"),
            ("DELETE", format!("/v1/{jobs}/123"), "other"),
            ("GET", "/v1/projects/acme/locations/eu/models".into(), "models.list"),
            ("GET", "/v1/projects/models/locations/models/tuningJobs".into(), "tuningJobs.list"),
            ("GET", "/storage/v1/b/claims/o".into(), "objects.list"),
            ("GET", "/storage/v1/b/claims/o/claims%2Fv1%2Fa".into(), "objects.get"),
            ("GET", "/storage/v1/b/b/o/o".into(), "objects.get"),
            ("GET", "/storage/v1/b/claims".into(), "other"),
            ("POST", "/upload/storage/v1/b/claims/o".into(), "objects.insert"),
            ("POST", "/storage/v1/b/claims/o".into(), "other"),
            ("GET", "/".into(), "other"),
            ("GET", String::new(), "other"),
        ] {
            let http = Method::from_bytes(http.as_bytes()).unwrap();
            assert_eq!(api_method(&http, &path), method, "{http} {path}");
        }
    }

    #[test]
    fn a_try_that_is_given_up_is_one_without_an_answer() {
        let counters = Counters::default();
        drop(counters.begin(&Method::GET, "/"));
        counters.begin(&Method::POST, "/").answered(204);
        assert_eq!(counters.by_method(), [("other", 0, 1), ("other", 204, 1)]);
        let Counts { reads, writes, failures, retries: _ } = counters.read();
        assert_eq!((reads, writes, failures), (1, 1, 1));
    }
}
