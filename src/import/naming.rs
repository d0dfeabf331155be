//! A name for every model, which no other has.

use std::collections::BTreeSet;

use super::Around;
use crate::model::{Name, Observed};

/// Longest name, by the grammar of labels.
const MAX: usize = 63;

/// Names that are taken: by manifests, and by runs of ours, which a manifest of
/// their name would take on.
pub(super) struct Names {
    taken: BTreeSet<String>,
    runs: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(around: &Around<'_>) -> Self {
        let manifests = around.desired.iter().map(|desired| desired.key.name.to_string());
        let jobs = around.seen.values().flatten().flat_map(|listing| &listing.jobs);
        let stamps = jobs.filter_map(|job| job.stamp.as_ref());
        let ours = stamps.filter(|stamp| stamp.owner == around.policy.owner);
        Self { taken: manifests.collect(), runs: ours.map(|s| s.name.to_string()).collect() }
    }

    /// The very name that a run of ours carries, unless another has it.
    pub(super) fn own(&mut self, name: &Name) -> Option<Name> {
        self.taken.insert(name.to_string()).then(|| name.clone())
    }

    /// A name made of what the job is called, with a number where it is taken.
    pub(super) fn new_for(&mut self, job: &Observed) -> Option<Name> {
        let stamped = job.stamp.as_ref().map(|stamp| stamp.name.to_string());
        let stem = stamped.or_else(|| slug(called(job)?)).unwrap_or_else(|| by_id(job));
        let numbered = (2..).map(|number| format!("-{number}"));
        let mut names = std::iter::once(String::new()).chain(numbered).map(|end| {
            let room = MAX.saturating_sub(end.len());
            let stem: String = stem.chars().take(room).collect();
            format!("{}{end}", stem.trim_end_matches('-'))
        });
        let free = names.find(|name| !self.taken.contains(name) && !self.runs.contains(name))?;
        self.taken.insert(free.clone());
        free.parse().ok()
    }
}

/// What a person called the job, if one did.
fn called(job: &Observed) -> Option<&str> {
    let name = job.echo.tuned_model_display_name.as_deref()?;
    (!is_generated(name, job.echo.base_model.as_deref())).then_some(name)
}

/// Whether the service made this display name: the base model and a UUID.
pub(super) fn is_generated(name: &str, base_model: Option<&str>) -> bool {
    let Some(base_model) = base_model else { return false };
    let uuid = name.strip_prefix(base_model).and_then(|rest| rest.strip_prefix('-'));
    uuid.is_some_and(|uuid| {
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && uuid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    })
}

/// Fewest letters of a name that still says something.
const SAYS_SOMETHING: usize = 2;

/// `Support FAQ (v2)` is `support-faq-v2`. `None`: too little is left of it.
fn slug(text: &str) -> Option<String> {
    let folded: String = text.chars().flat_map(fold).collect();
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    let slug = slug.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let slug: String = slug.chars().take(MAX).collect();
    let slug = slug.trim_end_matches('-');
    // Half of a name in another script is no name.
    let lost = folded.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).count();
    (slug.len() >= SAYS_SOMETHING && lost < slug.len()).then(|| slug.to_owned())
}

/// A letter without what is above and below it, as far as people in Europe write.
fn fold(c: char) -> impl Iterator<Item = char> {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let own;
    let folded = match lower {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' | 'ø' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à'..='ã' | 'å' | 'ā'..='ą' => "a",
        'ç' | 'ć'..='č' => "c",
        'è'..='ë' | 'ē'..='ě' => "e",
        'ì'..='ï' | 'ĩ'..='ı' => "i",
        'ł' => "l",
        'ñ' | 'ń'..='ň' => "n",
        'ò'..='õ' | 'ō'..='ő' => "o",
        'ś'..='š' => "s",
        'ù'..='û' | 'ũ'..='ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź'..='ž' => "z",
        other => {
            own = other.to_string();
            own.as_str()
        }
    };
    folded.chars().collect::<Vec<_>>().into_iter()
}

/// Digits of a job's id that tell it from its neighbours.
const DIGITS: usize = 6;

/// `gemini-2-5-flash-345678`, of a job that nobody gave a name.
fn by_id(job: &Observed) -> String {
    let id = job.name.id();
    let skip = id.chars().count().saturating_sub(DIGITS);
    let end: String = id.chars().skip(skip).filter(char::is_ascii_alphanumeric).collect();
    let stem = job.echo.base_model.as_deref().and_then(slug).unwrap_or_else(|| "job".to_owned());
    let stem: String = stem.chars().take(MAX - DIGITS - 1).collect();
    format!("{stem}-{}", end.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_a_name() {
        let long = "x".repeat(200);
        for (text, name) in [
            ("Support FAQ (v2)", Some("support-faq-v2")),
            ("Überprüfung für Ärzte", Some("ueberpruefung-fuer-aerzte")),
            ("  --3rd try--  ", Some("rd-try")),
            ("a\u{1b}[2Jb\n---\nc: d", Some("a-2jb-c-d")),
            ("FAQ 日本", Some("faq")),
            ("日本語のモデル x1", None),
            ("2024", None),
            ("", None),
            (long.as_str(), long.get(..63)),
        ] {
            assert_eq!(slug(text).as_deref(), name, "{text:?}");
            assert!(name.is_none_or(|name| name.parse::<Name>().is_ok()), "{name:?}");
        }
    }

    #[test]
    fn only_the_base_model_and_a_uuid_are_a_generated_name() {
        let base = Some("gemini-2.5-flash");
        let uuid = "06ba8cea-e575-4f37-8009-94ab9ca3b6e2";
        assert!(is_generated(&format!("gemini-2.5-flash-{uuid}"), base));
        assert!(!is_generated(&format!("faq-{uuid}"), base));
        assert!(!is_generated("gemini-2.5-flash-faq", base));
        assert!(!is_generated(&format!("gemini-2.5-flash-{uuid}"), None));
    }
}
