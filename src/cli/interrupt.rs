//! Ctrl-C and SIGTERM: the first stops submitting, the second ends at once.

use super::exit::Exit;
use super::output::Output;
use crate::apply::Stop;

/// Runs `work`; at the first signal `stop` is set, and what is on the wire is
/// waited for. A second signal ends the process; `last_words` says what is left
/// open by that.
pub(super) async fn guarded<T>(
    work: impl Future<Output = T>,
    stop: &Stop,
    last_words: impl Fn() -> String,
    output: &Output,
) -> T {
    let mut signals = Signals::new();
    let heard = async {
        signals.next().await;
        stop.set();
        output.complain(
            "\nstopping: nothing more is submitted; what is on the wire is waited for \
             (once more ends at once)\n",
        );
        signals.next().await;
        output.complain(&last_words());
        std::process::exit(Exit::Interrupted as i32);
    };
    tokio::select! {
        done = work => done,
        () = heard => std::future::pending().await,
    }
}

/// Ctrl-C and SIGTERM, listened to from the beginning: none is lost between
/// two waits. What cannot be listened to never comes.
#[cfg(unix)]
pub(super) struct Signals([Option<tokio::signal::unix::Signal>; 2]);

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self([SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()))
    }

    pub(super) async fn next(&mut self) {
        async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => _ = signal.recv().await,
                None => std::future::pending().await,
            }
        }
        let Self([interrupt, terminate]) = self;
        tokio::select! {
            () = heard(interrupt) => {}
            () = heard(terminate) => {}
        }
    }
}

/// SIGHUP, which asks a daemon to look now. What cannot be listened to never
/// comes.
#[cfg(unix)]
pub(super) struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Hangup {
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::hangup()).ok())
    }

    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// SIGWINCH: the terminal has another size. What cannot be listened to never
/// comes.
#[cfg(unix)]
pub(super) struct Resized(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Resized {
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::window_change()).ok())
    }

    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// No such signal here.
#[cfg(not(unix))]
pub(super) struct Resized;

#[cfg(not(unix))]
impl Resized {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) {
        std::future::pending().await
    }
}

/// No such signal here.
#[cfg(not(unix))]
pub(super) struct Hangup;

#[cfg(not(unix))]
impl Hangup {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) {
        std::future::pending().await
    }
}

/// Ctrl-C. Where it cannot be listened to, it never comes.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
