//! What the daemon tells over HTTP: whether it lives, whether it is ready,
//! metrics, the status document, and a page to look at.
//!
//! # Invariants
//!
//! 1. Nothing here changes anything: only GET and HEAD are answered, and no
//!    body is read.
//! 2. Another site's page in somebody's browser reads nothing, neither directly
//!    (`Origin`) nor by a name that resolves to this machine (`Host`); see
//!    `guard`.
//! 3. Who is slow is cut off, and who comes in crowds pushes out the oldest of
//!    the crowd and neither a newcomer nor who is about to be answered; see
//!    `connections`.
//! 4. Nobody makes the loop wait: what is told was published before, and what
//!    is read for somebody who asks is bounded; see `looks`.

mod answers;
mod connections;
mod guard;
mod looks;
mod page;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::answers::App;
pub use self::answers::SILENCE;
use self::connections::Limits;
use self::guard::Hosts;
use self::looks::Looks;
pub use self::looks::Reader;
use super::metrics::{Metrics, Requests};
use super::published::Published;
use crate::clock::Clock;

/// Where to listen, and to whom.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// An IP address and a port, or `localhost` and a port. Port 0 takes a
    /// free one.
    pub address: String,
    /// Whether the address may be another than loopback.
    pub public: bool,
    /// What a `Host` header may say beside the loopback names and the address
    /// itself: `host`, with any port, or `host:port`.
    pub allowed_hosts: Vec<String>,
    /// Whether what is shown is no real service, which the page says.
    pub emulator: bool,
    /// The flags that lead a command on the page to the same service.
    pub same_service: String,
}

/// Why nothing listens. Each is a matter of what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The text is no address.
    #[error("`{0}` is not an address to listen on")]
    NotAnAddress(String),
    /// The address can be reached from elsewhere, and nobody allowed that.
    #[error("{0} is not a loopback address: other machines could read what runs here")]
    NotLoopback(SocketAddr),
    /// An allowed host that no `Host` header says.
    #[error("`{0}` is not a host to allow")]
    Host(String),
    /// Somebody else listens there.
    #[error("{0} is in use by another program")]
    InUse(SocketAddr),
    /// The system does not let us listen there.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ServeError {
    /// The next thing to do.
    pub fn hint(&self) -> String {
        match self {
            Self::NotAnAddress(_) => {
                "an IP address and a port, such as 127.0.0.1:9470 or [::1]:9470".to_owned()
            }
            Self::NotLoopback(address) => format!(
                "listen on 127.0.0.1:{}, or pass --listen-public if it is meant",
                address.port()
            ),
            Self::Host(_) => {
                "a name with or without a port, such as retune.example.com or localhost:8080"
                    .to_owned()
            }
            Self::InUse(_) => {
                "stop that program, choose another port, or port 0 for a free one".to_owned()
            }
            Self::Listen { .. } => {
                "choose an address of this machine and a port from 1024 up".to_owned()
            }
        }
    }
}

/// A server that answers. Dropping it ends it at once.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    ask_stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Server {
    /// Listens, and answers from then on with what is `published`, what
    /// `metrics` counted, what `requests` says of the API requests so far, and
    /// what `reader` reads of single models.
    pub async fn bind<C: Clock + 'static>(
        options: ServeOptions,
        published: Arc<Published>,
        metrics: Arc<Metrics>,
        requests: Arc<dyn Fn() -> Requests + Send + Sync>,
        reader: Arc<dyn Reader>,
        clock: Arc<C>,
    ) -> Result<Self, ServeError> {
        let asked = address(&options.address)?;
        if !options.public && !asked.ip().to_canonical().is_loopback() {
            return Err(ServeError::NotLoopback(asked));
        }
        let refused = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => ServeError::InUse(asked),
            _ => ServeError::Listen { address: asked, source },
        };
        // Checked before the socket is there: what is refused leaves nothing.
        let mut hosts = Hosts::new(&options.allowed_hosts)?;
        let listener = TcpListener::bind(asked).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        hosts.bound_to(address);
        let app = Arc::new(App {
            published,
            metrics,
            requests,
            elapsed: {
                let clock = Arc::clone(&clock);
                Box::new(move || clock.elapsed())
            },
            now: Box::new(move || clock.now()),
            emulator: options.emulator,
            same_service: options.same_service,
            document: Mutex::default(),
            list: Mutex::default(),
            looks: Arc::new(Looks::new(reader)),
        });
        let (ask_stop, stop) = oneshot::channel();
        let router = router(app, hosts);
        let serving = tokio::spawn(connections::serve(listener, router, Limits::default(), stop));
        Ok(Self { address, ask_stop: Some(ask_stop), serving })
    }

    /// Where it listens, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, such as `http://127.0.0.1:9470`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the socket, and answers what is being asked if that takes no
    /// longer than a moment.
    pub async fn stop(mut self) {
        // Answers are made within milliseconds, and the daemon has ten seconds
        // in all for more important things.
        const PATIENCE: Duration = Duration::from_secs(1);
        if let Some(ask_stop) = self.ask_stop.take() {
            let _ = ask_stop.send(());
        }
        if tokio::time::timeout(PATIENCE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn address(text: &str) -> Result<SocketAddr, ServeError> {
    let localhost = || {
        let port = text.strip_prefix("localhost:")?.parse().ok()?;
        Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    };
    let address = text.parse().ok().or_else(localhost);
    address.ok_or_else(|| ServeError::NotAnAddress(text.to_owned()))
}

fn router(app: Arc<App>, hosts: Hosts) -> Router {
    Router::new()
        .route("/", get(page::list))
        .route("/models/{project}/{location}/{name}", get(page::view))
        .route("/healthz", get(answers::healthz))
        .route("/readyz", get(answers::readyz))
        .route("/metrics", get(answers::metrics))
        .route("/api/v1/status", get(answers::status))
        .fallback(answers::nothing)
        .with_state(app)
        .layer(middleware::from_fn_with_state(Arc::new(hosts), guard::guard))
}

#[cfg(test)]
mod tests;
