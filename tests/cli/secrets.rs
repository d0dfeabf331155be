//! Credentials and logs: what must never leave, and what `-v` says.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

use crate::server::Server;

const CANARY: &str = "canary-0f9a7";

#[test]
fn a_token_goes_to_no_other_endpoint_and_into_no_output() {
    let world = World::alone();
    world.wants(model("faq"));
    let answer = |line: &str| {
        if line.starts_with("GET ") {
            ("200 OK", "application/json", "{}".to_owned())
        } else {
            let body =
                r#"{"error": {"code": 401, "message": "who?", "status": "UNAUTHENTICATED"}}"#;
            ("401 Unauthorized", "application/json", body.to_owned())
        }
    };
    let server = Server::new(answer);
    for arguments in [
        ["apply", "--yes", "-vvv"],
        ["plan", "--format=json", "-vvv"],
        ["status", "--log-format=json", "-vvv"],
    ] {
        let mut command = world.command(&arguments);
        command.env("GOOGLE_OAUTH_ACCESS_TOKEN", CANARY).args(["--endpoint", server.url()]);
        let output = command.output().unwrap();
        let shown = world.shown(&output);
        assert!(!shown.contains(CANARY), "{shown}");
        assert_eq!(output.status.code(), Some(if arguments[0] == "apply" { 6 } else { 0 }));
    }
    let asked = server.asked();
    assert!(asked.iter().any(|request| request.starts_with("POST ")));
    for request in asked {
        let request = request.to_ascii_lowercase();
        assert!(!request.contains("authorization") && !request.contains(CANARY), "{request}");
    }
}

#[test]
fn an_endpoint_that_wants_a_credential_is_told_apart() {
    let world = World::alone();
    world.wants(model("faq"));
    let answer = |_: &str| {
        let body = r#"{"error": {"code": 401, "message": "who?", "status": "UNAUTHENTICATED"}}"#;
        ("401 Unauthorized", "application/json", body.to_owned())
    };
    let server = Server::new(answer);
    assert_snapshot!(world.run(&format!("plan --endpoint {}", server.url())), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: `127.0.0.1:[PORT]` does not accept the credential: who?

    hint: credentials go to https://*.googleapis.com only; leave out --endpoint to talk to Vertex AI
    [exit 4]
    ");
}

#[test]
fn verbose_logs_one_line_for_each_listing_and_change() {
    let world = World::new();
    world.wants(model("faq")).does("apply --yes").later("2m");
    world.wants(model("faq").epochs(4));
    let output = world.command(&["apply", "--yes", "-v"]).output().unwrap();
    let log = world.redacted(&String::from_utf8_lossy(&output.stderr));
    let log: Vec<&str> = log.lines().map(|line| line.split_once("Z ").unwrap().1.trim()).collect();
    assert_snapshot!(log.join("\n"), @r#"
    INFO retune::observe: listed place=acme-ml/us-central1 jobs=1
    INFO retune::apply::step: create name=faq place=acme-ml/us-central1 reason="specChanged" job="projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-2]" outcome="created"
    INFO retune::apply::step: cancel name=faq place=acme-ml/us-central1 reason="superseded" job="projects/[NUMBER]/locations/us-central1/tuningJobs/[JOB-1]" outcome="cancelRequested"
    "#);
}

#[test]
fn quiet_keeps_warnings_back() {
    let world = World::new();
    world.wants(model("faq").base("gemini-99-flash"));
    assert_snapshot!(world.run("plan"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    --- stderr
    warning[unknown-model]: `gemini-99-flash` is no base model known as of 2026-11-22
     --> manifests/faq.yaml:6:14
      |
    6 |   baseModel: gemini-99-flash
      |              ^^^^^^^^^^^^^^^
      |
      = help: Vertex will say; known to be tunable: gemini-3.5-flash-lite, gemini-3.5-flash, gemini-3.1-flash-lite

    [exit 0]
    ");
    assert_snapshot!(world.run("plan --quiet"), @"
      + faq   create     new manifest

    Plan: 1 to create.
    Digest: sha256:[DIGEST]
    Listed acme-ml/us-central1.
    [exit 0]
    ");
}
