//! Exit code 4: Vertex cannot be asked, or not completely; nothing is decided.

use insta::assert_snapshot;

use crate::model::model;
use crate::world::World;

use crate::server::Server;

#[test]
fn nobody_listens() {
    let world = World::alone();
    world.wants(model("faq"));
    assert_snapshot!(world.run("plan --endpoint http://127.0.0.1:1"), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: could not reach `127.0.0.1:[PORT]`
      caused by: no connection
      caused by: Connection refused (os error 111)

    hint: `retune emulator` starts an emulator; leave out --endpoint and GOOGLE_VERTEX_BASE_URL to talk to Vertex AI
    [exit 4]
    ");
}

#[test]
fn a_run_that_cannot_be_read_says_all_that_went_wrong() {
    let job = "projects/acme-ml/locations/us-central1/tuningJobs/1";
    let line = format!("metrics --run {job} --endpoint http://127.0.0.1:1");
    assert_snapshot!(World::alone().run(&line), @"
    --- stderr
    error: could not reach `127.0.0.1:[PORT]`
      caused by: no connection
      caused by: Connection refused (os error 111)

    hint: `retune emulator` starts an emulator; leave out --endpoint and GOOGLE_VERTEX_BASE_URL to talk to Vertex AI
    [exit 4]
    ");
}

#[test]
fn no_credential() {
    let world = World::alone();
    world.wants(model("faq"));
    // Nor a gcloud.
    let output = world.command(&["plan"]).env("PATH", "").output().unwrap();
    assert_snapshot!(world.shown(&output), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: there is no usable Google credential
      caused by: found none in GOOGLE_OAUTH_ACCESS_TOKEN, GOOGLE_APPLICATION_CREDENTIALS, gcloud's files, the metadata server or gcloud

    hint: run `gcloud auth application-default login`
    [exit 4]
    ");
}

#[test]
fn a_web_page_instead_of_an_answer() {
    let world = World::alone();
    world.wants(model("faq"));
    let page = |_: &str| ("200 OK", "text/html", "<html><h1>Log in</h1></html>".to_owned());
    let server = Server::new(page);
    assert_snapshot!(world.run(&format!("apply --yes --endpoint {}", server.url())), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: could not read the answer of `127.0.0.1:[PORT]`
      caused by: the answer is not the expected JSON at line 1, column 1
    [exit 4]
    ");
    let missing = |_: &str| ("404 Not Found", "text/html", "<h1>nginx</h1>".to_owned());
    let server = Server::new(missing);
    assert_snapshot!(world.run(&format!("status --endpoint {}", server.url())), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: `127.0.0.1:[PORT]` knows no tuning jobs in `acme-ml/us-central1`: an answer that is not the API's (text/html); is the address right?
    [exit 4]
    ");
}

#[test]
fn a_listing_that_loses_a_page() {
    let world = World::alone();
    world.wants(model("faq"));
    let answer = |line: &str| {
        if line.contains("pageToken") {
            let body =
                r#"{"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}"#;
            ("403 Forbidden", "application/json", body.to_owned())
        } else {
            ("200 OK", "application/json", r#"{"nextPageToken": "2"}"#.to_owned())
        }
    };
    let server = Server::new(answer);
    assert_snapshot!(world.run(&format!("apply --yes --endpoint {}", server.url())), @"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: the listing of `acme-ml/us-central1` is incomplete: page 2 is missing
      caused by: permission denied in `acme-ml/us-central1`: no
    [exit 4]
    ");
    assert!(server.asked().iter().all(|request| request.starts_with("GET ")));
}

#[test]
fn text_of_the_service_moves_no_cursor() {
    let world = World::alone();
    world.wants(model("faq"));
    let answer = |_: &str| {
        let body = r#"{"error": {"code": 400, "message": "a\u001b[2Jb\u202ec", "status": "X"}}"#;
        ("400 Bad Request", "application/json", body.to_owned())
    };
    let server = Server::new(answer);
    assert_snapshot!(world.run(&format!("plan --endpoint {}", server.url())), @r"
    --- stderr
    error: could not list the tuning jobs of acme-ml/us-central1
      caused by: `127.0.0.1:[PORT]` refused the request (HTTP 400): a\u{1b}[2Jb\u{202e}c
    [exit 4]
    ");
}
