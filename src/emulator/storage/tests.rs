//! The store across restarts, and the API over a real socket.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;

/// Serves a router on a free port for as long as the test runs.
pub(in crate::emulator) async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A client that goes straight to the test's server.
pub(in crate::emulator) fn client() -> reqwest::Client {
    // The client wants a provider even if it never speaks TLS; another test
    // may have installed it already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

struct Service {
    base: String,
    client: reqwest::Client,
}

impl Service {
    async fn start() -> Self {
        let store = ObjectStore::open(None).unwrap().with_samples(1);
        store.create_bucket("acme", Timestamp::UNIX_EPOCH).unwrap();
        let base = serve(router(Arc::new(store), Arc::new(SystemClock::new()))).await;
        Self { base, client: client() }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body).send().await.unwrap()
    }

    async fn json(&self, method: &str, path: &str, body: &'static str) -> (u16, Value) {
        let response = self.send(method, path, &[], body).await;
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or_default())
    }

    async fn upload(&self, name: &str, query: &str, body: &'static str) -> (u16, Value) {
        let path = format!("/upload/storage/v1/b/acme/o?uploadType=media&name={name}{query}");
        self.json("POST", &path, body).await
    }
}

fn upload(name: &str) -> Upload {
    Upload {
        bucket: "acme".to_owned(),
        name: name.to_owned(),
        settings: Settings::default(),
        conditions: Conditions::default(),
        crc32c: None,
        md5: None,
        composed: false,
    }
}

#[test]
fn a_kept_store_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    let store = ObjectStore::open(Some(dir.path())).unwrap();
    store.create_bucket("acme", now).unwrap();
    let first = store.put(upload("a/b.jsonl"), "one".into(), now).unwrap();
    let second = store.put(upload("a/b.jsonl"), "two".into(), now).unwrap();
    assert!(second.generation > first.generation, "the clock stood still");
    store.put(upload("gone"), "x".into(), now).unwrap();
    store.delete("acme", "gone", None, &Conditions::default()).unwrap();

    // What a crash between content and metadata leaves.
    let stray = dir.path().join("acme").join("0123.99.tmp");
    std::fs::write(&stray, "half").unwrap();
    let store = ObjectStore::open(Some(dir.path())).unwrap();
    assert_eq!(store.object("acme", "a/b.jsonl"), Some(second.clone()));
    assert_eq!(store.bytes("acme", "a/b.jsonl").unwrap(), "two");
    assert!(store.has_bucket("acme") && !store.has_bucket("other"));
    assert_eq!(store.object("acme", "gone"), None);
    assert!(!stray.exists());
    // Even if the clock was set back.
    let third = store.put(upload("a/b.jsonl"), "three".into(), Timestamp::UNIX_EPOCH).unwrap();
    assert!(third.generation > second.generation);
}

#[test]
fn a_read_survives_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let store = ObjectStore::open(Some(dir.path())).unwrap();
    store.create_bucket("acme", Timestamp::UNIX_EPOCH).unwrap();
    let write = || store.put(upload("claim"), "text".into(), Timestamp::UNIX_EPOCH).unwrap();
    let first = write();
    std::thread::scope(|scope| {
        scope.spawn(|| (0..50).for_each(|_| drop(write())));
        (0..500).for_each(|_| assert_eq!(store.bytes("acme", "claim").unwrap(), "text"));
    });
    assert!(store.object("acme", "claim").unwrap().generation >= first.generation + 50);
    // Nothing is left of the generations before.
    assert_eq!(std::fs::read_dir(dir.path().join("acme")).unwrap().count(), 3);
}

#[tokio::test]
async fn listing_pages_through_objects_and_prefixes() {
    let service = Service::start().await;
    for name in ["a", "b%2F1", "b%2F2", "c%2F1", "d"] {
        assert_eq!(service.upload(name, "", "x").await.0, 200);
    }
    let mut path = "/storage/v1/b/acme/o?delimiter=%2F&maxResults=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let (_, page) = service.json("GET", &path, "").await;
        let names: Vec<_> = page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item["name"].clone())
            .collect();
        pages.push(json!([names, page["prefixes"]]));
        let Some(token) = page["nextPageToken"].as_str() else { break };
        path = format!("/storage/v1/b/acme/o?delimiter=%2F&maxResults=2&pageToken={token}");
    }
    assert_eq!(pages, [json!([["a"], ["b/"]]), json!([["d"], ["c/"]])]);
    let (_, page) =
        service.json("GET", "/storage/v1/b/acme/o?prefix=b%2F&fields=items/name", "").await;
    assert_eq!(page, json!({"items": [{"name": "b/1"}, {"name": "b/2"}]}));
}

#[tokio::test]
async fn conditions_on_reads_and_writes() {
    let service = Service::start().await;
    let (status, object) = service.upload("f", "&ifGenerationMatch=0", "one").await;
    assert_eq!(status, 200);
    let generation = object["generation"].as_str().unwrap();
    let (status, error) = service.upload("f", "&ifGenerationMatch=0", "two").await;
    assert_eq!(status, 412);
    assert_eq!(error["error"]["errors"][0]["reason"], "conditionNotMet");
    for (query, status) in [
        (format!("ifGenerationMatch={generation}"), 200),
        ("ifGenerationMatch=1".to_owned(), 412),
        (format!("ifGenerationNotMatch={generation}"), 304),
        ("ifMetagenerationMatch=2".to_owned(), 412),
        (format!("alt=media&ifGenerationNotMatch={generation}"), 304),
        ("generation=1".to_owned(), 404),
        ("ifGenerationMatch=x".to_owned(), 400),
    ] {
        let path = format!("/storage/v1/b/acme/o/f?{query}");
        assert_eq!(service.json("GET", &path, "").await.0, status, "{query}");
    }
    let (_, patched) =
        service.json("PATCH", "/storage/v1/b/acme/o/f", r#"{"metadata":{"a":"b"}}"#).await;
    assert_eq!(patched["metageneration"], "2");
    assert_eq!(
        service.json("DELETE", "/storage/v1/b/acme/o/f?ifGenerationMatch=1", "").await.0,
        412
    );
    assert_eq!(service.json("DELETE", "/storage/v1/b/acme/o/f", "").await.0, 204);
    assert_eq!(service.json("DELETE", "/storage/v1/b/acme/o/f", "").await.0, 404);
}

#[tokio::test]
async fn downloads_in_ranges() {
    let service = Service::start().await;
    service.upload("r%2Fx", "", "0123456789").await;
    let path = "/download/storage/v1/b/acme/o/r%2Fx?alt=media";
    let response = service.send("GET", path, &[("range", "bytes=2-4")], "").await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(response.headers()["content-range"], "bytes 2-4/10");
    assert!(response.headers()["x-goog-hash"].to_str().unwrap().starts_with("crc32c="));
    assert_eq!(response.text().await.unwrap(), "234");
    let response = service.send("GET", path, &[("range", "bytes=10-")], "").await;
    assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(response.headers()["content-range"], "bytes */10");
    // The slash has to be escaped, as for the service.
    assert_eq!(service.json("GET", "/storage/v1/b/acme/o/r/x", "").await.0, 404);
}

#[tokio::test]
async fn a_resumable_upload_in_chunks() {
    const CHUNK: usize = 256 * 1024;
    let service = Service::start().await;
    let start = "/upload/storage/v1/b/acme/o?uploadType=resumable&name=big";
    let response = service.send("POST", start, &[], r#"{"contentType":"text/plain"}"#).await;
    let session = response.headers()["location"].to_str().unwrap().to_owned();
    let session = session.strip_prefix(&service.base).unwrap();
    let total = CHUNK + 5;
    let first = vec![b'a'; CHUNK];

    let odd = service.send("PUT", session, &[("content-range", "bytes 0-9/*")], vec![0; 10]).await;
    assert_eq!(odd.status(), StatusCode::BAD_REQUEST);
    let range = format!("bytes 0-{}/{total}", CHUNK - 1);
    let response = service.send("PUT", session, &[("content-range", &range)], first).await;
    assert_eq!(response.status().as_u16(), 308);
    let status = format!("bytes */{total}");
    let response = service.send("PUT", session, &[("content-range", &status)], "").await;
    assert_eq!(response.headers()["range"], format!("bytes=0-{}", CHUNK - 1).as_str());
    let gap = format!("bytes {}-{}/{total}", CHUNK + 1, CHUNK + 4);
    let response = service.send("PUT", session, &[("content-range", &gap)], "bbbb").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let last = format!("bytes {CHUNK}-{}/{total}", CHUNK + 4);
    for _ in 0..2 {
        // The second time the client did not hear the answer.
        let response = service.send("PUT", session, &[("content-range", &last)], "bbbbb").await;
        assert_eq!(response.status(), StatusCode::OK);
        let object: Value = response.json().await.unwrap();
        assert_eq!(object["size"], total.to_string());
        assert_eq!(object["contentType"], "text/plain");
    }
    let (_, page) = service.json("PUT", &start.replace("name=big", "upload_id=7"), "").await;
    assert_eq!(page["error"]["code"], 404);
}

#[tokio::test]
async fn composed_and_rewritten_objects() {
    let service = Service::start().await;
    for (name, text) in [("a", "one "), ("b", "two")] {
        service.upload(name, "", text).await;
    }
    let body = r#"{"sourceObjects":[{"name":"a"},{"name":"b"}],"destination":{"contentType":"text/plain"}}"#;
    let (status, object) = service.json("POST", "/storage/v1/b/acme/o/ab/compose", body).await;
    assert_eq!((status, &object["md5Hash"]), (200, &Value::Null));
    let copy = "/storage/v1/b/acme/o/ab/rewriteTo/b/acme/o/dir%2Fcopy?ifGenerationMatch=0";
    let (_, answer) = service.json("POST", copy, "").await;
    assert_eq!(answer["resource"]["contentType"], "text/plain");
    assert_eq!(answer["resource"]["crc32c"], object["crc32c"]);
    let text = service.send("GET", "/storage/v1/b/acme/o/dir%2Fcopy?alt=media", &[], "").await;
    assert_eq!(text.text().await.unwrap(), "one two");
}

#[tokio::test]
async fn refusals() {
    let service = Service::start().await;
    let multipart = "--b\r\n\r\n{\"name\":\"m\",\"crc32c\":\"AAAAAA==\"}\r\n--b\r\n\r\nx\r\n--b--";
    let path = "/upload/storage/v1/b/acme/o?uploadType=multipart";
    let headers = [("content-type", "multipart/related; boundary=b")];
    let response = service.send("POST", path, &headers, multipart).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(response.text().await.unwrap().contains("doesn't match calculated CRC32C"));
    for (method, path, body, status) in [
        ("GET", "/storage/v1/b/none/o", "", 404),
        ("GET", "/storage/v1/b/none", "", 404),
        ("POST", "/upload/storage/v1/b/none/o?uploadType=media&name=x", "", 404),
        ("POST", "/upload/storage/v1/b/acme/o?uploadType=media", "", 400),
        ("POST", "/upload/storage/v1/b/acme/o?uploadType=odd&name=x", "", 400),
        ("POST", "/upload/storage/v1/b/retune-samples/o?uploadType=media&name=x", "", 403),
        ("POST", "/storage/v1/b", r#"{"name":"acme"}"#, 409),
        ("POST", "/storage/v1/b", r#"{"name":"A"}"#, 400),
        ("GET", "/storage/v1/b/acme/o?pageToken=%21", "", 400),
    ] {
        assert_eq!(service.json(method, path, body).await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn samples_are_listed_and_read() {
    let service = Service::start().await;
    let (_, page) = service.json("GET", "/storage/v1/b/retune-samples/o?delimiter=%2F", "").await;
    assert_eq!(page["prefixes"].as_array().unwrap().len(), 6);
    let path =
        "/storage/v1/b/cloud-samples-data/o/ai-platform%2Fgenerative_ai%2Fsft_train_data.jsonl";
    let (_, object) = service.json("GET", path, "").await;
    let content =
        service.send("GET", &format!("{path}?alt=media"), &[], "").await.bytes().await.unwrap();
    assert_eq!(object["size"], content.len().to_string());
    assert_eq!(object["crc32c"], object::crc32c_base64(crc32c::crc32c(&content)));
    let asked = "permissions=storage.objects.get&permissions=storage.objects.create";
    let (_, own) =
        service.json("GET", &format!("/storage/v1/b/acme/iam/testPermissions?{asked}"), "").await;
    assert_eq!(own["permissions"].as_array().unwrap().len(), 2);
}
