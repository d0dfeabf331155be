//! Why a run did not end well, in plain words, and what to do about it.

use crate::model::{Desired, JobName, JobState, Observed, Untrusted};

/// Why a run did not end well. What the service said is in the job's own error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The code by Google's name for it; `None` where the service gave none, or
    /// one that is not known.
    pub code: Option<&'static str>,
    /// What it means.
    pub cause: &'static str,
    /// The next thing to do.
    pub next: String,
}

/// The kinds of causes, each with its own cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cancelled,
    Wrong,
    Missing,
    Denied,
    Quota,
    NotSetUp,
    Theirs,
    TooLong,
    Unknown,
}

/// Google's codes by gRPC's number and by HTTP's: inside a job the number is
/// gRPC's, and one of Google's own test doubles answers an HTTP one.
const CODES: [(i64, i64, &str, Kind); 12] = [
    (1, 499, "CANCELLED", Kind::Cancelled),
    (2, -1, "UNKNOWN", Kind::Theirs),
    (3, 400, "INVALID_ARGUMENT", Kind::Wrong),
    (4, 504, "DEADLINE_EXCEEDED", Kind::TooLong),
    (5, 404, "NOT_FOUND", Kind::Missing),
    (7, 403, "PERMISSION_DENIED", Kind::Denied),
    (8, 429, "RESOURCE_EXHAUSTED", Kind::Quota),
    (9, 412, "FAILED_PRECONDITION", Kind::NotSetUp),
    (10, 409, "ABORTED", Kind::Theirs),
    (11, 416, "OUT_OF_RANGE", Kind::Wrong),
    (13, 500, "INTERNAL", Kind::Theirs),
    (14, 503, "UNAVAILABLE", Kind::Theirs),
];

impl Failure {
    /// Of a run that ended otherwise than well.
    pub(super) fn of(desired: &Desired, job: &Observed) -> Option<Self> {
        let known = job.error.as_ref().and_then(|error| {
            CODES.iter().find(|(grpc, http, ..)| [*grpc, *http].contains(&error.code))
        });
        let kind = match job.state {
            JobState::Failed => known.map_or(Kind::Unknown, |(.., kind)| *kind),
            JobState::Cancelled => Kind::Cancelled,
            JobState::Expired => Kind::TooLong,
            JobState::PartiallySucceeded => known.map_or(Kind::Unknown, |(.., kind)| *kind),
            _ => return None,
        };
        let code = known.map(|(.., name, _)| *name);
        if job.has_model() && kind != Kind::Cancelled {
            return Some(Self {
                code,
                cause: "the model was tuned and exists; what came after, such as its endpoint, \
                        failed",
                next: see_model(job),
            });
        }
        Some(Self { code, cause: kind.cause(), next: kind.next(desired, job) })
    }
}

impl Kind {
    fn cause(self) -> &'static str {
        match self {
            Self::Cancelled => "it was cancelled",
            Self::Wrong => "Vertex found the request or the dataset wrong",
            Self::Missing => "something that it needs is not there, most often the dataset",
            Self::Denied => "Vertex's tuning agent may not read the dataset, or use the key",
            Self::Quota => "a quota was used up; by default a project tunes one model at a time",
            Self::NotSetUp => "the project or the region is not set up for this",
            Self::Theirs => "a fault inside Vertex, not of the manifest or the data",
            Self::TooLong => "it took longer than Vertex allows",
            Self::Unknown => "Vertex does not say why",
        }
    }

    fn next(self, desired: &Desired, job: &Observed) -> String {
        let file = Untrusted::new(desired.source.file.to_string_lossy());
        let manifest = format!("{}:{}", file.shown(), desired.source.line);
        let again = format!("raise lifecycle.rerun in {manifest}");
        let uri = desired.spec.training_dataset_uri();
        match self {
            Self::Cancelled => format!("to train after all, {again}"),
            Self::Wrong => format!("mend what it names, then {again}"),
            Self::Missing => match uri.filter(|uri| uri.starts_with("gs://")) {
                Some(uri) => format!(
                    "look with `gcloud storage ls {}`, then {again}",
                    Untrusted::new(uri).shown()
                ),
                None => format!("put it there, then {again}"),
            },
            Self::Denied => match (uri.and_then(bucket), agent(&job.name)) {
                (Some(bucket), Some(agent)) => format!(
                    "`gcloud storage buckets add-iam-policy-binding {} \
                     --member=serviceAccount:{agent} --role=roles/storage.objectViewer`, then \
                     {again}",
                    Untrusted::new(bucket).shown()
                ),
                _ => format!("grant it what the message names, then {again}"),
            },
            Self::Quota => format!(
                "wait until other runs end, or ask for more of \"Global concurrent tuning jobs\"; \
                 then {again}"
            ),
            Self::NotSetUp => format!(
                "`gcloud services enable aiplatform.googleapis.com --project={}`; then {again}",
                desired.key.place.project
            ),
            Self::Theirs | Self::TooLong => format!(
                "{again}; with `lifecycle: {{retry: {{maxAttempts: 2}}}}` such a failure is tried \
                 again by itself"
            ),
            Self::Unknown => format!("to train again, {again}"),
        }
    }
}

/// `gs://BUCKET` of an object's address.
fn bucket(uri: &str) -> Option<&str> {
    let (bucket, _) = uri.strip_prefix("gs://")?.split_once('/')?;
    uri.get(.."gs://".len() + bucket.len())
}

/// Who reads datasets, by default (Google's page on tuning, "Secure
/// Fine-Tuning Service Agent"). It takes the project's number.
fn agent(job: &JobName) -> Option<String> {
    let number = job.project().bytes().all(|b| b.is_ascii_digit()) && !job.project().is_empty();
    number.then(|| format!("service-{}@gcp-sa-vertex-tune.iam.gserviceaccount.com", job.project()))
}

fn see_model(job: &Observed) -> String {
    let model = job.tuned_model.as_ref().and_then(|made| made.model.as_deref());
    let name: Option<crate::model::ResourceName> = model.and_then(|model| model.parse().ok());
    match name {
        Some(name) => {
            let id = name.id().split('@').next().unwrap_or_default();
            let place = name.place();
            format!(
                "`gcloud ai models describe {id} --project={} --region={}`",
                place.project, place.location
            )
        }
        None => "look at it in the Model Registry".to_owned(),
    }
}
