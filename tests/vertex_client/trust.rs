//! Tokens, redirects and addresses: what never leaves, and for where.

use std::time::Duration;

use retune::clock::{SystemClock, SystemEntropy};
use retune::vertex::{
    Client, ClientOptions, CreateOutcome, Environment, Keep, ReadError, Secret, Vertex,
};
use serde_json::json;

use crate::server::{Server, reply};
use crate::{CANARY, client, job_name, place, told, verified};

#[tokio::test]
async fn no_redirect_is_followed_and_no_token_goes_along() {
    let elsewhere = Server::start([]).await;
    for status in [300, 301, 302, 303, 307, 308] {
        let target = format!("{}/stolen", elsewhere.url());
        let redirect = || reply(status, &[("location", &target)], "");
        let server = Server::start([redirect(), redirect(), redirect()]).await;
        let client = client(&server);
        let error = client.list(&place(), &Keep::All).await.unwrap_err();
        assert!(matches!(error, ReadError::Refused { status: s, .. } if s == status), "{error:?}");
        let outcome = client.create(&place(), &json!({})).await;
        assert!(matches!(outcome, CreateOutcome::OutcomeUnknown(_)));
        client.cancel(verified("1").await).await;
        for request in server.requests() {
            assert!(!format!("{request:?}").contains(CANARY));
            assert_eq!(request.header("x-goog-user-project"), None);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_token_is_in_no_error() {
    let server = Server::start([401, 403, 400].map(|status| reply(status, &[], "{}"))).await;
    let client = client(&server);
    for _ in 0..3 {
        let error = client.get(&job_name("1")).await.unwrap_err();
        let all = format!("{error:?}\n{}\n{:?}", told(&error), error.hint());
        assert!(!all.contains(CANARY), "{all}");
    }
    // A token that no header takes is refused without being quoted, and
    // nothing is asked of Google.
    let environment =
        Environment { access_token: Some(Secret::new("ya29.a\nb")), ..Environment::default() };
    let options = ClientOptions { endpoint: None, environment, ..ClientOptions::default() };
    let client = Client::new(options, SystemClock::new(), SystemEntropy).unwrap();
    let error = client.get(&job_name("1")).await.unwrap_err();
    assert!(told(&error).contains("GOOGLE_OAUTH_ACCESS_TOKEN holds no token"));
    assert!(!format!("{error:?}").contains("ya29"));
}

#[test]
fn an_endpoint_that_could_be_misread_is_refused() {
    for bad in ["http://10.0.0.1", "https://a@googleapis.com", "https://a.com\\@b.com", "x"] {
        let environment = Environment::default();
        let options = ClientOptions {
            endpoint: Some(bad.to_owned()),
            environment,
            ..ClientOptions::default()
        };
        let refused = Client::new(options, SystemClock::new(), SystemEntropy).err();
        let text = told(&refused.expect(bad));
        assert!(text.starts_with("the endpoint cannot be used\n"), "{text}");
    }
}

#[tokio::test]
async fn a_missing_credential_is_known_in_two_seconds_with_the_cure() {
    // Nothing listens at the metadata address; gcloud is left out because a
    // machine that runs the tests may have it.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // An address that swallows packets is the harder case (RFC 5737).
    for host in [closed.to_string(), "192.0.2.1".to_owned()] {
        let environment = Environment {
            metadata_host: Some(host),
            gcloud_config: Some("/nonexistent".into()),
            no_gcloud: true,
            ..Environment::default()
        };
        let options = ClientOptions { endpoint: None, environment, ..ClientOptions::default() };
        let client = Client::new(options, SystemClock::new(), SystemEntropy).unwrap();
        let list = tokio::time::timeout(Duration::from_secs(2), async {
            client.list(&place(), &Keep::All).await
        });
        let error = list.await.expect("in time").unwrap_err();
        assert!(matches!(error, ReadError::Credential(_)), "{error:?}");
        assert_eq!(error.hint().unwrap(), "run `gcloud auth application-default login`");
    }
}

#[tokio::test]
async fn no_credential_is_looked_for_when_none_is_needed() {
    let metadata = Server::start([]).await;
    let server = Server::start([crate::server::ok("{}")]).await;
    let environment = Environment {
        metadata_host: Some(metadata.address.to_string()),
        credentials_file: Some("/nonexistent".into()),
        ..Environment::default()
    };
    let options =
        ClientOptions { endpoint: Some(server.url()), environment, ..ClientOptions::default() };
    let client = Client::new(options, SystemClock::new(), SystemEntropy).unwrap();
    client.list(&place(), &Keep::All).await.unwrap();
    assert_eq!(metadata.connections(), 0);
}
