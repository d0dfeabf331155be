//! Who is turned away.

use super::*;

const PATHS: [&str; 7] = [
    "/",
    "/models/acme-ml/us-central1/faq",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/status",
    "/api",
];

async fn host(daemon: &Daemon, path: &str, host: &str) -> u16 {
    daemon.say(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await.status
}

#[tokio::test]
async fn a_name_that_somebody_made_resolve_to_loopback_is_refused() {
    let daemon = Daemon::at("127.0.0.1:0", &["Retune.example.com", "box:81"]).await.unwrap();
    daemon.looks(shown());
    let port = daemon.port();
    for path in PATHS {
        let evil = format!("evil.example:{port}");
        let suffix = format!("localhost.evil.example:{port}");
        for bad in [&evil, &suffix, "localhost:1", "localhost", "box:82", "box", "0.0.0.0"] {
            assert_eq!(host(&daemon, path, bad).await, 403, "{path} for {bad}");
        }
        for broken in ["", "a b", &format!("localhost:{port}@evil.example"), "localhost:"] {
            assert_eq!(host(&daemon, path, broken).await, 400, "{path} for {broken}");
        }
    }
    for good in ["localhost", "LocalHost", "127.0.0.1", "[::1]"] {
        assert_eq!(host(&daemon, "/api/v1/status", &format!("{good}:{port}")).await, 200);
    }
    for good in ["retune.example.com", "RETUNE.example.com:8443", "box:81"] {
        assert_eq!(host(&daemon, "/api/v1/status", good).await, 200, "{good}");
    }
}

#[tokio::test]
async fn on_a_public_socket_probes_may_name_any_host_and_nobody_else_may() {
    let daemon = Daemon::at("0.0.0.0:0", &[]).await.unwrap();
    daemon.looks(shown());
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(host(&daemon, path, "10.1.2.3:9464").await, 200, "{path}");
    }
    for path in [
        "/",
        "/models/acme-ml/us-central1/faq",
        "/api",
        "/api/v1/status",
        "/metrics/",
        "//metrics",
        "/healthz/../api",
    ] {
        assert_eq!(host(&daemon, path, "10.1.2.3:9464").await, 403, "{path}");
    }
    assert_eq!(daemon.get("/api/v1/status").await.status, 200);
}

#[tokio::test]
async fn a_request_says_once_whom_it_is_for() {
    let daemon = Daemon::at("0.0.0.0:0", &[]).await.unwrap();
    daemon.looks(shown());
    let own = format!("127.0.0.1:{}", daemon.port());
    for path in PATHS {
        for head in [
            format!("GET {path} HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nHost: {own}\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\n\r\n"),
            format!("GET http://evil.example{path} HTTP/1.1\r\nHost: {own}\r\n\r\n"),
        ] {
            assert_eq!(daemon.say(&head).await.status, 400, "{head}");
        }
    }
    let proxied = format!("GET http://{own}/api/v1/status HTTP/1.1\r\nHost: {own}\r\n\r\n");
    assert_eq!(daemon.say(&proxied).await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_reads_nothing() {
    let daemon = Daemon::at("127.0.0.1:0", &["retune.example.com"]).await.unwrap();
    daemon.looks(shown());
    let own = format!("localhost:{}", daemon.port());
    let with = async |host: &str, header: &str| {
        let head = format!("GET /api/v1/status HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n");
        daemon.say(&head).await
    };
    for header in [
        "Origin: http://evil.example".to_owned(),
        "Origin: null".to_owned(),
        "Origin: http://localhost:1".to_owned(),
        format!("Origin: http://{own}.evil.example"),
        format!("Origin: http://{own}\r\nOrigin: http://evil.example"),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        let answer = with(&own, &header).await;
        assert_eq!(answer.status, 403, "{header}");
        assert!(!answer.body.contains("faq"), "{}", answer.body);
    }
    for header in [format!("Origin: http://{own}"), "Sec-Fetch-Site: none".to_owned()] {
        let answer = with(&own, &header).await;
        assert_eq!(answer.status, 200, "{header}");
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
    // Behind a proxy that speaks TLS.
    let answer = with("retune.example.com", "Origin: https://retune.example.com").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let daemon = Daemon::on_loopback().await;
    daemon.looks(shown());
    let own = format!("localhost:{}", daemon.port());
    for path in PATHS {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: {own}\r\n\r\n");
            let answer = daemon.say(&head).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.head.contains("\r\nallow: get, head"), "{}", answer.head);
        }
    }
    let whole = daemon.get("/api/v1/status").await;
    let head = format!("HEAD /api/v1/status HTTP/1.1\r\nHost: {own}\r\n\r\n");
    let head = daemon.say(&head).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.head.contains(&format!("content-length: {}", whole.body.len())), "{head:?}");
}

#[tokio::test]
async fn every_answer_is_marked() {
    let daemon = Daemon::on_loopback().await;
    let own = format!("localhost:{}", daemon.port());
    let lost = daemon.get("/nowhere").await;
    assert_eq!(lost.status, 404);
    let (_, there) = lost.body.split_once("there are:\n").unwrap();
    let there: Vec<&str> = there.lines().collect();
    let pages = ["/", "/models/PROJECT/LOCATION/NAME"];
    assert_eq!(
        there,
        [&pages[..], &["/healthz", "/readyz", "/metrics", "/api/v1/status"]].concat()
    );
    for (path, host) in PATHS.iter().zip([&own, "evil.example", ""].iter().cycle()) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = daemon.say(&head).await;
        for header in ["x-content-type-options: nosniff", "cache-control: no-store"] {
            assert!(answer.head.contains(header), "{path} {host}: {}", answer.head);
        }
    }
}
