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
    /// What there is of credentials.
    pub credentials: vertex::Environment,
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
