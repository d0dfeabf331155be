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
