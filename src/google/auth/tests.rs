//! Where a token comes from, and that none goes astray.

use super::*;

fn google() -> Url {
    Url::parse("https://us-central1-aiplatform.googleapis.com/v1/x").unwrap()
}

#[tokio::test]
async fn a_token_of_the_environment_is_marked_sensitive_and_goes_to_google_only() {
    let environment = Environment {
        access_token: Some(Secret::new("canary\n")),
        quota_project: Some("payer".to_owned()),
        ..Environment::default()
    };
    let credentials = Credentials::new(environment);
    let sent = credentials.authorize(&google(), false).await.unwrap().unwrap();
    assert_eq!(sent.bearer.to_str().unwrap(), "Bearer canary");
    assert!(sent.bearer.is_sensitive() && !sent.renewable);
    assert_eq!(sent.quota_project.unwrap(), "payer");
    for elsewhere in [
        "http://us-central1-aiplatform.googleapis.com",
        "https://evil.example",
        "http://127.0.0.1:1",
    ] {
        let url = Url::parse(elsewhere).unwrap();
        assert!(credentials.authorize(&url, false).await.unwrap().is_none(), "{elsewhere}");
    }
}

use super::super::testing::{Server, ok, reply};
use super::provider::Fetch;

/// Text that must be in no error.
const CANARY: &str = "1//canary-refresh-token";

fn told(error: &CredentialError) -> String {
    format!("{error}\n{error:?}\n{}", error.hint().unwrap_or_default())
}

#[tokio::test]
async fn a_file_is_read_by_its_type_and_quoted_by_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.json");
    let user = format!(
        r#"{{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"{CANARY}","quota_project_id":"payer"}}"#
    );
    tokio::fs::write(&path, user).await.unwrap();
    let found = file::open(&path, "GOOGLE_APPLICATION_CREDENTIALS").await.ok().unwrap();
    assert_eq!(found.quota_project.as_deref(), Some("payer"));

    for (text, says) in [
        (format!(r#"{{"type":"external_account","x":"{CANARY}"}}"#), "of type `external_account`"),
        (format!(r#"{{"type":"impersonated_service_account","x":"{CANARY}"}}"#), "not supported"),
        (format!(r#"{{"type":"authorized_user","refresh_token":"{CANARY}"}}"#), "see line 1"),
        (format!(r#"{{"type":"service_account","private_key":"{CANARY}"}}"#), "cannot be used"),
        (format!(r#"{{"x":"{CANARY}"}}"#), "it has no `type`"),
        (format!("\n\n\"{CANARY}\""), "see line 3"),
        (CANARY.to_owned(), "see line 1"),
    ] {
        tokio::fs::write(&path, &text).await.unwrap();
        let error = file::open(&path, "GOOGLE_APPLICATION_CREDENTIALS").await.err().unwrap();
        let told = told(&error);
        assert!(told.contains(says) && told.contains("key.json"), "{text}: {told}");
        assert!(!told.contains(CANARY), "{told}");
        assert!(error.hint().unwrap().contains("gcloud auth "), "{told}");
    }
    let error = file::open(&directory.path().join("no"), "gcloud's").await.err().unwrap();
    assert!(matches!(error, CredentialError::Unreadable { .. }));
}

#[tokio::test]
async fn the_first_source_that_is_there_is_used() {
    // A broken file is not papered over by the metadata server.
    let metadata = Server::start([]).await;
    let environment = Environment {
        credentials_file: Some("/nonexistent/key.json".into()),
        metadata_host: Some(metadata.address.to_string()),
        ..Environment::default()
    };
    let error = Credentials::new(environment).authorize(&google(), false).await.err().unwrap();
    assert!(told(&error).contains("unset GOOGLE_APPLICATION_CREDENTIALS"));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("application_default_credentials.json");
    tokio::fs::write(path, r#"{"type":"external_account_authorized_user"}"#).await.unwrap();
    let environment = Environment {
        // Empty is as good as unset.
        access_token: Some(Secret::new("")),
        credentials_file: Some("".into()),
        gcloud_config: Some(directory.path().to_owned()),
        metadata_host: Some(metadata.address.to_string()),
        ..Environment::default()
    };
    let error = Credentials::new(environment).authorize(&google(), false).await.err().unwrap();
    assert!(matches!(error, CredentialError::Unsupported { .. }), "{error:?}");
    assert_eq!(metadata.connections(), 0);
}

#[tokio::test]
async fn a_login_is_renewed_or_said_to_be_revoked() {
    let good = r#"{"access_token":"ya29.new","expires_in":3599,"id_token":"x"}"#;
    let revoked = r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#;
    let server = Server::start([
        ok(good),
        reply(400, &[], revoked),
        reply(503, &[], ""),
        ok(&format!(r#"{{"access_token":7,"refresh_token":"{CANARY}"}}"#)),
    ])
    .await;
    let user = file::AuthorizedUser {
        client_id: "client".to_owned(),
        client_secret: Secret::new("secret"),
        refresh_token: Secret::new(CANARY),
        token_url: server.url(),
        source_name: "a test",
    };
    assert_eq!(user.fetch().await.ok().unwrap().as_str(), "ya29.new");
    let sent: serde_json::Value = serde_json::from_str(&server.requests()[0].body).unwrap();
    assert_eq!(
        (&sent["refresh_token"], &sent["client_secret"]),
        (&CANARY.into(), &"secret".into())
    );
    for says in ["no longer accepts", "unavailable", "holds no token"] {
        let error = user.fetch().await.err().unwrap();
        assert!(error.to_string().contains(says) && !told(&error).contains(CANARY), "{error}");
    }
}
