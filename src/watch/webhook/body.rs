//! What is sent: the body, and its signature.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::Format;
use super::event::Event;
use crate::google::Secret;
use crate::model::inert_json;
use crate::watch::news::Severity;

/// The bytes of the body.
pub(super) fn body(event: &Event, format: Format) -> Vec<u8> {
    let value = match format {
        Format::Json => serde_json::to_string(event).unwrap_or_default(),
        // A link in somebody else's text is not fetched to be previewed.
        Format::Slack => {
            json!({"text": slack(event), "unfurl_links": false, "unfurl_media": false}).to_string()
        }
    };
    inert_json(&value).into_bytes()
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 over `SECONDS.BODY`, so that whoever checks
/// the time as well takes no old request for a new one.
pub(super) fn signature(secret: &Secret, seconds: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
    Some(format!("t={seconds},v1={hex}"))
}

/// One message in Slack's markup.
fn slack(event: &Event) -> String {
    let icon = match event.severity {
        Severity::Info => ":information_source:",
        Severity::Warning => ":warning:",
        Severity::Error => ":rotating_light:",
    };
    let mut text = format!("{icon} *{}* `{}`", event.severity.word(), escaped(&event.event));
    if let Some(name) = &event.name {
        text += &format!(" *{}*", escaped(name));
    }
    if let (Some(project), Some(location)) = (&event.project, &event.location) {
        text += &format!(" ({}/{})", escaped(project), escaped(location));
    }
    text += &format!(": {}", escaped(&event.message));
    if let Some(job) = &event.job {
        text += &format!("\n`{}`", escaped(job));
    }
    text
}

/// Text in which nothing is a link or calls people: `&`, `<` and `>` are
/// Slack's, and what else takes Slack's format (Mattermost) also reads a bare
/// `@here`. An `@` inside of a word, as in an account's address, calls nobody.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' if !before.is_ascii_alphanumeric() => out.push_str("@ "),
            c => out.push(c),
        }
        before = c;
    }
    out
}
