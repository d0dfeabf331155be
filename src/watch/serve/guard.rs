//! Who may ask for what.
//!
//! Nobody logs in here. What protects the status of a company's models from a
//! page in an employee's browser is that a page cannot choose the `Host` it
//! sends (a name of its own that resolves to 127.0.0.1 is still its own name)
//! and that no answer carries a CORS header. Where the socket is public, the
//! three paths of kubelet and Prometheus are open to any `Host`: they ask by an
//! address that nobody knows in advance.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::ServeError;

/// What may be asked by any `Host` on a public socket.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// On every answer: it is what it says it is, of this moment, and for nobody
/// else's page.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// What a `Host` header may say.
#[derive(Debug)]
pub(super) struct Hosts {
    /// In lower case.
    allowed: Vec<Allowed>,
    /// Whether other machines reach the socket.
    public: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    /// An IPv6 address with its brackets.
    host: String,
    /// `None` for any.
    port: Option<u16>,
}

impl Hosts {
    /// Those that the user allows.
    pub(super) fn new(allowed: &[String]) -> Result<Self, ServeError> {
        let read = |text: &String| {
            let authority = parse(text).ok_or_else(|| ServeError::Host(text.clone()))?;
            Ok(Allowed { port: authority.port_u16(), host: authority.host().to_ascii_lowercase() })
        };
        Ok(Self { allowed: allowed.iter().map(read).collect::<Result<_, _>>()?, public: false })
    }

    /// And those by which this machine names `address`.
    pub(super) fn bound_to(&mut self, address: SocketAddr) {
        self.public = !address.ip().to_canonical().is_loopback();
        let bound = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let names = ["localhost", "127.0.0.1", "[::1]", &bound].map(str::to_owned);
        let port = Some(address.port());
        self.allowed.extend(names.map(|host| Allowed { host, port }));
    }

    fn allow(&self, host: &Authority) -> bool {
        // Without a port it is that of the scheme.
        let port = host.port_u16().unwrap_or(80);
        self.allowed.iter().any(|allowed| {
            allowed.host.eq_ignore_ascii_case(host.host())
                && allowed.port.is_none_or(|allowed| allowed == port)
        })
    }
}

/// A host and maybe a port, and nothing else.
fn parse(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    // What stands before an `@` would be taken for the host by a careless eye;
    // a port that is none would be taken for the scheme's.
    let rest = authority.as_str().strip_prefix(authority.host())?;
    let whole = rest.is_empty() || authority.port_u16().is_some();
    (whole && !authority.host().is_empty()).then_some(authority)
}

/// Why a request is turned away.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("send one Host header, with a host and its port")]
    BadHost,
    #[error(
        "this daemon does not answer to that Host; use localhost, or start it with --allow-host"
    )]
    UnknownHost,
    #[error("this daemon does not answer to pages of other sites")]
    OtherSite,
    #[error("nothing can be changed here: GET and HEAD only")]
    Method,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = format!("{self}\n");
        match self {
            Self::BadHost => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::UnknownHost | Self::OtherSite => (StatusCode::FORBIDDEN, text).into_response(),
            Self::Method => {
                let allow = [(header::ALLOW, HeaderValue::from_static("GET, HEAD"))];
                (StatusCode::METHOD_NOT_ALLOWED, allow, text).into_response()
            }
        }
    }
}

/// Turns away who may not ask, and marks every answer.
pub(super) async fn guard(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = match check(&hosts, &method, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    tracing::debug!(%method, path, status = response.status().as_u16(), "answered");
    response.headers_mut().extend(HEADERS);
    response
}

fn check(hosts: &Hosts, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    let host = host(uri, headers)?;
    let open = hosts.public && PROBES.contains(&uri.path());
    if !open && !hosts.allow(&host) {
        return Err(Refused::UnknownHost);
    }
    if uri.path() == "/api" || uri.path().starts_with("/api/") || !is_visit(headers) {
        same_site(&host, headers)?;
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(Refused::Method);
    }
    Ok(())
}

/// Whom the request is for, if it says so once and in one way.
fn host(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Refused> {
    let mut named = headers.get_all(header::HOST).iter();
    // Two: whoever reads the other one would take it for another host's.
    let (Some(host), None) = (named.next(), named.next()) else { return Err(Refused::BadHost) };
    let host = host.to_str().ok().and_then(parse).ok_or(Refused::BadHost)?;
    // `GET http://other/ HTTP/1.1`, as one asks a proxy.
    match uri.authority() {
        Some(other) if *other != host => Err(Refused::BadHost),
        _ => Ok(host),
    }
}

/// Whether a person goes there, in a window of its own: a link in a chat or a
/// wiki may lead to a page. Nothing that another site shows a part of, and no
/// script of its, may.
fn is_visit(headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get_all(name).iter().all(|said| said == value);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}

/// That no page of another site asks: browsers say whose page it is.
fn same_site(host: &Authority, headers: &HeaderMap) -> Result<(), Refused> {
    for origin in headers.get_all(header::ORIGIN) {
        let origin: Option<Uri> = origin.to_str().ok().and_then(|text| text.parse().ok());
        if origin.as_ref().and_then(Uri::authority) != Some(host) {
            return Err(Refused::OtherSite);
        }
    }
    // An image or a script is asked for without an Origin.
    for site in headers.get_all("sec-fetch-site") {
        if site != "same-origin" && site != "none" {
            return Err(Refused::OtherSite);
        }
    }
    Ok(())
}
