//! X1, X2, X3, X6: where requests go, and what they carry.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::world::World;

/// A token that would be found anywhere.
pub(crate) const CANARY: &str = "ya29.canary-5f0c1d";

/// Somebody who listens, and counts every byte that arrives.
struct Listener {
    address: String,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (connections, heard) = (Arc::default(), Arc::default());
        let this = Self { address, connections, heard };
        let (connections, heard) = (Arc::clone(&this.connections), Arc::clone(&this.heard));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                let mut stream = stream.unwrap();
                let read = stream.read(&mut bytes).unwrap_or(0);
                heard.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        this
    }

    /// How many bytes came, by how many connections.
    fn heard(&self) -> (usize, usize) {
        // Whoever connected before is accepted before: when this one is closed,
        // all of them have been heard.
        let mut last = TcpStream::connect(&self.address).unwrap();
        last.write_all(b"!").unwrap();
        let _ = last.read(&mut [0]);
        let bytes = self.heard.lock().unwrap().len() - 1;
        (bytes, self.connections.load(Ordering::SeqCst) - 1)
    }
}

/// Runs with a token, and gives what was printed and the exit code.
pub(crate) fn with_token(world: &World, line: &str, more: &[(&str, &str)]) -> (String, i32) {
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = world.command(&arguments);
    command.env("GOOGLE_OAUTH_ACCESS_TOKEN", CANARY).envs(more.iter().copied());
    let output = command.output().unwrap();
    let shown = world.shown(&output);
    assert!(!shown.contains(CANARY), "{line}: {shown}");
    (shown, output.status.code().unwrap())
}

/// Each of them, several at once: what is not there is asked for three times.
fn at_once(texts: &[&str], check: impl Fn(&str) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(text) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(text);
                }
            });
        }
    });
}

/// Runs without any credential. Where one may be sent, one is looked for, and
/// its absence is said before anything is sent: so what is said tells which
/// hosts would get one, also where TLS hides what they get.
fn without_token(line: &str, environment: &[(&str, &str)]) -> String {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let mut command = world.command(&arguments);
    // Nor a gcloud.
    command.env("PATH", "").envs(environment.iter().copied());
    world.shown(&command.output().unwrap())
}

const NO_CREDENTIAL: &str = "there is no usable Google credential";

/// So many of them are no address at all.
const REFUSED: usize = 17;

/// What URL parsers disagree about, each with a host that is not Google's.
const TRICKS: [&str; 24] = [
    "https://aiplatform.googleapis.com@127.0.0.1:PORT",
    "https://aiplatform.googleapis.com:443@127.0.0.1:PORT",
    "https://aiplatform.googleapis.com%40127.0.0.1:PORT",
    "https://aiplatform.googleapis.com\\@127.0.0.1:PORT",
    "https://127.0.0.1:PORT\\.googleapis.com",
    "https://127.0.0.1:PORT#.googleapis.com",
    "https://127.0.0.1:PORT?.googleapis.com",
    "https://127.0.0.1:PORT;.googleapis.com",
    "https://127.0.0.1:PORT/.googleapis.com",
    "https://127.0.0.1%2f.googleapis.com:PORT",
    "https://127.0.0.1%2e.googleapis.com.:PORT",
    "https://127.0.0.1%00.googleapis.com:PORT",
    "http://aiplatform.googleapis.com@127.0.0.1:PORT",
    "http://127.0.0.1:PORT@aiplatform.googleapis.com",
    "//127.0.0.1:PORT",
    "127.0.0.1:PORT",
    "https:127.0.0.1:PORT",
    "https:///127.0.0.1:PORT",
    "https:\\\\127.0.0.1:PORT",
    "https://127.0.0.1:PORT\t.googleapis.com",
    "https://[::ffff:127.0.0.1]:PORT",
    "https://0x7f000001:PORT",
    "https://2130706433:PORT",
    "gopher://127.0.0.1:PORT",
];

#[test]
fn no_trick_with_an_address_takes_the_token_along() {
    let refused = AtomicUsize::new(0);
    at_once(&TRICKS, |trick| {
        let world = World::alone();
        world.wants(crate::model::model("faq"));
        let heard = Listener::new();
        let port = heard.address.rsplit(':').next().unwrap();
        let environment = [("GOOGLE_VERTEX_BASE_URL", trick.replace("PORT", port))];
        let environment = environment.each_ref().map(|(name, url)| (*name, url.as_str()));
        let (shown, code) = with_token(&world, "apply --yes", &environment);
        let without = without_token("plan", &environment);
        assert!(!without.contains(NO_CREDENTIAL), "{trick}: {without}");
        match code {
            // Not asked at all.
            64 => {
                refused.fetch_add(1, Ordering::Relaxed);
                assert_eq!(heard.heard(), (0, 0), "{trick}: {shown}");
            }
            4 => {}
            code => panic!("{trick}: {code}: {shown}"),
        }
        let heard = heard.heard.lock().unwrap();
        assert!(!String::from_utf8_lossy(&heard).contains(CANARY), "{trick}");
    });
    assert_eq!(refused.into_inner(), REFUSED);
}

#[test]
fn a_host_that_only_looks_like_googles_is_asked_without_the_token() {
    use retune::vertex::Endpoint;
    // The proxy stands for the network: it sees where the program wants to go.
    let proxy = || crate::server::Server::new(|_| ("502 Bad Gateway", "text/plain", String::new()));
    let lookalikes = [
        "https://aiplatform.googleapis.com.evil.example",
        "https://aiplatform.googleapis.com.",
        "https://aiplatform.googleapis.com:8443",
        "https://evilgoogleapis.com",
        "https://googleapis.com",
        "https://aiplatform.googleapis.co",
        "https://aiplatform.g\u{043e}\u{043e}gleapis.com",
        "https://xn--80ak6aa92e.com",
        "https://evil.example/aiplatform.googleapis.com",
    ];
    at_once(&lookalikes, |lookalike| {
        let endpoint = Endpoint::parse(lookalike).unwrap();
        assert!(endpoint.is_https() && !endpoint.is_loopback(), "{lookalike}");
        let proxy = proxy();
        let environment = [("HTTPS_PROXY", proxy.url()), ("GOOGLE_VERTEX_BASE_URL", lookalike)];
        let shown = without_token("plan", &environment);
        assert!(!shown.contains(NO_CREDENTIAL), "{lookalike}: {shown}");
        assert!(!proxy.asked().is_empty(), "{lookalike}: {shown}");
        assert!(proxy.asked().iter().all(|request| request.starts_with("CONNECT ")));
    });
    // Google's own, however it is written, is not asked without one.
    for googles in ["https://AIPLATFORM.googleapis.COM:443/", "https://aiplatform%2egoogleapis.com"]
    {
        let proxy = proxy();
        let environment = [("HTTPS_PROXY", proxy.url()), ("GOOGLE_VERTEX_BASE_URL", googles)];
        let shown = without_token("plan", &environment);
        assert!(shown.contains(NO_CREDENTIAL), "{googles}: {shown}");
        assert_eq!(proxy.asked().len(), 0, "{googles}");
    }
}

#[test]
fn a_proxy_sees_where_but_never_what() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    let proxy = crate::server::Server::new(|_| ("502 Bad Gateway", "text/plain", String::new()));
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        with_token(&world, "plan", &[(variable, proxy.url())]);
    }
    let asked = proxy.asked();
    assert!(asked.len() >= 3, "{asked:?}");
    for request in asked {
        // To Google with the token, and the token is inside of TLS.
        assert!(
            request.starts_with("CONNECT us-central1-aiplatform.googleapis.com:443 "),
            "{request}"
        );
        assert!(!request.contains(CANARY), "{request}");
    }
    // What stays on this machine is nobody's business.
    let local = crate::server::Server::new(|_| ("200 OK", "application/json", "{}".to_owned()));
    let environment = [("HTTP_PROXY", proxy.url()), ("GOOGLE_VERTEX_BASE_URL", local.url())];
    let before = proxy.asked().len();
    assert_eq!(with_token(&world, "plan", &environment).1, 0);
    assert_eq!(proxy.asked().len(), before);
}

#[test]
fn no_redirect_reaches_a_second_listener() {
    let world = World::alone();
    world.wants(crate::model::model("faq"));
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let elsewhere = Listener::new();
        // The shared server writes what it is given below the content type.
        let kind: &'static str = Box::leak(
            format!("text/html\r\nlocation: http://{}/stolen", elsewhere.address).into_boxed_str(),
        );
        let everything = crate::server::Server::new(move |_| (status, kind, String::new()));
        for line in ["plan -vvv", "jobs", "status --format json", "apply --yes"] {
            let (shown, code) =
                with_token(&world, line, &[("GOOGLE_VERTEX_BASE_URL", everything.url())]);
            assert_eq!(code, 4, "{line}: {shown}");
        }
        // And only where something is written: the body must not leak either.
        let writes = crate::server::Server::new(move |line| match line.starts_with("GET ") {
            true => ("200 OK", "application/json", "{}".to_owned()),
            false => (status, kind, String::new()),
        });
        let (shown, code) =
            with_token(&world, "apply --yes", &[("GOOGLE_VERTEX_BASE_URL", writes.url())]);
        assert_eq!(code, 6, "{shown}");
        assert!(writes.asked().iter().any(|request| request.starts_with("POST ")));
        assert_eq!(elsewhere.heard(), (0, 0), "{status}");
    }
}

#[test]
fn a_manifest_names_no_host() {
    for (field, value) in [
        ("location", "evil.example/"),
        ("location", "us-central1.evil.example#"),
        ("location", "x@evil.example"),
        ("project", "../../v1"),
        ("project", "a/../b"),
        ("project", "a%2f..%2fb"),
        ("endpoint", "https://evil.example"),
        ("apiEndpoint", "https://evil.example"),
    ] {
        let world = World::alone();
        world.wants(crate::model::model("faq").spec(&format!("{field}: '{value}'")));
        let heard = crate::server::Server::new(|_| ("200 OK", "application/json", "{}".to_owned()));
        let environment = [("HTTPS_PROXY", heard.url())];
        let (shown, code) = with_token(&world, "plan", &environment);
        assert_eq!((code, heard.asked().len()), (3, 0), "{field}: {value}: {shown}");
    }
}

#[test]
fn a_dataset_is_never_fetched() {
    for uri in [
        "http://127.0.0.1:PORT/train.jsonl",
        "https://127.0.0.1:PORT/train.jsonl",
        "file:///etc/passwd",
        "gs://127.0.0.1:PORT/train.jsonl",
        "//127.0.0.1:PORT/train.jsonl",
        "gs://bucket/../../etc/passwd",
        "/etc/passwd",
    ] {
        let heard = Listener::new();
        let port = heard.address.rsplit(':').next().unwrap();
        let world = World::new();
        world.wants(crate::model::model("faq").dataset(&uri.replace("PORT", port)));
        for line in ["validate", "plan"] {
            with_token(&world, line, &[]);
        }
        assert_eq!(heard.heard(), (0, 0), "{uri}");
    }
}
