//! The environment, read in one place.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::parse_duration;
use crate::vertex::{self, Secret};

/// What the environment says, by the names of Google's own tools.
#[derive(Default)]
pub struct Environment {
    /// `GOOGLE_CLOUD_PROJECT`
    pub project: Option<String>,
    /// `GOOGLE_CLOUD_LOCATION`
    pub location: Option<String>,
    /// `GOOGLE_VERTEX_BASE_URL`
    pub endpoint: Option<String>,
    /// `RETUNE_REVISION`
    pub revision: Option<String>,
    /// `STORAGE_EMULATOR_HOST`
    pub storage_emulator: Option<String>,
    /// `RETUNE_EMULATOR_TAKEOVER`: after how long a claim is taken over where the
    /// service is on this machine. For tests: five minutes are long there.
    pub takeover: Option<Duration>,
    /// `RETUNE_WEBHOOK_URL`: where a daemon posts what changes.
    pub webhook: Option<Secret>,
    /// `RETUNE_WEBHOOK_SECRET`: the key of what it posts.
    pub webhook_secret: Option<Secret>,
    /// What the terminal can show, as far as it says.
    pub terminal: Terminal,
    /// What there is of credentials.
    pub credentials: vertex::Environment,
}

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal {
    /// It moves no cursor.
    pub dumb: bool,
    /// It has no letters but ASCII's, or none for Braille.
    pub ascii: bool,
}

impl Terminal {
    /// By `TERM` and by the locale: the first that is set of `LC_ALL`,
    /// `LC_CTYPE` and `LANG`. Where none is set, as in a container, the
    /// terminal outside it is nevertheless one of today.
    fn of(term: Option<&str>, locale: Option<&str>) -> Self {
        let utf8 = |locale: &str| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        };
        let console = term == Some("linux");
        Self {
            dumb: term == Some("dumb"),
            ascii: console || locale.is_some_and(|locale| !utf8(locale)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Option<String> {
    variable(name).and_then(|value| value.into_string().ok())
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        let home = variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from);
        let gcloud = variable("CLOUDSDK_CONFIG")
            .map(PathBuf::from)
            .or_else(|| home.map(|home| home.join(".config/gcloud")));
        Self {
            project: text("GOOGLE_CLOUD_PROJECT"),
            location: text("GOOGLE_CLOUD_LOCATION"),
            endpoint: text("GOOGLE_VERTEX_BASE_URL"),
            revision: text("RETUNE_REVISION"),
            storage_emulator: text("STORAGE_EMULATOR_HOST"),
            takeover: text("RETUNE_EMULATOR_TAKEOVER").and_then(|t| parse_duration(&t).ok()),
            webhook: text("RETUNE_WEBHOOK_URL").map(Secret::new),
            webhook_secret: text("RETUNE_WEBHOOK_SECRET").map(Secret::new),
            terminal: Terminal::of(
                text("TERM").as_deref(),
                text("LC_ALL").or_else(|| text("LC_CTYPE")).or_else(|| text("LANG")).as_deref(),
            ),
            credentials: vertex::Environment {
                access_token: text("GOOGLE_OAUTH_ACCESS_TOKEN").map(Secret::new),
                credentials_file: variable("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
                quota_project: text("GOOGLE_CLOUD_QUOTA_PROJECT"),
                gcloud_config: gcloud,
                metadata_host: text("GCE_METADATA_HOST"),
                no_metadata: text("NO_GCE_CHECK").is_some_and(|v| v.eq_ignore_ascii_case("true")),
                no_gcloud: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braille_is_for_who_can_show_it() {
        let ascii = |term, locale| Terminal::of(Some(term), locale).ascii;
        assert!(!ascii("xterm-256color", Some("de_DE.UTF-8")));
        assert!(!ascii("xterm", Some("C.utf8")) && !ascii("xterm", None));
        assert!(ascii("xterm", Some("C")) && ascii("xterm", Some("de_DE.ISO-8859-1")));
        assert!(ascii("linux", Some("de_DE.UTF-8")));
        assert!(Terminal::of(Some("dumb"), None).dumb && !Terminal::of(None, None).dumb);
    }
}
