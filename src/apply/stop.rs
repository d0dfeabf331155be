//! The wish to stop, and the wish for something else.

use std::fmt;

use tokio::sync::watch;

/// Set once, by a signal: from then on no request is sent that changes
/// anything. What is on the wire is waited for.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Not set.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Sets it, and wakes whoever waits.
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is set.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|set| *set).await;
    }
}

/// Whether what was decided on is still what is asked for: files change while
/// a look takes its time.
pub trait Asked: fmt::Debug + Sync {
    /// False when nothing may be sent before it was decided again.
    fn is_current(&self) -> bool;
}

/// What was confirmed once stays asked for.
impl Asked for () {
    fn is_current(&self) -> bool {
        true
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
