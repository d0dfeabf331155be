//! The full resource name that Vertex gives a tuning job.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::Text;

/// `projects/P/locations/L/tuningJobs/ID`. Vertex answers with the project
/// *number*, so two names are the same job when location and id agree within
/// one listing; see [`JobName::same_job`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JobName(Text);

impl JobName {
    /// The name of its parts, of which none has a `/`.
    pub fn new(project: &str, location: &str, id: &str) -> Self {
        Self(format!("projects/{project}/locations/{location}/tuningJobs/{id}").into())
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project's id or number.
    pub fn project(&self) -> &str {
        self.part(1)
    }

    /// The job's region.
    pub fn location(&self) -> &str {
        self.part(3)
    }

    /// The id that Vertex assigned, a number of up to 19 digits.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    fn part(&self, number: usize) -> &str {
        self.0.split('/').nth(number).unwrap_or_default()
    }

    fn parts(&self) -> [&str; 3] {
        [self.project(), self.location(), self.id()]
    }

    /// Whether both name one job, whichever way the project is written.
    pub fn same_job(&self, other: &Self) -> bool {
        let ([project, location, id], [others, its_location, its_id]) =
            (self.parts(), other.parts());
        (location, id) == (its_location, its_id)
            && (project == others || is_number(project) != is_number(others))
    }

    /// `tuningJobs/ID`, as people read it.
    pub fn short(&self) -> String {
        format!("tuningJobs/{}", self.id())
    }
}

/// By project, location and id, each as text.
impl Ord for JobName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for JobName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A job as people give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenJob {
    /// By its full name.
    Full(JobName),
    /// By its id, in whatever places are looked at.
    Id(String),
}

impl GivenJob {
    /// A full name, `tuningJobs/ID` or an id. `None`: a tuned model's name, which
    /// starts with a letter, or nothing that names a job.
    pub fn read(text: &str) -> Option<Self> {
        if let Ok(name) = text.parse() {
            return Some(Self::Full(name));
        }
        let id = text.strip_prefix("tuningJobs/").unwrap_or(text);
        is_number(id).then(|| Self::Id(id.to_owned()))
    }
}

/// A text that is not a job's full name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a tuning job: expected `projects/P/locations/L/tuningJobs/ID`")]
pub struct JobNameError(String);

impl FromStr for JobName {
    type Err = JobNameError;

    fn from_str(text: &str) -> Result<Self, JobNameError> {
        let mut parts = text.split('/');
        let mut next = || parts.next();
        let (a, project, b, location, c, id, end) =
            (next(), next(), next(), next(), next(), next(), next());
        let is_word = |part: Option<&str>| {
            part.is_some_and(|p| {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
                !p.is_empty() && p.bytes().all(allowed)
            })
        };
        let kinds = (a, b, c, end);
        let right = kinds == (Some("projects"), Some("locations"), Some("tuningJobs"), None);
        if right && [project, location, id].into_iter().all(is_word) {
            Ok(Self(text.into()))
        } else {
            Err(JobNameError(text.to_owned()))
        }
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_an_id_name_the_same_project() {
        let by_id: JobName = "projects/acme/locations/us-central1/tuningJobs/12".parse().unwrap();
        let by_number: JobName = "projects/42/locations/us-central1/tuningJobs/12".parse().unwrap();
        let other: JobName = "projects/beta/locations/us-central1/tuningJobs/12".parse().unwrap();
        assert!(by_id.same_job(&by_number));
        assert!(!by_id.same_job(&other));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "12",
            "tuningJobs/12",
            "projects/a/locations/b/tuningJobs/",
            "projects/a/locations/b/tuningJobs/1/x",
            "projects/a/locations/b/tuningJobs/..?x=1",
            "projects//locations/b/tuningJobs/1",
        ] {
            assert!(bad.parse::<JobName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_job_is_given_in_full_or_by_its_id() {
        let full = "projects/acme/locations/us-central1/tuningJobs/12";
        assert_eq!(GivenJob::read(full), full.parse().ok().map(GivenJob::Full));
        for id in ["12", "tuningJobs/12"] {
            assert_eq!(GivenJob::read(id), Some(GivenJob::Id("12".to_owned())));
        }
        for other in ["", "faq", "tuningJobs/", "tuningJobs/faq", "-1", "12/", "１２"] {
            assert_eq!(GivenJob::read(other), None, "{other}");
        }
    }
}
