//! The socket: connections come, are served, and end.
//!
//! `axum::serve` always answers. A fault may want a connection to end without
//! an answer, so connections are served here, by the same parts.

use std::pin::pin;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::faults;

/// Instead of an answer. Over HTTP/1 the connection ends before the first
/// byte of one; over HTTP/2 the stream does.
#[derive(Debug, thiserror::Error)]
#[error("a fault ends the connection")]
struct HungUp;

/// Serves until asked to stop, and then until all is answered. `admits` is
/// asked about each connection.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    admits: impl Fn() -> bool,
    asked: oneshot::Receiver<()>,
) {
    // Dropping the set ends the connections in it.
    let mut connections = JoinSet::new();
    let (closing, closed) = watch::channel(());
    let mut asked = pin!(asked);
    loop {
        tokio::select! {
            // A sender that is dropped means stop as well.
            _ = &mut asked => break,
            // Axum's accept: it waits errors out that are not the connection's own.
            (stream, _) = Listener::accept(&mut listener) => {
                if admits() {
                    // Small answers to small requests: do not wait for more to send.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, router.clone(), closed.clone()));
                } else {
                    // A reset, as from a machine that does not know the connection.
                    let _ = stream.set_zero_linger();
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    drop(closing);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, router: Router, mut closed: watch::Receiver<()>) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = router.call(request);
        async move {
            let answer: Response = match answer.await {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            if faults::is_hang_up(&answer) { Err(HungUp) } else { Ok(answer) }
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = closed.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}
