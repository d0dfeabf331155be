//! The socket: connections come, are served, and end soon.
//!
//! A connection is for one request over HTTP/1, which is what kubelet,
//! Prometheus, browsers and `curl` speak: nothing is gained by keeping one
//! open, and one that is not kept cannot be held.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Sleep, sleep};

/// How much of the machine all who ask may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Open connections. Two probes, a few Prometheus servers and a person's
    /// browser (six a site) are under 20; 64 of the usual 1,024 descriptors
    /// leave the rest to the loop.
    pub(super) connections: usize,
    /// How long a connection is left alone, however many wait to come in. What
    /// is not slow is answered within milliseconds; those who wait do so in the
    /// system's queue.
    pub(super) young: Duration,
    /// Until the head of the request is there. Loopback and a cluster need
    /// milliseconds; five seconds allow for two lost packets (1 s, 3 s).
    pub(super) head: Duration,
    /// Until the answer is sent. The status of 10,000 models has 4 MB: 1.1
    /// Mbit/s over thirty seconds.
    pub(super) whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            young: Duration::from_secs(1),
            head: Duration::from_secs(5),
            whole: Duration::from_secs(30),
        }
    }
}

/// Most bytes of a request's head. A browser's, with the cookies that other
/// programs on localhost left there, has a few KB.
const LARGEST_HEAD: usize = 16 * 1024;

/// A connection that is being served.
struct Open {
    task: AbortHandle,
    /// Ends when it is no longer young.
    youth: Pin<Box<Sleep>>,
}

/// Serves until asked to stop, and then until all is answered.
pub(super) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: Limits,
    asked: oneshot::Receiver<()>,
) {
    // Dropping the set ends the connections in it.
    let mut connections = JoinSet::new();
    // From old to new.
    let mut open: VecDeque<Open> = VecDeque::new();
    // One for which there may be no room yet.
    let mut next: Option<TcpStream> = None;
    let (closing, closed) = watch::channel(());
    let mut asked = pin!(asked);
    loop {
        open.retain(|connection| !connection.task.is_finished());
        if open.len() < limits.connections
            && let Some(stream) = next.take()
        {
            // Small answers to small requests: do not wait for more to send.
            let _ = stream.set_nodelay(true);
            let serving = connection(stream, router.clone(), limits, closed.clone());
            let task = connections.spawn(serving);
            open.push_back(Open { task, youth: Box::pin(sleep(limits.young)) });
        }
        tokio::select! {
            // A sender that is dropped means stop as well.
            _ = &mut asked => break,
            // Axum's accept: it waits errors out that are not the connection's own.
            (stream, _) = Listener::accept(&mut listener), if next.is_none() => next = Some(stream),
            Some(_) = connections.join_next() => {}
            // Turning the new one away would let a crowd of silent ones keep a
            // probe out, and the daemon would be restarted for it.
            () = oldest_has_aged(&mut open), if next.is_some() => {
                if let Some(oldest) = open.pop_front() {
                    oldest.task.abort();
                }
            }
        }
    }
    drop(listener);
    drop(closing);
    while connections.join_next().await.is_some() {}
}

/// Waits until the oldest connection is no longer young.
async fn oldest_has_aged(open: &mut VecDeque<Open>) {
    match open.front_mut() {
        Some(oldest) => oldest.youth.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: Limits,
    mut closed: watch::Receiver<()>,
) {
    // HTTP/1 alone also means that no time passes, uncounted, in which the
    // first bytes are awaited to tell one version from the other.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(false)
        .max_buf_size(LARGEST_HEAD);
    let service = TowerToHyperService::new(router);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::time::timeout(limits.whole, async {
        tokio::select! {
            ended = serving.as_mut() => ended,
            _ = closed.changed() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        }
    });
    match ended.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::trace!(%error, "a connection ended early"),
        Err(_) => tracing::trace!("a connection was too slow"),
    }
}
