//! What happens with a credential: the only tests that send one, to loopback.

use super::*;
use crate::clock::{SystemClock, SystemEntropy};
use crate::google::testing::{self, Server, ok, reply};
use crate::google::{Credentials, Secret};
use crate::vertex::Refusal;

fn client(server: &Server, environment: Environment) -> Client<SystemClock, SystemEntropy> {
    let options = ClientOptions { endpoint: Some(server.url()), ..ClientOptions::default() };
    let mut client = Client::new(options, SystemClock::new(), SystemEntropy).unwrap();
    client.caller.credentials = Credentials::new(environment).shown_to_anybody();
    client
}

fn at(metadata: &Server) -> Environment {
    Environment {
        metadata_host: Some(metadata.address.to_string()),
        quota_project: Some("payer".to_owned()),
        no_gcloud: true,
        ..Environment::default()
    }
}

fn token(token: &str, seconds: u32) -> testing::Step {
    ok(&format!(r#"{{"access_token":"{token}","expires_in":{seconds},"token_type":"Bearer"}}"#))
}

fn google() -> testing::Step {
    reply(200, &[("metadata-flavor", "Google")], "")
}

fn bearers(server: &Server) -> Vec<String> {
    let bearer = |r: testing::Request| r.header("authorization").map(str::to_owned);
    server.requests().into_iter().filter_map(bearer).collect()
}

fn place() -> Place {
    Place::new("acme", "us-central1")
}

#[tokio::test]
async fn a_read_that_is_not_authenticated_takes_one_fresh_token() {
    let metadata = Server::start([google(), token("one", 3599), google(), token("two", 3599)]);
    let metadata = metadata.await;
    let server = Server::start([reply(401, &[], "{}"), ok("{}"), ok("{}")]).await;
    let client = client(&server, at(&metadata));
    client.list(&place(), &Keep::All).await.unwrap();
    client.list(&place(), &Keep::All).await.unwrap();
    assert_eq!(bearers(&server), ["Bearer one", "Bearer two", "Bearer two"]);
    assert_eq!(server.requests()[0].header("x-goog-user-project"), Some("payer"));
    assert_eq!(metadata.lines().len(), 4);
    for request in metadata.requests() {
        assert_eq!(request.header("metadata-flavor"), Some("Google"));
        assert_eq!(request.header("authorization"), None);
    }
}

#[tokio::test]
async fn two_refusals_of_the_credential_are_final_and_name_its_source() {
    let metadata = Server::start([google(), token("one", 3599), google(), token("two", 3599)]);
    let metadata = metadata.await;
    let server = Server::start([reply(401, &[], "{}"), reply(401, &[], "{}")]).await;
    let error = client(&server, at(&metadata)).list(&place(), &Keep::All).await.unwrap_err();
    assert!(error.hint().unwrap().contains("came from the metadata server"), "{error:?}");
    assert!(!format!("{error:?}").contains("two"));

    // A token that stands in the environment is as good the second time.
    let server = Server::start([reply(401, &[], "{}")]).await;
    let environment =
        Environment { access_token: Some(Secret::new("stale")), ..Environment::default() };
    let error = client(&server, environment).list(&place(), &Keep::All).await.unwrap_err();
    assert!(matches!(
        error,
        ReadError::Unauthenticated { credential: Some("GOOGLE_OAUTH_ACCESS_TOKEN"), .. }
    ));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_it_expires() {
    let metadata = Server::start([google(), token("short", 15), token("long", 3599)]).await;
    let server = Server::start([ok("{}"), ok("{}"), ok("{}")]).await;
    let client = client(&server, at(&metadata));
    for _ in 0..3 {
        client.list(&place(), &Keep::All).await.unwrap();
    }
    assert_eq!(bearers(&server), ["Bearer short", "Bearer long", "Bearer long"]);
}

#[tokio::test]
async fn a_create_that_is_not_authenticated_is_refused_and_not_repeated() {
    let metadata = Server::start([google(), token("one", 3599)]).await;
    let server = Server::start([reply(401, &[], "{}"), ok("{}")]).await;
    let outcome = client(&server, at(&metadata)).create(&place(), &Value::Null).await;
    assert!(matches!(outcome, CreateOutcome::Refused(Refusal { status: 401, .. })));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn without_a_token_no_create_is_sent() {
    // Another cloud's metadata server is not ours.
    let metadata = Server::start([ok("{}")]).await;
    let server = Server::start([]).await;
    let outcome = client(&server, at(&metadata)).create(&place(), &Value::Null).await;
    let CreateOutcome::Refused(Refusal { status: 0, message, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(message.raw().contains("found none in GOOGLE_OAUTH_ACCESS_TOKEN"));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn no_token_follows_a_redirect() {
    let metadata = Server::start([google(), token("one", 3599)]).await;
    let elsewhere = Server::start([]).await;
    let target = format!("{}/stolen", elsewhere.url());
    let redirect = || reply(307, &[("location", &target)], "");
    let server = Server::start([redirect(), redirect()]).await;
    let client = client(&server, at(&metadata));
    let read = client.list(&place(), &Keep::All).await;
    assert!(matches!(read, Err(ReadError::Refused { status: 307, .. })));
    let outcome = client.create(&place(), &Value::Null).await;
    assert!(matches!(outcome, CreateOutcome::OutcomeUnknown(_)));
    assert_eq!(bearers(&server), ["Bearer one", "Bearer one"]);
    assert_eq!(elsewhere.connections(), 0);
}
