//! The page, and the views of single models.

use super::*;
use crate::manifest::{Manifests, Report};
use crate::model::{Desired, Lifecycle, Source, TuningSpec, Wanted};

impl Daemon {
    /// Manifests of these names are read.
    fn reads(&self, names: &[&str]) {
        let desired = |name: &&str| {
            let key = Key {
                place: Place::new("acme-ml", "us-central1"),
                owner: "acme".parse().unwrap(),
                name: name.parse().unwrap(),
                rerun: 0,
            };
            let source = Source { file: "m.yaml".into(), line: 1 };
            let (spec, lifecycle) = (TuningSpec::default(), Lifecycle::default());
            Desired::from(Wanted { key, spec, lifecycle, source })
        };
        let desired = names.iter().map(desired).collect();
        let manifests = Manifests { desired, workspace: None, report: Report::default() };
        self.published.update(|state| state.current = Some(Arc::new(manifests)));
    }

    async fn get_with(&self, path: &str, header: &str) -> Answer {
        let port = self.port();
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n"))
            .await
    }
}

/// The `ETag` of an answer.
fn tag(answer: &Answer) -> String {
    answer.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned()
}

#[tokio::test]
async fn the_list_is_that_of_the_last_complete_pass() {
    let daemon = Daemon::on_loopback().await;
    let before = daemon.get("/").await;
    assert_eq!(before.status, 200);
    assert!(before.body.contains("No pass was complete yet"), "{}", before.body);

    daemon.looks(shown());
    let answer = daemon.get("/").await;
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "cross-origin-opener-policy: same-origin",
        "last-modified: thu, 01 jan 1970 00:00:00 gmt",
    ] {
        assert!(answer.head.contains(header), "{header} is not in {}", answer.head);
    }
    for name in ["faq", "triage", "tone"] {
        assert!(answer.body.contains(&format!(">{name}</a>")), "{}", answer.body);
    }
    assert!(!answer.body.contains('\u{9b}'));

    // Who has it is told so, and gets the next one when something changed.
    let known = format!("If-None-Match: {}", tag(&answer));
    let same = daemon.get_with("/", &known).await;
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    assert_eq!(tag(&same), tag(&answer));
    daemon.published.update(|state| {
        (state.failed_in_a_row, state.last_failure) = (2, Some("<b>\u{1b}[2J.".to_owned()));
    });
    let other = daemon.get_with("/", &known).await;
    assert_eq!(other.status, 200);
    assert_ne!(tag(&other), tag(&answer));
    let trouble = "The last 2 passes failed, and what is shown is older: &lt;b&gt;\\u{1b}[2J.";
    assert!(other.body.contains(trouble), "{}", other.body);
    assert!(!other.body.contains("2J.."), "{}", other.body);
}

#[tokio::test]
async fn what_is_made_once_is_told_again_until_something_else_is_published() {
    let daemon = Daemon::on_loopback().await;
    daemon.looks(shown());
    let first = tag(&daemon.get("/").await);
    // The same in other places of the memory.
    daemon.looks(shown());
    assert_eq!(tag(&daemon.get("/").await), first);
    daemon.published.update(|state| state.manifests = Manifested::Invalid(3));
    let invalid = daemon.get("/").await;
    assert!(invalid.body.contains("The manifests have 3 errors"), "{}", invalid.body);
    daemon.published.update(|state| state.manifests = Manifested::Valid(3));
    assert_eq!(tag(&daemon.get("/").await), first);
}

#[tokio::test]
async fn a_model_has_a_view_where_a_manifest_asks_for_it() {
    let daemon = Daemon::on_loopback().await;
    let view = "/models/acme-ml/us-central1/faq";
    assert!(daemon.get(view).await.body.contains("No pass was complete yet"));
    daemon.looks(shown());
    daemon.reads(&["faq", "elsewhere"]);
    let answer = daemon.get(view).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<title>faq: running · retune</title>"), "{}", answer.body);
    assert!(answer.head.contains("content-security-policy: "), "{}", answer.head);
    let same = daemon.get_with(view, &format!("If-None-Match: {}", tag(&answer))).await;
    assert_eq!(same.status, 304);
    for nowhere in [
        "/models/acme-ml/us-central1/nobody",
        "/models/acme-ml/europe-west4/faq",
        "/models/other/us-central1/faq",
        "/models/acme-ml/us-central1/%3Cscript%3E",
        // No pass has seen it.
        "/models/acme-ml/us-central1/elsewhere",
    ] {
        let answer = daemon.get(nowhere).await;
        assert_eq!(answer.status, 404, "{nowhere}");
        assert!(answer.body.contains("No such model"), "{}", answer.body);
    }
    for odd in ["/models", "/models/acme-ml/us-central1", "/models/acme-ml/us-central1/faq/x"] {
        assert_eq!(daemon.get(odd).await.status, 404, "{odd}");
    }
    assert_eq!(daemon.get("/models/%ff/us-central1/faq").await.status, 400);
}

#[tokio::test]
async fn a_link_may_lead_here_and_nothing_may_be_shown_elsewhere() {
    let daemon = Daemon::on_loopback().await;
    daemon.looks(shown());
    daemon.reads(&["faq"]);
    let fetched = |site: &str, mode: &str, dest: &str| {
        format!("Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {dest}")
    };
    for path in ["/", "/models/acme-ml/us-central1/faq"] {
        for (allowed, site, mode, dest) in [
            (true, "none", "navigate", "document"),
            (true, "cross-site", "navigate", "document"),
            (true, "same-origin", "cors", "empty"),
            (false, "cross-site", "navigate", "iframe"),
            (false, "cross-site", "no-cors", "image"),
            (false, "cross-site", "no-cors", "script"),
            (false, "same-site", "cors", "empty"),
        ] {
            let answer = daemon.get_with(path, &fetched(site, mode, dest)).await;
            assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{path} {site} {dest}");
        }
    }
}
