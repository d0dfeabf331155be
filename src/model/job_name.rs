//! The full resource name that Vertex gives a tuning job.

use std::fmt;
use std::str::FromStr;

/// `projects/P/locations/L/tuningJobs/ID`. Vertex answers with the project
/// *number*, so two names are the same job when location and id agree within
/// one listing; see [`JobName::same_job`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName {
    /// The project's id or number.
    pub project: String,
    /// The job's region.
    pub location: String,
    /// The id that Vertex assigned, a number of up to 19 digits.
    pub id: String,
}

impl JobName {
    /// Whether both name one job, whichever way the project is written.
    pub fn same_job(&self, other: &Self) -> bool {
        self.location == other.location
            && self.id == other.id
            && (self.project == other.project
                || is_number(&self.project) != is_number(&other.project))
    }

    /// `tuningJobs/ID`, as people read it.
    pub fn short(&self) -> String {
        format!("tuningJobs/{}", self.id)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
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
        let word = |part: Option<&str>| {
            part.filter(|p| {
                !p.is_empty()
                    && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
            })
            .map(str::to_owned)
        };
        match (a, word(project), b, word(location), c, word(id), end) {
            (
                Some("projects"),
                Some(project),
                Some("locations"),
                Some(location),
                Some("tuningJobs"),
                Some(id),
                None,
            ) => Ok(Self { project, location, id }),
            _ => Err(JobNameError(text.to_owned())),
        }
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}/locations/{}/tuningJobs/{}", self.project, self.location, self.id)
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
}
