//! Models of a key: which are asked for, where, and what is taken for one.

use retune::model::Key;
use retune::vertex::{ReadError, Vertex};

use crate::server::{Server, ok, reply};
use crate::{OURS, client, place};

fn key() -> Key {
    Key { place: place(), owner: "acme".parse().unwrap(), name: "faq".parse().unwrap(), rerun: 0 }
}

fn model(id: &str, labels: &str) -> String {
    format!(
        r#"{{"name":"projects/1/locations/us/models/{id}","versionId":"2","labels":{{{labels}}}}}"#
    )
}

fn page(models: &[String], next: &str) -> String {
    format!(r#"{{"models":[{}],"nextPageToken":"{next}"}}"#, models.join(","))
}

#[tokio::test]
async fn they_are_looked_for_by_label_in_the_region_and_its_multi_region() {
    let others = OURS.replace("faq", "router");
    let foreign = r#""team":"support""#;
    let script = [
        ok(&page(&[model("1", OURS), model("2", &others)], "more")),
        ok(&page(&[model("3", foreign)], "")),
        ok(&page(&[model("4", OURS)], "")),
    ];
    let server = Server::start(script).await;
    let models = client(&server).models(&key(), Some("gemini-3.5-flash")).await.unwrap();
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["projects/1/locations/us/models/1@2", "projects/1/locations/us/models/4@2"]);
    let lines = server.lines();
    let filter = "filter=labels.retune-name%3D%22faq%22+AND+labels.retune-owner%3D%22acme%22";
    assert!(lines.iter().all(|line| line.contains(filter)), "{lines:?}");
    assert!(lines[0].starts_with("GET /v1/projects/acme/locations/us-central1/models?"));
    assert!(lines[1].contains("pageToken=more"), "{lines:?}");
    assert!(lines[2].starts_with("GET /v1/projects/acme/locations/us/models?"), "{lines:?}");
}

#[tokio::test]
async fn a_project_without_the_multi_region_has_no_models_there() {
    for status in [400, 404] {
        let server = Server::start([ok("{}"), reply(status, &[], "{}")]).await;
        assert_eq!(client(&server).models(&key(), Some("gemini-3.5-flash")).await.unwrap(), []);
    }
}

/// What cannot be known is not taken for "none".
#[tokio::test]
async fn anything_else_is_an_error() {
    for status in [401, 403, 404] {
        let server = Server::start([reply(status, &[], "{}")]).await;
        assert!(
            client(&server).models(&key(), Some("gemini-3.5-flash")).await.is_err(),
            "{status}"
        );
    }
    let server = Server::start([ok("{}"), reply(403, &[], "{}")]).await;
    let error = client(&server).models(&key(), Some("gemini-3.5-flash")).await.unwrap_err();
    assert!(matches!(error, ReadError::Forbidden { .. }), "{error}");
    let server = Server::start([ok(r#"{"models":[{"name":"projects/1"#)]).await;
    assert!(client(&server).models(&key(), Some("gemini-3.5-flash")).await.is_err());
}

#[tokio::test]
async fn models_of_gemini_2_stay_in_their_region() {
    let server = Server::start([ok("{}")]).await;
    assert_eq!(client(&server).models(&key(), Some("gemini-2.5-flash")).await.unwrap(), []);
    assert_eq!(server.lines().len(), 1);
    // Where it is not known what is tuned, both are asked.
    let server = Server::start([ok("{}"), ok("{}")]).await;
    assert_eq!(client(&server).models(&key(), None).await.unwrap(), []);
    assert_eq!(server.lines().len(), 2);
}
