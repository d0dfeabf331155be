//! Ctrl-C and SIGTERM: the first stops submitting, the second ends at once.

use super::exit::Exit;
use super::output::Output;
use crate::apply::Stop;

/// Runs `work`; at the first signal `stop` is set, and what is on the wire is
/// waited for. A second signal ends the process.
pub(super) async fn guarded<T>(work: impl Future<Output = T>, stop: &Stop, output: &Output) -> T {
    let signals = async {
        asked_to_stop().await;
        stop.set();
        output.complain(
            "\nstopping: nothing more is submitted; what is on the wire is waited for \
             (once more ends at once)\n",
        );
        asked_to_stop().await;
        std::process::exit(Exit::Interrupted as i32);
    };
    tokio::select! {
        done = work => done,
        () = signals => std::future::pending().await,
    }
}

/// Waits for Ctrl-C or SIGTERM. Where signals cannot be heard, for ever.
pub(super) async fn asked_to_stop() {
    let pressed = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = pressed => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            terminate.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
