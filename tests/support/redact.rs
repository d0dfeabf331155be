//! Replaces what varies between runs by a word that says what it was. Jobs are
//! numbered in the order in which they were shown.

use std::path::Path;
use std::sync::Mutex;

use regex::{Captures, Regex};

/// See the module.
pub(crate) struct Redact {
    directory: String,
    rules: Vec<(Regex, &'static str)>,
    job: Regex,
    jobs: Mutex<Vec<String>>,
}

impl Redact {
    pub(crate) fn new(directory: &Path) -> Self {
        let rules = [
            (r"sha256:[0-9a-f]{64}", "sha256:[DIGEST]"),
            (r"h1-[a-z2-7]{52}", "[SPEC]"),
            (r#"("retune-run": ?)"[0-9a-f]{16}""#, r#"$1"[RUN]""#),
            (r"models/[0-9]{6,}@", "models/[MODEL]@"),
            (r"endpoints/[0-9]{6,}", "endpoints/[ENDPOINT]"),
            (r"tuning-experiment-[0-9]+", "tuning-experiment-[EXPERIMENT]"),
            (r"projects/[0-9]{6,}/", "projects/[NUMBER]/"),
            (r"\b[0-9]+\.[0-9]{2} s\b", "[TIME]"),
            (r#"("latencyMs": ?)[0-9]+"#, "${1}[MS]"),
            (r#"("responseId": ?)"[^"]+""#, r#"${1}"[ID]""#),
            (r#"("request": ?)"[0-9a-f]{32}""#, r#"${1}"[REQUEST]""#),
            (r"127\.0\.0\.1:[0-9]+", "127.0.0.1:[PORT]"),
        ];
        Self {
            directory: directory.display().to_string(),
            rules: rules.map(|(rule, word)| (Regex::new(rule).unwrap(), word)).into(),
            job: Regex::new(r"(tuningJobs/)?([0-9]{16,20})").unwrap(),
            jobs: Mutex::default(),
        }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.replace(&self.directory, "[DIR]");
        for (rule, word) in &self.rules {
            text = rule.replace_all(&text, *word).into_owned();
        }
        let number = |found: &Captures<'_>| {
            let mut jobs = self.jobs.lock().unwrap();
            let at = jobs.iter().position(|job| *job == found[2]).unwrap_or_else(|| {
                jobs.push(found[2].to_owned());
                jobs.len() - 1
            });
            let kind = found.get(1).map_or("", |kind| kind.as_str());
            format!("{kind}[JOB-{}]", at + 1)
        };
        self.job.replace_all(&text, number).into_owned()
    }

    /// The job that is shown as `[JOB-number]`.
    pub(crate) fn job(&self, number: usize) -> String {
        format!("tuningJobs/{}", self.jobs.lock().unwrap()[number - 1])
    }
}
